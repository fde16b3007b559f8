import type { Batch } from '../columns/batch.js';
import { BatchBuilder } from '../columns/builder.js';
import { RowReader } from '../columns/rows.js';
import type { Schema } from '../columns/schema.js';
import { assert, AssertionError } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import type { Mark } from '../wasm/arena.js';
import { sliceBatch, takeBatch, type Selection } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';
import {
  bareOf,
  functionFailed,
  holds,
  MAX_MADE_BYTES,
  refusePromise,
  rowsGiven,
  takeStamps,
  writeSelection,
  type RowFunction,
} from './row-call.js';

/** What one pull made. */
interface Made {
  readonly port: number;
  readonly batch: Batch;
}

/**
 * What all operators that run JavaScript over rows share: one batch at a time, read lazily, at most as many rows a pull
 * as there is room for. Output rows keep the event time, clock and operation of the row that they come from.
 */
abstract class RowsOperator implements Operator {
  protected readonly ws: Workspace;
  /** The row at hand: what a fault is told with. */
  protected at = 0;
  readonly #kind: string;
  #batch: Batch | undefined;
  #reader: RowReader | undefined;
  /** What was allocated since goes when the next pull begins, so that a long answer needs little memory. */
  #mark: Mark | undefined;
  #watermark = -Infinity;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, kind: string) {
    this.ws = ws;
    this.#kind = kind;
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    this.#batch = batch;
    this.#reader = new RowReader(this.ws.memory, batch);
    this.at = 0;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    const reader = this.#reader;
    if (batch === undefined || reader === undefined) return 'done';
    const { scratch } = this.ws;
    if (this.#mark === undefined) this.#attempt(batch, reader, () => this.prepare(batch, reader));
    else scratch.release(this.#mark);
    this.#mark = scratch.mark();
    const made = this.#attempt(batch, reader, () => this.run(batch, reader, Math.min(out.room(), MAX_BATCH_ROWS)));
    if (made !== undefined && made.batch.rows > 0) {
      this.#rowsOut += made.batch.rows;
      out.emit(made.port, made.batch);
    }
    if (!this.finished(batch)) return 'more';
    this.#finish();
    return 'done';
  }

  /** Before the first pull of a batch; what it allocates stays until the batch is done. */
  protected prepare(_batch: Batch, _reader: RowReader): void {}

  /** Makes at most `room` rows out of the rows from `at` on, and moves `at`. */
  protected abstract run(batch: Batch, reader: RowReader, room: number): Made | undefined;

  protected finished(batch: Batch): boolean {
    return this.at >= batch.rows;
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
    this.#finish();
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut };
  }

  /** What a user's function throws is told with the row at hand. */
  #attempt<T>(batch: Batch, reader: RowReader, call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      throw functionFailed(this.#kind, batch.schema, reader.row(this.at), error);
    }
  }

  #finish(): void {
    this.#reader?.release();
    this.#reader = undefined;
    this.#batch = undefined;
    this.#mark = undefined;
  }
}

/** One row for each row. */
export class MapRows extends RowsOperator {
  readonly #fn: RowFunction;
  readonly #builder: BatchBuilder;

  constructor(ws: Workspace, schema: Schema, fn: RowFunction) {
    super(ws, 'map');
    this.#fn = fn;
    this.#builder = new BatchBuilder(schema, MADE_BY_FUNCTION);
  }

  protected override run(batch: Batch, reader: RowReader, room: number): Made {
    const builder = this.#builder;
    const fn = this.#fn;
    const from = this.at;
    const end = Math.min(batch.rows, from + room);
    while (this.at < end && builder.bytes < MAX_MADE_BYTES) {
      builder.append(fn(reader.row(this.at)) as Record<string, unknown>);
      this.at++;
    }
    return { port: 0, batch: stamped(builder.finish(this.ws), sliceBatch(this.ws, bareOf(batch), from, this.at)) };
  }
}

/** Any number of rows for each row: what its function gives is taken piece by piece, so it may be a long generator. */
export class FlatMapRows extends RowsOperator {
  readonly #fn: RowFunction;
  readonly #builder: BatchBuilder;
  /** The rest of what the function gave for the row at hand. */
  #rest: Iterator<unknown> | undefined;

  constructor(ws: Workspace, schema: Schema, fn: RowFunction) {
    super(ws, 'flatMap');
    this.#fn = fn;
    this.#builder = new BatchBuilder(schema, MADE_BY_FUNCTION);
  }

  protected override run(batch: Batch, reader: RowReader, room: number): Made {
    const builder = this.#builder;
    const sources: number[] = [];
    while (this.at < batch.rows && builder.rows < room && builder.bytes < MAX_MADE_BYTES) {
      this.#rest ??= rowsGiven(this.#fn(reader.row(this.at)));
      const next = this.#rest.next();
      if (next.done === true) {
        this.#rest = undefined;
        this.at++;
        continue;
      }
      builder.append(next.value as Record<string, unknown>);
      sources.push(this.at);
    }
    return { port: 0, batch: stamped(builder.finish(this.ws), takeStamps(this.ws, batch, sources)) };
  }

  override close(): void {
    this.#rest?.return?.();
    this.#rest = undefined;
    super.close();
  }
}

/** Keeps the rows for which its function gives true. */
export class FilterRows extends RowsOperator {
  readonly #fn: RowFunction;

  constructor(ws: Workspace, fn: RowFunction) {
    super(ws, 'filter');
    this.#fn = fn;
  }

  protected override run(batch: Batch, reader: RowReader, room: number): Made {
    const fn = this.#fn;
    const kept: number[] = [];
    while (this.at < batch.rows && kept.length < room) {
      if (holds(fn(reader.row(this.at)))) kept.push(this.at);
      this.at++;
    }
    if (kept.length === batch.rows) return { port: 0, batch };
    return { port: 0, batch: takeBatch(this.ws, batch, writeSelection(this.ws, kept), kept.length) };
  }
}

/** Shows each row to its function and passes it on unchanged. */
export class PeekRows extends RowsOperator {
  readonly #fn: RowFunction;

  constructor(ws: Workspace, fn: RowFunction) {
    super(ws, 'peek');
    this.#fn = fn;
  }

  protected override run(batch: Batch, reader: RowReader, room: number): Made {
    const fn = this.#fn;
    const from = this.at;
    const end = Math.min(batch.rows, from + room);
    for (; this.at < end; this.at++) refusePromise(fn(reader.row(this.at)));
    return { port: 0, batch: sliceBatch(this.ws, batch, from, end) };
  }
}

/** Sends each row to the port of the first function that gives true; where none does, nowhere. */
export class BranchRows extends RowsOperator {
  readonly #fns: readonly RowFunction[];
  /** Rows of the batch at hand by port, still to be emitted. */
  #parts: Selection[] = [];

  constructor(ws: Workspace, fns: readonly RowFunction[]) {
    super(ws, 'branch');
    this.#fns = fns;
  }

  protected override prepare(batch: Batch, reader: RowReader): void {
    const fns = this.#fns;
    const rows: number[][] = fns.map(() => []);
    for (; this.at < batch.rows; this.at++) {
      const row = reader.row(this.at);
      const port = fns.findIndex((fn) => holds(fn(row)));
      if (port >= 0) (rows[port] as number[]).push(this.at);
    }
    this.#parts = rows.map((numbers) => ({ selection: writeSelection(this.ws, numbers), count: numbers.length }));
  }

  protected override run(batch: Batch, _reader: RowReader, room: number): Made | undefined {
    const port = this.#parts.findIndex(({ count }) => count > 0);
    if (port < 0) return undefined;
    const { selection, count } = this.#parts[port] as Selection;
    const rows = Math.min(count, room);
    this.#parts[port] = { selection: selection + rows * 4, count: count - rows };
    return { port, batch: rows === batch.rows ? batch : takeBatch(this.ws, batch, selection, rows) };
  }

  protected override finished(): boolean {
    return this.#parts.every(({ count }) => count === 0);
  }
}

const MADE_BY_FUNCTION = Object.freeze({ rowIs: 'the row that its function gave', code: 'function.failed' } as const);

function stamped(batch: Batch, { times, clocks, ops, positions }: Batch): Batch {
  return { ...batch, times, clocks, ops, positions };
}
