import { must } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Kind, type Schema } from '../columns/schema.js';
import type { GroupRows } from '../state/group-rows.js';
import { GroupTable } from '../state/group-table.js';
import { keyShapeOf, keyWordsOf, type KeyShape } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import { RowStore } from '../state/row-store.js';
import type { StateWriter } from '../state/snapshot.js';
import { TOP_N } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';

/** How rows are ordered by one of their columns. Nulls come last, descending too, unless they are to be first. */
export interface RowOrder {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface RankedRowsConfig {
  readonly schema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly n: number;
  readonly orders: readonly RowOrder[];
  /** Whether rows carry an event time: of rows that the orders leave equal, the earlier comes first. */
  readonly timed: boolean;
  /** Whether rows may carry places, which order those that are equal beyond that. */
  readonly placed: boolean;
  /** Whether rows may be taken back: then all of a key are kept, else n. */
  readonly keepAll: boolean;
  /** Of rows that nothing tells apart, the one that came last is first, not the one that came first; by event time, too. */
  readonly latestFirst: boolean;
  /** Changes are of a set of rows, not of what stands at each rank. */
  readonly bySet: boolean;
}

/** Rows of an answer: their addresses (u32), ranks from 1 (int64), and operations where they are changes. */
export interface Ranked {
  readonly rows: GroupRows;
  readonly ranks: Address;
  readonly ops: Address;
}

/** After a group's key: list, count, capacity, told, told count, next. */
const GROUP_BYTES = 24;
const END = 0xffffffff;
const ORDER_WORDS = 6;
const COMPACT_FROM = 1024;
const HEAD_FIELDS = { time: field('(event time)', 'timestamp'), place: field('(place)', 'int64') } as const;
type HeadWord = keyof typeof HEAD_FIELDS;

const KIND_CODE: Readonly<Partial<Record<Kind, number>>> = { float64: 1, utf8: 2, binary: 2 };

type Word = Exclude<keyof typeof TOP_N, 'bytes'>;

/**
 * The best rows of each key, in order (assembly/kernels/top-n.ts draws them): no operator, but what those that rank rows keep. The
 * common row, which is no better than the n-th of its key, costs a look at its key and one comparison.
 */
export class RankedRows {
  readonly store: RowStore;
  readonly #ws: Workspace;
  readonly #config: RankedRowsConfig;
  readonly #shape: KeyShape;
  /** What a row's head holds. */
  readonly #head: readonly HeadWord[];
  readonly #stateSchema: Schema;
  readonly #at: Address;
  readonly #orders: Address;
  readonly #orderBytes: number;
  #table: GroupTable;

  constructor(ws: Workspace, config: RankedRowsConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#shape = keyShapeOf(config.keys.map((i) => must(config.schema[i], 'a key column')));
    this.#table = new GroupTable(ws, this.#shape, GROUP_BYTES);
    this.#head = (['time', 'place'] as const).filter((word) => (word === 'time' ? config.timed : config.placed));
    this.store = new RowStore(ws, config.schema, this.#head.length);
    this.#stateSchema = [...this.#head.map((word) => HEAD_FIELDS[word]), ...config.schema];
    const entries = this.#orderEntries();
    this.#orderBytes = Math.max(entries.length * 4, 4);
    this.#orders = ws.blocks.alloc(this.#orderBytes);
    ws.memory.u32.set(entries, this.#orders / 4);
    this.#at = ws.blocks.alloc(TOP_N.bytes);
    ws.memory.u8.fill(0, this.#at, this.#at + TOP_N.bytes);
    this.#set('store', this.store.at);
    this.#set('n', config.n);
    this.#set('keepAll', config.keepAll ? 1 : 0);
    this.#set('latestFirst', config.latestFirst ? 1 : 0);
    this.#set('bySet', config.bySet ? 1 : 0);
    this.#set('orders', this.#orders);
    this.#set('orderCount', entries.length / ORDER_WORDS);
    this.#set('valuesFrom', this.store.valuesFrom);
    this.#set('touched', END);
  }

  /** Keys that have rows. */
  get groups(): number {
    return this.#get('liveGroups');
  }

  get rows(): number {
    return this.store.live;
  }

  /** Rows that were to be taken back and were not there. */
  get unmatched(): number {
    return this.#get('unmatched');
  }

  get bytesInUse(): number {
    return this.#table.bytesInUse + this.store.bytesInUse;
  }

  /** Takes rows in, and those back that the batch's operations say. */
  add(batch: Batch): void {
    const { ws, rows } = { ws: this.#ws, rows: batch.rows };
    const mark = ws.scratch.mark();
    let places = batch.positions;
    if (places === NONE && this.#config.placed) {
      places = ws.alloc(rows * 8);
      ws.memory.u8.fill(0, places, places + rows * 8);
    }
    this.#add(
      batch,
      this.#head.map((word) => (word === 'time' ? batch.times : places)),
    );
    ws.scratch.release(mark);
  }

  /** Begins to tell what has changed since `told`. */
  begin(): void {
    this.#ws.kernels.top_n_begin(this.#at);
  }

  /** The next changes, at most `max`; undefined when all are out. */
  changes(max: number): Ranked | undefined {
    const ws = this.#ws;
    const [ats, ranks, ops] = [ws.alloc(max * 4), ws.alloc(max * 8), ws.alloc(max)];
    const count = ws.kernels.top_n_changes(this.#at, this.#table.at, ats, ranks, ops, max) >>> 0;
    return count === 0 ? undefined : { rows: { ws, ats, count }, ranks, ops };
  }

  /** All changes have been told: what nothing refers to any more goes. */
  told(): void {
    this.#ws.kernels.top_n_done(this.#at, this.#table.at);
    if (this.#table.size >= COMPACT_FROM && this.groups * 2 < this.#table.size) this.#compact();
  }

  /** Begins to read all rows. */
  rewind(): void {
    this.#set('cursor', 0);
    this.#set('index', 0);
  }

  /** The next rows of those that are kept, key by key, best first; undefined at the end. */
  next(max: number): Ranked | undefined {
    const ws = this.#ws;
    const [ats, groups, ranks] = [ws.alloc(max * 4), ws.alloc(max * 4), ws.alloc(max * 8)];
    const count = ws.kernels.top_n_list(this.#at, this.#table.at, ats, groups, ranks, max) >>> 0;
    return count === 0 ? undefined : { rows: { ws, ats, count }, ranks, ops: NONE };
  }

  /** Rows' columns, or the first `count` of them. */
  read(rows: GroupRows, count = this.#config.schema.length): Vector[] {
    return this.store.read(
      rows,
      Array.from({ length: count }, (_, i) => i),
    );
  }

  get stateSchema(): Schema {
    return this.#stateSchema;
  }

  /** Writes all rows, by key group. */
  write(
    writer: StateWriter,
    name: string,
    { keyGroups, batchRows, batch }: { keyGroups: number; batchRows: number; batch: (rows: number, columns: Vector[]) => Batch },
  ): void {
    const ws = this.#ws;
    const { words, references, masked } = this.#shape;
    this.rewind();
    for (;;) {
      const mark = ws.scratch.mark();
      const [ats, groups] = [ws.alloc(batchRows * 4), ws.alloc(batchRows * 4)];
      const count = ws.kernels.top_n_list(this.#at, this.#table.at, ats, groups, NONE, batchRows) >>> 0;
      const parts = ws.alloc(count * 4);
      // Without a key all rows go to lane 0, which has group 0 at any number of lanes.
      if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + count);
      else ws.kernels.group_key_groups(groups, words, references, masked ? 1 : 0, count, keyGroups, parts);
      partitionRows(ws, parts, count, keyGroups, ats).forEach(({ selection, count: n }, group) => {
        if (n === 0) return;
        const inner = ws.scratch.mark();
        writer.keyed(name, group, batch(n, this.#stateOf({ ws, ats: selection, count: n })));
        ws.scratch.release(inner);
      });
      ws.scratch.release(mark);
      if (count === 0) return;
    }
  }

  /** Takes rows in that `write` has written, and tells nothing of them. */
  restore(rows: number, columns: readonly Vector[]): void {
    const head = columns.slice(0, this.#head.length).map((v) => v.values);
    this.#add(batchOf(this.#config.schema, rows, columns.slice(head.length)), head);
    this.#ws.kernels.top_n_done(this.#at, this.#table.at);
  }

  close(): void {
    this.#table.close();
    this.store.close();
    this.#ws.blocks.free(this.#orders, this.#orderBytes);
    this.#ws.blocks.free(this.#at, TOP_N.bytes);
  }

  #stateOf(rows: GroupRows): Vector[] {
    const head = this.#head.map((word, i): Vector => {
      return { kind: HEAD_FIELDS[word].kind, validity: NONE, offsets: NONE, values: this.store.readHead(rows, i) };
    });
    return [...head, ...this.read(rows)];
  }

  #add(batch: Batch, head: readonly Address[]): void {
    if (batch.rows === 0) return;
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const ats = ws.alloc(batch.rows * 4);
    this.#table.find(keyWordsOf(ws, this.#shape, batch, this.#config.keys), NONE, 0, batch.rows, ats);
    const words = this.store.words(batch, head);
    this.store.fill(batch.rows, (at) => ws.kernels.top_n_rows(this.#at, this.#table.at, words, batch.ops, ats, at, batch.rows));
    ws.scratch.release(mark);
  }

  #orderEntries(): number[] {
    const { schema, orders, latestFirst } = this.#config;
    const entries = orders.flatMap(({ column, descending, nullsFirst }) => {
      const { word, nullWord, nullBit } = must(this.store.stored[column], 'a column');
      const kind = KIND_CODE[must(schema[column], 'a column').kind] ?? 0;
      return [word, kind, descending ? 1 : 0, nullsFirst ? 1 : 0, nullWord, nullBit];
    });
    return [...entries, ...this.#head.flatMap((_, i) => [i, 0, latestFirst ? 1 : 0, 0, 0, 0])];
  }

  /** Keys without rows go. */
  #compact(): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const numbers = ws.alloc(this.#table.size * 4);
    const smaller = new GroupTable(ws, this.#shape, GROUP_BYTES, this.groups);
    smaller.fillFrom((next) => ws.kernels.keys_copy_live(this.#table.at, smaller.at, next, numbers) >>> 0, this.#table.size);
    this.#table.close();
    this.#table = smaller;
    ws.scratch.release(mark);
  }

  #get(word: Word): number {
    return must(this.#ws.memory.u32[(this.#at + TOP_N[word]) / 4], word);
  }

  #set(word: Word, value: number): void {
    this.#ws.memory.u32[(this.#at + TOP_N[word]) / 4] = value;
  }
}
