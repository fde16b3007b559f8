import type { Vector } from '../../columns/batch.js';
import { itemBytes } from '../../columns/list-items.js';
import { NONE, type Address } from '../../columns/memory.js';
import { isScalar, listOf, type Kind, type ScalarKind } from '../../columns/schema.js';
import { assert, must } from '../../core/assert.js';
import { readPresence, type GroupRows } from '../../state/group-rows.js';
import { isBytes, wordsOf } from '../../state/key-words.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, AggregateUse, Argument } from '../aggregates.js';
import { stateField } from './helpers.js';
import { bagStore, listStore, orderOf, setStore, shapeOf, type OrderKey, type Runs, type Store } from './stores.js';

/*
 * Lists of a group's values. Rows that come are kept as entries of | value | event time | place |, so that lists are in order of
 * event time, then of the rows' places in their sources, then of values, whatever lanes and batches did to the order of arrival.
 * Only rows with neither time nor place are in order of arrival: their place is how many came before. Where rows may be taken back
 * there is no telling which of several equal values goes: a bag then, and lists are in order of values. Those whose order is another
 * one in a bag have no `unmerge`, so that windows which slide combine the slices that stay.
 */

/** A column as words in the order of its values: floats as integers, all NaN as one; 0 and -0 are one with `merged`. */
function orderedWords(ws: Workspace, v: Vector | undefined, rows: number, merged = false): Address {
  const vector = must(v, 'an argument');
  if (vector.kind !== 'float64') return wordsOf(ws, vector, rows);
  const out = ws.alloc(rows * 8);
  ws.kernels.words_ordered_f64(merged ? wordsOf(ws, vector, rows) : vector.values, rows, out);
  return out;
}

/** The columns of entries after their value: what orders them. */
function placeOf(ws: Workspace, { times, positions }: Argument, to: number): readonly Address[] {
  if (times !== NONE && positions !== NONE) return [times, positions];
  const zeros = ws.alloc(to * 8);
  ws.memory.u8.fill(0, zeros, zeros + to * 8);
  return times === NONE ? [zeros, positions] : [times, zeros];
}

function scalarOf(kind: Kind | undefined): ScalarKind {
  assert(kind !== undefined && isScalar(kind), () => `a list of ${kind}`);
  return kind;
}

function aggregateIn(
  store: Store,
  order: Aggregate['order'],
  kept: Kind,
  words: Aggregate['words'],
  columns: (ws: Workspace, argument: Argument, to: number) => readonly Address[],
  result: Aggregate['result'],
): Aggregate {
  const { subtract } = store;
  return {
    bytes: store.bytes,
    state: [stateField('values', 'binary')],
    order,
    kept,
    words,
    add: (rows, offset, argument) => store.add(rows, offset, columns(rows.ws, argument, rows.to), argument.bitmap),
    merge: (rows, offset, [state]) => store.merge(rows, offset, state),
    ...(subtract === undefined
      ? {}
      : { subtract: (rows, offset, argument) => subtract(rows, offset, columns(rows.ws, argument, rows.to), argument.bitmap) }),
    read: (rows, offset) => [store.read(rows, offset)],
    result,
  };
}

/** Runs as a column of lists of one word of their entries. */
function listsOf({ ws, count }: GroupRows, { at, width, counted }: Runs, word: number, kind: ScalarKind): Vector {
  const item = itemBytes(kind);
  const bytes = ws.kernels.runs_list_length(at, count, width, word, counted, item);
  checkColumnBytes(bytes);
  const [offsets, values] = [ws.alloc((count + 1) * 4), ws.alloc(bytes)];
  ws.kernels.runs_list(at, count, width, word, counted, item, kind === 'float64' ? 1 : 0, offsets, values);
  return { kind: listOf(kind), validity: NONE, offsets, values };
}

/** All values, as they came, or in a bag where they may be taken back; with the columns of an entry. */
function everyValue(what: string, bytes: boolean, revocable: boolean): { store: Store; columns: typeof placeOf } {
  const byValue: OrderKey = { word: 0, bytes };
  if (revocable) return { store: bagStore(what, shapeOf([bytes]), orderOf([byValue])), columns: (_ws, argument) => argument.words };
  const order = orderOf([{ word: 1, bytes: false }, { word: 2, bytes: false }, byValue]);
  const store = listStore(what, shapeOf([bytes, false, false]), order, 0);
  return { store, columns: (ws, argument, to) => [...argument.words, ...placeOf(ws, argument, to)] };
}

export function collectList({ name, kinds: [given], revocable }: AggregateUse): Aggregate {
  const kind = scalarOf(given);
  const { store, columns } = everyValue(`collectList '${name}'`, isBytes(kind), revocable);
  return aggregateIn(
    store,
    revocable ? 'none' : 'event',
    listOf(kind),
    (ws, [v], rows) => [orderedWords(ws, v, rows)],
    columns,
    (rows, offset) => listsOf(rows, store.runs(rows, offset), 0, kind),
  );
}

/** Texts with a separator between two. */
export function stringJoin({ name, options, revocable }: AggregateUse): Aggregate {
  const separator = new TextEncoder().encode(String(options['separator'] ?? ''));
  const { store, columns } = everyValue(`stringJoin '${name}'`, true, revocable);
  return aggregateIn(
    store,
    revocable ? 'none' : 'event',
    'utf8',
    (ws, [v], rows) => [orderedWords(ws, v, rows)],
    columns,
    (rows, offset) => {
      const { ws, count } = rows;
      const { at, width, counted } = store.runs(rows, offset);
      const gap = ws.alloc(separator.length);
      ws.memory.u8.set(separator, gap);
      const bytes = ws.kernels.runs_text_length(at, count, width, 0, counted, separator.length);
      checkColumnBytes(bytes);
      const [offsets, values] = [ws.alloc((count + 1) * 4), ws.alloc(bytes)];
      ws.kernels.runs_text(at, count, width, 0, counted, gap, separator.length, offsets, values);
      const { presence } = store;
      return { kind: 'utf8', validity: readPresence(rows, { ...presence, offset: offset + presence.offset }), offsets, values };
    },
  );
}

/** Each value once, in order of the values. */
export function collectSet({ name, kinds: [given], revocable }: AggregateUse): Aggregate {
  const kind = scalarOf(given);
  const bytes = isBytes(kind);
  const what = `collectSet '${name}'`;
  const order = orderOf([{ word: 0, bytes }]);
  const store = revocable ? bagStore(what, shapeOf([bytes]), order) : setStore(what, bytes, order);
  const { unmerge } = store;
  const aggregate = aggregateIn(
    store,
    'none',
    listOf(kind),
    (ws, [v], rows) => [orderedWords(ws, v, rows, true)],
    (_ws, argument) => argument.words,
    (rows, offset) => {
      const { at, width } = store.runs(rows, offset);
      // A bag's counts do not matter: without them a value is there once.
      return listsOf(rows, { at, width, counted: 0 }, 0, kind);
    },
  );
  return unmerge === undefined ? aggregate : { ...aggregate, unmerge: (rows, offset, [state]) => unmerge(rows, offset, state) };
}

/** The values of the n rows with the greatest (or least) second argument, the best first; of equals the earlier, then the lesser. */
export function topN({ name, kinds: [given, by], options, revocable }: AggregateUse): Aggregate {
  const kind = scalarOf(given);
  const [n, descending] = [Number(options['n'] ?? 1), options['descending'] === 1];
  const [bytes, byBytes] = [isBytes(kind), isBytes(must(by, "topN's order"))];
  const what = `topN '${name}'`;
  const best: OrderKey = { word: 0, bytes: byBytes, descending };
  const byValue: OrderKey = { word: 1, bytes };
  const store = revocable
    ? bagStore(what, shapeOf([byBytes, bytes]), orderOf([best, byValue]))
    : listStore(
        what,
        shapeOf([byBytes, bytes, false, false]),
        orderOf([best, { word: 2, bytes: false }, { word: 3, bytes: false }, byValue]),
        n,
      );
  return aggregateIn(
    store,
    revocable ? 'none' : 'event',
    listOf(kind),
    (ws, [v, b], rows) => [orderedWords(ws, b, rows), orderedWords(ws, v, rows)],
    (ws, argument, to) => (revocable ? argument.words : [...argument.words, ...placeOf(ws, argument, to)]),
    (rows, offset) => {
      const { ws, count } = rows;
      const runs = store.runs(rows, offset);
      if (runs.counted) ws.kernels.runs_first(runs.at, count, runs.width, runs.counted, n);
      return listsOf(rows, runs, 1, kind);
    },
  );
}
