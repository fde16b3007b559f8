import { assert, must } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { GroupTable } from '../state/group-table.js';
import { keyWordsOf, type KeyWords } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { adderOf, argumentsOf, reviserOf, type SlicedLayout } from './group-layout.js';
import { restoreEmitted } from './kept-results.js';
import { Slice, type SliceForm } from './slice.js';
import { Slicer } from './slicer.js';
import { isClosed, type WindowPolicy } from './window-policy.js';

/** Rows grouped at a time: the groups' rows that they touch stay in the cache between one accumulator and the next. */
const CHUNK_ROWS = 1024;
/** Groups' rows beyond this are touched before they are added to, where finding them has not: a third of the time at a million. */
const CACHED_BYTES = 1 << 20;
/** Runs of one slice shorter than this are not worth a round of kernels each. */
const SHORT_RUN = 128;
const PARTS = 256;
const PARTS_TABLE_BYTES = 12_288;

/** A batch's rows on their way into their groups. */
interface Incoming {
  readonly times: Address;
  /** i64 a row: the first window that counts it, where that need not be the first of its slice. NONE: it is. */
  readonly firsts: Address;
  readonly keys: KeyWords;
  /** Each row becomes a group of its own. */
  readonly append: boolean;
  accumulate(rows: GroupedRows): void;
  readonly restoring: boolean;
}

export interface SlicedGroupsOptions {
  /** Rows that come later for their windows than this are not to be counted in them; see Slicer.firsts. */
  readonly allowedLatenessMs?: number;
  /** Groups' flags count their rows: see kernels/trigger.ts. */
  readonly countsRows?: boolean;
  /** Where slices are snapshotted, and may go to disk. */
  readonly form?: SliceForm;
}

/**
 * Groups by slice and key, with their accumulators. Rows that are late for the first windows of their slice, but not for all,
 * go to a slice of their own beside it, which only the other windows read. No operator: those that keep groups by window own one.
 */
export class SlicedGroups {
  readonly #ws: Workspace;
  readonly #layout: SlicedLayout;
  readonly #policy: WindowPolicy;
  readonly #slicer: Slicer;
  readonly #allowedLatenessMs: number;
  readonly #countsRows: boolean;
  readonly #form: SliceForm | undefined;
  /** By start; by start and first where that is not the first of the span. */
  readonly #slices = new Map<number | string, Slice>();
  /** Slices that rows came to since `takeTouched`. */
  #touched = new Set<Slice>();
  #last: Slice | undefined;
  #fired = -Infinity;
  /** Groups of the slice that was closed last: what a new one may expect. */
  #expected = 0;
  #reseeds = 0;

  constructor(ws: Workspace, layout: SlicedLayout, policy: WindowPolicy, options: SlicedGroupsOptions = {}) {
    this.#ws = ws;
    this.#layout = layout;
    this.#policy = policy;
    this.#slicer = new Slicer(ws, policy);
    this.#allowedLatenessMs = options.allowedLatenessMs ?? 0;
    this.#countsRows = options.countsRows ?? false;
    this.#form = options.form;
  }

  get size(): number {
    return this.#slices.size;
  }

  get groups(): number {
    return this.#sum((s) => s.resident.size);
  }

  get bytesInUse(): number {
    return this.#sum((s) => s.resident.bytesInUse);
  }

  get reseeds(): number {
    return this.#reseeds + this.#sum((s) => s.resident.reseeds);
  }

  all(): Iterable<Slice> {
    return this.#slices.values();
  }

  /** Slices in order of time. */
  inOrder(): Slice[] {
    return [...this.#slices.values()].sort((a, b) => a.start - b.start || a.first - b.first);
  }

  /** From now on rows whose first window fires at this watermark make slices apart: deltas. */
  setFired(watermark: number): void {
    this.#fired = watermark;
    this.#last = undefined;
  }

  /** The slices that rows came to since the last call. */
  takeTouched(): ReadonlySet<Slice> {
    const touched = this.#touched;
    if (touched.size > 0) this.#touched = new Set();
    this.#last = undefined;
    return touched;
  }

  /** Adds rows to their groups. With `append`, each row becomes a group of its own. */
  addRows(batch: Batch, keys: readonly number[], append = false): void {
    this.addRowsAt(batch, batch.times, keys, append);
  }

  /** The same of rows whose slices are told by other times than their own, i64 a row. Rows with operations are added or taken back. */
  addRowsAt(batch: Batch, times: Address, keys: readonly number[], append = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const words = keyWordsOf(ws, this.#layout.shape, batch, keys);
    const given = argumentsOf(ws, this.#layout, batch);
    // Only batches with clocks hold rows that are late for some of their windows (LateGate).
    const partly = this.#policy.overlapping && batch.clocks !== NONE;
    this.#group({
      times,
      firsts: partly ? this.#slicer.firsts(batch, this.#allowedLatenessMs) : NONE,
      keys: words,
      append,
      accumulate: batch.ops === NONE ? adderOf(this.#layout, given) : reviserOf(ws, this.#layout, given, batch),
      restoring: false,
    });
    ws.scratch.release(mark);
  }

  /**
   * Merges partial states (partialSchemaOf), and, with `emitted`, what snapshots add to them: flags and the states that
   * were last emitted.
   */
  addPartials(batch: Batch, emitted = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const { shape, aggregates, flags, keysFrom } = this.#layout;
    const keys = shape.fields.map((_, i) => keysFrom + i);
    const words = keyWordsOf(ws, shape, batch, keys);
    const statesFrom = keysFrom + keys.length;
    const states = aggregates.reduce((sum, a) => sum + a.aggregate.state.length, 0);
    const accumulate = (rows: GroupedRows): void => {
      let at = statesFrom;
      for (const { aggregate, offset } of aggregates) {
        aggregate.merge(rows, offset, batch.columns.slice(at, at + aggregate.state.length), batch.rows);
        at += aggregate.state.length;
      }
      if (emitted) restoreEmitted(rows, this.#layout, batch.columns.slice(at + 1), batch.rows);
      if (emitted)
        ws.kernels.accumulate_add_i64(rows.ats, flags, must(batch.columns[statesFrom + states], 'flags').values, rows.from, rows.to);
    };
    this.#group({
      times: must(batch.columns[0], 'windowStart').values,
      firsts: keysFrom === 1 ? NONE : must(batch.columns[1], 'firstEnd').values,
      keys: words,
      append: false,
      accumulate,
      restoring: emitted,
    });
    ws.scratch.release(mark);
  }

  /** Where memory is short, slices go to disk, the largest first; the one that rows come to last of all. */
  makeRoom(): void {
    const least = this.#ws.spill?.worthwhileBytes ?? 0;
    while (this.#ws.crowded) {
      const held = this.inOrder().filter((slice) => slice.resident.size > 0 && slice.resident.bytesInUse >= least);
      const others = held.filter((slice) => slice !== this.#last);
      const [largest] = (others.length > 0 ? others : held).sort((a, b) => b.resident.bytesInUse - a.resident.bytesInUse);
      if (largest === undefined) return;
      largest.spill();
    }
  }

  /** The slice of this start whose rows count in windows from `first` on. */
  sliceAt(start: number, first = this.#policy.firstEnd(start)): Slice {
    const delta = isClosed(first, this.#fired);
    const key = this.#keyOf(start, first, delta);
    const known = this.#slices.get(key);
    if (known !== undefined) return known;
    assert(Number.isSafeInteger(start), () => `a window that starts at ${start}`);
    const { end } = this.#policy.span(start);
    const place = { start, end, first, last: this.#policy.lastEnd(start), delta };
    const slice = new Slice(this.#ws, this.#layout, place, delta ? 0 : this.#expected, this.#mergeStates, this.#form);
    this.#slices.set(key, slice);
    return slice;
  }

  /** `sliceAt`, as if rows had come to it. */
  touch(start: number): Slice {
    const slice = this.sliceAt(start);
    this.#touched.add(slice);
    return slice;
  }

  free(slice: Slice): void {
    if (!slice.delta) this.#expected = slice.resident.size;
    this.#reseeds += slice.resident.reseeds;
    slice.close();
    this.#slices.delete(this.#keyOf(slice.start, slice.first, slice.delta));
    this.#touched.delete(slice);
    if (this.#last === slice) this.#last = undefined;
  }

  close(): void {
    for (const slice of this.inOrder()) this.free(slice);
  }

  /** Partial states of one slice's rows, into a table of their own. */
  readonly #mergeStates = (batch: Batch, table: GroupTable): void => {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const { shape, aggregates, keysFrom } = this.#layout;
    const keys = keyWordsOf(
      ws,
      shape,
      batch,
      shape.fields.map((_, i) => keysFrom + i),
    );
    const ats = ws.alloc(batch.rows * 4);
    for (let from = 0; from < batch.rows; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, batch.rows);
      table.find(keys, NONE, from, to, ats);
      let at = keysFrom + shape.fields.length;
      for (const { aggregate, offset } of aggregates) {
        const columns = batch.columns.slice(at, at + aggregate.state.length);
        aggregate.merge({ ws, ats, from, to, tables: [table] }, offset, columns, batch.rows);
        at += aggregate.state.length;
      }
    }
    ws.scratch.release(mark);
  };

  #keyOf(start: number, first: number, delta: boolean): number | string {
    if (!delta && first === this.#policy.firstEnd(start)) return start;
    return `${delta ? 'delta ' : ''}${start} ${first}`;
  }

  /** Finds each row's group by its slice, and gives the rows to `accumulate`, some at a time. */
  #group(incoming: Incoming): void {
    const ws = this.#ws;
    const { times, firsts, keys, append } = incoming;
    const chunk = ws.alloc(CHUNK_ROWS * 4);
    let slice = this.#last;
    for (let from = 0; from < keys.rows; ) {
      const limit = Math.min(from + CHUNK_ROWS, keys.rows);
      const ats = chunk - from * 4;
      let to = slice === undefined ? from : this.#runOf(slice, times, firsts, from, limit);
      if (to === from) {
        slice = this.#sliceOf(times, firsts, from);
        to = this.#runOf(slice, times, firsts, from, limit);
      }
      if (to - from < SHORT_RUN && to < limit) {
        from = this.#groupMixed(incoming, from, limit, ats);
        continue;
      }
      const found = must(slice, 'a slice');
      const table = found.resident;
      this.#touched.add(found);
      if (append) table.append(keys, NONE, from, to, ats);
      else table.find(keys, NONE, from, to, ats);
      this.#accumulate(incoming, from, to, ats, [table]);
      from = to;
    }
    this.#last = slice;
  }

  /** How far from row `from` rows belong to the slice. */
  #runOf(slice: Slice, times: Address, firsts: Address, from: number, limit: number): number {
    const { kernels } = this.#ws;
    const to = kernels.window_run(times, from, limit, slice.start, slice.end) >>> 0;
    if (firsts !== NONE) return kernels.window_run(firsts, from, to, slice.first, slice.first + 1) >>> 0;
    // Without firsts rows count in all windows of their slice.
    return slice.first === this.#policy.firstEnd(slice.start) ? to : from;
  }

  #sliceOf(times: Address, firsts: Address, row: number): Slice {
    const { kernels } = this.#ws;
    const { start } = this.#policy.span(kernels.window_time(times + row * 8));
    return firsts === NONE ? this.sliceAt(start) : this.sliceAt(start, kernels.window_time(firsts + row * 8));
  }

  #accumulate({ accumulate, restoring }: Incoming, from: number, to: number, ats: Address, tables: readonly GroupTable[]): void {
    const ws = this.#ws;
    const { changes, flags } = this.#layout;
    if (tables.some((t) => t.dense && t.size * t.stride > CACHED_BYTES)) ws.kernels.groups_touch(ats, from, to);
    accumulate({ ws, ats, from, to, tables });
    if (!changes || restoring) return;
    if (this.#countsRows) ws.kernels.trigger_touch(ats, flags, from, to);
    else ws.kernels.group_touch(ats, flags, from, to);
  }

  /** Rows [from, limit) whose slices alternate: sorted by slice first. Returns how far it came. */
  #groupMixed(incoming: Incoming, from: number, limit: number, ats: Address): number {
    const ws = this.#ws;
    const { times, firsts, keys, append } = incoming;
    const mark = ws.scratch.mark();
    const n = limit - from;
    const starts = this.#slicer.starts(times + from * 8, n);
    const parts = ws.alloc(n * 4);
    const seen = ws.alloc(PARTS * 16);
    const count = ws.alloc(4);
    const theirs = firsts === NONE ? NONE : firsts + from * 8;
    const placed = ws.kernels.window_parts(starts, theirs, 0, n, parts, seen, count, ws.alloc(PARTS_TABLE_BYTES)) >>> 0;
    const rows = ws.alloc(placed * 4);
    ws.kernels.window_numbers(from, placed, rows);
    const selections = partitionRows(ws, parts, placed, must(ws.memory.u32[count / 4], 'a count'), rows);
    const tables = selections.map(({ selection, count: size }, p) => {
      const start = Number(ws.memory.i64[seen / 8 + p * 2]);
      const slice = firsts === NONE ? this.sliceAt(start) : this.sliceAt(start, Number(ws.memory.i64[seen / 8 + p * 2 + 1]));
      this.#touched.add(slice);
      const table = slice.resident;
      if (append) table.append(keys, selection, 0, size, ats);
      else table.find(keys, selection, 0, size, ats);
      return table;
    });
    this.#accumulate(incoming, from, from + placed, ats, tables);
    ws.scratch.release(mark);
    return from + placed;
  }

  #sum(of: (slice: Slice) => number): number {
    let sum = 0;
    for (const slice of this.#slices.values()) sum += of(slice);
    return sum;
  }
}
