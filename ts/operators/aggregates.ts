import { assert, must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Field, Kind } from '../columns/schema.js';
import { readPresence, readWord, type GroupRows } from '../state/group-rows.js';
import type { GroupTable } from '../state/group-table.js';
import { isBytes, wordsOf } from '../state/key-words.js';
import type { Workspace } from '../wasm/workspace.js';

/** Rows [from, to) of a batch whose groups are known: `ats + 4 * row` is the address of row's group. */
export interface GroupedRows {
  readonly ws: Workspace;
  readonly ats: Address;
  readonly from: number;
  readonly to: number;
  /** The tables the groups are in: an accumulator that keeps bytes needs their heaps. */
  readonly tables: readonly GroupTable[];
  /** Whether values that are replaced must stay readable. */
  readonly keep: boolean;
}

/** An aggregate's arguments for a whole batch. */
export interface Argument {
  /** Of each argument, in order, a word a row. */
  readonly words: readonly Address[];
  /** Which rows count: no argument is null and the condition is true. NONE: all. */
  readonly bitmap: Address;
  /** int64 a row: the rows' event times. NONE on a stream without. */
  readonly times: Address;
}

/** What an aggregate is made for. */
export interface AggregateUse {
  /** Of its arguments, in order. */
  readonly kinds: readonly Kind[];
  readonly options: Readonly<Record<string, string | number>>;
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
  /** What order of rows the result depends on: where it is none, rows are grouped on their own lanes before they move. */
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
  /** `name` is the user's, for errors. */
  result(rows: GroupRows, offset: number, name: string): Vector;
}

const stateField = (name: string, kind: Kind, nullable = false): Field => Object.freeze({ name, kind, nullable });
const plainWords = (ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] => args.map((v) => wordsOf(ws, v, rows));
const first = (words: readonly Address[]): Address => must(words[0], "an argument's words");
const valuesOf = (v: Vector | undefined): Address => must(v, 'a state column').values;
const readI64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'int64');
const readF64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'float64');

const COUNT: Aggregate = {
  bytes: 8,
  state: [stateField('n', 'int64')],
  order: 'none',
  words: () => [],
  add: ({ ws, ats, from, to }, offset, { bitmap }) => ws.kernels.accumulate_count(ats, offset, bitmap, from, to),
  merge: ({ ws, ats, from, to }, offset, [n]) => ws.kernels.accumulate_add_i64(ats, offset, valuesOf(n), from, to),
  read: (rows, offset) => [readI64(rows, offset)],
  result: readI64,
};

const SUM_OF_INTEGERS: Aggregate = {
  bytes: 16,
  state: [stateField('low', 'int64'), stateField('high', 'int64')],
  order: 'none',
  words: plainWords,
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) => ws.kernels.accumulate_sum_i64(ats, offset, first(words), bitmap, from, to),
  addCounted: ({ ws, ats, from, to }, count, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_i64(ats, count, offset, first(words), bitmap, from, to),
  merge: ({ ws, ats, from, to }, offset, [low, high]) =>
    ws.kernels.accumulate_merge_sum_i64(ats, offset, valuesOf(low), valuesOf(high), from, to),
  read: (rows, offset) => [readI64(rows, offset), readI64(rows, offset + 8)],
  result(rows, offset, name) {
    const values = rows.ws.alloc(rows.count * 8);
    const done = rows.ws.kernels.result_sum_i64(rows.ats, offset, rows.count, values) >>> 0;
    if (done < rows.count) {
      throw new MillraceError(
        'value.overflow',
        `the sum '${name}' of a group is beyond the range of int64; sum a float64 instead, or smaller windows`,
      );
    }
    return { kind: 'int64', validity: readPresence(rows, { offset: offset + 8, bits: 1, invert: false }), offsets: NONE, values };
  },
};

const SUM_OF_FLOATS: Aggregate = {
  bytes: 24,
  state: [stateField('sum', 'float64'), stateField('lost', 'float64'), stateField('n', 'int64')],
  order: 'none',
  words: (_ws, [v]) => [valuesOf(v)],
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) => ws.kernels.accumulate_sum_f64(ats, offset, first(words), bitmap, from, to),
  addCounted: ({ ws, ats, from, to }, count, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_f64(ats, count, offset, first(words), bitmap, from, to),
  merge: ({ ws, ats, from, to }, offset, [sum, lost, n]) =>
    ws.kernels.accumulate_merge_sum_f64(ats, offset, valuesOf(sum), valuesOf(lost), valuesOf(n), from, to),
  read: (rows, offset) => [readF64(rows, offset), readF64(rows, offset + 8), readI64(rows, offset + 16)],
  result(rows, offset) {
    const values = rows.ws.alloc(rows.count * 8);
    rows.ws.kernels.result_sum_f64(rows.ats, offset, rows.count, values);
    return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
  },
};

const AVG_OF_FLOATS: Aggregate = {
  ...SUM_OF_FLOATS,
  result(rows, offset) {
    const values = rows.ws.alloc(rows.count * 8);
    rows.ws.kernels.result_avg_f64(rows.ats, offset, rows.count, values);
    return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
  },
};

/** A sum of integers, then a count. */
const AVG_OF_INTEGERS: Aggregate = {
  bytes: 24,
  state: [...SUM_OF_INTEGERS.state, ...COUNT.state],
  order: 'none',
  words: plainWords,
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_i64(ats, offset + 16, offset, first(words), bitmap, from, to),
  merge(rows, offset, [low, high, n], batchRows) {
    SUM_OF_INTEGERS.merge(rows, offset, [must(low, 'low'), must(high, 'high')], batchRows);
    COUNT.merge(rows, offset + 16, [must(n, 'n')], batchRows);
  },
  read: (rows, offset) => [...SUM_OF_INTEGERS.read(rows, offset), ...COUNT.read(rows, offset + 16)],
  result(rows, offset) {
    const values = rows.ws.alloc(rows.count * 8);
    rows.ws.kernels.result_avg_i64(rows.ats, offset, rows.count, values);
    return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
  },
};

function extreme(kind: Kind, which: 'min' | 'max'): Aggregate {
  const words = (ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] => {
    if (kind !== 'float64') return plainWords(ws, args, rows);
    const out = ws.alloc(rows * 8);
    ws.kernels.words_ordered_f64(valuesOf(args[0]), rows, out);
    return [out];
  };
  const add = (rows: GroupedRows, offset: number, argument: Argument): void => {
    const { ws, ats, from, to } = rows;
    if (!isBytes(kind)) ws.kernels[`accumulate_${which}_i64`](ats, offset, first(argument.words), argument.bitmap, from, to);
    else addBytes(rows, which, offset, argument);
  };
  const read = (rows: GroupRows, offset: number): Vector => {
    const presence = isBytes(kind) ? { offset: offset + 12, bits: 1, invert: false } : { offset: offset + 8, bits: 0, invert: false };
    return readWord(rows, offset, kind, presence, true);
  };
  return {
    bytes: 16,
    state: [stateField('value', kind, true)],
    order: 'none',
    words,
    add,
    merge(rows, offset, [value], batchRows) {
      const v = must(value, 'a state column');
      add(rows, offset, { words: words(rows.ws, [v], batchRows), bitmap: v.validity, times: NONE });
    },
    read: (rows, offset) => [read(rows, offset)],
    result: read,
  };
}

/** One table at a time, as each has a heap of its own. */
function addBytes(
  { ws, ats, from, to, tables, keep }: GroupedRows,
  which: 'min' | 'max',
  offset: number,
  { words, bitmap }: Argument,
): void {
  const kernel = ws.kernels[`accumulate_${which}_bytes`];
  for (const table of tables) {
    for (let at = from; (at = kernel(table.at, ats, offset, first(words), bitmap, keep ? 1 : 0, at, to) >>> 0) < to; ) table.growHeap();
  }
}

function integerOrFloat({ kinds: [kind] }: AggregateUse, integer: Aggregate, float: Aggregate): Aggregate {
  assert(kind === 'int32' || kind === 'int64' || kind === 'float64', () => `an argument of kind ${kind}`);
  return kind === 'float64' ? float : integer;
}

/** Every aggregate by name, for what it is used for. plan/aggregate-signatures.ts has the same names. */
export const AGGREGATES: Readonly<Record<string, (use: AggregateUse) => Aggregate>> = {
  count: () => COUNT,
  sum: (use) => integerOrFloat(use, SUM_OF_INTEGERS, SUM_OF_FLOATS),
  min: ({ kinds: [kind] }) => extreme(must(kind, "min's kind"), 'min'),
  max: ({ kinds: [kind] }) => extreme(must(kind, "max's kind"), 'max'),
  avg: (use) => integerOrFloat(use, AVG_OF_INTEGERS, AVG_OF_FLOATS),
};
