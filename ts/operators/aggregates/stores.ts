import type { Vector } from '../../columns/batch.js';
import type { Address } from '../../columns/memory.js';
import { must } from '../../core/assert.js';
import type { GroupRows, Presence } from '../../state/group-rows.js';
import type { GroupedRows } from '../aggregates.js';
import { eachTable, readBytes } from './helpers.js';

/**
 * Where aggregates of growing state keep their values: as accumulators of a group, which refer to blocks of the table's heap.
 * A partial state is one column of bytes. What they hold comes out as runs of entries (assembly/kernels/runs.ts).
 */
export interface Store {
  readonly bytes: number;
  /** Which bits of the accumulator tell that it holds something. */
  readonly presence: Presence;
  /** `columns`: of each word of an entry, a word a row. */
  add(rows: GroupedRows, offset: number, columns: readonly Address[], bitmap: Address): void;
  merge(rows: GroupedRows, offset: number, state: Vector | undefined): void;
  /** Of stores from which values can be taken back. */
  subtract?(rows: GroupedRows, offset: number, columns: readonly Address[], bitmap: Address): void;
  unmerge?(rows: GroupedRows, offset: number, state: Vector | undefined): void;
  read(rows: GroupRows, offset: number): Vector;
  /** In the store's order, if it has one. They may be put in another order, and hold until the groups change. */
  runs(rows: GroupRows, offset: number): Runs;
}

/** Entries of some groups: see assembly/kernels/runs.ts. */
export interface Runs {
  readonly at: Address;
  /** Bytes of an entry. */
  readonly width: number;
  /** 1 where an entry's last word says how often it is there. */
  readonly counted: 0 | 1;
}

/** A key of an order (assembly/state/order.ts). */
export interface OrderKey {
  readonly word: number;
  readonly bytes: boolean;
  readonly descending?: boolean;
}

export function orderOf(keys: readonly OrderKey[]): number {
  return keys.reduceRight((order, k) => order * 256 + 0x80 + (k.descending ? 0x20 : 0) + (k.bytes ? 0x10 : 0) + k.word, 0);
}

/** The shape of entries: of each word, whether it stands for bytes. */
export function shapeOf(words: readonly boolean[]): number {
  return words.reduce((shape, bytes, w) => (bytes ? shape + 2 ** (8 + w) : shape), words.length);
}

const wordsIn = (shape: number): number => shape & 0xff;

function addressesOf({ ws }: GroupedRows, columns: readonly Address[]): Address {
  const at = ws.alloc(columns.length * 4);
  ws.memory.u32.set(columns, at / 4);
  return at;
}

/** All values, or the first `keep` in an order (0: all). What comes in cannot be taken back. */
export function listStore(what: string, shape: number, order: number, keep: number): Store {
  const plain = shape === 1 && keep === 0;
  return {
    bytes: 24,
    presence: { offset: 8, bits: 0xffffffff, invert: false },
    add(rows, offset, columns, bitmap) {
      const { ws, ats, to } = rows;
      if (plain) {
        const column = must(columns[0], 'a column');
        eachTable(rows, (table, at) => ws.kernels.entries_add_words(table, ats, offset, column, bitmap, at, to), what);
        return;
      }
      const addresses = addressesOf(rows, columns);
      eachTable(rows, (table, at) => ws.kernels.entries_add(table, ats, offset, shape, order, keep, addresses, bitmap, at, to), what);
    },
    merge(rows, offset, state) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(state, 'a state column');
      eachTable(
        rows,
        (table, at, cursor) => ws.kernels.entries_merge(table, ats, offset, shape, order, keep, offsets, values, cursor, at, to),
        what,
      );
    },
    read: ({ ws, ats, count }, offset) =>
      readBytes({ ws, ats, count }, ws.kernels.entries_state_length(ats, offset, shape, count), (offsets, values) =>
        ws.kernels.entries_state(ats, offset, shape, count, offsets, values),
      ),
    runs({ ws, ats, count }, offset) {
      const at = ws.alloc(count * 8);
      ws.kernels.entries_runs(ats, offset, shape, order, keep, count, at);
      return { at, width: wordsIn(shape) * 8, counted: 0 };
    },
  };
}

/** Each value once. What comes in cannot be taken back. */
export function setStore(what: string, bytes: boolean, order: number): Store {
  return {
    bytes: 24,
    presence: { offset: 16, bits: 0, invert: false },
    add(rows, offset, columns, bitmap) {
      const { ws, ats, to } = rows;
      const kernel = bytes ? ws.kernels.value_set_add_bytes : ws.kernels.value_set_add_words;
      const column = must(columns[0], 'a column');
      eachTable(rows, (table, at) => kernel(table, ats, offset, column, bitmap, at, to), what);
    },
    merge(rows, offset, state) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(state, 'a state column');
      const kernel = bytes ? ws.kernels.value_set_merge_bytes : ws.kernels.value_set_merge_words;
      eachTable(rows, (table, at, cursor) => kernel(table, ats, offset, offsets, values, cursor, at, to), what);
    },
    read: ({ ws, ats, count }, offset) =>
      readBytes({ ws, ats, count }, ws.kernels.value_set_state_length(ats, offset, bytes ? 1 : 0, count), (offsets, values) =>
        ws.kernels.value_set_state(ats, offset, bytes ? 1 : 0, count, offsets, values),
      ),
    runs({ ws, ats, count }, offset) {
      const [at, out] = [ws.alloc(count * 8), ws.alloc(ws.kernels.bag_values(ats, offset, count) * 8)];
      ws.kernels.value_set_runs(ats, offset, count, out, at);
      if (order !== 0) ws.kernels.runs_sort(at, count, 8, order);
      return { at, width: 8, counted: 0 };
    },
  };
}

/** Values with how often they are there, so that each can be taken back. */
export function bagStore(what: string, shape: number, order: number): Store {
  const put = (by: 1 | -1, rows: GroupedRows, offset: number, columns: readonly Address[], bitmap: Address): void => {
    const { ws, ats, to } = rows;
    const [addresses, room] = [addressesOf(rows, columns), ws.alloc(wordsIn(shape) * 8)];
    eachTable(rows, (table, at) => ws.kernels.bag_add(table, ats, offset, shape, addresses, room, bitmap, by, at, to), what);
  };
  const putStates = (by: 1 | -1, rows: GroupedRows, offset: number, state: Vector | undefined): void => {
    const { ws, ats, to } = rows;
    const { offsets, values } = must(state, 'a state column');
    const room = ws.alloc(wordsIn(shape) * 8);
    eachTable(
      rows,
      (table, at, cursor) => ws.kernels.bag_merge(table, ats, offset, shape, offsets, values, room, by, cursor, at, to),
      what,
    );
  };
  return {
    bytes: 24,
    presence: { offset: 16, bits: 0, invert: false },
    add: (rows, offset, columns, bitmap) => put(1, rows, offset, columns, bitmap),
    subtract: (rows, offset, columns, bitmap) => put(-1, rows, offset, columns, bitmap),
    merge: (rows, offset, state) => putStates(1, rows, offset, state),
    unmerge: (rows, offset, state) => putStates(-1, rows, offset, state),
    read: ({ ws, ats, count }, offset) =>
      readBytes({ ws, ats, count }, ws.kernels.bag_state_length(ats, offset, shape, count), (offsets, values) =>
        ws.kernels.bag_state(ats, offset, shape, count, offsets, values),
      ),
    runs({ ws, ats, count }, offset) {
      const width = wordsIn(shape) * 8 + 8;
      const [at, out] = [ws.alloc(count * 8), ws.alloc(ws.kernels.bag_values(ats, offset, count) * width)];
      ws.kernels.bag_runs(ats, offset, shape, count, out, at);
      if (order !== 0) ws.kernels.runs_sort(at, count, width, order);
      return { at, width, counted: 1 };
    },
  };
}
