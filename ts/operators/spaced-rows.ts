import { must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import { GroupTable } from '../state/group-table.js';
import { keyShapeOf, keyWordsOf, type KeyShape } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import { RowStore } from '../state/row-store.js';
import type { StateReader, StateWriter } from '../state/snapshot.js';
import { DEDUP } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';

export interface SpacedRowsConfig {
  readonly schema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  /** Rows of a key that are less than this apart in time are duplicates. Infinity: all are. */
  readonly withinMs: number;
  readonly timed: boolean;
  readonly keyGroups: number;
}

/** After a group's key: its first row, and nothing. */
const GROUP_BYTES = 8;
const COMPACT_FROM = 1024;
const ENDLESS = 2n ** 61n;
const TIME: Schema = [field('(event time)', 'timestamp')];
const TIME_AND_PLACE: Schema = [...TIME, field('(place)', 'int64')];

/**
 * Rows by key of which no two are duplicates (assembly/kernels/dedup.ts draws them): no operator, but what those that drop duplicates
 * keep. Where the first of duplicates stays only times are kept, where the last does the rows themselves.
 */
export class SpacedRows {
  readonly store: RowStore;
  readonly #ws: Workspace;
  readonly #config: SpacedRowsConfig;
  readonly #whole: boolean;
  readonly #shape: KeyShape;
  readonly #stateSchema: Schema;
  readonly #at: Address;
  #table: GroupTable;
  /** The watermark at which rows were last forgotten. */
  #expired = -Infinity;

  /** `whole`: rows are kept with all their columns. */
  constructor(ws: Workspace, config: SpacedRowsConfig, whole: boolean) {
    this.#ws = ws;
    this.#config = config;
    this.#whole = whole;
    const keyFields = config.keys.map((i) => must(config.schema[i], 'a key column'));
    this.#shape = keyShapeOf(keyFields);
    this.#table = new GroupTable(ws, this.#shape, GROUP_BYTES);
    this.store = whole ? new RowStore(ws, config.schema, 3) : new RowStore(ws, [], 1);
    this.#stateSchema = whole ? [...TIME_AND_PLACE, ...config.schema] : [...TIME, ...keyFields];
    this.#at = ws.blocks.alloc(DEDUP.bytes);
    ws.memory.u8.fill(0, this.#at, this.#at + DEDUP.bytes);
    ws.memory.u32[(this.#at + DEDUP.store) / 4] = this.store.at;
    ws.memory.i64[(this.#at + DEDUP.within) / 8] = config.withinMs === Infinity ? ENDLESS : BigInt(config.withinMs);
  }

  get bytesInUse(): number {
    return this.#table.bytesInUse + this.store.bytesInUse;
  }

  /** Of rows where the last stays: those that were replaced, or came after a later one. */
  get duplicates(): number {
    return Number(this.#ws.memory.u64[(this.#at + DEDUP.duplicates) / 8]);
  }

  /** The rows that are no duplicates of what came before: u32[count], in scratch. */
  first(batch: Batch): { readonly selection: Address; readonly count: number } {
    return this.#first(batch, this.#config.keys, batch.times);
  }

  /** Takes rows in, the later of duplicates in the place of the earlier. */
  last(batch: Batch): void {
    this.#last(batch, batch.times, batch.positions);
  }

  /** Begins to tell what has changed since `told`. */
  begin(): void {
    this.#ws.kernels.dedup_begin(this.#at);
  }

  changes(max: number): { readonly rows: GroupRows; readonly ops: Address } | undefined {
    const ws = this.#ws;
    const [ats, ops] = [ws.alloc(max * 4), ws.alloc(max)];
    const count = ws.kernels.dedup_changes(this.#at, ats, ops, max) >>> 0;
    return count === 0 ? undefined : { rows: { ws, ats, count }, ops };
  }

  told(): void {
    this.#ws.kernels.dedup_told(this.#at);
  }

  /** Forgets what no row that is yet to come can be a duplicate of, now and then. Rows of time t may come while t + within > watermark. */
  expire(watermark: number): void {
    const { withinMs } = this.#config;
    if (withinMs === Infinity || watermark - this.#expired < withinMs / 2) return;
    this.#expired = watermark;
    const live = this.#ws.kernels.dedup_expire(this.#at, this.#table.at, watermark + 1 - 2 * withinMs) >>> 0;
    if (this.#table.size < COMPACT_FROM || live * 2 >= this.#table.size) return;
    const mark = this.#ws.scratch.mark();
    const numbers = this.#ws.alloc(this.#table.size * 4);
    const smaller = new GroupTable(this.#ws, this.#shape, GROUP_BYTES, live);
    smaller.fillFrom((next) => this.#ws.kernels.keys_copy_live(this.#table.at, smaller.at, next, numbers) >>> 0, this.#table.size);
    this.#table.close();
    this.#table = smaller;
    this.#ws.scratch.release(mark);
  }

  write(writer: StateWriter): void {
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    const { words, references, masked } = this.#shape;
    const cursor = ws.alloc(8);
    ws.memory.u32.fill(0, cursor / 4, cursor / 4 + 2);
    for (;;) {
      const mark = ws.scratch.mark();
      const [ats, groups] = [ws.alloc(MAX_BATCH_ROWS * 4), ws.alloc(MAX_BATCH_ROWS * 4)];
      const count = ws.kernels.dedup_list(this.#table.at, cursor, ats, groups, MAX_BATCH_ROWS) >>> 0;
      const [parts, order] = [ws.alloc(count * 4), ws.alloc(count * 4)];
      ws.kernels.group_key_groups(groups, words, references, masked ? 1 : 0, count, this.#config.keyGroups, parts);
      ws.kernels.select_range(0, count, order);
      partitionRows(ws, parts, count, this.#config.keyGroups, order).forEach(({ selection, count: n }, group) => {
        if (n === 0) return;
        const inner = ws.scratch.mark();
        const [rows, of] = [ws.alloc(n * 4), ws.alloc(n * 4)];
        ws.kernels.select_take_32(ats, selection, n, rows);
        ws.kernels.select_take_32(groups, selection, n, of);
        writer.keyed('rows', group, batchOf(this.#stateSchema, n, this.#stateOf({ ws, ats: rows, count: n }, { ws, ats: of, count: n })));
        ws.scratch.release(inner);
      });
      ws.scratch.release(mark);
      if (count === 0) break;
    }
    ws.scratch.release(outer);
  }

  read(reader: StateReader): void {
    for (const { batch } of reader.keyed('rows', this.#stateSchema)) {
      const times = must(batch.columns[0], 'times').values;
      if (this.#whole) {
        const rows = batchOf(this.#config.schema, batch.rows, batch.columns.slice(2));
        this.#last(rows, times, must(batch.columns[1], 'places').values);
        this.told();
      } else {
        const keys = this.#config.keys.map((_, i) => i + 1);
        this.#first(batch, keys, times);
      }
    }
  }

  close(): void {
    this.#table.close();
    this.store.close();
    this.#ws.blocks.free(this.#at, DEDUP.bytes);
  }

  #stateOf(rows: GroupRows, groups: GroupRows): Vector[] {
    const head = (this.#whole ? TIME_AND_PLACE : TIME).map(({ kind }, i): Vector => {
      return { kind, validity: NONE, offsets: NONE, values: this.store.readHead(rows, i) };
    });
    return [...head, ...(this.#whole ? this.store.read(rows) : readKeys(groups, this.#shape))];
  }

  #first(batch: Batch, keys: readonly number[], times: Address): { readonly selection: Address; readonly count: number } {
    const ws = this.#ws;
    const [selection, count] = [ws.alloc(batch.rows * 4), ws.alloc(4)];
    ws.memory.u32[count / 4] = 0;
    const mark = ws.scratch.mark();
    const ats = this.#groupsOf(batch, keys);
    const words = this.store.words(batchOf([], batch.rows, []), [times]);
    this.store.fill(
      batch.rows,
      (at) => ws.kernels.dedup_first(this.#at, this.#table.at, words, ats, at, batch.rows, selection, count) >>> 0,
    );
    ws.scratch.release(mark);
    return { selection, count: must(ws.memory.u32[count / 4], 'a count') };
  }

  #last(batch: Batch, times: Address, places: Address): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const zeros = ws.alloc(batch.rows * 8);
    ws.memory.u8.fill(0, zeros, zeros + batch.rows * 8);
    const ats = this.#groupsOf(batch, this.#config.keys);
    const words = this.store.words(batch, [this.#config.timed ? times : zeros, places === NONE ? zeros : places, zeros]);
    this.store.fill(batch.rows, (at) => ws.kernels.dedup_last(this.#at, this.#table.at, words, ats, at, batch.rows) >>> 0);
    ws.scratch.release(mark);
  }

  #groupsOf(batch: Batch, keys: readonly number[]): Address {
    const ats = this.#ws.alloc(batch.rows * 4);
    this.#table.find(keyWordsOf(this.#ws, this.#shape, batch, keys), NONE, 0, batch.rows, ats);
    return ats;
  }
}
