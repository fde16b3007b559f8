import { must } from '../../core/assert.js';
import { NONE } from '../../columns/memory.js';
import type { Kind } from '../../columns/schema.js';
import { readPresence, readWord } from '../../state/group-rows.js';
import type { Aggregate, Argument, GroupedRows } from '../aggregates.js';
import { firstOf, plainWords, readI64, stateField, valuesOf } from './helpers.js';

const OPERATIONS = { and: 0, or: 1, xor: 2 } as const;
type Operation = keyof typeof OPERATIONS;

/** And, or, exclusive or of bits, of an int32 or int64. Only the last can be taken back as it is. */
export function bits(kind: Kind, which: Operation): Aggregate {
  const op = OPERATIONS[which];
  const add =
    (back: 0 | 1) =>
    ({ ws, ats, from, to }: GroupedRows, offset: number, { words, bitmap }: Argument): void =>
      ws.kernels.accumulate_bits_i64(ats, offset, firstOf(words), NONE, bitmap, op, back, from, to);
  const merge =
    (back: 0 | 1): Aggregate['merge'] =>
    ({ ws, ats, from, to }, offset, [value, n]) =>
      ws.kernels.accumulate_bits_i64(ats, offset, valuesOf(value), valuesOf(n), NONE, op, back, from, to);
  return {
    bytes: 16,
    state: [stateField('value', 'int64'), stateField('n', 'int64')],
    order: 'none',
    words: plainWords,
    add: add(0),
    merge: merge(0),
    ...(which === 'xor' ? { subtract: add(1), unmerge: merge(1) } : {}),
    read: (rows, offset) => [readI64(rows, offset), readI64(rows, offset + 8)],
    result: (rows, offset) => readWord(rows, offset, kind, { offset: offset + 8, bits: 0, invert: false }),
  };
}

/** And, or of bits from which rows can be taken back: how many values have each bit. */
export function countedBits(kind: Kind, which: 'and' | 'or'): Aggregate {
  const width = kind === 'int32' ? 32 : 64;
  const bytes = 8 + width * 8;
  const add =
    (back: 0 | 1) =>
    ({ ws, ats, from, to }: GroupedRows, offset: number, { words, bitmap }: Argument): void =>
      ws.kernels.accumulate_bit_counts(ats, offset, firstOf(words), bitmap, width, back, from, to);
  return {
    bytes,
    state: [stateField('counts', 'binary')],
    order: 'none',
    words: plainWords,
    add: add(0),
    subtract: add(1),
    merge({ ws, ats, from, to }, offset, [counts]) {
      const { offsets, values } = must(counts, 'a state column');
      ws.kernels.accumulate_add_counters(ats, offset, offsets, values, bytes / 8, from, to);
    },
    read({ ws, ats, count }, offset) {
      const [offsets, values] = [ws.alloc((count + 1) * 4), ws.alloc(count * bytes)];
      ws.kernels.group_rows_fixed(ats, offset, bytes, count, offsets, values);
      return [{ kind: 'binary', validity: NONE, offsets, values }];
    },
    result(rows, offset) {
      const { ws, ats, count } = rows;
      const values = ws.alloc(count * 8);
      ws.kernels.result_bit_counts(ats, offset, width, which === 'and' ? 1 : 0, count, values);
      return { kind, validity: readPresence(rows, { offset, bits: 0, invert: false }), offsets: NONE, values };
    },
  };
}

/** A count of values, and of those that decide: false for and, true for or. */
export function bools(which: 'and' | 'or'): Aggregate {
  const wanted = which === 'and' ? 0 : 1;
  const add =
    (back: 0 | 1) =>
    ({ ws, ats, from, to }: GroupedRows, offset: number, { words, bitmap }: Argument): void =>
      ws.kernels.accumulate_bools(ats, offset, firstOf(words), bitmap, wanted, back, from, to);
  return {
    bytes: 16,
    state: [stateField('n', 'int64'), stateField('hits', 'int64')],
    order: 'none',
    words: plainWords,
    add: add(0),
    subtract: add(1),
    merge({ ws, ats, from, to }, offset, [n, hits]) {
      ws.kernels.accumulate_add_i64(ats, offset, valuesOf(n), from, to);
      ws.kernels.accumulate_add_i64(ats, offset + 8, valuesOf(hits), from, to);
    },
    unmerge({ ws, ats, from, to }, offset, [n, hits]) {
      ws.kernels.accumulate_subtract_i64(ats, offset, valuesOf(n), from, to);
      ws.kernels.accumulate_subtract_i64(ats, offset + 8, valuesOf(hits), from, to);
    },
    read: (rows, offset) => [readI64(rows, offset), readI64(rows, offset + 8)],
    result(rows, offset) {
      const { ws, ats, count } = rows;
      const values = ws.alloc(Math.ceil(count / 64) * 8);
      ws.kernels.group_rows_bits(ats, offset + 8, 0, 1 - wanted, count, values);
      return { kind: 'bool', validity: readPresence(rows, { offset, bits: 0, invert: false }), offsets: NONE, values };
    },
  };
}
