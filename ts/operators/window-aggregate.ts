import { assert, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupReader } from './group-merge.js';
import { changesDone, resultsOf, settleResults } from './kept-results.js';
import type { Operator, Outbox, StateReader, StateWriter, StepMark, StepStart, Wakeup } from './operator.js';
import { OverlappingWindows } from './overlapping-windows.js';
import { SeparateWindows } from './separate-windows.js';
import { clearGroups, holdGroups, releaseGroups } from './trigger.js';
import { TriggeredWindows } from './triggered-windows.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';
import { resultTime, windowPolicy } from './window-policy.js';
import type { Told, WindowAggregateConfig, WindowStore } from './window-store.js';

/** Rows of one window within an output batch. */
interface Piece {
  readonly told: Told;
  readonly rows: number;
}

/** A window on its way out. */
interface Emission {
  readonly told: Told;
  /** Of final results: the next rows. */
  read(out: Address, max: number): number;
  /** Of changes: see the kernel group_changes. */
  cursor: number;
}

/**
 * Aggregates by key and event-time window. Results come out when the watermark passes the window's last millisecond,
 * in order of window end. With allowed lateness a window's state stays, and rows that still reach it change its result
 * at the step's end: an update's before and after, or an insert for a new group. Rows that are late beyond it must have
 * been taken out before (LateGate). Where rows are taken back too, a group that has none left is deleted.
 */
export class WindowAggregate implements Operator {
  readonly #ws: Workspace;
  readonly #config: WindowAggregateConfig;
  readonly #store: WindowStore;
  /** Aggregates that are told. */
  readonly #told: number;
  #watermark = -Infinity;
  #busy = false;
  #marked = false;
  #emission: Emission | undefined;
  /** Windows whose rows the last batch has taken. */
  #over: Told[] = [];
  #mark: Mark | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: WindowAggregateConfig) {
    this.#ws = ws;
    this.#config = config;
    assert(config.changes || (config.emit === 'final' && config.allowedLatenessMs === 0), 'windows that fire more than once give changes');
    const policy = windowPolicy(config.window);
    const { trigger, revises = false } = config;
    assert(!revises || (config.changes && config.presence !== undefined), 'what is taken back is told, and counted');
    this.#store =
      trigger !== undefined
        ? new TriggeredWindows(ws, config, policy, trigger)
        : policy.overlapping && !revises
          ? new OverlappingWindows(ws, config, policy)
          : new SeparateWindows(ws, config, policy);
    this.#told = config.outputSchema.length - config.keys.length - 2;
  }

  ready(): boolean {
    return !this.#busy;
  }

  begin({ clockMs }: StepStart): void {
    this.#store.begin?.(clockMs);
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE || this.#config.revises, 'rows that were not to be taken back');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    this.#store.add(batch);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#marked = true;
    const before = this.#watermark;
    this.#watermark = Math.max(before, mark.watermark);
    this.#store.mark(before, this.#watermark, mark.clockMs);
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#marked) {
      this.#mark = this.#ws.scratch.mark();
      const batch = this.#next(Math.min(out.room(), MAX_BATCH_ROWS));
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
    }
    this.#marked = false;
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    const event = this.#store.due(this.#watermark);
    const clock = this.#store.dueAt?.() ?? Infinity;
    return { ...(event === Infinity ? {} : { event }), ...(clock === Infinity ? {} : { clock }) };
  }

  /** Groups as partial states, by key group. */
  snapshot(writer: StateWriter): void {
    const outer = this.#ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(this.#ws, this.#watermark));
    this.#store.snapshot(writer);
    this.#ws.scratch.release(outer);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
    this.#store.restore(reader, this.#watermark);
  }

  close(): void {
    this.#store.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, firedWindows: this.#store.firedWindows, ...this.#store.metrics() };
  }

  /** The next rows of the windows that are due; undefined when none are left. */
  #next(room: number): Batch | undefined {
    for (;;) {
      const first = this.#current();
      if (first === undefined) return undefined;
      const batch = this.#config.changes ? this.#nextChanges(room) : this.#nextResults(room);
      for (const told of this.#over.splice(0)) this.#store.done(told);
      if (batch !== undefined) return batch;
    }
  }

  /** The window on its way out. */
  #current(): Emission | undefined {
    if (this.#emission !== undefined) return this.#emission;
    const told = this.#store.next();
    if (told === undefined) return undefined;
    this.#emission = { told, read: groupReader(this.#ws, told.table, told.layout.presence), cursor: 0 };
    return this.#emission;
  }

  /** The window at hand is out: whether another one's rows may follow in the same batch. */
  #end(): boolean {
    const { told } = must(this.#emission, 'a window on its way out');
    this.#over.push(told);
    this.#emission = undefined;
    return told.stays;
  }

  /** The next results of windows that fire once. */
  #nextResults(room: number): Batch | undefined {
    const ats = this.#ws.alloc(room * 4);
    const pieces: Piece[] = [];
    let count = 0;
    while (count < room) {
      const emission = this.#current();
      if (emission === undefined) break;
      const rows = emission.read(ats + count * 4, room - count);
      if (rows > 0) pieces.push({ told: emission.told, rows });
      count += rows;
      if (count === room || !this.#end()) break;
    }
    if (count === 0) return undefined;
    return this.#resultOf({ ws: this.#ws, ats, count }, { ws: this.#ws, ats, count }, pieces, NONE);
  }

  /** The next changes. */
  #nextChanges(room: number): Batch | undefined {
    const ws = this.#ws;
    const [keyAts, resultAts, ops, cursor] = [ws.alloc(room * 4), ws.alloc(room * 4), ws.alloc(room), ws.alloc(4)];
    const pieces: Piece[] = [];
    let count = 0;
    while (count < room) {
      const emission = this.#current();
      if (emission === undefined) break;
      const { table, layout, least } = emission.told;
      if (emission.cursor === 0) {
        if (least !== undefined) holdGroups(ws, table, layout, least);
        settleResults(ws, layout, table);
      }
      ws.memory.u32[cursor / 4] = emission.cursor;
      const [keys, results] = [keyAts + count * 4, resultAts + count * 4];
      const { flags, accumulatorBytes, presence = 0 } = layout;
      const { rows: at, stride, size } = table;
      const opsAt = ops + count;
      const rows =
        ws.kernels.group_changes_living(at, stride, size, flags, accumulatorBytes, presence, cursor, keys, results, opsAt, room - count) >>>
        0;
      emission.cursor = must(ws.memory.u32[cursor / 4], 'the cursor');
      if (rows > 0) pieces.push({ told: emission.told, rows });
      count += rows;
      if (emission.cursor < table.size * 2) break;
      if (least !== undefined) releaseGroups(ws, table, layout);
      this.#end();
    }
    if (count === 0) return undefined;
    const batch = this.#resultOf({ ws, ats: keyAts, count }, { ws, ats: resultAts, count }, pieces, ops);
    const tables = pieces.map(({ told, rows }) => ({ table: told.table, rows }));
    changesDone(ws, must(pieces[0], 'a window').told.layout, tables, keyAts, ops, count);
    let at = keyAts;
    for (const { told, rows } of pieces) {
      if (told.clears === true) clearGroups(ws, told.layout, at, rows);
      at += rows * 4;
    }
    return batch;
  }

  #resultOf(keys: GroupRows, results: GroupRows, pieces: readonly Piece[], ops: Address): Batch {
    const { outputSchema, changes } = this.#config;
    const { layout } = must(pieces[0], 'a window').told;
    const columns: Vector[] = [
      ...readKeys(keys, layout.shape),
      this.#times(pieces, ({ start }) => start),
      this.#times(pieces, ({ end }) => end),
      ...resultsOf(results, layout).slice(0, this.#told),
    ];
    const times = this.#times(pieces, ({ end }) => resultTime(end)).values;
    return batchOf(outputSchema, keys.count, columns, times, NONE, changes ? ops : NONE);
  }

  /** A timestamp that is the same for all rows of a window. */
  #times(pieces: readonly Piece[], of: (told: Told) => number): Vector {
    const values = this.#ws.alloc(pieces.reduce((sum, p) => sum + p.rows, 0) * 8);
    let at = values;
    for (const { told, rows } of pieces) {
      this.#ws.kernels.window_fill(at, rows, of(told));
      at += rows * 8;
    }
    return { kind: 'timestamp', validity: NONE, offsets: NONE, values };
  }
}

export type { WindowAggregateConfig };
