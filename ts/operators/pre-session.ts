import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';
import { SessionGroups } from './session-groups.js';
import { partialSessionSchema, readPartialSessions, type SessionSpec } from './session-layout.js';

export interface PreSessionConfig extends SessionSpec {
  /** Sessions held before they are sent on: about what stays in a core's cache. */
  readonly maxSessions?: number;
}

const MAX_SESSIONS = 32_768;
/** Gathering must at least halve the rows; where it did not, rows go on one by one, and it is tried again now and then. */
const WORTH_IT = 2;
const TRY_AGAIN_AFTER = 63;

/**
 * Rows before an exchange, as partial sessions by key (partialSessionSchema): fewer rows to send, and a key that many rows have
 * does not land on one lane. What it holds goes on at each mark, so that it has no state between steps. Rows that lie
 * behind the watermark that judges them go on alone, in their place among the others, as it decides which sessions they join.
 * Partials carry their session's last millisecond as event time.
 */
export class PreSession implements Operator {
  readonly #ws: Workspace;
  readonly #config: PreSessionConfig;
  readonly #schema: Schema;
  readonly #maxSessions: number;
  #sessions: SessionGroups;
  #watermark = -Infinity;
  #busy = false;
  #flushing = false;
  /** A row number of the pool: up to here sessions are sent. */
  #sent = 0;
  #mark: Mark | undefined;
  /** Rows since the last flush. */
  #held = 0;
  /** Batches to pass on row by row before gathering is tried again. */
  #passing = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: PreSessionConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#schema = partialSessionSchema(config);
    this.#maxSessions = config.maxSessions ?? MAX_SESSIONS;
    this.#sessions = this.#newSessions(0);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'a batch was pushed before the last one was done');
    assert(batch.ops === NONE, 'sessions take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    const passing = this.#passing > 0;
    this.#sessions.addRows(batch, passing);
    this.#held += batch.rows;
    if (passing) {
      this.#passing--;
      this.#flushing = true;
    } else if (this.#sessions.table.pool.size >= this.#maxSessions) {
      this.#judge();
      this.#flushing = true;
    }
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    if (this.#held === 0) return;
    this.#judge();
    this.#flushing = true;
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#flushing) {
      this.#mark = this.#ws.scratch.mark();
      const batch = this.#nextPartials(Math.min(out.room(), MAX_BATCH_ROWS));
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
      this.#flushing = false;
      this.#held = 0;
      this.#sent = 0;
      const expected = this.#sessions.table.sessions;
      this.#sessions.close();
      this.#sessions = this.#newSessions(expected);
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

  snapshot(): void {
    assert(this.#sessions.table.sessions === 0, 'pre-aggregation holds nothing between steps');
  }

  restore(): void {}

  close(): void {
    this.#sessions.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, stateBytes: this.#sessions.table.bytesInUse };
  }

  #newSessions(expected: number): SessionGroups {
    return new SessionGroups(this.#ws, this.#config, { changes: false, timed: false, allowedLatenessMs: 0 }, expected);
  }

  /** Whether gathering was worth it. A handful of rows tells nothing. */
  #judge(): void {
    if (this.#held >= 256 && this.#sessions.table.sessions * WORTH_IT > this.#held) this.#passing = TRY_AGAIN_AFTER;
  }

  #nextPartials(room: number): Batch | undefined {
    const ws = this.#ws;
    const { table, layout } = this.#sessions;
    const [cursor, ats] = [ws.alloc(4), ws.alloc(room * 4)];
    ws.memory.u32[cursor / 4] = this.#sent;
    const count = ws.kernels.sessions_list(table.pool.at, cursor, ats, room) >>> 0;
    if (count === 0) return undefined;
    this.#sent = ws.memory.u32[cursor / 4] as number;
    const columns = readPartialSessions(table, layout, { ws, ats, count });
    const times = ws.alloc(count * 8);
    ws.kernels.sessions_result_times((columns[1] as (typeof columns)[0]).values, count, times);
    return batchOf(this.#schema, count, columns, times);
  }
}
