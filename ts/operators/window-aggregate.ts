import { assert, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys, readWord, type GroupRows } from '../state/group-rows.js';
import { partitionRows } from '../state/partition.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupLayout, partialSchemaOf, readPartials, type BoundAggregate, type GroupLayout } from './group-layout.js';
import { changesDone, emittedFields, readEmitted, resultsOf, settleResults } from './kept-results.js';
import type { KeyGroups, Operator, Outbox, StateReader, StateWriter, StepMark, Wakeup } from './operator.js';
import { SlicedGroups, type Slice } from './sliced-groups.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';
import { isClosed, isLate, resultTime, windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';

export interface WindowAggregateConfig {
  readonly window: WindowShape;
  /** Of the rows, before any pre-aggregation: what the indexes refer to. */
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  /** Keys, windowStart, windowEnd, aggregates. */
  readonly outputSchema: Schema;
  readonly allowedLatenessMs: number;
  /** `updates`: at each mark, groups of open windows that changed are told as well. */
  readonly emit: 'final' | 'updates';
  /** Whether the output carries operations. */
  readonly changes: boolean;
  /** What comes in: rows, or partial states (partialSchemaOf) that a PreAggregate has made of them. */
  readonly mode: 'rows' | 'partials';
  readonly keyGroups: KeyGroups;
}

/** A slice whose results are on their way out. */
interface Emission {
  readonly slice: Slice;
  readonly free: boolean;
  next: number;
}

/** Rows of one slice within an output batch. */
interface Piece {
  readonly slice: Slice;
  readonly rows: number;
}

/**
 * Aggregates by key and event-time window. Results come out when the watermark passes the window's last millisecond,
 * in order of window end. With allowed lateness a window's state stays, and rows that still reach it change its result
 * at the step's end: an update's before and after, or an insert for a new group. Rows that are late beyond it must have
 * been taken out before (LateGate).
 */
export class WindowAggregate implements Operator {
  readonly #ws: Workspace;
  readonly #config: WindowAggregateConfig;
  readonly #policy: WindowPolicy;
  readonly #layout: GroupLayout;
  readonly #groups: SlicedGroups;
  readonly #stateSchema: Schema;
  #watermark = -Infinity;
  #busy = false;
  #queue: Emission[] = [];
  #mark: Mark | undefined;
  #firedWindows = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: WindowAggregateConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#policy = windowPolicy(config.window);
    this.#layout = groupLayout(
      config.keys.map((i) => must(config.inputSchema[i], 'a key column')),
      config.aggregates,
      config.changes,
    );
    assert(config.changes || (config.emit === 'final' && config.allowedLatenessMs === 0), 'windows that fire more than once give changes');
    this.#groups = new SlicedGroups(ws, this.#layout, this.#policy);
    this.#stateSchema = stateSchemaOf(config);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'aggregates take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (this.#config.mode === 'rows') this.#groups.addRows(batch, this.#config.keys);
    else this.#groups.addPartials(batch);
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    const before = this.#watermark;
    this.#watermark = Math.max(before, mark.watermark);
    for (const slice of this.#groups.inOrder()) {
      const { allowedLatenessMs } = this.#config;
      assert(!isLate(slice.end, allowedLatenessMs, before), () => `a row for a window that ended at ${slice.end} came after ${before}`);
      const closed = isClosed(slice.end, this.#watermark);
      if (!closed && this.#config.emit === 'final') continue;
      if (closed && !isClosed(slice.end, before)) this.#firedWindows++;
      this.#queue.push({ slice, free: isLate(slice.end, allowedLatenessMs, this.#watermark), next: 0 });
    }
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#queue.length > 0) {
      this.#mark = this.#ws.scratch.mark();
      const room = Math.min(out.room(), MAX_BATCH_ROWS);
      const batch = this.#config.changes ? this.#nextChanges(room) : this.#nextResults(room);
      if (batch !== undefined) {
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#ws.scratch.release(this.#mark);
      this.#mark = undefined;
    }
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    let event = Infinity;
    for (const { end } of this.#groups.slices.values()) {
      const at = resultTime(end) + (isClosed(end, this.#watermark) ? this.#config.allowedLatenessMs : 0);
      event = Math.min(event, at);
    }
    return event === Infinity ? {} : { event };
  }

  /** Open slices' groups as partial states, by key group. */
  snapshot(writer: StateWriter): void {
    const { count: keyGroups } = this.#config.keyGroups;
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(ws, this.#watermark));
    for (const slice of this.#groups.inOrder()) {
      for (let from = 0; from < slice.table.size; from += MAX_BATCH_ROWS) {
        const mark = ws.scratch.mark();
        const rows = Math.min(MAX_BATCH_ROWS, slice.table.size - from);
        const ats = ws.alloc(rows * 4);
        slice.table.addresses(from, from + rows, ats);
        const parts = ws.alloc(rows * 4);
        const { words, references, masked } = this.#layout.shape;
        // Without a key all rows go to lane 0, which has group 0 at any number of lanes.
        if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + rows);
        else ws.kernels.group_key_groups(ats, words, references, masked ? 1 : 0, rows, keyGroups, parts);
        partitionRows(ws, parts, rows, keyGroups, ats).forEach(({ selection, count }, group) => {
          if (count === 0) return;
          const inner = ws.scratch.mark();
          writer.keyed('slices', group, this.#stateOf({ ws, ats: selection, count }, slice));
          ws.scratch.release(inner);
        });
        ws.scratch.release(mark);
      }
    }
    ws.scratch.release(outer);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
    for (const { batch } of reader.keyed('slices', this.#stateSchema)) this.#groups.addPartials(batch, this.#config.changes);
  }

  close(): void {
    this.#groups.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      firedWindows: this.#firedWindows,
      openWindows: this.#groups.slices.size,
      groups: this.#groups.groups,
      stateBytes: this.#groups.bytesInUse,
      reseeds: this.#groups.reseeds,
    };
  }

  /** The next results of windows that fire once; undefined when none are left. */
  #nextResults(room: number): Batch | undefined {
    const ats = this.#ws.alloc(room * 4);
    const pieces: Piece[] = [];
    let count = 0;
    while (count < room) {
      const emission = this.#queue[0];
      if (emission === undefined) break;
      const { slice } = emission;
      const rows = Math.min(room - count, slice.table.size - emission.next);
      if (rows > 0) {
        slice.table.addresses(emission.next, emission.next + rows, ats + count * 4);
        pieces.push({ slice, rows });
        emission.next += rows;
        count += rows;
      }
      if (emission.next < slice.table.size) break;
      this.#queue.shift();
    }
    if (count === 0) return undefined;
    const batch = this.#resultOf({ ws: this.#ws, ats, count }, { ws: this.#ws, ats, count }, pieces, NONE);
    this.#freeAllBut(this.#queue[0]?.slice, pieces);
    return batch;
  }

  /** The next changes; undefined when none are left. */
  #nextChanges(room: number): Batch | undefined {
    const ws = this.#ws;
    const { flags, accumulatorBytes } = this.#layout;
    const [keyAts, resultAts, ops, cursor] = [ws.alloc(room * 4), ws.alloc(room * 4), ws.alloc(room), ws.alloc(4)];
    const pieces: Piece[] = [];
    const over: Emission[] = [];
    let count = 0;
    while (count < room) {
      const emission = this.#queue[0];
      if (emission === undefined) break;
      const { table } = emission.slice;
      if (emission.next === 0) settleResults(ws, this.#layout, table);
      ws.memory.u32[cursor / 4] = emission.next;
      const rows =
        ws.kernels.group_changes(
          table.rows,
          table.stride,
          table.size,
          flags,
          accumulatorBytes,
          cursor,
          keyAts + count * 4,
          resultAts + count * 4,
          ops + count,
          room - count,
        ) >>> 0;
      emission.next = must(ws.memory.u32[cursor / 4], 'the cursor');
      if (rows > 0) pieces.push({ slice: emission.slice, rows });
      count += rows;
      if (emission.next < table.size * 2) break;
      over.push(emission);
      this.#queue.shift();
    }
    let batch: Batch | undefined;
    if (count > 0) {
      batch = this.#resultOf({ ws, ats: keyAts, count }, { ws, ats: resultAts, count }, pieces, ops);
      const ofTables = pieces.map(({ slice, rows }) => ({ table: slice.table, rows }));
      changesDone(ws, this.#layout, ofTables, keyAts, ops, count);
    }
    for (const { slice, free } of over) if (free) this.#groups.free(slice);
    return batch;
  }

  #freeAllBut(unfinished: Slice | undefined, pieces: readonly Piece[]): void {
    for (const { slice } of pieces) if (slice !== unfinished) this.#groups.free(slice);
  }

  #resultOf(keys: GroupRows, results: GroupRows, pieces: readonly Piece[], ops: Address): Batch {
    const { outputSchema, changes } = this.#config;
    const columns: Vector[] = [
      ...readKeys(keys, this.#layout.shape),
      this.#constant(pieces, (s) => s.start),
      this.#constant(pieces, (s) => s.end),
      ...resultsOf(results, this.#layout),
    ];
    const times = this.#constant(pieces, (s) => resultTime(s.end)).values;
    return batchOf(outputSchema, keys.count, columns, times, NONE, changes ? ops : NONE);
  }

  #stateOf(rows: GroupRows, slice: Slice): Batch {
    const columns = [this.#constant([{ slice, rows: rows.count }], (s) => s.start), ...readPartials(rows, this.#layout)];
    if (this.#config.changes) columns.push(readWord(rows, this.#layout.flags, 'int64'), ...readEmitted(rows, this.#layout));
    return batchOf(this.#stateSchema, rows.count, columns);
  }

  /** A timestamp that is the same for all rows of a slice. */
  #constant(pieces: readonly Piece[], of: (slice: Slice) => number): Vector {
    const values = this.#ws.alloc(pieces.reduce((sum, p) => sum + p.rows, 0) * 8);
    let at = values;
    for (const { slice, rows } of pieces) {
      this.#ws.kernels.window_fill(at, rows, of(slice));
      at += rows * 8;
    }
    return { kind: 'timestamp', validity: NONE, offsets: NONE, values };
  }
}

function stateSchemaOf(config: WindowAggregateConfig): Schema {
  const partial = partialSchemaOf(config.inputSchema, config.keys, config.aggregates);
  if (!config.changes) return partial;
  return [...partial, field('flags', 'int64'), ...emittedFields(config.aggregates)];
}
