import { assert, must } from '../core/assert.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys } from '../state/group-rows.js';
import type { Mark } from '../wasm/arena.js';
import { sliceBatch, takeBatch, type Selection } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { changedRows } from './changed-results.js';
import type { BoundAggregate } from './group-layout.js';
import { LiveGroups, type LiveChanges } from './live-groups.js';
import { NO_WAKEUP, type KeyGroups, type Operator, type Outbox, type StateReader, type StateWriter } from './operator.js';
import type { StepMark, StepStart, Wakeup } from './operator.js';

/** When groups are told; any condition will do. What a trigger of the plan comes down to. */
export interface TellingRule {
  /** So many rows of the group since it was last told. */
  readonly rows: number | undefined;
  /** The clock has passed a multiple of one of these. */
  readonly everyMs: readonly number[];
  /** The input is at its end. */
  readonly watermark: boolean;
  /** What was told is forgotten, and each telling is an insert. */
  readonly purging: boolean;
}

export interface GroupAggregateConfig {
  /** Of the rows, before any pre-aggregation: what the indexes refer to. */
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  /** Keys, aggregates. */
  readonly outputSchema: Schema;
  /** What comes in: rows, changes, or partial states (groupPartialSchemaOf) that a PreGroup has made of rows. */
  readonly mode: 'rows' | 'changes' | 'partials';
  readonly ttlMs: number | undefined;
  /** Without, every step tells all that it changed. */
  readonly telling: TellingRule | undefined;
  readonly keyGroups: KeyGroups;
}

const CLOCK: Schema = [field('clock', 'float64')];
/** Groups told at a time: two rows each, well within a batch. */
const CHUNK_GROUPS = 8192;
const STATE = 'groups';

/**
 * Aggregates by key over all rows so far. At the end of a step, groups whose results have changed are told, as changes: all
 * that the step touched, or, with a rule, those that the rule chooses. In order of the first touch; an update whose before
 * and after are the same is not told.
 */
export class GroupAggregate implements Operator {
  readonly #ws: Workspace;
  readonly #config: GroupAggregateConfig;
  readonly #groups: LiveGroups;
  readonly #ops: boolean;
  #watermark = -Infinity;
  #clockMs: number | undefined;
  #busy = false;
  /** Of the entries to be told: all, those of the ready list, or none. */
  #telling: 'all' | 'ready' | 'none' | undefined;
  #next = 0;
  #pending: { readonly batch: Batch; readonly kept: Selection; readonly mark: Mark } | undefined;
  #at = 0;
  #slice: Mark | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: GroupAggregateConfig) {
    this.#ws = ws;
    this.#config = config;
    const { telling, keys, inputSchema, mode } = config;
    assert(telling === undefined || mode === 'rows', 'groups told by a rule take rows');
    this.#ops = telling?.purging !== true;
    this.#groups = new LiveGroups(ws, {
      keys: keys.map((i) => must(inputSchema[i], 'a key column')),
      aggregates: config.aggregates,
      revocable: mode === 'changes',
      ttlMs: config.ttlMs,
      wantedRows: telling?.rows,
      telling: telling === undefined ? 'step' : telling.purging ? 'purging' : 'seldom',
      keyGroups: config.keyGroups,
    });
  }

  begin({ clockMs }: StepStart): void {
    this.#clockMs ??= clockMs;
    this.#groups.begin(clockMs);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    if (this.#config.mode === 'partials') this.#groups.addPartials(batch);
    else this.#groups.addRows(batch, this.#config.keys);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#telling = this.#tells(mark);
    this.#next = 0;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#clockMs = mark.clockMs;
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#slice !== undefined) this.#ws.scratch.release(this.#slice);
    this.#slice = undefined;
    for (;;) {
      if (this.#pending !== undefined) {
        if (this.#at < this.#pending.kept.count) {
          this.#emit(out);
          return 'more'; // the batch's memory is given back by the next pull
        }
        this.#ws.scratch.release(this.#pending.mark);
        this.#pending = undefined;
      }
      if (!this.#tellMore()) break;
    }
    if (this.#telling !== undefined) this.#groups.endStep(this.#telling === 'all');
    this.#telling = undefined;
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    const clock = this.#clockMs;
    const { telling } = this.#config;
    if (telling === undefined || telling.everyMs.length === 0 || clock === undefined || this.#groups.entries === 0) return NO_WAKEUP;
    return { clock: Math.min(...telling.everyMs.map((every) => (Math.floor(clock / every) + 1) * every)) };
  }

  snapshot(writer: StateWriter): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const values = ws.alloc(8);
    if (this.#clockMs !== undefined) {
      ws.memory.f64[values / 8] = this.#clockMs;
      writer.broadcast('clock', batchOf(CLOCK, 1, [{ kind: 'float64', validity: NONE, offsets: NONE, values }]));
    }
    this.#groups.snapshot(writer, STATE);
    ws.scratch.release(mark);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('clock', CLOCK)) {
      const { values } = must(batch.columns[0], 'the clock');
      const clock = must(this.#ws.memory.f64[values / 8], 'the clock');
      this.#clockMs = Math.max(this.#clockMs ?? clock, clock);
    }
    this.#groups.restore(reader, STATE);
  }

  close(): void {
    this.#groups.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      groups: this.#groups.groups,
      untoldGroups: this.#groups.entries,
      expiredGroups: this.#groups.expired,
      stateBytes: this.#groups.bytesInUse,
      reseeds: this.#groups.reseeds,
      rebuilds: this.#groups.rebuilds,
    };
  }

  /** Which entries the end of this step tells. */
  #tells(mark: StepMark): 'all' | 'ready' | 'none' {
    const { telling } = this.#config;
    if (telling === undefined) return 'all';
    const before = this.#clockMs ?? mark.clockMs;
    if (telling.everyMs.some((every) => Math.floor(mark.clockMs / every) > Math.floor(before / every))) return 'all';
    if (telling.watermark && mark.watermark === Infinity) return 'all';
    return telling.rows === undefined ? 'none' : 'ready';
  }

  /** The next groups' changes, if there are any entries left. */
  #tellMore(): boolean {
    const groups = this.#groups;
    const ready = this.#telling === 'ready';
    const total = this.#telling === 'all' ? groups.entries : ready ? groups.ready : 0;
    if (this.#next >= total) return false;
    const list: Address = ready ? groups.readyList : NONE;
    const mark = this.#ws.scratch.mark();
    const from = this.#next;
    this.#next = Math.min(total, from + CHUNK_GROUPS);
    const changes = groups.changes(list, from, this.#next);
    const batch = this.#resultOf(changes);
    groups.told(list, from, this.#next, changes);
    this.#pending = { batch, kept: changedRows(this.#ws, batch), mark };
    this.#at = 0;
    return true;
  }

  #resultOf(changes: LiveChanges): Batch {
    const { keys, ops } = changes;
    const columns = [...readKeys(keys, this.#groups.layout.shape), ...this.#groups.resultsOf(changes)];
    return batchOf(this.#config.outputSchema, keys.count, columns, NONE, NONE, this.#ops ? ops : NONE);
  }

  #emit(out: Outbox): void {
    const ws = this.#ws;
    const { batch, kept } = must(this.#pending, 'a batch');
    this.#slice = ws.scratch.mark();
    const from = this.#at;
    this.#at = Math.min(kept.count, from + out.room());
    const part =
      kept.selection === NONE ? sliceBatch(ws, batch, from, this.#at) : takeBatch(ws, batch, kept.selection + from * 4, this.#at - from);
    this.#rowsOut += part.rows;
    out.emit(0, part);
  }
}
