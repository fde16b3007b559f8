import { must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import { NONE } from '../../columns/memory.js';
import { readPresence } from '../../state/group-rows.js';
import type { Aggregate } from '../aggregates.js';
import { firstOf, plainWords, readF64, readI64, stateField, valuesOf } from './helpers.js';

export const COUNT: Aggregate = {
  bytes: 8,
  state: [stateField('n', 'int64')],
  order: 'none',
  words: () => [],
  add: ({ ws, ats, from, to }, offset, { bitmap }) => ws.kernels.accumulate_count(ats, offset, bitmap, from, to),
  subtract: ({ ws, ats, from, to }, offset, { bitmap }) => ws.kernels.accumulate_count_back(ats, offset, bitmap, from, to),
  merge: ({ ws, ats, from, to }, offset, [n]) => ws.kernels.accumulate_add_i64(ats, offset, valuesOf(n), from, to),
  unmerge: ({ ws, ats, from, to }, offset, [n]) => ws.kernels.accumulate_subtract_i64(ats, offset, valuesOf(n), from, to),
  read: (rows, offset) => [readI64(rows, offset)],
  result: readI64,
};

export const SUM_OF_INTEGERS: Aggregate = {
  bytes: 16,
  state: [stateField('low', 'int64'), stateField('high', 'int64')],
  order: 'none',
  words: plainWords,
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) => ws.kernels.accumulate_sum_i64(ats, offset, firstOf(words), bitmap, from, to),
  addCounted: ({ ws, ats, from, to }, count, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_i64(ats, count, offset, firstOf(words), bitmap, from, to),
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

export const SUM_OF_FLOATS: Aggregate = {
  bytes: 24,
  state: [stateField('sum', 'float64'), stateField('lost', 'float64'), stateField('n', 'int64')],
  order: 'none',
  words: (_ws, [v]) => [valuesOf(v)],
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) => ws.kernels.accumulate_sum_f64(ats, offset, firstOf(words), bitmap, from, to),
  addCounted: ({ ws, ats, from, to }, count, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_f64(ats, count, offset, firstOf(words), bitmap, from, to),
  merge: ({ ws, ats, from, to }, offset, [sum, lost, n]) =>
    ws.kernels.accumulate_merge_sum_f64(ats, offset, valuesOf(sum), valuesOf(lost), valuesOf(n), from, to),
  read: (rows, offset) => [readF64(rows, offset), readF64(rows, offset + 8), readI64(rows, offset + 16)],
  result(rows, offset) {
    const values = rows.ws.alloc(rows.count * 8);
    rows.ws.kernels.result_sum_f64(rows.ats, offset, rows.count, values);
    return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
  },
};

export const AVG_OF_FLOATS: Aggregate = {
  ...SUM_OF_FLOATS,
  result(rows, offset) {
    const values = rows.ws.alloc(rows.count * 8);
    rows.ws.kernels.result_avg_f64(rows.ats, offset, rows.count, values);
    return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
  },
};

/** A sum of integers, then a count. Exact, so that it can be taken back. */
export const AVG_OF_INTEGERS: Aggregate = {
  bytes: 24,
  state: [...SUM_OF_INTEGERS.state, ...COUNT.state],
  order: 'none',
  words: plainWords,
  add: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_i64(ats, offset + 16, offset, firstOf(words), bitmap, from, to),
  subtract: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
    ws.kernels.accumulate_counted_sum_back_i64(ats, offset + 16, offset, firstOf(words), bitmap, from, to),
  unmerge({ ws, ats, from, to }, offset, [low, high, n]) {
    ws.kernels.accumulate_unmerge_sum_i64(ats, offset, valuesOf(low), valuesOf(high), from, to);
    ws.kernels.accumulate_subtract_i64(ats, offset + 16, valuesOf(n), from, to);
  },
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

/** A sum from which rows can be taken back: null once none is left, which only a count can tell. */
export const REVOCABLE_SUM_OF_INTEGERS: Aggregate = {
  ...AVG_OF_INTEGERS,
  result: (rows, offset, name) => ({
    ...SUM_OF_INTEGERS.result(rows, offset, name),
    validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }),
  }),
};

const ODD = ['up', 'down', 'nan'];

/** Floats' sum or mean from which rows can be taken back, up to rounding. Infinities and NaN are counted, not added. */
function revocableFloats(mean: 0 | 1): Aggregate {
  return {
    bytes: 48,
    state: [...SUM_OF_FLOATS.state, ...ODD.map((name) => stateField(name, 'int64'))],
    order: 'none',
    words: SUM_OF_FLOATS.words,
    add: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_revocable_sum_f64(ats, offset, firstOf(words), bitmap, 0, from, to),
    subtract: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_revocable_sum_f64(ats, offset, firstOf(words), bitmap, 1, from, to),
    merge(rows, offset, state, batchRows) {
      const { ws, ats, from, to } = rows;
      SUM_OF_FLOATS.merge(rows, offset, state.slice(0, 3), batchRows);
      state.slice(3).forEach((v, i) => ws.kernels.accumulate_add_i64(ats, offset + 24 + i * 8, v.values, from, to));
    },
    read: (rows, offset) => [...SUM_OF_FLOATS.read(rows, offset), ...ODD.map((_, i) => readI64(rows, offset + 24 + i * 8))],
    result(rows, offset) {
      const values = rows.ws.alloc(rows.count * 8);
      rows.ws.kernels.result_revocable_sum_f64(rows.ats, offset, mean, rows.count, values);
      return { kind: 'float64', validity: readPresence(rows, { offset: offset + 16, bits: 0, invert: false }), offsets: NONE, values };
    },
  };
}

export const REVOCABLE_SUM_OF_FLOATS = revocableFloats(0);
export const REVOCABLE_AVG_OF_FLOATS = revocableFloats(1);
