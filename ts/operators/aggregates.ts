import type { Vector } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import type { Field, Kind } from '../columns/schema.js';
import type { GroupRows } from '../state/group-rows.js';
import type { GroupTable } from '../state/group-table.js';
import type { OwnModule } from '../wasm/own-module.js';
import type { Workspace } from '../wasm/workspace.js';

/** Rows [from, to) of a batch whose groups are known: `ats + 4 * row` is the address of row's group. */
export interface GroupedRows {
  readonly ws: Workspace;
  readonly ats: Address;
  readonly from: number;
  readonly to: number;
  /** The tables the groups are in: an accumulator that keeps bytes needs their heaps. */
  readonly tables: readonly GroupTable[];
}

/** An aggregate's arguments for a whole batch. */
export interface Argument {
  /** Of each argument, in order, a word a row. */
  readonly words: readonly Address[];
  /** Which rows count: no argument is null and the condition is true. NONE: all. */
  readonly bitmap: Address;
  /** int64 a row: the rows' event times. NONE on a stream without. */
  readonly times: Address;
  /** int64 a row: the rows' places, for ties of event time (`Batch.positions`). NONE where rows have none. */
  readonly positions: Address;
}

/** What an aggregate is made for. */
export interface AggregateUse {
  /** The user's name of it, for errors. */
  readonly name: string;
  /** Of its arguments, in order. */
  readonly kinds: readonly Kind[];
  readonly options: Readonly<Record<string, string | number>>;
  /** The user's, of one's own aggregate. */
  readonly functions: Readonly<Record<string, (...args: never[]) => unknown>>;
  readonly module: OwnModule | undefined;
  /** Whether rows and states may be taken back (`subtract`, `unmerge`): the state then keeps what that needs. */
  readonly revocable: boolean;
}

/**
 * How an aggregate works on arguments of some kinds: the only thing that windows, pre-aggregation, retraction and
 * snapshots know of it. An accumulator is `bytes` of a group's row at an offset, all zero at first (see
 * assembly/kernels/accumulate.ts).
 */
export interface Aggregate {
  readonly bytes: number;
  /** The columns of a partial state. Names are suffixes of the aggregate's own. */
  readonly state: readonly Field[];
  /**
   * What order of rows the result depends on. `event`: of their times and positions, which partial states carry. Rows are
   * grouped on their own lanes before they move, except for `arrival`.
   */
  readonly order: 'none' | 'event' | 'arrival';
  /** The arguments' words, for `add` and `subtract`. */
  words(ws: Workspace, args: readonly Vector[], rows: number): readonly Address[];
  add(rows: GroupedRows, offset: number, argument: Argument): void;
  /** Takes back rows that were added before. Of every aggregate that was made revocable. */
  subtract?(rows: GroupedRows, offset: number, argument: Argument): void;
  /** `add`, and a count of the same rows at `count`, in one pass over the groups; only where that saves one. */
  addCounted?(rows: GroupedRows, count: number, offset: number, argument: Argument): void;
  /** Adds partial states: the columns of `state`. */
  merge(rows: GroupedRows, offset: number, state: readonly Vector[], batchRows: number): void;
  /**
   * Takes back partial states that were merged before, exactly. Of revocable aggregates, where it costs no more than
   * `merge`; sliding windows then subtract the slices that leave, and otherwise combine the slices that stay.
   */
  unmerge?(rows: GroupedRows, offset: number, state: readonly Vector[], batchRows: number): void;
  /** The partial state of each group, as columns of `state`. */
  read(rows: GroupRows, offset: number): Vector[];
  /**
   * The result's kind, of an aggregate whose accumulator refers to blocks that change: where changes are told, what was
   * emitted is then kept as a value (kept-results.ts). Otherwise a copy of the accumulator is, which must tell it again.
   */
  readonly kept?: Kind;
  /** `name` is the user's, for errors. */
  result(rows: GroupRows, offset: number, name: string): Vector;
}
