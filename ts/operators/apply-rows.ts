import { OPS, batchOf, type Batch } from '../columns/batch.js';
import { BatchBuilder } from '../columns/builder.js';
import { columnReader, readTime } from '../columns/column-reader.js';
import { NONE, type Address } from '../columns/memory.js';
import { RowReader, type Row } from '../columns/rows.js';
import { fieldIndex, type Schema } from '../columns/schema.js';
import { assert, AssertionError, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { MillraceError } from '../core/errors.js';
import { unpackRows } from '../state/packed-rows.js';
import type { Mark } from '../wasm/arena.js';
import { sliceBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';
import { describeRow, describeThrown, MAX_MADE_BYTES, refusePromise } from './row-call.js';

/** All rows of a window and key, in order; may be gone through again, and is read from the columns as it is. */
export interface WindowRows extends Iterable<Row> {
  readonly length: number;
}

export interface AppliedWindow {
  readonly key: Row;
  /** Where the window has bounds. */
  readonly start?: number;
  readonly end?: number;
}

/** A user's function over all rows of a window and key. */
export type WindowFunction = (
  rows: WindowRows,
  window: AppliedWindow,
  out: { emit(row: Readonly<Record<string, unknown>>): void },
) => unknown;

export interface ApplyConfig {
  /** Keys, bounds, and the column with the rows. */
  readonly inputSchema: Schema;
  readonly keys: readonly string[];
  readonly column: string;
  readonly rowFields: Schema;
  readonly outputSchema: Schema;
}

const BOUNDS = { start: 'windowStart', end: 'windowEnd' } as const;

/**
 * Gives all rows of each window and key to a user's function, in order of (event time, place, arrival), and takes what it
 * emits. What comes in is a window's result whose one value is its rows (aggregates/rows.ts). Where results are taken back
 * (-U, -D), the function is called over the rows as they were and what it emits is deleted: it must give the same for the same rows.
 */
export class ApplyRows implements Operator {
  readonly #ws: Workspace;
  readonly #config: ApplyConfig;
  readonly #fn: WindowFunction;
  readonly #builder: BatchBuilder;
  readonly #column: number;
  #batch: Batch | undefined;
  /** The next window of the batch. */
  #at = 0;
  /** What windows have made, on its way out. */
  #made: { readonly batch: Batch; from: number } | undefined;
  #mark: Mark | undefined;
  #watermark = -Infinity;
  #windows = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: ApplyConfig, fn: WindowFunction) {
    this.#ws = ws;
    this.#config = config;
    this.#fn = fn;
    this.#builder = new BatchBuilder(config.outputSchema, { rowIs: 'a row that its function emitted', code: 'function.failed' });
    this.#column = fieldIndex(config.inputSchema, config.column);
    assert(this.#column >= 0, 'apply reads the rows of its windows');
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    if (batch.rows > 0) this.#batch = batch;
    this.#at = 0;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    if (batch === undefined) return 'done';
    const room = Math.min(out.room(), MAX_BATCH_ROWS);
    this.#made ??= this.#apply(batch, room);
    const made = this.#made;
    if (made !== undefined) {
      const to = Math.min(made.batch.rows, made.from + room);
      out.emit(0, sliceBatch(this.#ws, made.batch, made.from, to));
      this.#rowsOut += to - made.from;
      made.from = to;
      if (to < made.batch.rows) return 'more';
      this.#made = undefined;
    }
    if (this.#at < batch.rows) return 'more';
    this.#batch = undefined;
    this.#mark = undefined;
    return 'done';
  }

  mark(_input: number, mark: StepMark): void {
    this.#watermark = mark.watermark;
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(): void {}

  restore(): void {}

  close(): void {
    this.#batch = undefined;
    this.#made = undefined;
    this.#mark = undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    return { windowsIn: this.#windows, rowsIn: this.#rowsIn, rowsOut: this.#rowsOut };
  }

  /** Calls the function for as many windows as make a batch; undefined if they have made nothing. */
  #apply(batch: Batch, room: number): { readonly batch: Batch; from: number } | undefined {
    const { scratch, memory } = this.#ws;
    if (this.#mark === undefined) this.#mark = scratch.mark();
    else scratch.release(this.#mark);
    const builder = this.#builder;
    while (this.#at < batch.rows && builder.rows < room && builder.bytes < MAX_MADE_BYTES) {
      const mark = scratch.mark();
      const op = batch.ops === NONE ? undefined : memory.u8[batch.ops + this.#at];
      const meta = {
        position: batch.positions === NONE ? undefined : memory.i64[batch.positions / 8 + this.#at],
        time: batch.times === NONE ? undefined : readTime(memory, batch.times, this.#at),
        op: op === undefined ? undefined : op === OPS.updateBefore || op === OPS.delete ? OPS.delete : OPS.insert,
      };
      this.#call(batch, (row) => builder.append(row, meta));
      scratch.release(mark);
      this.#at++;
      this.#windows++;
    }
    if (builder.rows === 0) return undefined;
    const made = builder.finish(this.#ws);
    // Deletes carry an operation also in a batch that happens to have none.
    return { batch: batch.ops !== NONE && made.ops === NONE ? { ...made, ops: this.#inserts(made.rows) } : made, from: 0 };
  }

  #inserts(rows: number): Address {
    const at = this.#ws.alloc(rows);
    this.#ws.memory.u8.fill(OPS.insert, at, at + rows);
    return at;
  }

  #call(batch: Batch, emit: (row: Readonly<Record<string, unknown>>) => void): void {
    const rows = this.#rowsOf(batch, this.#at);
    this.#rowsIn += rows.rows;
    const reader = new RowReader(this.#ws.memory, rows);
    let open = true;
    const given: WindowRows = {
      length: rows.rows,
      *[Symbol.iterator]() {
        for (let i = 0; i < rows.rows; i++) yield reader.row(i);
      },
    };
    const out = {
      emit: (row: Readonly<Record<string, unknown>>): void => {
        if (!open) throw new TypeError('emit() was called after the function had answered; a window function answers at once');
        emit(row);
      },
    };
    const window = this.#windowOf(batch, this.#at);
    try {
      refusePromise(this.#fn(given, window, out));
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      throw windowFailed(window, rows.rows, error);
    } finally {
      open = false;
      reader.release();
    }
  }

  #windowOf(batch: Batch, row: number): AppliedWindow {
    const { inputSchema, keys } = this.#config;
    const { memory } = this.#ws;
    const valueOf = (name: string) => {
      const vector = batch.columns[fieldIndex(inputSchema, name)];
      return vector === undefined ? undefined : columnReader(memory, vector)(row);
    };
    const key = Object.freeze(Object.fromEntries(keys.map((name) => [name, valueOf(name) ?? null])));
    const bounds = Object.entries(BOUNDS).flatMap(([name, column]) => {
      const at = valueOf(column);
      return at === undefined || at === null ? [] : [[name, at as number] as const];
    });
    return Object.freeze({ key, ...Object.fromEntries(bounds) });
  }

  /** The rows of one window, as columns, in order. */
  #rowsOf(batch: Batch, row: number): Batch {
    const ws = this.#ws;
    const { kernels, memory } = ws;
    const { offsets, values } = must(batch.columns[this.#column], 'the rows');
    const from = values + (memory.u32[offsets / 4 + row] as number);
    const end = values + (memory.u32[offsets / 4 + row + 1] as number);
    const count = kernels.rows_count(from, end) >>> 0;
    const [times, places, ats] = [ws.alloc(count * 8), ws.alloc(count * 8), ws.alloc(count * 4)];
    const sorted = kernels.rows_index(from, end, times, places, ats) === 1;
    if (!sorted) this.#sort(count, times, places, ats);
    const { rowFields } = this.#config;
    return batchOf(rowFields, count, unpackRows({ ws, ats, count }, rowFields));
  }

  /** By time, then place; what is equal stays as it came. */
  #sort(count: number, times: Address, places: Address, ats: Address): void {
    const { i64, u32 } = this.#ws.memory;
    const time = i64.subarray(times / 8, times / 8 + count);
    const place = i64.subarray(places / 8, places / 8 + count);
    const less = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
    const order = Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => less(time[a] as bigint, time[b] as bigint) || less(place[a] as bigint, place[b] as bigint),
    );
    const before = u32.slice(ats / 4, ats / 4 + count);
    order.forEach((from, to) => {
      u32[ats / 4 + to] = before[from] as number;
    });
  }
}

/** What a user's function threw, or emitted that it may not, as `function.failed` with the window and its key. */
function windowFailed({ key, start, end }: AppliedWindow, rows: number, cause: unknown): MillraceError {
  if (cause instanceof MillraceError && cause.code !== 'function.failed') return cause;
  const what = cause instanceof MillraceError ? cause.message : `its function threw ${describeThrown(cause)}`;
  const bounds = start === undefined || end === undefined ? '' : ` [${new Date(start).toISOString()}, ${new Date(end).toISOString()})`;
  const whose = Object.keys(key).length === 0 ? '' : ` of ${describeRow(key)}`;
  const window = `${bounds}${whose}, ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  return new MillraceError('function.failed', `apply: ${what}; in the window${window}`, { cause, details: { window: window.trim() } });
}
