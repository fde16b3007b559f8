import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type KeyGroups, type Operator, type Outbox, type StateReader, type StateWriter } from './operator.js';
import type { StepMark, Wakeup } from './operator.js';
import { RankedRows, type RankedRowsConfig } from './ranked-rows.js';

export interface TopNConfig extends RankedRowsConfig {
  /** Columns of the rows that go out: the first so many; what is behind them serves the order only. */
  readonly columns: number;
  /** Those, and the rank if `ranked`. */
  readonly outputSchema: Schema;
  readonly ranked: boolean;
  readonly keyGroups: KeyGroups;
}

/**
 * The n best rows of each key, as changes, told at each mark: what stands at a rank now and did not at the mark before. Of
 * append-only input n rows a key are kept. A batch with operations takes rows back, too, found by their values; `keepAll` then.
 */
export class TopN implements Operator {
  readonly #ws: Workspace;
  readonly #config: TopNConfig;
  readonly #rows: RankedRows;
  #watermark = -Infinity;
  #busy = false;
  #telling = false;
  #mark: Mark | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: TopNConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#rows = new RankedRows(ws, config);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE || this.#config.keepAll, 'rows can be taken back only where all are kept');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    this.#rows.add(batch);
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
      const batch = this.#next(Math.min(out.room(), MAX_BATCH_ROWS));
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
      this.#rows.told();
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
    const batch = (rows: number, columns: Vector[]): Batch => batchOf(this.#rows.stateSchema, rows, columns);
    this.#rows.write(writer, 'rows', { keyGroups: this.#config.keyGroups.count, batchRows: MAX_BATCH_ROWS, batch });
  }

  restore(reader: StateReader): void {
    for (const { batch } of reader.keyed('rows', this.#rows.stateSchema)) this.#rows.restore(batch.rows, batch.columns);
  }

  close(): void {
    this.#rows.close();
  }

  metrics(): Readonly<Record<string, number>> {
    const { groups, rows, bytesInUse, unmatched } = this.#rows;
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, groups, keptRows: rows, stateBytes: bytesInUse, unmatchedRows: unmatched };
  }

  #next(room: number): Batch | undefined {
    const changes = this.#rows.changes(room);
    if (changes === undefined) return undefined;
    const { rows, ranks, ops } = changes;
    const columns = this.#rows.read(rows, this.#config.columns);
    if (this.#config.ranked) columns.push({ kind: 'int64', validity: NONE, offsets: NONE, values: ranks });
    return batchOf(this.#config.outputSchema, rows.count, columns, NONE, NONE, ops);
  }
}
