import { assert, must } from '../core/assert.js';
import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { BlockArena } from '../wasm/arena.js';
import { ROW_STORE } from '../wasm/generated/layouts.js';
import type { Workspace } from '../wasm/workspace.js';
import { readWord, type GroupRows } from './group-rows.js';
import { isBytes, wordsOf } from './key-words.js';

const NO_ROWS = 1;
const NO_HEAP = 2;
const CLASSES = 48;
/** next and flags, before a row's words. */
const HEAD_BYTES = 8;
const SMALLEST_CHUNK = 1 << 12;
const LARGEST_CHUNK = 1 << 20;
const NULLS_A_WORD = 32;

type Word = Exclude<keyof typeof ROW_STORE, 'bytes'>;

/** Where a kept row has a column: its word, and the bit of the word that tells that it is null (0: it never is). */
export interface StoredColumn {
  readonly word: number;
  readonly nullWord: number;
  readonly nullBit: number;
}

/**
 * Rows of one schema, kept one by one in linear memory (assembly/state/row-store.ts draws them): a word a column, bytes in a heap, and
 * each row and block that is given back is used again. A row stays at its address. All is given back on `close`.
 *
 * `head` words come before the columns'; their values are what `words` is given for them.
 */
export class RowStore {
  readonly at: Address;
  readonly schema: Schema;
  readonly stored: readonly StoredColumn[];
  readonly #ws: Workspace;
  readonly #head: number;
  readonly #words: number;
  readonly #references: Address;
  readonly #chunks: { at: Address; bytes: number }[] = [];
  #rowChunk = SMALLEST_CHUNK;
  #heapChunk = SMALLEST_CHUNK;

  constructor(ws: Workspace, schema: Schema, head = 0) {
    this.#ws = ws;
    this.schema = schema;
    this.#head = head;
    const masks = schema.some((f) => f.nullable) ? Math.ceil(schema.length / NULLS_A_WORD) : 0;
    this.#words = head + schema.length + masks;
    this.stored = schema.map(({ nullable }, i) => ({
      word: head + i,
      nullWord: nullable ? head + schema.length + Math.floor(i / NULLS_A_WORD) : 0,
      nullBit: nullable ? 2 ** (i % NULLS_A_WORD) : 0,
    }));
    const bytes = ROW_STORE.bytes + CLASSES * 4;
    this.at = this.#ws.blocks.alloc(bytes);
    ws.memory.u8.fill(0, this.at, this.at + bytes);
    this.#references = ws.blocks.alloc(this.#words);
    ws.memory.u8.fill(0, this.#references, this.#references + this.#words);
    schema.forEach(({ kind }, i) => {
      if (isBytes(kind)) ws.memory.u8[this.#references + head + i] = 1;
    });
    this.#set('stride', HEAD_BYTES + this.#words * 8);
    this.#set('words', this.#words);
    this.#set('references', this.#references);
  }

  /** Rows kept. */
  get live(): number {
    return this.#get('live');
  }

  get bytesInUse(): number {
    const fixed = BlockArena.roomOf(ROW_STORE.bytes + CLASSES * 4) + BlockArena.roomOf(this.#words);
    return this.#chunks.reduce((sum, c) => sum + BlockArena.roomOf(c.bytes), fixed);
  }

  /** Where the columns' words begin, after the head. */
  get valuesFrom(): number {
    return this.#head;
  }

  /**
   * A batch's rows as columns of words, in scratch or the batch's own buffers: u32[words], their addresses. `head`: the columns of
   * the head's words.
   */
  words(batch: Batch, head: readonly Address[] = []): Address {
    assert(head.length === this.#head, 'a word for each of the head');
    const ws = this.#ws;
    const { rows } = batch;
    const vectors = this.schema.map((f, i) => must(batch.columns[i], f.name));
    const words = vectors.map((v) =>
      v.kind === 'float64' ? floatWords(ws, v, rows) : wordsOf(ws, v, rows, v.validity !== NONE && !isFixedCopy(v)),
    );
    const masks: Address[] = [];
    for (let from = 0; from < vectors.length && this.#words > this.#head + vectors.length; from += NULLS_A_WORD) {
      const mask = ws.alloc(rows * 8);
      ws.memory.u8.fill(0, mask, mask + rows * 8);
      vectors.slice(from, from + NULLS_A_WORD).forEach((v, i) => {
        if (v.validity === NONE) return;
        assert(this.schema[from + i]?.nullable, () => `column ${this.schema[from + i]?.name} is not nullable but has nulls`);
        ws.kernels.words_mask_nulls(must(words[from + i], 'a word'), v.validity, rows, mask, 1n << BigInt(i));
      });
      masks.push(mask);
    }
    const all = [...head, ...words, ...masks];
    const addresses = ws.alloc(all.length * 4);
    ws.memory.u32.set(all, addresses / 4);
    return addresses;
  }

  /**
   * Runs a kernel that keeps rows [0, count), and makes room whenever it stops short; `run(at)` says how far it came.
   */
  fill(count: number, run: (at: number) => number): void {
    for (let at = 0; at < count; ) {
      const next = run(at) >>> 0;
      if (next < count) this.grow();
      at = next;
    }
  }

  /** What a kernel that stopped short has asked for. */
  grow(): void {
    switch (this.#get('reason')) {
      case NO_ROWS: {
        const stride = this.#get('stride');
        const bytes = Math.max(this.#rowChunk, BlockArena.roomOf(stride * 4));
        const at = this.#chunk(bytes);
        this.#rowChunk = Math.min(bytes * 2, Math.max(LARGEST_CHUNK, bytes));
        this.#set('top', at);
        this.#set('end', at + Math.floor(bytes / stride) * stride);
        break;
      }
      case NO_HEAP: {
        const bytes = Math.max(this.#heapChunk, BlockArena.roomOf(this.#get('needBytes') + 8));
        const at = this.#chunk(bytes);
        this.#heapChunk = Math.min(bytes * 2, LARGEST_CHUNK);
        this.#set('heapTop', at);
        this.#set('heapEnd', at + bytes - 8); // a kernel may read 7 bytes beyond a value
        break;
      }
      default:
        assert(false, `a row store stopped for reason ${this.#get('reason')}`);
    }
    this.#set('reason', 0);
  }

  /** The rows' columns, all or those named by index, in scratch. */
  read(rows: GroupRows, columns: readonly number[] = this.schema.map((_, i) => i)): Vector[] {
    return columns.map((i) => {
      const { kind, nullable } = must(this.schema[i], 'a column');
      const { word, nullWord, nullBit } = must(this.stored[i], 'a column');
      const presence = nullable ? { offset: HEAD_BYTES + nullWord * 8, bits: nullBit, invert: true } : undefined;
      return readWord(rows, HEAD_BYTES + word * 8, kind, presence);
    });
  }

  /** A word of the head, for each row, as int64[rows]. */
  readHead(rows: GroupRows, word: number): Address {
    return readWord(rows, HEAD_BYTES + word * 8, 'int64').values;
  }

  /** Bytes of a row. */
  get stride(): number {
    return this.#get('stride');
  }

  /** The words that tell which columns are null. */
  get nullWords(): readonly number[] {
    const from = this.#head + this.schema.length;
    return Array.from({ length: this.#words - from }, (_, i) => from + i);
  }

  /** Where a row has a word. */
  static offsetOf(word: number): number {
    return HEAD_BYTES + word * 8;
  }

  close(): void {
    const { blocks } = this.#ws;
    for (const { at, bytes } of this.#chunks) blocks.free(at, bytes);
    blocks.free(this.#references, this.#words);
    blocks.free(this.at, ROW_STORE.bytes + CLASSES * 4);
  }

  #chunk(bytes: number): Address {
    const at = this.#ws.blocks.alloc(bytes);
    this.#chunks.push({ at, bytes });
    return at;
  }

  #get(word: Word): number {
    return must(this.#ws.memory.u32[(this.at + ROW_STORE[word]) / 4], word);
  }

  #set(word: Word, value: number): void {
    this.#ws.memory.u32[(this.at + ROW_STORE[word]) / 4] = value;
  }
}

/** Bits as they are, NaN and -0 included: what is kept must come back the same. */
function floatWords(ws: Workspace, v: Vector, rows: number): Address {
  if (v.validity === NONE) return v.values;
  const out = ws.alloc(rows * 8);
  ws.kernels.select_copy(out, v.values, rows * 8);
  return out;
}

/** Kinds whose words are a copy always. */
function isFixedCopy({ kind }: Vector): boolean {
  return kind === 'int32' || kind === 'bool' || isBytes(kind);
}
