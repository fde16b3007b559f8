import { assert, must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { NONE, type Address } from '../columns/memory.js';
import { BlockArena } from '../wasm/arena.js';
import { GROUP_TABLE } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';
import { keyShapeOf, type KeyShape, type KeyWords } from './key-words.js';

const FULL = 1;
const NO_HEAP = 2;
const LONG_PROBE = 3;
const TOO_FAR = 4;
const TOO_LARGE = 5;
const NO_BLOCK = 6;

const SMALLEST_BITS = 8;
const LARGEST_BITS = 28;
/** Up to this many slots a quarter may be used, above a half: small tables stay in cache anyway. */
const SPARSE_BITS = 16;
/** A dense index may always have this many slots, and otherwise as many as a hashed one would: 4 to 16 a group. */
const ANY_SLOTS = 1 << 12;
const SMALLEST_HEAP = 1 << 12;
const LARGEST_HEAP = 1 << 20;
/** From here on a block is one of the arena's own, so that no heap is left half used for it. */
const LARGE_BLOCK = 1 << 16;

type Word = Exclude<keyof typeof GROUP_TABLE, 'seed' | 'base' | 'valueSeed' | 'free' | 'bytes'>;

/**
 * Groups by key, each with room for accumulators (assembly/state/group-table.ts draws it). It allocates blocks of the
 * lane's arena as it grows and gives all back on `close`. Addresses of rows change whenever groups are added.
 */
export class GroupTable {
  readonly at: Address;
  readonly shape: KeyShape;
  readonly accumulatorBytes: number;
  readonly #ws: Workspace;
  #rowBytes = 0;
  #indexBytes = 0;
  readonly #heap: { at: Address; bytes: number }[] = [];
  #reseeds = 0;
  #indexed = true;
  readonly #closers = new Map<object, () => void>();

  /** `expected`: how many groups to make room for at once. */
  constructor(ws: Workspace, shape: KeyShape, accumulatorBytes: number, expected = 0) {
    assert(accumulatorBytes % 8 === 0, 'accumulators are whole words');
    this.#ws = ws;
    this.shape = shape;
    this.accumulatorBytes = accumulatorBytes;
    this.at = ws.blocks.alloc(GROUP_TABLE.bytes);
    ws.memory.u8.fill(0, this.at, this.at + GROUP_TABLE.bytes);
    this.#setSeed(ws.seed);
    ws.memory.u64[(this.at + GROUP_TABLE.valueSeed) / 8] = ws.seed;
    // A row of no bytes at all (no key, nothing to accumulate) would make every group's address the same.
    this.#set('stride', Math.max(8, shape.words * 8 + accumulatorBytes));
    this.#set('words', shape.words);
    this.#set('references', shape.references);
    const bits = bitsOf(expected);
    this.#set('bits', bits);
    this.#newRows(Math.min(Math.max(expected, 16), groupsOfIndex(bits)));
    this.#setLimit();
  }

  /** A table without groups of its own: a heap for accumulators that lie anywhere. */
  static heapOnly(ws: Workspace): GroupTable {
    const table = new GroupTable(ws, keyShapeOf([]), 8);
    ws.blocks.free(table.rows, table.#rowBytes);
    table.#rowBytes = 0;
    // Kernels pass over rows that are not in the table at hand: here all are.
    table.#set('rows', 0);
    table.#set('stride', 1);
    table.#set('used', 0xffffffff);
    return table;
  }

  /** Groups in the table. */
  get size(): number {
    return this.#get('used');
  }

  /** The first group's row; each further one is `stride` bytes on. */
  get rows(): Address {
    return this.#get('rows');
  }

  get stride(): number {
    return this.#get('stride');
  }

  get bytesInUse(): number {
    const index = this.#indexBytes === 0 ? 0 : BlockArena.roomOf(this.#indexBytes);
    const rows = this.#rowBytes === 0 ? 0 : BlockArena.roomOf(this.#rowBytes);
    return BlockArena.roomOf(GROUP_TABLE.bytes) + rows + index + this.heapBytes;
  }

  /** Of copied bytes; what no group refers to any more is among them. */
  get heapBytes(): number {
    return this.#heap.reduce((sum, b) => sum + BlockArena.roomOf(b.bytes), 0);
  }

  /** Whether a key is its own place in the index: integers that lie close together. */
  get dense(): boolean {
    return this.#get('slots') > 0;
  }

  /** How often a probe was too long and the table took another seed. */
  get reseeds(): number {
    return this.#reseeds;
  }

  /**
   * Finds or makes the group of each row [from, to) (of `selection`, if there is one) and writes the groups' addresses
   * to `ats + 4 * row`. They hold until groups are added again.
   */
  find(keys: KeyWords, selection: Address, from: number, to: number, ats: Address): void {
    if (from === to) return;
    const { kernels } = this.#ws;
    if (this.#plain) {
      const column = must(keys.columns[0], 'a key column');
      if (this.#indexBytes === 0 && !this.#tryDense(column, selection, from, to)) this.#newIndex(this.#get('bits'));
      this.#fill(
        from,
        to,
        (at) =>
          this.dense
            ? kernels.groups_find_dense(this.at, column, selection, at, to, ats)
            : kernels.groups_find_word(this.at, column, selection, at, to, ats),
        (at) => this.#tryDense(column, selection, at, to),
      );
      return;
    }
    if (this.#indexBytes === 0) this.#newIndex(this.#get('bits'));
    const mark = this.#ws.scratch.mark();
    // Rows of a selection may lie anywhere in the batch.
    const first = selection === NONE ? from : 0;
    const hashes = this.#ws.alloc((selection === NONE ? to - from : keys.rows) * 8) - first * 8;
    const hash = (at: number): void => kernels.groups_hash(this.at, keys.addresses, selection, at, to, hashes);
    hash(from);
    this.#fill(
      from,
      to,
      (at) => kernels.groups_find_key(this.at, keys.addresses, hashes, selection, at, to, ats),
      undefined,
      () => hash(from),
    );
    this.#ws.scratch.release(mark);
  }

  /** Room for so many more rows, which a kernel makes: the table then has no index. Rows may move. */
  reserve(rows: number): void {
    this.#indexed = false;
    this.#setLimit();
    while (this.#get('limit') - this.size < rows) this.#growRows();
  }

  /** Makes each row a group of its own, whatever its key: the table may then only be read and cleared. */
  append(keys: KeyWords, selection: Address, from: number, to: number, ats: Address): void {
    // All the room first: appended rows cannot be found again after rows have moved.
    this.reserve(to - from);
    this.#fill(from, to, (at) => this.#ws.kernels.groups_append(this.at, keys.addresses, selection, at, to, ats));
  }

  /**
   * Takes rows from a kernel that writes them itself, into a table that expected as many, and then indexes them.
   * `run(at)` returns how far of `count` it came.
   */
  fillFrom(run: (at: number) => number, count: number): void {
    for (let at = 0; (at = run(at)) < count; ) {
      assert(this.#get('reason') === NO_HEAP, 'the table has room for all rows that it expected');
      this.growHeap();
    }
    this.#newIndex(this.#get('bits'));
  }

  /** The addresses of groups [from, to), u32 each, to `out`. */
  addresses(from: number, to: number, out: Address): void {
    this.#ws.kernels.groups_addresses(this.at, from, to, out);
  }

  /** More room for copied bytes, for a kernel that asked for it (`needBytes`). */
  growHeap(): void {
    const need = this.#get('needBytes');
    const last = this.#heap.at(-1)?.bytes ?? SMALLEST_HEAP / 2;
    const bytes = Math.max(Math.min(last * 2, LARGEST_HEAP), need + 8);
    const at = this.#ws.blocks.alloc(bytes);
    this.#heap.push({ at, bytes });
    this.#set('heapTop', at);
    this.#set('heapEnd', at + bytes - 8); // a kernel may read 7 bytes beyond a value
  }

  /** What an accumulator's kernel asked for when it stopped short; `what` says which for an error. */
  makeRoom(what: string): void {
    const reason = this.#get('reason');
    if (reason === TOO_LARGE)
      throw new MillraceError(
        'state.too-large',
        `${what} keeps more than 256 MiB of values for one group; use smaller windows, more keys or an approximate aggregate`,
      );
    assert(reason === NO_HEAP || reason === NO_BLOCK, () => `an accumulator stopped for reason ${reason}`);
    const bytes = this.#get('needBytes');
    if (reason === NO_HEAP || bytes < LARGE_BLOCK) this.growHeap();
    else this.#giveBlock(bytes);
  }

  /** A block of a power of two, as one that was given back (assembly/state/heap.ts). */
  #giveBlock(bytes: number): void {
    const at = this.#ws.blocks.alloc(bytes);
    this.#heap.unshift({ at, bytes }); // the heap goes on from the last
    const list = (this.at + GROUP_TABLE.free) / 4 + Math.log2(bytes);
    const { u32 } = this.#ws.memory;
    u32[at / 4] = must(u32[list], 'a free block');
    u32[list] = at;
  }

  /** Runs `close` when the table is closed, while its rows can still be read: once for each `owner`. */
  onClose(owner: object, close: () => void): void {
    this.#closers.set(owner, close);
  }

  close(): void {
    for (const close of this.#closers.values()) close();
    const { blocks } = this.#ws;
    this.#freeIndex();
    if (this.#rowBytes > 0) blocks.free(this.#get('rows'), this.#rowBytes);
    for (const b of this.#heap) blocks.free(b.at, b.bytes);
    blocks.free(this.at, GROUP_TABLE.bytes);
  }

  /**
   * Runs a kernel over [from, to), making room whenever it stops short; from the start again if rows may have moved.
   * `widen(at)` makes a dense index that takes the keys from row `at` on, or says that there is none.
   */
  #fill(
    from: number,
    to: number,
    run: (at: number) => number,
    widen: (at: number) => boolean = () => false,
    rehash: () => void = () => undefined,
  ): void {
    let reseeds = this.#reseeds;
    for (let at = from; (at = run(at) >>> 0) < to; ) {
      switch (this.#get('reason')) {
        case FULL:
          this.#grow();
          at = from;
          break;
        case NO_HEAP:
          this.growHeap();
          break;
        case LONG_PROBE:
          this.#reseed();
          break;
        case TOO_FAR:
          if (!widen(at)) this.#newIndex(bitsOf(this.size + 1));
          break;
        default:
          assert(false, `a group table stopped for reason ${this.#get('reason')}`);
      }
      if (this.#reseeds !== reseeds) rehash();
      reseeds = this.#reseeds;
    }
  }

  #grow(): void {
    if (this.size >= this.#rowLimit()) this.#growRows();
    if (!this.dense && this.size >= groupsOfIndex(this.#get('bits'))) this.#growIndex();
  }

  #growRows(): void {
    const [old, oldBytes] = [this.#get('rows'), this.#rowBytes];
    this.#newRows(this.#rowLimit() * 2);
    this.#ws.memory.u8.copyWithin(this.#get('rows'), old, old + this.size * this.#get('stride'));
    this.#ws.blocks.free(old, oldBytes);
    this.#setLimit();
  }

  #rowLimit(): number {
    return Math.floor(this.#rowBytes / this.#get('stride'));
  }

  #growIndex(): void {
    if (this.#tryDense(NONE, NONE, 0, 0)) return;
    const bits = this.#get('bits') + 1;
    if (bits > LARGEST_BITS)
      throw new MillraceError(
        'state.too-large',
        `a table of groups is full at ${this.size} keys; use more lanes, smaller windows or fewer keys`,
      );
    this.#newIndex(bits);
  }

  /**
   * A dense index of the table's keys and those of rows [from, to), if they lie close enough together. A wider one at
   * least doubles, and one takes the place of a hashed index only when that is full: work stays in proportion to groups.
   */
  #tryDense(column: Address, selection: Address, from: number, to: number): boolean {
    if (!this.#plain) return false;
    const mark = this.#ws.scratch.mark();
    const bounds = this.#ws.alloc(16);
    this.#ws.kernels.groups_bounds(this.at, column, selection, from, to, bounds);
    const { i64, u64 } = this.#ws.memory;
    const [low, high] = [must(i64[bounds / 8], 'the least key'), must(i64[bounds / 8 + 1], 'the greatest key')];
    this.#ws.scratch.release(mark);
    const range = Number(high - low) + 1;
    const old = this.#get('slots');
    const bits = Math.max(this.#get('bits'), bitsOf(this.size));
    const slots = Math.max(2 ** Math.ceil(Math.log2(range)), 2 ** SMALLEST_BITS, old * 2);
    if (slots > Math.max(ANY_SLOTS, 2 ** bits)) return false;
    // Room to spare goes to where the keys have grown, to both ends when there is no telling.
    const spare = BigInt(slots - range);
    const grownDown = old > 0 && BigInt.asUintN(64, high - must(u64[(this.at + GROUP_TABLE.base) / 8], 'a base')) < BigInt(old);
    const below = old === 0 ? spare / 2n : grownDown ? spare : 0n;
    this.#freeIndex();
    this.#indexBytes = slots * 4;
    this.#set('index', this.#ws.blocks.alloc(this.#indexBytes));
    u64[(this.at + GROUP_TABLE.base) / 8] = BigInt.asUintN(64, low - below);
    this.#set('slots', slots);
    this.#setLimit();
    this.#ws.kernels.groups_rehash(this.at);
    return true;
  }

  #freeIndex(): void {
    if (this.#indexBytes > 0) this.#ws.blocks.free(this.#get('index'), this.#indexBytes);
    this.#indexBytes = 0;
  }

  /** Keys of one word that stands for itself. */
  get #plain(): boolean {
    return this.shape.words === 1 && this.shape.references === 0;
  }

  #newRows(groups: number): void {
    this.#rowBytes = BlockArena.roomOf(groups * this.#get('stride'));
    this.#set('rows', this.#ws.blocks.alloc(this.#rowBytes));
  }

  /** A hashed index of the table's keys. */
  #newIndex(bits: number): void {
    this.#freeIndex();
    this.#set('slots', 0);
    this.#indexBytes = 4 * 2 ** bits;
    this.#set('index', this.#ws.blocks.alloc(this.#indexBytes));
    this.#set('bits', bits);
    this.#setLimit();
    if (!this.#ws.kernels.groups_rehash(this.at)) this.#reseed();
  }

  #setLimit(): void {
    const rows = this.#rowLimit();
    this.#set('limit', this.#indexed && !this.dense ? Math.min(groupsOfIndex(this.#get('bits')), rows) : rows);
  }

  /** Another seed, and if several in a row are no better (a very full table), a larger index. */
  #reseed(): void {
    const seed = this.#ws.memory.u64;
    for (let i = 0; i < 4; i++) {
      this.#reseeds++;
      this.#setSeed(
        (must(seed[(this.at + GROUP_TABLE.seed) / 8], 'a seed') * 0xd1342543de82ef95n + 0x2545f4914f6cdd1dn) & 0xffffffffffffffffn,
      );
      if (this.#ws.kernels.groups_rehash(this.at)) return;
    }
    this.#growIndex();
  }

  #setSeed(seed: bigint): void {
    this.#ws.memory.u64[(this.at + GROUP_TABLE.seed) / 8] = seed;
  }

  #get(word: Word): number {
    return must(this.#ws.memory.u32[(this.at + GROUP_TABLE[word]) / 4], word);
  }

  #set(word: Word, value: number): void {
    this.#ws.memory.u32[(this.at + GROUP_TABLE[word]) / 4] = value;
  }
}

/** How many groups an index of 2^bits slots takes. */
function groupsOfIndex(bits: number): number {
  return 2 ** (bits <= SPARSE_BITS ? bits - 2 : bits - 1);
}

/** The bits of the smallest index that takes so many groups. */
function bitsOf(groups: number): number {
  let bits = SMALLEST_BITS;
  while (bits < LARGEST_BITS && groupsOfIndex(bits) < groups) bits++;
  return bits;
}
