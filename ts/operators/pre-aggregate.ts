import { assert, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupLayout, partialSchemaOf, readPartials, type BoundAggregate, type SlicedLayout } from './group-layout.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';
import type { Slice } from './slice.js';
import { SlicedGroups } from './sliced-groups.js';
import { resultTime, windowPolicy, type WindowShape } from './window-policy.js';

export interface PreAggregateConfig {
  readonly window: WindowShape;
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  readonly allowedLatenessMs?: number;
  /** Groups held before they are sent on: about what stays in a core's cache. */
  readonly maxGroups?: number;
}

const MAX_GROUPS = 32_768;
/** Grouping must at least halve the rows; where it did not, rows go on one by one, and it is tried again now and then. */
const WORTH_IT = 2;
const TRY_AGAIN_AFTER = 63;

/**
 * Rows before an exchange, as partial states by window and key (partialSchemaOf): fewer rows to send, and a key that
 * many rows have does not land on one lane. What it holds goes on at each mark, so that it has no state between steps.
 * Partials carry the last millisecond of the first window that they count in as event time.
 */
export class PreAggregate implements Operator {
  readonly #ws: Workspace;
  readonly #config: PreAggregateConfig;
  readonly #schema: Schema;
  readonly #layout: SlicedLayout;
  readonly #overlapping: boolean;
  readonly #groups: SlicedGroups;
  readonly #maxGroups: number;
  #watermark = -Infinity;
  #busy = false;
  #queue: Slice[] = [];
  #next = 0;
  #mark: Mark | undefined;
  /** Rows since the last flush. */
  #held = 0;
  /** Batches to pass on row by row before grouping is tried again. */
  #passing = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: PreAggregateConfig) {
    this.#ws = ws;
    this.#config = config;
    const policy = windowPolicy(config.window);
    this.#overlapping = policy.overlapping;
    this.#schema = partialSchemaOf(config.inputSchema, config.keys, config.aggregates, policy.overlapping);
    const keys = config.keys.map((i) => must(config.inputSchema[i], 'a key column'));
    this.#layout = groupLayout(keys, config.aggregates, false, { overlapping: policy.overlapping });
    this.#groups = new SlicedGroups(ws, this.#layout, policy, { allowedLatenessMs: config.allowedLatenessMs ?? 0 });
    this.#maxGroups = config.maxGroups ?? MAX_GROUPS;
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'a batch was pushed before the last one was done');
    assert(batch.ops === NONE, 'aggregates take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    const passing = this.#passing > 0;
    this.#groups.addRows(batch, this.#config.keys, passing);
    this.#held += batch.rows;
    if (passing) {
      this.#passing--;
      this.#flush();
    } else if (this.#groups.groups >= this.#maxGroups) {
      this.#judge();
      this.#flush();
    }
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    if (this.#held > 0) this.#judge();
    this.#flush();
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#queue.length === 0) {
      this.#busy = false;
      return 'done';
    }
    this.#mark = this.#ws.scratch.mark();
    const batch = this.#nextPartials(Math.min(out.room(), MAX_BATCH_ROWS));
    this.#rowsOut += batch.rows;
    out.emit(0, batch);
    return 'more'; // the batch's memory is given back by the next pull
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(): void {
    assert(this.#groups.groups === 0, 'pre-aggregation holds nothing between steps');
  }

  restore(): void {}

  close(): void {
    this.#groups.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, stateBytes: this.#groups.bytesInUse };
  }

  /** Whether grouping was worth it. A handful of rows tells nothing. */
  #judge(): void {
    if (this.#held >= 256 && this.#groups.groups * WORTH_IT > this.#held) this.#passing = TRY_AGAIN_AFTER;
  }

  #flush(): void {
    this.#queue = this.#groups.inOrder();
    this.#next = 0;
    this.#held = 0;
  }

  #nextPartials(room: number): Batch {
    const ws = this.#ws;
    const held = this.#queue.reduce((sum, s) => sum + s.table.size, -this.#next);
    const count = Math.min(room, held);
    const [ats, starts, firsts, times] = [ws.alloc(count * 4), ws.alloc(count * 8), ws.alloc(count * 8), ws.alloc(count * 8)];
    const over: Slice[] = [];
    for (let at = 0; at < count; ) {
      const slice = must(this.#queue[0], 'a slice');
      const rows = Math.min(count - at, slice.table.size - this.#next);
      slice.table.addresses(this.#next, this.#next + rows, ats + at * 4);
      ws.kernels.window_fill(starts + at * 8, rows, slice.start);
      ws.kernels.window_fill(firsts + at * 8, rows, slice.first);
      ws.kernels.window_fill(times + at * 8, rows, resultTime(slice.first));
      at += rows;
      this.#next += rows;
      if (this.#next < slice.table.size) break;
      over.push(slice);
      this.#queue.shift();
      this.#next = 0;
    }
    const columns = readPartials({ ws, ats, count }, this.#layout);
    for (const slice of over) this.#groups.free(slice);
    const places = (this.#overlapping ? [starts, firsts] : [starts]).map(
      (values): Vector => ({ kind: 'timestamp', validity: NONE, offsets: NONE, values }),
    );
    return batchOf(this.#schema, count, [...places, ...columns], times);
  }
}
