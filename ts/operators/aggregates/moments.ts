import { NONE } from '../../columns/memory.js';
import type { Aggregate } from '../aggregates.js';
import { addressesOf, firstOf, plainWords, readF64, readI64, stateField, validityFor, valuesOf } from './helpers.js';

/** Of integers all is exact, and so the same in any order, and can be taken back. */
function ofIntegers(root: 0 | 1): Aggregate {
  const words = ['n', 'low', 'high', 'squares0', 'squares1', 'squares2'];
  return {
    bytes: 48,
    state: words.map((name) => stateField(name, 'int64')),
    order: 'none',
    words: plainWords,
    add: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_moments_i64(ats, offset, firstOf(words), bitmap, 0, from, to),
    subtract: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_moments_i64(ats, offset, firstOf(words), bitmap, 1, from, to),
    merge: ({ ws, ats, from, to }, offset, state) =>
      ws.kernels.accumulate_merge_moments_i64(ats, offset, addressesOf(ws, state), 0, from, to),
    unmerge: ({ ws, ats, from, to }, offset, state) =>
      ws.kernels.accumulate_merge_moments_i64(ats, offset, addressesOf(ws, state), 1, from, to),
    read: (rows, offset) => words.map((_, i) => readI64(rows, offset + i * 8)),
    result({ ws, ats, count }, offset) {
      const values = ws.alloc(count * 8);
      const validity = validityFor(ws, count, (out) => ws.kernels.result_variance_i64(ats, offset, root, count, values, out));
      return { kind: 'float64', validity, offsets: NONE, values };
    },
  };
}

/** Mean and squared deviations from it; rows can be taken back, up to rounding. */
function ofFloats(root: 0 | 1): Aggregate {
  return {
    bytes: 32,
    state: [stateField('n', 'int64'), stateField('mean', 'float64'), stateField('m2', 'float64'), stateField('odd', 'int64')],
    order: 'none',
    words: (_ws, [v]) => [valuesOf(v)],
    add: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_moments_f64(ats, offset, firstOf(words), bitmap, 0, from, to),
    subtract: ({ ws, ats, from, to }, offset, { words, bitmap }) =>
      ws.kernels.accumulate_moments_f64(ats, offset, firstOf(words), bitmap, 1, from, to),
    merge: ({ ws, ats, from, to }, offset, [n, mean, m2, odd]) =>
      ws.kernels.accumulate_merge_moments_f64(ats, offset, valuesOf(n), valuesOf(mean), valuesOf(m2), valuesOf(odd), from, to),
    read: (rows, offset) => [readI64(rows, offset), readF64(rows, offset + 8), readF64(rows, offset + 16), readI64(rows, offset + 24)],
    result({ ws, ats, count }, offset) {
      const values = ws.alloc(count * 8);
      const validity = validityFor(ws, count, (out) => ws.kernels.result_variance_f64(ats, offset, root, count, values, out));
      return { kind: 'float64', validity, offsets: NONE, values };
    },
  };
}

/** Sample variance, n - 1 in the denominator; null for fewer than two values. */
export const VARIANCE_OF_INTEGERS = ofIntegers(0);
export const VARIANCE_OF_FLOATS = ofFloats(0);
/** Its root. */
export const STDDEV_OF_INTEGERS = ofIntegers(1);
export const STDDEV_OF_FLOATS = ofFloats(1);
