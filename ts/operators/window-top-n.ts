import { assert, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { partitionRows } from '../state/partition.js';
import type { Mark } from '../wasm/arena.js';
import { takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import type { KeyGroups, Operator, Outbox, StateReader, StateWriter, StepMark, Wakeup } from './operator.js';
import { RankedRows, type RankedRowsConfig } from './ranked-rows.js';
import { Slicer } from './slicer.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';
import { isClosed, resultTime, windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';

export interface WindowTopNConfig extends RankedRowsConfig {
  readonly window: WindowShape;
  /** Columns of the rows that go out: the first so many; what is behind them serves the order only. */
  readonly columns: number;
  /** Those, windowStart, windowEnd, and the rank if `ranked`. */
  readonly outputSchema: Schema;
  readonly ranked: boolean;
  readonly keyGroups: KeyGroups;
}

/** Slices told apart at a time, and the room that the kernel wants for it. */
const PARTS = 256;
const PARTS_TABLE_BYTES = 8192;

/**
 * The n best rows of each key in each event-time window, when the watermark passes the window's last millisecond, in order of window end and,
 * for each key, of rank. A row is kept once for each window that it is in. Rows that are late must have been taken out before (LateGate).
 */
export class WindowTopN implements Operator {
  readonly #ws: Workspace;
  readonly #config: WindowTopNConfig;
  readonly #policy: WindowPolicy;
  readonly #slicer: Slicer;
  /** By window end. */
  readonly #windows = new Map<number, RankedRows>();
  #watermark = -Infinity;
  #busy = false;
  #queue: number[] = [];
  #begun = false;
  #mark: Mark | undefined;
  #firedWindows = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: WindowTopNConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#policy = windowPolicy(config.window);
    this.#slicer = new Slicer(ws, this.#policy);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'windows take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    const mark = this.#ws.scratch.mark();
    // Clocks are there only where some row is late for some of its windows.
    const firsts = this.#policy.overlapping && batch.clocks !== NONE ? this.#slicer.firsts(batch, 0) : NONE;
    const starts = batch.rows === 0 ? NONE : this.#slicer.starts(batch.times, batch.rows);
    for (let from = 0; from < batch.rows; ) from = this.#add(batch, starts, firsts, from);
    this.#ws.scratch.release(mark);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#queue = [...this.#windows.keys()].filter((end) => isClosed(end, this.#watermark)).sort((a, b) => a - b);
    this.#firedWindows += this.#queue.length;
    this.#begun = false;
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    for (let end = this.#queue[0]; end !== undefined; end = this.#queue[0]) {
      const window = must(this.#windows.get(end), 'a window');
      if (!this.#begun) window.rewind();
      this.#begun = true;
      this.#mark = this.#ws.scratch.mark();
      const batch = this.#next(window, end, Math.min(out.room(), MAX_BATCH_ROWS));
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
      window.close();
      this.#windows.delete(end);
      this.#queue.shift();
      this.#begun = false;
    }
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    const event = Math.min(Infinity, ...[...this.#windows.keys()].map(resultTime));
    return event === Infinity ? {} : { event };
  }

  snapshot(writer: StateWriter): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(ws, this.#watermark));
    for (const [end, window] of this.#windows) {
      const schema = stateSchemaOf(window);
      const batch = (rows: number, columns: Vector[]): Batch => batchOf(schema, rows, [this.#constant(rows, end), ...columns]);
      window.write(writer, 'rows', { keyGroups: this.#config.keyGroups.count, batchRows: MAX_BATCH_ROWS, batch });
    }
    ws.scratch.release(mark);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
    const shape = new RankedRows(this.#ws, this.#config);
    const schema = stateSchemaOf(shape);
    shape.close();
    for (const { batch } of reader.keyed('rows', schema)) {
      // Each batch is of one window.
      const end = Number(this.#ws.memory.i64[must(batch.columns[0], 'windowEnd').values / 8]);
      this.#windowAt(end).restore(batch.rows, batch.columns.slice(1));
    }
  }

  close(): void {
    for (const window of this.#windows.values()) window.close();
    this.#windows.clear();
  }

  metrics(): Readonly<Record<string, number>> {
    const windows = [...this.#windows.values()];
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      firedWindows: this.#firedWindows,
      openWindows: windows.length,
      keptRows: windows.reduce((sum, w) => sum + w.rows, 0),
      stateBytes: windows.reduce((sum, w) => sum + w.bytesInUse, 0),
    };
  }

  /** Rows from `from` on, as far as few enough slices go, to all windows that they are in. Returns how far it came. */
  #add(batch: Batch, starts: Address, firsts: Address, from: number): number {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const n = batch.rows - from;
    const [parts, seen, count] = [ws.alloc(n * 4), ws.alloc(PARTS * 16), ws.alloc(4)];
    const theirs = firsts === NONE ? NONE : firsts + from * 8;
    const placed = ws.kernels.window_parts(starts + from * 8, theirs, 0, n, parts, seen, count, ws.alloc(PARTS_TABLE_BYTES)) >>> 0;
    const rows = ws.alloc(placed * 4);
    ws.kernels.window_numbers(from, placed, rows);
    const selections = partitionRows(ws, parts, placed, must(ws.memory.u32[count / 4], 'a count'), rows);
    selections.forEach(({ selection, count: size }, p) => {
      const start = Number(ws.memory.i64[seen / 8 + p * 2]);
      const first = firsts === NONE ? this.#policy.firstEnd(start) : Number(ws.memory.i64[seen / 8 + p * 2 + 1]);
      const last = this.#policy.lastEnd(start);
      const inner = ws.scratch.mark();
      const part = size === batch.rows ? batch : takeBatch(ws, batch, selection, size);
      for (let end = first; end <= last; end = this.#policy.nextEnd(end)) this.#windowAt(end).add(part);
      ws.scratch.release(inner);
    });
    ws.scratch.release(mark);
    return from + placed;
  }

  #windowAt(end: number): RankedRows {
    const known = this.#windows.get(end);
    if (known !== undefined) return known;
    assert(!isClosed(end, this.#watermark), () => `a row for a window that ended at ${end} came after ${this.#watermark}`);
    const window = new RankedRows(this.#ws, this.#config);
    this.#windows.set(end, window);
    return window;
  }

  #next(window: RankedRows, end: number, room: number): Batch | undefined {
    const next = window.next(room);
    if (next === undefined) return undefined;
    const { rows, ranks } = next;
    const columns = [
      ...window.read(rows, this.#config.columns),
      this.#constant(rows.count, this.#policy.windowStart(end)),
      this.#constant(rows.count, end),
    ];
    if (this.#config.ranked) columns.push({ kind: 'int64', validity: NONE, offsets: NONE, values: ranks });
    return batchOf(this.#config.outputSchema, rows.count, columns, this.#constant(rows.count, resultTime(end)).values);
  }

  #constant(rows: number, value: number): Vector {
    const values = this.#ws.alloc(rows * 8);
    this.#ws.kernels.window_fill(values, rows, value);
    return { kind: 'timestamp', validity: NONE, offsets: NONE, values };
  }
}

function stateSchemaOf(window: RankedRows): Schema {
  return [field('(window end)', 'timestamp'), ...window.stateSchema];
}
