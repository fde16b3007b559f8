import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark, type Wakeup } from './operator.js';
import { SpacedRows, type SpacedRowsConfig } from './spaced-rows.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

/**
 * Passes the first row of a key at once, and drops those that are less than `within` away from one that it has passed. Rows that are
 * `within` or more behind the watermark must have been taken out before (LateGate): then what is forgotten has no say in any answer.
 */
export class DedupFirst implements Operator {
  readonly #ws: Workspace;
  readonly #rows: SpacedRows;
  #watermark = -Infinity;
  #batch: Batch | undefined;
  #kept = { selection: NONE, count: 0 };
  #at = 0;
  #busy = false;
  #rowsIn = 0;
  #duplicates = 0;

  constructor(ws: Workspace, config: SpacedRowsConfig) {
    this.#ws = ws;
    this.#rows = new SpacedRows(ws, config, false);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'duplicates are dropped from rows, not from changes');
    this.#busy = true;
    this.#batch = batch;
    this.#at = 0;
    this.#kept = batch.rows === 0 ? { selection: NONE, count: 0 } : this.#rows.first(batch);
    this.#rowsIn += batch.rows;
    this.#duplicates += batch.rows - this.#kept.count;
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#rows.expire(this.#watermark);
  }

  pull(out: Outbox): 'more' | 'done' {
    const { selection, count } = this.#kept;
    const rows = this.#batch === undefined ? 0 : Math.min(out.room(), count - this.#at);
    if (this.#batch !== undefined && rows > 0) {
      const whole = rows === this.#batch.rows;
      out.emit(0, whole ? this.#batch : takeBatch(this.#ws, this.#batch, selection + this.#at * 4, rows));
      this.#at += rows;
      if (this.#at < count) return 'more';
    }
    this.#batch = undefined;
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(writer: StateWriter): void {
    const mark = this.#ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(this.#ws, this.#watermark));
    this.#ws.scratch.release(mark);
    this.#rows.write(writer);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
    this.#rows.read(reader);
  }

  close(): void {
    this.#rows.close();
  }

  metrics(): Readonly<Record<string, number>> {
    const { store, bytesInUse } = this.#rows;
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsIn - this.#duplicates,
      duplicateRows: this.#duplicates,
      keptRows: store.live,
      stateBytes: bytesInUse,
    };
  }
}
