import { assert, must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Field, type Schema } from '../columns/schema.js';
import { readWord, type GroupRows } from '../state/group-rows.js';
import { GroupTable } from '../state/group-table.js';
import { keyWordsOf, type KeyWords } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import type { KeyGroups, StateReader, StateWriter } from '../state/snapshot.js';
import { BlockArena } from '../wasm/arena.js';
import { LIVE_GROUPS } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';
import type { Argument, GroupedRows } from './aggregates.js';
import { adderOf, argumentsOf, groupLayout, readPartials, type BoundAggregate, type GroupLayout } from './group-layout.js';
import { emittedFields, readEmitted, releaseKept, restoreEmitted, resultsOf, settleRows } from './kept-results.js';

export interface LiveGroupsConfig {
  /** The key columns' fields. */
  readonly keys: readonly Field[];
  readonly aggregates: readonly BoundAggregate[];
  /** Whether rows may be taken back: groups then count theirs. */
  readonly revocable: boolean;
  /** How long a group lives after the clock of the last step that brought it a row. */
  readonly ttlMs: number | undefined;
  /** Groups are ready when so many rows have come since they were last told. */
  readonly wantedRows: number | undefined;
  /** Which changes are to be told: at each step of all groups that it touched; now and then; or of what came since, as inserts. */
  readonly telling: 'step' | 'seldom' | 'purging';
  readonly keyGroups: KeyGroups;
}

/** What is to be told of some groups: u32 addresses of their rows, and of rows moved to where the change's accumulators are. */
export interface LiveChanges {
  readonly keys: GroupRows;
  readonly results: GroupRows;
  readonly ops: Address;
}

/** Rows grouped at a time, as in sliced groups: what they touch stays in the cache. */
const CHUNK_ROWS = 1024;
const CACHED_BYTES = 1 << 20;
const SMALLEST_ENTRIES = 1024;
/** Groups looked through for dead ones at a mark, at least. */
const SWEEP = 4096;
/** Below these, a table is not worth making anew. */
const LEAST_DEAD = 1024;
const LEAST_HEAP = 1 << 16;

type Word = Exclude<keyof typeof LIVE_GROUPS, 'clock' | 'ttl' | 'wanted' | 'bytes'>;

/**
 * Groups by key that no window ends (assembly/state/live-groups.ts draws them). No operator: those that keep such groups own
 * one. Rows of dead groups are used again when the table is made anew, once they are the most of it.
 */
export class LiveGroups {
  readonly layout: GroupLayout;
  readonly stateSchema: Schema;
  readonly #ws: Workspace;
  readonly #config: LiveGroupsConfig;
  readonly #at: Address;
  /**
   * Where what was last told is kept until a group is told again: `entry`: with the group's entry, as every step tells all
   * that it touched; `row`: with the group, as it may stay untold, or its accumulators refer to blocks that change; `none`:
   * nowhere, as it is forgotten.
   */
  readonly #told: 'entry' | 'row' | 'none';
  #table: GroupTable;
  #entriesBytes = 0;
  #readyBytes = 0;
  #capacity = 0;
  #sweepAt = 0;
  /** Groups touched since the last sweep. */
  #touched = 0;
  /** Bytes of the table's heap, and its groups, when it was made anew. */
  #heapThen = 0;
  #groupsThen = 0;
  #rebuilds = 0;

  constructor(ws: Workspace, config: LiveGroupsConfig) {
    this.#ws = ws;
    this.#config = config;
    const bare = groupLayout(config.keys, config.aggregates, false);
    const copied = config.telling === 'seldom' || bare.aggregates.some(({ aggregate }) => aggregate.kept !== undefined);
    this.#told = config.telling === 'purging' ? 'none' : copied ? 'row' : 'entry';
    const plain = this.#told === 'row' ? groupLayout(config.keys, config.aggregates, true) : bare;
    const flags = plain.shape.words * 8;
    let head = flags + 8;
    const word = (there: boolean): number => {
      if (!there) return 0;
      head += 8;
      return head - 8;
    };
    const touchedAt = word(config.ttlMs !== undefined);
    const rows = word(config.revocable);
    const since = word(config.wantedRows !== undefined);
    const from = head;
    const { accumulatorBytes } = plain;
    const told = this.#told === 'row' ? from + accumulatorBytes : 0;
    const shift = from - flags - (plain.changes ? 8 : 0);
    this.layout = {
      ...plain,
      flags,
      aggregates: plain.aggregates.map((a) => ({
        ...a,
        offset: a.offset + shift,
        slot: a.slot === undefined ? undefined : a.slot + shift,
      })),
      rowBytes: plain.rowBytes + shift,
    };
    this.stateSchema = stateSchemaOf(config, this.layout, this.#told === 'row');
    this.#at = ws.blocks.alloc(LIVE_GROUPS.bytes);
    ws.memory.u8.fill(0, this.#at, this.#at + LIVE_GROUPS.bytes);
    const length = this.#told === 'none' ? 0 : accumulatorBytes;
    for (const [name, value] of Object.entries({ flags, touchedAt, rows, since, from, length, told })) this.#set(name as Word, value);
    this.#setLong('ttl', config.ttlMs ?? 0);
    this.#setLong('wanted', config.wantedRows ?? 0);
    this.#table = this.#newTable(0);
  }

  /** Live groups. */
  get groups(): number {
    return this.#get('live');
  }

  /** Groups whose time was over when that was seen. */
  get expired(): number {
    return this.#get('expired');
  }

  get reseeds(): number {
    return this.#table.reseeds;
  }

  /** How often the table was made anew without its dead. */
  get rebuilds(): number {
    return this.#rebuilds;
  }

  get bytesInUse(): number {
    const lists = [this.#entriesBytes, this.#readyBytes].filter((bytes) => bytes > 0);
    return this.#table.bytesInUse + lists.reduce((sum, bytes) => sum + BlockArena.roomOf(bytes), BlockArena.roomOf(LIVE_GROUPS.bytes));
  }

  /** Groups that have been touched and are not told. */
  get entries(): number {
    return this.#get('count');
  }

  /** Of those, how many have had the rows that they wait for. */
  get ready(): number {
    return this.#get('readyCount');
  }

  /** A step begins. */
  begin(clockMs: number): void {
    this.#setLong('clock', clockMs);
  }

  /** Adds rows to their groups, and takes others back. */
  addRows(batch: Batch, keys: readonly number[]): void {
    const ws = this.#ws;
    const { revocable } = this.#config;
    assert(batch.ops === NONE || revocable, 'these groups take rows, not changes');
    const mark = ws.scratch.mark();
    const words = keyWordsOf(ws, this.layout.shape, batch, keys);
    const given = argumentsOf(ws, this.layout, batch);
    const add = revocable && batch.ops !== NONE ? this.#changer(given, batch) : adderOf(this.layout, given);
    this.#group(words, true, (rows) => {
      add(rows);
      if (!revocable) return;
      const done = ws.kernels.live_count(this.#at, rows.ats, batch.ops, rows.from, rows.to) >>> 0;
      if (done < rows.to) {
        throw new MillraceError(
          'value.invalid',
          'a row is taken back (-U or -D) that was never there: changes must come with all that they change, in order',
        );
      }
    });
    ws.scratch.release(mark);
  }

  /** Merges partial states: keys, then states. */
  addPartials(batch: Batch): void {
    this.#merge(batch, true, () => undefined);
  }

  /** What is to be told of entries [from, to), of all or of those in `list`. In scratch. */
  changes(list: Address, from: number, to: number): LiveChanges {
    const ws = this.#ws;
    const room = (to - from) * 2;
    const [keys, results, ops] = [ws.alloc(room * 4), ws.alloc(room * 4), ws.alloc(room)];
    if (this.layout.changes) {
      const touched = ws.kernels.live_entry_rows(this.#table.at, this.#at, list, from, to, keys) >>> 0;
      settleRows({ ws, ats: keys, count: touched }, this.layout, this.#table);
    }
    const count = ws.kernels.live_changes(this.#table.at, this.#at, list, from, to, this.#purging, keys, results, ops) >>> 0;
    return { keys: { ws, ats: keys, count }, results: { ws, ats: results, count }, ops };
  }

  /** The results of `changes`, as columns. */
  resultsOf({ results }: LiveChanges): Vector[] {
    return resultsOf(results, this.layout);
  }

  /** Those entries, whose changes are `changes`, are told. */
  told(list: Address, from: number, to: number, { keys, ops }: LiveChanges): void {
    if (this.layout.changes) releaseKept(this.#ws, this.layout, [{ table: this.#table, rows: keys.count }], keys.ats, ops);
    this.#ws.kernels.live_told(this.#table.at, this.#at, list, from, to, this.#purging);
  }

  /** The entries that are ready, u32 each. */
  get readyList(): Address {
    return this.#get('ready');
  }

  /** All that was to be told in this step is: forgets those entries, and looks for dead groups. */
  endStep(allTold: boolean): void {
    this.#touched += this.#get('count');
    if (allTold) this.#set('count', 0);
    else if (this.#get('readyCount') > 0) this.#ws.kernels.live_compact(this.#table.at, this.#at);
    this.#set('readyCount', 0);
    if (this.#get('count') === 0 && this.#capacity > SMALLEST_ENTRIES * 64) this.#freeLists();
    if (this.#config.ttlMs !== undefined) this.#sweep();
    this.#touched = 0;
    if (this.#wantsRebuild()) this.#rebuild();
  }

  snapshot(writer: StateWriter, name: string): void {
    const ws = this.#ws;
    const { count: keyGroups } = this.#config.keyGroups;
    const { words, references, masked } = this.layout.shape;
    for (let from = 0; from < this.#table.size; from += MAX_BATCH_ROWS) {
      const mark = ws.scratch.mark();
      const to = Math.min(this.#table.size, from + MAX_BATCH_ROWS);
      const ats = ws.alloc((to - from) * 4);
      const count = ws.kernels.live_addresses(this.#table.at, this.#at, from, to, ats) >>> 0;
      const parts = ws.alloc(Math.max(count, 1) * 4);
      if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + count);
      else ws.kernels.group_key_groups(ats, words, references, masked ? 1 : 0, count, keyGroups, parts);
      partitionRows(ws, parts, count, keyGroups, ats).forEach((part, group) => {
        if (part.count === 0) return;
        const inner = ws.scratch.mark();
        const rows = { ws, ats: part.selection, count: part.count };
        writer.keyed(name, group, batchOf(this.stateSchema, rows.count, this.#stateOf(rows)));
        ws.scratch.release(inner);
      });
      ws.scratch.release(mark);
    }
  }

  restore(reader: StateReader, name: string): void {
    const ws = this.#ws;
    const words = this.#headWords();
    for (const { batch } of reader.keyed(name, this.stateSchema)) {
      let at = this.layout.shape.fields.length + this.#states;
      const columns = words.map((offset) => [offset, must(batch.columns[at++], 'a word').values] as const);
      this.#merge(batch, false, (rows) => {
        for (const [offset, values] of columns) ws.kernels.accumulate_add_i64(rows.ats, offset, values, rows.from, rows.to);
        if (this.#told === 'row') restoreEmitted(rows, this.layout, batch.columns.slice(at), batch.rows);
        this.#makeRoom(rows.to - rows.from);
        ws.kernels.live_reentered(this.#table.at, this.#at, rows.ats, rows.from, rows.to);
      });
    }
  }

  close(): void {
    this.#freeLists();
    this.#table.close();
    this.#ws.blocks.free(this.#at, LIVE_GROUPS.bytes);
  }

  get #purging(): number {
    return this.#told === 'none' ? 1 : 0;
  }

  get #states(): number {
    return this.layout.aggregates.reduce((sum, { aggregate }) => sum + aggregate.state.length, 0);
  }

  /** Adds the rows that come, then takes back those that go: a row that goes has come before. */
  #changer(given: readonly Argument[], batch: Batch): (rows: GroupedRows) => void {
    const ws = this.#ws;
    const bytes = Math.ceil(batch.rows / 64) * 8;
    const [added, taken] = [ws.alloc(bytes), ws.alloc(bytes)];
    ws.kernels.live_ops(batch.ops, batch.rows, added, taken);
    const both = (bitmap: Address, other: Address): Address => {
      if (bitmap === NONE) return other;
      const out = ws.alloc(bytes);
      ws.kernels.accumulate_both(bitmap, other, batch.rows, out);
      return out;
    };
    const of = (bits: Address): Argument[] => given.map((argument) => ({ ...argument, bitmap: both(argument.bitmap, bits) }));
    const [coming, going] = [of(added), of(taken)];
    return (rows) => {
      this.layout.aggregates.forEach(({ aggregate, offset, bound }, i) => {
        aggregate.add(rows, offset, must(coming[i], 'an argument'));
        const subtract = aggregate.subtract?.bind(aggregate);
        must(subtract, `${bound.fn}'s subtraction`)(rows, offset, must(going[i], 'an argument'));
      });
    };
  }

  #merge(batch: Batch, touch: boolean, then: (rows: GroupedRows) => void): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const keys = this.layout.shape.fields.map((_, i) => i);
    const words = keyWordsOf(ws, this.layout.shape, batch, keys);
    this.#group(words, touch, (rows) => {
      let at = keys.length;
      for (const { aggregate, offset } of this.layout.aggregates) {
        aggregate.merge(rows, offset, batch.columns.slice(at, at + aggregate.state.length), batch.rows);
        at += aggregate.state.length;
      }
      then(rows);
    });
    ws.scratch.release(mark);
  }

  #group(keys: KeyWords, touch: boolean, accumulate: (rows: GroupedRows) => void): void {
    const ws = this.#ws;
    const chunk = ws.alloc(CHUNK_ROWS * 4);
    const table = this.#table;
    for (let from = 0; from < keys.rows; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, keys.rows);
      const ats = chunk - from * 4;
      table.find(keys, NONE, from, to, ats);
      if (table.dense && table.size * table.stride > CACHED_BYTES) ws.kernels.groups_touch(ats, from, to);
      if (touch) {
        this.#makeRoom(to - from);
        ws.kernels.live_touch(table.at, this.#at, ats, from, to);
      }
      accumulate({ ws, ats, from, to, tables: [table] });
    }
  }

  /** Room for so many more entries. */
  #makeRoom(more: number): void {
    const count = this.#get('count');
    if (count + more <= this.#capacity) return;
    const { blocks, memory } = this.#ws;
    const entryBytes = 8 + (this.#told === 'entry' ? this.#get('length') : 0);
    const capacity = Math.max(SMALLEST_ENTRIES, this.#capacity * 2, count + more);
    const ready = this.#config.wantedRows === undefined ? 0 : capacity * 4;
    const entries = blocks.alloc(capacity * entryBytes);
    const [oldEntries, oldReady] = [this.#get('entries'), this.#get('ready')];
    memory.u8.copyWithin(entries, oldEntries, oldEntries + count * entryBytes);
    const readyAt = ready === 0 ? 0 : blocks.alloc(ready);
    if (ready > 0) memory.u8.copyWithin(readyAt, oldReady, oldReady + this.#get('readyCount') * 4);
    this.#freeLists();
    this.#set('entries', entries);
    this.#set('ready', readyAt);
    this.#entriesBytes = capacity * entryBytes;
    this.#readyBytes = ready;
    this.#capacity = capacity;
  }

  #freeLists(): void {
    const { blocks } = this.#ws;
    if (this.#entriesBytes > 0) blocks.free(this.#get('entries'), this.#entriesBytes);
    if (this.#readyBytes > 0) blocks.free(this.#get('ready'), this.#readyBytes);
    this.#entriesBytes = this.#readyBytes = this.#capacity = 0;
  }

  /** Looks through a part of the groups, at least in proportion to what came in, so that what is over never outgrows what lives. */
  #sweep(): void {
    const { size } = this.#table;
    // More than have come: half of it at least is left for older groups, or they would never be reached while new ones keep coming.
    for (let left = Math.min(size, Math.max(SWEEP, 2 * this.#touched)); left > 0; ) {
      if (this.#sweepAt >= size) this.#sweepAt = 0;
      const to = Math.min(size, this.#sweepAt + left);
      this.#ws.kernels.live_sweep(this.#table.at, this.#at, this.#sweepAt, to);
      left -= to - this.#sweepAt;
      this.#sweepAt = to;
    }
  }

  /** Whether most groups are dead, or most of the heap may be values that were replaced. */
  #wantsRebuild(): boolean {
    const { size, heapBytes } = this.#table;
    const dead = size - this.groups;
    if (dead > LEAST_DEAD && dead * 2 > size) return true;
    if (heapBytes < LEAST_HEAP || heapBytes < 2 * this.#heapThen) return false;
    return heapBytes / Math.max(size, 1) > 1.5 * (this.#heapThen / Math.max(this.#groupsThen, 1));
  }

  /** The live groups in a table of their own, by way of their states, as a snapshot would. */
  #rebuild(): void {
    const ws = this.#ws;
    const old = this.#table;
    this.#rebuilds++;
    if (this.#config.ttlMs !== undefined) ws.kernels.live_sweep(old.at, this.#at, 0, old.size);
    this.#table = this.#newTable(this.groups);
    const states = this.layout.shape.fields.length + this.#states;
    const telling = this.#told === 'row';
    for (let from = 0; from < old.size; from += CHUNK_ROWS) {
      const mark = ws.scratch.mark();
      const to = Math.min(old.size, from + CHUNK_ROWS);
      const ats = ws.alloc(CHUNK_ROWS * 4);
      const count = ws.kernels.live_addresses(old.at, this.#at, from, to, ats) >>> 0;
      const rows: GroupRows = { ws, ats, count };
      const told = telling ? readEmitted(rows, this.layout) : [];
      const batch = batchOf(this.stateSchema, count, [...readPartials(rows, this.layout), ...told]);
      // A chunk's rows are one call's, so that both lists of addresses go together.
      this.#merge(batch, false, (made) => {
        if (telling) restoreEmitted(made, this.layout, batch.columns.slice(states), count);
        ws.kernels.live_moved(this.#table.at, this.#at, ats, made.ats, count);
      });
      ws.scratch.release(mark);
    }
    old.close();
    this.#sweepAt = 0;
    this.#heapThen = this.#table.heapBytes;
    this.#groupsThen = this.#table.size;
  }

  #newTable(expected: number): GroupTable {
    return new GroupTable(this.#ws, this.layout.shape, this.layout.rowBytes, expected);
  }

  /** Keys, states, the words before the accumulators, and the states last told. */
  #stateOf(rows: GroupRows): Vector[] {
    const words = this.#headWords().map((offset) => readWord(rows, offset, 'int64'));
    const told = this.#told === 'row' ? readEmitted(rows, this.layout) : [];
    return [...readPartials(rows, this.layout), ...words, ...told];
  }

  #headWords(): number[] {
    const from = this.#get('from');
    return Array.from({ length: (from - this.layout.flags) / 8 }, (_, i) => this.layout.flags + i * 8);
  }

  #get(word: Word): number {
    return must(this.#ws.memory.u32[(this.#at + LIVE_GROUPS[word]) / 4], word);
  }

  #set(word: Word, value: number): void {
    this.#ws.memory.u32[(this.#at + LIVE_GROUPS[word]) / 4] = value;
  }

  #setLong(word: 'clock' | 'ttl' | 'wanted', value: number): void {
    this.#ws.memory.i64[(this.#at + LIVE_GROUPS[word]) / 8] = BigInt(value);
  }
}

/** What pre-aggregation sends, and snapshots begin with: the keys, and every aggregate's partial state. */
export function groupPartialSchemaOf(keys: readonly Field[], layout: GroupLayout): Schema {
  return [
    ...keys,
    ...layout.aggregates.flatMap(({ aggregate, bound }) => aggregate.state.map((f) => ({ ...f, name: `${bound.name}.${f.name}` }))),
  ];
}

function stateSchemaOf(config: LiveGroupsConfig, layout: GroupLayout, telling: boolean): Schema {
  const partial = groupPartialSchemaOf(config.keys, layout);
  const words = ['flags'];
  if (config.ttlMs !== undefined) words.push('touchedAt');
  if (config.revocable) words.push('rows');
  if (config.wantedRows !== undefined) words.push('since');
  const told = telling ? emittedFields(config.aggregates) : [];
  return [...partial, ...words.map((name) => field(`group.${name}`, 'int64')), ...told];
}
