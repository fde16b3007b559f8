import { must } from '../../core/assert.js';
import { isBytes } from '../../state/key-words.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { eachTable, firstOf, plainWords, readBytes, readI64, stateField } from './helpers.js';

/**
 * Distinct values, exactly: a hash set for each group (assembly/state/value-set.ts), whose size is the result. Floats are one
 * value when they are equal or both NaN.
 */
export function countDistinct({ name, kinds: [kind] }: AggregateUse): Aggregate {
  const bytes = isBytes(must(kind, "countDistinct's kind"));
  const what = `countDistinct '${name}'`;
  return {
    bytes: 24,
    state: [stateField('values', 'binary')],
    order: 'none',
    kept: 'int64',
    words: plainWords,
    add(rows, offset, { words, bitmap }) {
      const { ws, ats, to } = rows;
      const kernel = bytes ? ws.kernels.value_set_add_bytes : ws.kernels.value_set_add_words;
      eachTable(rows, (table, at) => kernel(table, ats, offset, firstOf(words), bitmap, at, to), what);
    },
    merge(rows, offset, [state]) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(state, 'a state column');
      const kernel = bytes ? ws.kernels.value_set_merge_bytes : ws.kernels.value_set_merge_words;
      eachTable(rows, (table, at, cursor) => kernel(table, ats, offset, offsets, values, cursor, at, to), what);
    },
    read: (rows, offset) => [
      readBytes(rows, rows.ws.kernels.value_set_state_length(rows.ats, offset, bytes ? 1 : 0, rows.count), (offsets, values) =>
        rows.ws.kernels.value_set_state(rows.ats, offset, bytes ? 1 : 0, rows.count, offsets, values),
      ),
    ],
    result: (rows, offset) => readI64(rows, offset + 16),
  };
}
