import { must } from '../../core/assert.js';
import { NONE } from '../../columns/memory.js';
import { isBytes } from '../../state/key-words.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { eachTable, firstOf, plainWords, readBytes, readI64, stateField } from './helpers.js';
import { bagStore, setStore, shapeOf, type Store } from './stores.js';

/** Ranks that a register of the sketch may have, and 0. */
const RANKS = 54;

/**
 * Distinct values, exactly: a hash set for each group, whose size is the result; a bag where values may be taken back. Floats
 * are one value when they are equal or both NaN.
 */
export function countDistinct({ name, kinds: [kind], revocable }: AggregateUse): Aggregate {
  const bytes = isBytes(must(kind, "countDistinct's kind"));
  const what = `countDistinct '${name}'`;
  const store: Store = revocable ? bagStore(what, shapeOf([bytes]), 0) : setStore(what, bytes, 0);
  const { subtract, unmerge } = store;
  return {
    bytes: store.bytes,
    state: [stateField('values', 'binary')],
    order: 'none',
    kept: 'int64',
    words: plainWords,
    add: (rows, offset, { words, bitmap }) => store.add(rows, offset, words, bitmap),
    merge: (rows, offset, [state]) => store.merge(rows, offset, state),
    ...(subtract === undefined ? {} : { subtract: (rows, offset, { words, bitmap }) => subtract(rows, offset, words, bitmap) }),
    ...(unmerge === undefined ? {} : { unmerge: (rows, offset, [state]) => unmerge(rows, offset, state) }),
    read: (rows, offset) => [store.read(rows, offset)],
    result: (rows, offset) => readI64(rows, offset + 16),
  };
}

/** An estimate of distinct values in 4 KiB at most: HyperLogLog (assembly/state/distinct-sketch.ts), standard error 1.6 %. */
export function approxCountDistinct({ name, kinds: [kind] }: AggregateUse): Aggregate {
  const bytes = isBytes(must(kind, "approxCountDistinct's kind")) ? 1 : 0;
  const what = `approxCountDistinct '${name}'`;
  return {
    bytes: 16,
    state: [stateField('registers', 'binary')],
    order: 'none',
    kept: 'int64',
    words: plainWords,
    add(rows, offset, { words, bitmap }) {
      const { ws, ats, to } = rows;
      const column = firstOf(words);
      eachTable(rows, (table, at) => ws.kernels.distinct_sketch_add(table, ats, offset, column, bytes, bitmap, at, to), what);
    },
    merge(rows, offset, [state]) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(state, 'a state column');
      eachTable(rows, (table, at) => ws.kernels.distinct_sketch_merge(table, ats, offset, offsets, values, at, to), what);
    },
    read: ({ ws, ats, count }, offset) => [
      readBytes({ ws, ats, count }, ws.kernels.distinct_sketch_state_length(ats, offset, count), (offsets, values) =>
        ws.kernels.distinct_sketch_state(ats, offset, count, offsets, values),
      ),
    ],
    result({ ws, ats, count }, offset) {
      const values = ws.alloc(count * 8);
      ws.kernels.distinct_sketch_result(ats, offset, count, ws.alloc(RANKS * 4), values);
      return { kind: 'int64', validity: NONE, offsets: NONE, values };
    },
  };
}
