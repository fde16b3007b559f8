import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark, type Wakeup } from './operator.js';
import { SpacedRows, type SpacedRowsConfig } from './spaced-rows.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

/**
 * The last row of each key, by (event time, place, arrival), as changes that are told at each mark. With `within`, rows of a key that are
 * so far apart stand beside each other; those that are `within` or more behind the watermark must have been taken out before (LateGate).
 */
export class DedupLast implements Operator {
  readonly #ws: Workspace;
  readonly #config: SpacedRowsConfig;
  readonly #rows: SpacedRows;
  #watermark = -Infinity;
  #busy = false;
  #telling = false;
  #mark: Mark | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: SpacedRowsConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#rows = new SpacedRows(ws, config, true);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'duplicates are dropped from rows, not from changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows > 0) this.#rows.last(batch);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#telling = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#rows.begin();
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#telling) {
      this.#mark = this.#ws.scratch.mark();
      const changes = this.#rows.changes(Math.min(out.room(), MAX_BATCH_ROWS));
      if (changes !== undefined) {
        const { rows, ops } = changes;
        this.#rowsOut += rows.count;
        out.emit(0, batchOf(this.#config.schema, rows.count, this.#rows.store.read(rows), NONE, NONE, ops));
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
      this.#rows.told();
      this.#rows.expire(this.#watermark);
      this.#telling = false;
    }
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
    const { store, bytesInUse, duplicates } = this.#rows;
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, duplicateRows: duplicates, keptRows: store.live, stateBytes: bytesInUse };
  }
}
