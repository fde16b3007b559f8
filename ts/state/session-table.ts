import { assert, must } from '../core/assert.js';
import { NONE, type Address } from '../columns/memory.js';
import { field } from '../columns/schema.js';
import { SESSION_TABLE } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupRows } from './group-rows.js';
import { GroupTable } from './group-table.js';
import { keyShapeOf, type KeyShape } from './key-words.js';

/** What a session's row begins with: links, then its bounds (assembly/state/session-table.ts draws it). */
export const SESSION_SHAPE: KeyShape = keyShapeOf(
  ['group and next', 'place in the wheel', 'start', 'end'].map((name) => field(name, 'int64')),
);
export const SESSION_START = 16;
export const SESSION_END = 24;
/** Of a gathered session: the clock of the row that it is. */
export const SESSION_CLOCK = 8;

/** Pairs of sessions that may become one before their accumulators are merged. */
const MAX_PAIRS = 256;
const WHEEL_BYTES = 7400;
/** Smaller tables are not worth compacting. */
const SMALL = 1024;

type Word = Exclude<keyof typeof SESSION_TABLE, 'now' | 'bytes'>;

/** Rows' spans of time. */
export interface Spans {
  /** int64 a row. */
  readonly starts: Address;
  /** int64 a row. NONE: `gapMs` after the start. */
  readonly ends: Address;
  readonly gapMs: number;
  /** int64 a row: sessions that are closed for it are those that ended so long (plus the lateness) ago. NONE: none is. */
  readonly clocks: Address;
}

export interface SessionTableConfig {
  readonly keys: KeyShape;
  /** Bytes after a session's bounds. */
  readonly rowBytes: number;
  /** Bytes of a session's bounds and accumulators, where what was told last is kept beside them; else 0. */
  readonly imageBytes: number;
  /** Whether sessions stay until the watermark passes their ends; else they are only gathered and sent on. */
  readonly timed: boolean;
  readonly allowedLatenessMs: number;
  /** A pair of sessions is merged before the row that joins them counts, for aggregates that depend on the order of rows. */
  readonly inOrder: boolean;
}

/**
 * Sessions by key, each with room for accumulators, and a wheel of their ends. Whoever owns it merges accumulators of
 * sessions that become one, as only it knows what they are.
 */
export class SessionTable {
  readonly at: Address;
  readonly #ws: Workspace;
  readonly #config: SessionTableConfig;
  #keys: GroupTable;
  #pool: GroupTable;
  readonly #wheel: Address;
  readonly #maxPairs: number;
  #heapBytes = 0;

  constructor(ws: Workspace, config: SessionTableConfig, expected = 0) {
    this.#ws = ws;
    this.#config = config;
    this.#maxPairs = config.inOrder ? 1 : MAX_PAIRS;
    this.at = ws.blocks.alloc(SESSION_TABLE.bytes);
    ws.memory.u8.fill(0, this.at, this.at + SESSION_TABLE.bytes);
    this.#keys = new GroupTable(ws, config.keys, 8, expected);
    this.#pool = this.#newPool(expected);
    this.#wheel = config.timed ? ws.blocks.alloc(WHEEL_BYTES) : NONE;
    if (config.timed) ws.memory.u8.fill(0, this.#wheel, this.#wheel + WHEEL_BYTES);
    this.#set('keys', this.#keys.at);
    this.#set('head', config.keys.words * 8);
    this.#set('image', config.imageBytes);
    this.#set('wheel', this.#wheel);
  }

  get keys(): GroupTable {
    return this.#keys;
  }

  /** The sessions' rows, with the heap of their accumulators. */
  get pool(): GroupTable {
    return this.#pool;
  }

  get sessions(): number {
    return this.#get('live');
  }

  get bytesInUse(): number {
    return this.#keys.bytesInUse + this.#pool.bytesInUse + (this.#wheel === NONE ? 0 : 8192) + 256;
  }

  /** All that has been before this watermark is over; before the first session. */
  begin(watermark: number): void {
    this.#ws.kernels.sessions_begin(this.at, watermark);
  }

  /**
   * Finds or makes the sessions of rows [from, to), whose keys' rows are at `groups`, and writes their addresses to `ats + 4 * row`.
   * Where it stops short of `to`, sessions have become one: `merge` (see `pairs`), and go on from there.
   */
  place(groups: Address, spans: Spans, from: number, to: number, ats: Address, pairs: Address): number {
    const { kernels } = this.#ws;
    const { starts, ends, gapMs, clocks } = spans;
    this.#reserve(to - from);
    return this.#config.timed
      ? kernels.sessions_place(
          this.at,
          groups,
          starts,
          ends,
          gapMs,
          clocks,
          this.#config.allowedLatenessMs,
          from,
          to,
          ats,
          pairs,
          this.#maxPairs,
        ) >>> 0
      : kernels.sessions_gather(this.at, groups, starts, ends, gapMs, clocks, 0, from, to, ats, pairs, this.#maxPairs) >>> 0;
  }

  /** Each row is a session of its own, to be sent on. */
  placeAlone(groups: Address, spans: Spans, from: number, to: number, ats: Address): void {
    const { starts, ends, gapMs, clocks } = spans;
    this.#reserve(to - from);
    this.#ws.kernels.sessions_gather(this.at, groups, starts, ends, gapMs, clocks, 1, from, to, ats, NONE, 0);
  }

  /** Room for what `place` writes of pairs, in scratch. */
  newPairs(): Address {
    return this.#ws.alloc(this.#maxPairs * 8);
  }

  /** Sessions that have become one: of the second of each pair the accumulators must be merged into those of the first. */
  pairs(pairs: Address): { readonly into: Address; readonly others: Address; readonly count: number } {
    return { into: pairs, others: pairs + this.#maxPairs * 4, count: this.#get('pairs') };
  }

  /** That is done. */
  merged(pairs: Address): void {
    this.#ws.kernels.sessions_merged(this.at, pairs, this.#maxPairs, this.#config.timed ? 1 : 0);
  }

  /** Sessions as they once were; `told`: flags, and bounds as last told, with changes. Columns of int64. */
  append(
    groups: Address,
    starts: Address,
    ends: Address,
    told: { readonly flags: Address; readonly starts: Address; readonly ends: Address },
    rows: number,
    ats: Address,
  ): void {
    this.#reserve(rows);
    this.#ws.kernels.sessions_append(
      this.at,
      groups,
      starts,
      ends,
      told.flags,
      told.starts,
      told.ends,
      this.#config.allowedLatenessMs,
      0,
      rows,
      ats,
    );
  }

  /** All sessions, some at a time; rows lie in scratch that is taken back before the next. */
  *list(most: number, pool: GroupTable = this.#pool): Generator<GroupRows> {
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    const [cursor, ats] = [ws.alloc(4), ws.alloc(most * 4)];
    ws.memory.u32[cursor / 4] = 0;
    for (let count = 0; (count = ws.kernels.sessions_list(pool.at, cursor, ats, most) >>> 0) > 0; ) {
      const mark = ws.scratch.mark();
      yield { ws, ats, count };
      ws.scratch.release(mark);
    }
    ws.scratch.release(outer);
  }

  /** The rows of these sessions' keys. */
  keysOf({ ws, ats, count }: GroupRows): GroupRows {
    const keys = ws.alloc(count * 4);
    ws.kernels.sessions_keys(this.#keys.at, ats, count, keys);
    return { ws, ats: keys, count };
  }

  /** When the next session may come due; not later than it does. */
  next(): number {
    return this.#ws.kernels.sessions_next(this.at);
  }

  /** Drops keys that have no session, once they are most. */
  compactKeys(): void {
    const keys = this.#keys;
    const live = this.#get('liveKeys');
    if (keys.size < SMALL || live * 2 >= keys.size) return;
    const { kernels, scratch } = this.#ws;
    const mark = scratch.mark();
    const numbers = this.#ws.alloc(keys.size * 4);
    const smaller = new GroupTable(this.#ws, this.#config.keys, 8, live);
    // A key's head of its list is not zero while it has sessions, as a count of references is.
    smaller.fillFrom((next) => kernels.keys_copy_live(keys.at, smaller.at, next, numbers) >>> 0, keys.size);
    kernels.sessions_regroup(this.at, numbers);
    keys.close();
    this.#keys = smaller;
    this.#set('keys', smaller.at);
    scratch.release(mark);
  }

  /** Whether most rows are free, or most bytes of accumulators may be. */
  wantsRenewal(): boolean {
    return (this.#pool.size >= SMALL && this.sessions * 4 < this.#pool.size) || this.#pool.heapBytes > 2 * this.#heapBytes + (1 << 16);
  }

  /** Begins a new pool, into which `copy` appends all sessions of the old one. */
  renew(copy: (old: GroupTable) => void): void {
    const old = this.#pool;
    this.#pool = this.#newPool(this.sessions);
    this.#ws.kernels.sessions_clear(this.at);
    copy(old);
    old.close();
    this.#heapBytes = this.#pool.heapBytes;
  }

  close(): void {
    const { blocks } = this.#ws;
    this.#keys.close();
    this.#pool.close();
    if (this.#wheel !== NONE) blocks.free(this.#wheel, WHEEL_BYTES);
    blocks.free(this.at, SESSION_TABLE.bytes);
  }

  #newPool(expected: number): GroupTable {
    const pool = new GroupTable(this.#ws, SESSION_SHAPE, this.#config.rowBytes, expected);
    pool.reserve(0);
    this.#set('pool', pool.at);
    return pool;
  }

  /** Rows move: addresses of sessions do not hold. */
  #reserve(rows: number): void {
    assert(this.#get('pairs') === 0, 'pairs of sessions are to be merged');
    const free = this.#config.timed ? this.#get('freeRows') : 0;
    if (free < rows) this.#pool.reserve(rows - free);
  }

  #get(word: Word): number {
    return must(this.#ws.memory.u32[(this.at + SESSION_TABLE[word]) / 4], word);
  }

  #set(word: Word, value: number): void {
    this.#ws.memory.u32[(this.at + SESSION_TABLE[word]) / 4] = value;
  }
}
