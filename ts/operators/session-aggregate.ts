import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import { partitionRows } from '../state/partition.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { releaseKept, resultsOf, settleRows } from './kept-results.js';
import {
  NO_WAKEUP,
  type KeyGroups,
  type Operator,
  type Outbox,
  type StateReader,
  type StateWriter,
  type StepMark,
  type Wakeup,
} from './operator.js';
import { SessionGroups } from './session-groups.js';
import { readBounds, readSessions, sessionStateSchema, type SessionSpec } from './session-layout.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface SessionAggregateConfig extends SessionSpec {
  /** Keys, windowStart, windowEnd, aggregates. */
  readonly outputSchema: Schema;
  readonly allowedLatenessMs: number;
  /** `updates`: at each mark, open sessions that changed are told as well. */
  readonly emit: 'final' | 'updates';
  /** Whether the output carries operations. */
  readonly changes: boolean;
  /** What comes in: rows, or sessions that a PreSession has gathered of them. */
  readonly mode: 'rows' | 'partials';
  readonly keyGroups: KeyGroups;
}

/**
 * Aggregates by key and session: rows of a key whose spans [time, time + gap) overlap or touch. A session is told when the
 * watermark reaches its end: before that a row at its very end, which touches it, may still come. With allowed lateness
 * its state stays, and rows that still reach it change what was told at the step's end. Rows that are late beyond it must
 * have been taken out before (SessionGate).
 */
export class SessionAggregate implements Operator {
  readonly #ws: Workspace;
  readonly #config: SessionAggregateConfig;
  readonly #sessions: SessionGroups;
  readonly #stateSchema: Schema;
  #watermark = -Infinity;
  #busy = false;
  /** What is still to be told of the last mark. */
  #phase: 'changes' | 'due' | undefined;
  #mark: Mark | undefined;
  #firedSessions = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: SessionAggregateConfig) {
    const { changes, emit, allowedLatenessMs } = config;
    assert(changes || (emit === 'final' && allowedLatenessMs === 0), 'windows that fire more than once give changes');
    this.#ws = ws;
    this.#config = config;
    this.#sessions = new SessionGroups(ws, config, { changes, timed: true, allowedLatenessMs });
    this.#stateSchema = sessionStateSchema(config, changes);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'sessions take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    if (this.#config.mode === 'rows') this.#sessions.addRows(batch);
    else this.#sessions.addPartials(batch);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#phase = this.#config.changes ? 'changes' : 'due';
    if (this.#config.changes) this.#sessions.settle();
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#phase !== undefined) {
      this.#mark = this.#ws.scratch.mark();
      const batch = this.#next(Math.min(out.room(), MAX_BATCH_ROWS));
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
      this.#sessions.compact(this.#stateSchema);
    }
    this.#busy = false;
    return 'done';
  }

  /** A session that ends at the next millisecond is told only when the watermark is there, with a time that is one less. */
  outputWatermark(): number {
    return this.#watermark - 1;
  }

  nextWakeup(): Wakeup {
    const next = this.#sessions.table.next();
    return next === Infinity ? NO_WAKEUP : { event: next };
  }

  /** Sessions as partial states, by key group. */
  snapshot(writer: StateWriter): void {
    const { count: keyGroups } = this.#config.keyGroups;
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    const { table, layout } = this.#sessions;
    const { words, references, masked } = layout.keyShape;
    writer.broadcast('watermark', watermarkBatch(ws, this.#watermark));
    for (const { ats, count } of table.list(MAX_BATCH_ROWS)) {
      const parts = ws.alloc(count * 4);
      // Without a key all rows go to lane 0, which has group 0 at any number of lanes.
      if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + count);
      else ws.kernels.group_key_groups(table.keysOf({ ws, ats, count }).ats, words, references, masked ? 1 : 0, count, keyGroups, parts);
      partitionRows(ws, parts, count, keyGroups, ats).forEach((part, group) => {
        if (part.count === 0) return;
        const inner = ws.scratch.mark();
        writer.keyed('sessions', group, readSessions(table, layout, { ws, ats: part.selection, count: part.count }, this.#stateSchema));
        ws.scratch.release(inner);
      });
    }
    ws.scratch.release(outer);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
    this.#sessions.table.begin(this.#watermark);
    for (const { batch } of reader.keyed('sessions', this.#stateSchema)) this.#sessions.restore(batch);
  }

  close(): void {
    this.#sessions.close();
  }

  metrics(): Readonly<Record<string, number>> {
    const { table, merged } = this.#sessions;
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      firedWindows: this.#firedSessions,
      openWindows: table.sessions,
      mergedWindows: merged,
      keys: table.keys.size,
      stateBytes: table.bytesInUse,
    };
  }

  #next(room: number): Batch | undefined {
    if (this.#phase === 'changes') {
      const batch = this.#nextChanges(room);
      if (batch !== undefined) return batch;
      this.#phase = 'due';
    }
    const batch = this.#nextDue(room);
    if (batch === undefined) this.#phase = undefined;
    return batch;
  }

  /** What this step's rows have changed of what was told before or, with updates, is told early. */
  #nextChanges(room: number): Batch | undefined {
    const ws = this.#ws;
    const { table, layout } = this.#sessions;
    const [ats, told, ops] = [ws.alloc(room * 4), ws.alloc(room * 4), ws.alloc(room)];
    const updates = this.#config.emit === 'updates' ? 1 : 0;
    const count = ws.kernels.sessions_changes(table.at, this.#watermark, updates, ats, told, ops, room) >>> 0;
    if (count === 0) return undefined;
    const batch = this.#resultOf({ ws, ats, count }, { ws, ats: told, count }, ops);
    releaseKept(ws, layout, [{ table: table.pool, rows: count }], ats, ops);
    ws.kernels.sessions_changed(table.at, ats, ops, count);
    return batch;
  }

  /** Sessions that the watermark has ended, in order of their ends. */
  #nextDue(room: number): Batch | undefined {
    const ws = this.#ws;
    const { table, layout } = this.#sessions;
    const { allowedLatenessMs, changes } = this.#config;
    const ats = ws.alloc(room * 4);
    const count = ws.kernels.sessions_due(table.at, this.#watermark, allowedLatenessMs, ats, room) >>> 0;
    if (count === 0) return undefined;
    this.#firedSessions += count;
    const ops = changes ? ws.alloc(count) : NONE;
    if (changes) ws.memory.u8.fill(0, ops, ops + count);
    const rows = { ws, ats, count };
    if (changes) settleRows(rows, layout, table.pool);
    const batch = this.#resultOf(rows, rows, ops);
    if (changes) releaseKept(ws, layout, [{ table: table.pool, rows: count }], ats, ops);
    ws.kernels.sessions_fired(table.at, this.#watermark, allowedLatenessMs, ats, count);
    return batch;
  }

  /** `told`: the sessions, or what was told of them before, in either's place. */
  #resultOf(sessions: GroupRows, told: GroupRows, ops: Address): Batch {
    const ws = this.#ws;
    const { layout, table } = this.#sessions;
    const [start, end] = readBounds(told) as [ReturnType<typeof readBounds>[0], ReturnType<typeof readBounds>[0]];
    const times = ws.alloc(told.count * 8);
    ws.kernels.sessions_result_times(end.values, told.count, times);
    const columns = [...readKeys(table.keysOf(sessions), layout.keyShape), start, end, ...resultsOf(told, layout)];
    return batchOf(this.#config.outputSchema, told.count, columns, times, NONE, ops);
  }
}
