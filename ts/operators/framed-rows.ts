import { must } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import { GroupTable } from '../state/group-table.js';
import { keyShapeOf, keyWordsOf, type KeyShape } from '../state/key-words.js';
import { keyGroupsOf } from '../state/partition.js';
import { RowStore } from '../state/row-store.js';
import { OVER } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { adderOf, argumentsOf, groupLayout, type BoundAggregate, type GroupLayout } from './group-layout.js';

/** What a frame takes in before a row: so many rows, so much time, or all there is. */
export type Frame =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'range'; readonly ms: number }
  | { readonly kind: 'unbounded' };

/** The value of a column in the row that stands so many rows after one, or before it where `rows` is below 0. */
export interface Neighbour {
  readonly column: number;
  readonly rows: number;
}

export interface FramedRowsConfig {
  readonly schema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly frame: Frame;
  readonly aggregates: readonly BoundAggregate[];
  readonly neighbours: readonly Neighbour[];
}

/** After a group's key, before the accumulators of what lies before its ring. */
const GROUP_BYTES = 40;
const MODES = { rows: 0, range: 1, unbounded: 2 } as const;
const COMPACT_FROM = 1024;
/** Bytes of values among the nodes, beyond which those of nodes that have gone are looked after. */
const HEAP_TO_REBUILD = 1 << 20;
const LEAVING = 4096;

/** What a row's head holds of those that are kept in snapshots: (time, place, index, span). Nodes and groups are made anew. */
const HEAD_WORDS = 5;
const STATE_WORDS = 4;
export const PENDING_FIELDS: Schema = [field('(event time)', 'timestamp'), field('(place)', 'int64')];
const ROW_FIELDS: Schema = [...PENDING_FIELDS, field('(index)', 'int64'), field('(span)', 'int64'), field('(waiting)', 'int64')];

/**
 * Rows of each key in order of time, with what it takes to aggregate over the frame before each (assembly/kernels/over.ts draws it): no
 * operator, but the state of one.
 */
export class FramedRows {
  readonly store: RowStore;
  readonly stateSchema: Schema;
  readonly #ws: Workspace;
  readonly #config: FramedRowsConfig;
  readonly #shape: KeyShape;
  /** Of a set of accumulators, wherever it lies. */
  readonly #layout: GroupLayout;
  readonly #at: Address;
  readonly #endless: boolean;
  #table: GroupTable;
  /** Values that the nodes' accumulators refer to. */
  #heap: GroupTable;
  #heapLimit = HEAP_TO_REBUILD;
  /** The watermark at which keys are looked through again. */
  #nextSweep = Number.MIN_SAFE_INTEGER;
  /** Rows since keys were last counted. */
  #appended = 0;

  constructor(ws: Workspace, config: FramedRowsConfig) {
    const { schema, frame, aggregates, neighbours } = config;
    this.#ws = ws;
    this.#config = config;
    this.#layout = groupLayout([], aggregates, false);
    this.#endless = frame.kind === 'unbounded' && aggregates.length > 0;
    this.#shape = keyShapeOf(config.keys.map((i) => must(schema[i], 'a key column')));
    this.#table = this.#newTable(0);
    this.#heap = GroupTable.heapOnly(ws);
    this.store = new RowStore(ws, schema, HEAD_WORDS);
    this.stateSchema = [...ROW_FIELDS, ...schema];
    this.#at = ws.blocks.alloc(OVER.bytes);
    ws.memory.u8.fill(0, this.#at, this.#at + OVER.bytes);
    const reach = aggregates.length === 0 || frame.kind === 'unbounded' ? 0 : frame.kind === 'rows' ? frame.rows : frame.ms;
    ws.memory.i64[(this.#at + OVER.reach) / 8] = BigInt(reach);
    this.#set('store', this.store.at);
    this.#set('mode', aggregates.length === 0 ? MODES.rows : MODES[frame.kind]);
    this.#set('bytesEach', this.#layout.accumulatorBytes);
    this.#set('lag', Math.max(0, ...neighbours.map(({ rows }) => -rows)));
    this.#set('lead', this.lead);
  }

  /** How many rows must come after one before it can go out. */
  get lead(): number {
    return Math.max(0, ...this.#config.neighbours.map(({ rows }) => rows));
  }

  get groups(): number {
    return this.#table.size;
  }

  get bytesInUse(): number {
    return this.#table.bytesInUse + this.#heap.bytesInUse + this.store.bytesInUse;
  }

  /** Keeps a batch's rows, whose order is yet to be found; their addresses to `out` (u32). */
  keep(batch: Batch, out: Address): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const zeros = this.#zeros(batch.rows * 8);
    const places = batch.positions === NONE ? zeros : batch.positions;
    const words = this.store.words(batch, [batch.times, places, zeros, zeros, zeros]);
    this.store.fill(batch.rows, (at) => ws.kernels.rows_keep(this.store.at, words, at, batch.rows, out + at * 4));
    ws.scratch.release(mark);
  }

  /** Rows in order of (time, place), all of a time together, become the next of their keys. */
  append(rows: GroupRows): void {
    const { ws, ats, count } = rows;
    const mark = ws.scratch.mark();
    const batch = this.#batchOf(rows);
    this.#appended += count;
    const groups = this.#groupsOf(batch);
    this.store.fill(count, (at) => ws.kernels.over_append(this.#at, this.#table.at, ats, groups, at, count));
    ws.kernels.over_peers(this.#at, this.#table.at, ats, count);
    this.#aggregate(rows, batch);
    ws.scratch.release(mark);
  }

  /** Those of the rows that can go out, to the front of `out`, in order, the others behind: how many. `all`: no more will come. */
  due(rows: GroupRows, all: boolean, out: Address): number {
    return this.#ws.kernels.over_due(this.#at, this.#table.at, rows.ats, rows.count, all ? 1 : 0, out) >>> 0;
  }

  /** The columns that the frames of these rows, and their neighbours, give: aggregates, then neighbours. In scratch. */
  results(rows: GroupRows): Vector[] {
    const ws = this.#ws;
    const { aggregates, accumulatorBytes } = this.#layout;
    const { neighbours } = this.#config;
    const found = neighbours.map((neighbour) => this.#neighbour(rows, neighbour));
    if (aggregates.length === 0) return found;
    const bytes = rows.count * accumulatorBytes;
    const results = this.#zeros(bytes);
    const ats = ws.alloc(rows.count * 4);
    ws.kernels.over_sets(this.#at, results, rows.count, ats);
    const heap = GroupTable.heapOnly(ws);
    if (this.#endless) {
      const bases = ws.alloc(rows.count * 4);
      ws.kernels.over_bases(this.#table.at, rows.ats, rows.count, bases);
      this.#merge(ats, bases, rows.count, heap);
    }
    this.#mergeFrames(rows, results, heap);
    const columns = aggregates.map(({ aggregate, offset, bound }) => aggregate.result({ ws, ats, count: rows.count }, offset, bound.name));
    heap.close();
    return [...columns, ...found];
  }

  /** These rows have gone out: what no frame reaches any more goes too. */
  told(rows: GroupRows, watermark: number): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const groups = ws.alloc(rows.count * 4);
    ws.kernels.over_told(this.#table.at, rows.ats, rows.count, groups);
    this.#leave(groups, rows.count, watermark);
    ws.scratch.release(mark);
  }

  /** Now and then, at a mark: keys whose rows have become too old for any frame, and what they held. */
  sweep(watermark: number): void {
    const { frame } = this.#config;
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    if (this.#heap.bytesInUse > this.#heapLimit) this.#rebuild();
    if (frame.kind === 'range' && watermark >= this.#nextSweep) {
      this.#nextSweep = watermark + frame.ms / 2;
      const groups = ws.alloc(this.#table.size * 4);
      ws.kernels.select_range(0, this.#table.size, groups);
      this.#leave(groups, this.#table.size, watermark);
      this.#appended = Infinity;
    }
    if (!this.#endless && this.#appended >= this.#table.size && this.#table.size >= COMPACT_FROM) {
      const live = ws.kernels.over_live(this.#table.at) >>> 0;
      if (live * 2 < this.#table.size) this.#compact(live);
      this.#appended = 0;
    }
    ws.scratch.release(mark);
  }

  /** All rows in rings, some at a time, as the columns of `stateSchema`, with their groups' addresses. */
  *all(max: number): Generator<{ readonly rows: GroupRows; readonly waiting: Address; readonly groups: Address }> {
    const ws = this.#ws;
    const cursor = this.#zeros(8);
    for (;;) {
      const mark = ws.scratch.mark();
      const [ats, waiting, groups] = [ws.alloc(max * 4), ws.alloc(max * 8), ws.alloc(max * 4)];
      const count = ws.kernels.over_list(this.#table.at, cursor, ats, waiting, groups, max) >>> 0;
      if (count === 0) break;
      yield { rows: { ws, ats, count }, waiting, groups };
      ws.scratch.release(mark);
    }
  }

  stateOf(rows: GroupRows, waiting: Address): Vector[] {
    const head = ROW_FIELDS.map(({ kind }, i): Vector => {
      return { kind, validity: NONE, offsets: NONE, values: i < STATE_WORDS ? this.store.readHead(rows, i) : waiting };
    });
    return [...head, ...this.store.read(rows)];
  }

  /** Takes back what `stateOf` gave; the addresses of rows that have not gone out are returned, u32[], in `out`. */
  restore(state: Batch, out: Address): number {
    const ws = this.#ws;
    const values = state.columns.map((v) => v.values);
    const waiting = must(values[STATE_WORDS], 'waiting');
    const batch = batchOf(this.#config.schema, state.rows, state.columns.slice(ROW_FIELDS.length));
    const words = this.store.words(batch, [...values.slice(0, STATE_WORDS), this.#zeros(state.rows * 8)]);
    const ats = ws.alloc(state.rows * 4);
    this.store.fill(state.rows, (at) => ws.kernels.rows_keep(this.store.at, words, at, state.rows, ats + at * 4));
    const groups = this.#groupsOf(batch);
    this.store.fill(state.rows, (at) => ws.kernels.over_restore(this.#at, this.#table.at, ats, groups, waiting, at, state.rows));
    const rows = { ws, ats, count: state.rows };
    this.#aggregate(rows, this.#batchOf(rows));
    let count = 0;
    for (let i = 0; i < state.rows; i++) {
      if (ws.memory.i64[waiting / 8 + i] !== 0n) ws.memory.u32[out / 4 + count++] = must(ws.memory.u32[ats / 4 + i], 'a row');
    }
    return count;
  }

  /** Of frames without a beginning: for each key the number of its first row in the ring, and what lies before it. */
  get baseSchema(): Schema | undefined {
    if (!this.#endless) return undefined;
    const states = this.#layout.aggregates.flatMap(({ aggregate, bound }) =>
      aggregate.state.map((f) => ({ ...f, name: `${bound.name}.${f.name}` })),
    );
    return [...this.#shape.fields, field('(index)', 'int64'), ...states];
  }

  /** The addresses of groups [from, to), and their columns of `baseSchema`. */
  bases(from: number, to: number): GroupRows {
    const ats = this.#ws.alloc((to - from) * 4);
    this.#table.addresses(from, to, ats);
    return { ws: this.#ws, ats, count: to - from };
  }

  baseOf(groups: GroupRows): Vector[] {
    const { ws, ats, count } = groups;
    const words = this.#shape.words * 8;
    const indexes = ws.alloc(count * 8);
    ws.kernels.group_rows_i64(ats, words + 8, count, indexes);
    const states = this.#layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read(groups, words + GROUP_BYTES + offset));
    return [...readKeys(groups, this.#shape), { kind: 'int64', validity: NONE, offsets: NONE, values: indexes }, ...states];
  }

  /** Takes back what `baseOf` gave, before any row. */
  restoreBase(state: Batch): void {
    const { ws } = { ws: this.#ws };
    const keys = this.#shape.fields.length;
    const groups = this.#groupsOf(
      state,
      this.#shape.fields.map((_, i) => i),
    );
    ws.kernels.over_begin(this.#table.at, groups, must(state.columns[keys], 'indexes').values, state.rows);
    this.#mergeStates(groups, this.#shape.words * 8 + GROUP_BYTES, state.columns.slice(keys + 1), state.rows, this.#table);
  }

  keyGroups(groups: Address, count: number, keyGroups: number): Address {
    const { words, references, masked } = this.#shape;
    // Without a key all rows go to lane 0, which has group 0 at any number of lanes.
    if (words === 0) return this.#zeros(count * 4);
    const parts = this.#ws.alloc(count * 4);
    this.#ws.kernels.group_key_groups(groups, words, references, masked ? 1 : 0, count, keyGroups, parts);
    return parts;
  }

  /** Each row's key group, u32 each, in scratch. */
  keyGroupsOf(rows: GroupRows, keyGroups: number): Address {
    if (this.#shape.words === 0) return this.#zeros(rows.count * 4);
    return keyGroupsOf(this.#ws, keyWordsOf(this.#ws, this.#shape, this.#batchOf(rows), this.#config.keys), keyGroups);
  }

  close(): void {
    this.#table.close();
    this.#heap.close();
    this.store.close();
    this.#ws.blocks.free(this.#at, OVER.bytes);
  }

  /** The nodes that end at these rows. `batch`: the rows. */
  #aggregate(rows: GroupRows, batch: Batch): void {
    if (this.#layout.aggregates.length === 0) return;
    const { ws, ats, count } = rows;
    const [out, left, right] = [ws.alloc(count * 4), ws.alloc(count * 4), ws.alloc(count * 4)];
    const nodes = (level: number): number => ws.kernels.over_nodes(this.#at, this.#table.at, ats, count, level, out, left, right) >>> 0;
    const leaves = nodes(0);
    const add = adderOf(this.#layout, argumentsOf(ws, this.#layout, batch));
    add({ ws, ats: out, from: 0, to: leaves, tables: [this.#heap] });
    for (let level = 1; ; level++) {
      const found = nodes(level);
      if (found === 0) break;
      this.#merge(out, left, found, this.#heap);
      this.#merge(out, right, found, this.#heap);
    }
  }

  #mergeFrames(rows: GroupRows, results: Address, heap: GroupTable): void {
    const { ws, ats, count } = rows;
    const [low, high, out, nodes] = [ws.alloc(count * 8), ws.alloc(count * 8), ws.alloc(count * 4), ws.alloc(count * 4)];
    ws.kernels.over_frames(this.#at, this.#table.at, ats, count, low, high);
    for (let level = 0; ws.kernels.over_open(count, low, high) !== 0; level++) {
      for (const right of [0, 1]) {
        const found = ws.kernels.over_pieces(this.#at, this.#table.at, ats, count, level, right, low, high, results, out, nodes) >>> 0;
        this.#merge(out, nodes, found, heap);
      }
    }
  }

  /** Adds the accumulators at `from` to those at `to` (u32[count] each). */
  #merge(to: Address, from: Address, count: number, table: GroupTable, offset = 0): void {
    if (count === 0) return;
    const mark = this.#ws.scratch.mark();
    const rows = { ws: this.#ws, ats: from, count };
    const states = this.#layout.aggregates.flatMap((placed) => placed.aggregate.read(rows, placed.offset));
    this.#mergeStates(to, offset, states, count, table);
    this.#ws.scratch.release(mark);
  }

  #mergeStates(to: Address, offset: number, states: readonly Vector[], count: number, table: GroupTable): void {
    const rows: GroupedRows = { ws: this.#ws, ats: to, from: 0, to: count, tables: [table] };
    let at = 0;
    for (const placed of this.#layout.aggregates) {
      const { length } = placed.aggregate.state;
      placed.aggregate.merge(rows, offset + placed.offset, states.slice(at, at + length), count);
      at += length;
    }
  }

  #neighbour({ ws, ats, count }: GroupRows, { column, rows }: Neighbour): Vector {
    const none = this.#noRow();
    const out = ws.alloc(count * 4);
    ws.kernels.over_neighbours(this.#table.at, ats, count, rows, none, out);
    const { kind } = must(this.#config.schema[column], 'a column');
    const [vector] = this.store.read({ ws, ats: out, count }, [column]);
    const present = must(vector, 'a column');
    if (present.validity !== NONE) return present;
    // Of a column that is never null: null where there is no row.
    const bits = ws.alloc(Math.ceil(count / 64) * 8);
    const missing = ws.kernels.over_present(out, count, none, bits) >>> 0;
    return { ...present, kind, validity: missing === 0 ? NONE : bits };
  }

  /** A row of nulls and zeros, in scratch. */
  #noRow(): Address {
    const { stride } = this.store;
    const row = this.#zeros(stride);
    const { nullWords } = this.store;
    for (const word of nullWords) this.#ws.memory.u64[(row + RowStore.offsetOf(word)) / 8] = 0xffffffffn;
    return row;
  }

  #leave(groups: Address, count: number, watermark: number): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const cursor = this.#zeros(4);
    const out = ws.alloc(LEAVING * 4);
    const [nodes, bases] = [ws.alloc(LEAVING * 4), ws.alloc(LEAVING * 4)];
    for (;;) {
      const found = ws.kernels.over_leave(this.#at, this.#table.at, groups, count, watermark, cursor, out, LEAVING) >>> 0;
      if (this.#endless && found > 0) {
        ws.kernels.over_nodes(this.#at, this.#table.at, out, found, 0, nodes, NONE, NONE);
        ws.kernels.over_bases(this.#table.at, out, found, bases);
        this.#merge(bases, nodes, found, this.#table);
      }
      ws.kernels.over_drop(this.#at, out, found);
      if (found < LEAVING) break;
    }
    ws.scratch.release(mark);
  }

  /** All nodes anew, without the values of those that have gone. */
  #rebuild(): void {
    const old = this.#heap;
    this.#heap = GroupTable.heapOnly(this.#ws);
    for (const { rows } of this.all(LEAVING)) {
      const batch = this.#batchOf(rows);
      this.#ws.kernels.over_clear(this.#at, rows.ats, rows.count);
      this.#aggregate(rows, batch);
    }
    old.close();
    this.#heapLimit = Math.max(HEAP_TO_REBUILD, this.#heap.bytesInUse * 4);
  }

  #compact(live: number): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const numbers = ws.alloc(this.#table.size * 4);
    const smaller = this.#newTable(live);
    smaller.fillFrom((next) => ws.kernels.keys_copy_live(this.#table.at, smaller.at, next, numbers) >>> 0, this.#table.size);
    for (const { rows } of this.all(LEAVING)) ws.kernels.over_remap(rows.ats, rows.count, numbers);
    this.#table.close();
    this.#table = smaller;
    ws.scratch.release(mark);
  }

  #newTable(expected: number): GroupTable {
    return new GroupTable(this.#ws, this.#shape, GROUP_BYTES + (this.#endless ? this.#layout.accumulatorBytes : 0), expected);
  }

  /** Rows as a batch, with their times and places. */
  #batchOf(rows: GroupRows): Batch {
    const [times, places] = [this.store.readHead(rows, 0), this.store.readHead(rows, 1)];
    return batchOf(this.#config.schema, rows.count, this.store.read(rows), times, NONE, NONE, places);
  }

  #groupsOf(batch: Batch, keys = this.#config.keys): Address {
    const ats = this.#ws.alloc(batch.rows * 4);
    this.#table.find(keyWordsOf(this.#ws, this.#shape, batch, keys), NONE, 0, batch.rows, ats);
    return ats;
  }

  #zeros(bytes: number): Address {
    const at = this.#ws.alloc(bytes);
    this.#ws.memory.u8.fill(0, at, at + bytes);
    return at;
  }

  #set(word: Exclude<keyof typeof OVER, 'bytes' | 'reach'>, value: number): void {
    this.#ws.memory.u32[(this.#at + OVER[word]) / 4] = value;
  }
}
