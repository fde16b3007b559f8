import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { readPresence } from '../../state/group-rows.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { stateField } from './helpers.js';
import { bagStore, listStore, orderOf, shapeOf, type Store } from './stores.js';

/** Of approxQuantile, unless another is given. */
export const DEFAULT_ERROR = 0.01;

const ONE_WORD = shapeOf([false]);
const BY_WORD = orderOf([{ word: 0, bytes: false }]);

/** Numbers as float64. */
function floatsOf(ws: Workspace, v: Vector | undefined, rows: number): Address {
  const { kind, values } = must(v, 'an argument');
  if (kind === 'float64') return values;
  const out = ws.alloc(rows * 8);
  if (kind === 'int32') ws.kernels.cast_i32_f64(values, rows, out);
  else ws.kernels.cast_i64_f64(values, rows, out);
  return out;
}

function aggregateIn(store: Store, words: Aggregate['words'], result: Aggregate['result']): Aggregate {
  const { subtract, unmerge } = store;
  return {
    bytes: store.bytes,
    state: [stateField('values', 'binary')],
    order: 'none',
    kept: 'float64',
    words,
    add: (rows, offset, argument) => store.add(rows, offset, argument.words, argument.bitmap),
    merge: (rows, offset, [state]) => store.merge(rows, offset, state),
    ...(subtract === undefined ? {} : { subtract: (rows, offset, argument) => subtract(rows, offset, argument.words, argument.bitmap) }),
    ...(unmerge === undefined ? {} : { unmerge: (rows, offset, [state]) => unmerge(rows, offset, state) }),
    read: (rows, offset) => [store.read(rows, offset)],
    result(rows, offset, name) {
      const { kind, values } = result(rows, offset, name);
      const { presence } = store;
      return { kind, validity: readPresence(rows, { ...presence, offset: offset + presence.offset }), offsets: NONE, values };
    },
  };
}

/** The quantile `q` of all values, which are kept: as they are, or counted where they may be taken back. */
function exactQuantile(what: string, q: number, revocable: boolean): Aggregate {
  const store = revocable ? bagStore(what, ONE_WORD, BY_WORD) : listStore(what, ONE_WORD, 0, 0);
  return aggregateIn(
    store,
    (ws, [v], rows) => {
      const out = ws.alloc(rows * 8);
      ws.kernels.words_ordered_f64(floatsOf(ws, v, rows), rows, out);
      return [out];
    },
    (rows, offset) => {
      const { ws, count } = rows;
      const { at, counted } = store.runs(rows, offset);
      const values = ws.alloc(count * 8);
      if (counted) ws.kernels.runs_counted_quantile(at, count, q, 0, 0, values);
      else ws.kernels.runs_quantile(at, count, q, values);
      return { kind: 'float64', validity: NONE, offsets: NONE, values };
    },
  );
}

export function median({ name, revocable }: AggregateUse): Aggregate {
  return exactQuantile(`median '${name}'`, 0.5, revocable);
}

export function quantile({ name, options, revocable }: AggregateUse): Aggregate {
  return exactQuantile(`quantile '${name}'`, Number(options['q'] ?? 0.5), revocable);
}

/**
 * The quantile `q` within a relative error: values are counted by the bucket of a sketch (assembly/state/quantile-sketch.ts) that
 * they are in. So the state grows with the range of the values alone, and a count can be taken back.
 */
export function approxQuantile({ name, options }: AggregateUse): Aggregate {
  const q = Number(options['q'] ?? 0.5);
  const error = Number(options['error'] ?? DEFAULT_ERROR);
  const scale = 7 / (10 * Math.log((1 + error) / (1 - error)));
  const store = bagStore(`approxQuantile '${name}'`, ONE_WORD, BY_WORD);
  return aggregateIn(
    store,
    (ws, [v], rows) => {
      const out = ws.alloc(rows * 8);
      ws.kernels.runs_sketch_buckets(floatsOf(ws, v, rows), rows, scale, out);
      return [out];
    },
    (rows, offset) => {
      const { ws, count } = rows;
      const values = ws.alloc(count * 8);
      ws.kernels.runs_counted_quantile(store.runs(rows, offset).at, count, q, scale, error, values);
      return { kind: 'float64', validity: NONE, offsets: NONE, values };
    },
  );
}
