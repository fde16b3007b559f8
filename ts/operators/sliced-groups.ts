import { assert, must } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { GroupTable } from '../state/group-table.js';
import { keyWordsOf, type KeyWords } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { adderOf, argumentsOf, PARTIAL_KEYS_FROM, type GroupLayout } from './group-layout.js';
import { restoreEmitted } from './kept-results.js';
import type { WindowPolicy } from './window-policy.js';

/** Groups of one slice of time. */
export interface Slice {
  readonly start: number;
  readonly end: number;
  readonly table: GroupTable;
}

/** Rows grouped at a time: the groups' rows that they touch stay in the cache between one accumulator and the next. */
const CHUNK_ROWS = 1024;
/** Groups' rows beyond this are touched before they are added to, where finding them has not: a third of the time at a million. */
const CACHED_BYTES = 1 << 20;
/** Runs of one slice shorter than this are not worth a round of kernels each. */
const SHORT_RUN = 128;
const PARTS = 256;
const PARTS_TABLE_BYTES = 8192;

/** Groups by slice and key, with their accumulators. No operator: those that keep groups by window own one. */
export class SlicedGroups {
  readonly slices = new Map<number, Slice>();
  readonly #ws: Workspace;
  readonly #layout: GroupLayout;
  readonly #policy: WindowPolicy;
  #last: Slice | undefined;
  /** Groups of the slice that was closed last: what a new one may expect. */
  #expected = 0;
  #reseeds = 0;

  constructor(ws: Workspace, layout: GroupLayout, policy: WindowPolicy) {
    this.#ws = ws;
    this.#layout = layout;
    this.#policy = policy;
  }

  get groups(): number {
    return this.#sum((s) => s.table.size);
  }

  get bytesInUse(): number {
    return this.#sum((s) => s.table.bytesInUse);
  }

  get reseeds(): number {
    return this.#reseeds + this.#sum((s) => s.table.reseeds);
  }

  /** Slices in order of time. */
  inOrder(): Slice[] {
    return [...this.slices.values()].sort((a, b) => a.start - b.start);
  }

  /** Adds rows to their groups. With `append`, each row becomes a group of its own. */
  addRows(batch: Batch, keys: readonly number[], append = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const words = keyWordsOf(ws, this.#layout.shape, batch, keys);
    const given = argumentsOf(ws, this.#layout, batch);
    this.#group(batch.times, words, append, adderOf(this.#layout, given));
    ws.scratch.release(mark);
  }

  /**
   * Merges partial states (partialSchemaOf), and, with `emitted`, what snapshots add to them: flags and the states that
   * were last emitted.
   */
  addPartials(batch: Batch, emitted = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const { shape, aggregates, flags } = this.#layout;
    const keys = shape.fields.map((_, i) => PARTIAL_KEYS_FROM + i);
    const words = keyWordsOf(ws, shape, batch, keys);
    const statesFrom = PARTIAL_KEYS_FROM + keys.length;
    const states = aggregates.reduce((sum, a) => sum + a.aggregate.state.length, 0);
    this.#group(
      must(batch.columns[0], 'windowStart').values,
      words,
      false,
      (rows) => {
        let at = statesFrom;
        for (const { aggregate, offset } of aggregates) {
          aggregate.merge(rows, offset, batch.columns.slice(at, at + aggregate.state.length), batch.rows);
          at += aggregate.state.length;
        }
        if (emitted) restoreEmitted(rows, this.#layout, batch.columns.slice(at + 1), batch.rows);
        if (emitted)
          ws.kernels.accumulate_add_i64(rows.ats, flags, must(batch.columns[statesFrom + states], 'flags').values, rows.from, rows.to);
      },
      emitted,
    );
    ws.scratch.release(mark);
  }

  free(slice: Slice): void {
    this.#expected = slice.table.size;
    this.#reseeds += slice.table.reseeds;
    slice.table.close();
    this.slices.delete(slice.start);
    if (this.#last === slice) this.#last = undefined;
  }

  close(): void {
    for (const slice of this.inOrder()) this.free(slice);
  }

  /** Finds each row's group by the slice of its time, and gives the rows to `accumulate`, some at a time. */
  #group(times: Address, keys: KeyWords, append: boolean, accumulate: (rows: GroupedRows) => void, restoring = false): void {
    const ws = this.#ws;
    const { changes, flags } = this.#layout;
    const chunk = ws.alloc(CHUNK_ROWS * 4);
    const done = (from: number, to: number, ats: Address, tables: readonly GroupTable[]): void => {
      if (tables.some((t) => t.dense && t.size * t.stride > CACHED_BYTES)) ws.kernels.groups_touch(ats, from, to);
      accumulate({ ws, ats, from, to, tables, keep: changes });
      if (changes && !restoring) ws.kernels.group_touch(ats, flags, from, to);
    };
    let slice = this.#last;
    for (let from = 0; from < keys.rows; ) {
      const limit = Math.min(from + CHUNK_ROWS, keys.rows);
      const ats = chunk - from * 4;
      let to = slice === undefined ? from : ws.kernels.window_run(times, from, limit, slice.start, slice.end) >>> 0;
      if (to === from) {
        slice = this.#sliceAt(ws.kernels.window_start(times + from * 8, this.#policy.sizeMs, this.#policy.offsetMs));
        to = ws.kernels.window_run(times, from, limit, slice.start, slice.end) >>> 0;
      }
      if (to - from < SHORT_RUN && to < limit) {
        from = this.#groupMixed(times, keys, append, from, limit, ats, done);
        continue;
      }
      const { table } = must(slice, 'a slice');
      if (append) table.append(keys, NONE, from, to, ats);
      else table.find(keys, NONE, from, to, ats);
      done(from, to, ats, [table]);
      from = to;
    }
    this.#last = slice;
  }

  /** Rows [from, limit) whose slices alternate: sorted by slice first. Returns how far it came. */
  #groupMixed(
    times: Address,
    keys: KeyWords,
    append: boolean,
    from: number,
    limit: number,
    ats: Address,
    done: (from: number, to: number, ats: Address, tables: readonly GroupTable[]) => void,
  ): number {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const n = limit - from;
    const starts = ws.alloc(n * 8);
    ws.kernels.window_starts(times + from * 8, n, this.#policy.sizeMs, this.#policy.offsetMs, starts);
    const parts = ws.alloc(n * 4);
    const seen = ws.alloc(PARTS * 8);
    const count = ws.alloc(4);
    const placed = ws.kernels.window_parts(starts, 0, n, parts, seen, count, ws.alloc(PARTS_TABLE_BYTES)) >>> 0;
    const rows = ws.alloc(placed * 4);
    for (let i = 0; i < placed; i++) ws.memory.u32[rows / 4 + i] = from + i;
    const selections = partitionRows(ws, parts, placed, must(ws.memory.u32[count / 4], 'a count'), rows);
    const tables = selections.map(({ selection, count: size }, p) => {
      const { table } = this.#sliceAt(Number(ws.memory.i64[seen / 8 + p]));
      if (append) table.append(keys, selection, 0, size, ats);
      else table.find(keys, selection, 0, size, ats);
      return table;
    });
    done(from, from + placed, ats, tables);
    ws.scratch.release(mark);
    return from + placed;
  }

  #sliceAt(start: number): Slice {
    const known = this.slices.get(start);
    if (known !== undefined) return known;
    assert(Number.isSafeInteger(start), () => `a window that starts at ${start}`);
    const table = new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes, this.#expected);
    const slice = { start, end: this.#policy.sliceEnd(start), table };
    this.slices.set(start, slice);
    return slice;
  }

  #sum(of: (slice: Slice) => number): number {
    let sum = 0;
    for (const slice of this.slices.values()) sum += of(slice);
    return sum;
  }
}
