import { assert } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { Batch } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import { isList, itemOf, type Field, type ScalarKind, type Schema, type TimestampFormat } from '../columns/schema.js';
import { itemBytes } from '../columns/list-items.js';
import type { Workspace } from './workspace.js';

/** Bytes in scratch: some rows as text. */
export interface EncodedRows {
  readonly at: Address;
  readonly bytes: number;
}

/** Rows of one schema, made bytes of a text format. */
export interface RowEncoder {
  /** The text lies in the workspace's scratch. Throws `value.invalid` where it would take more than 1 GiB. */
  encode(batch: Batch): EncodedRows;
  close(): void;
}

/** Words of a column in the table that encoders read (assembly/text/cells.ts). */
const WORDS = 8;
const KINDS = { bool: 0, int32: 1, int64: 2, float64: 3, iso: 4, seconds: 5, microseconds: 6, utf8: 7, binary: 8, list: 9 } as const;
/** The longest cell of each kind; of texts and lists, what goes round them. */
const LONGEST: readonly number[] = [5, 11, 20, 25, 29, 22, 23, 2, 2, 2];
/** An escape of JSON's is up to this much longer than what it stands for. */
export const ESCAPE_BYTES = 5;
/** Kernels write whole words past the end of a text. */
const SLACK = 128;
const MAX_BYTES = 2 ** 30;

/** The columns of a schema as kernels that write text want them: kinds, and what stands before each cell. */
export class TextColumns {
  readonly #ws: Workspace;
  readonly #schema: Schema;
  readonly #codes: readonly number[];
  /** Of lists: their items' kinds. */
  readonly #items: readonly (ScalarKind | undefined)[];
  readonly #prefixBytes: number;
  readonly #room: number;
  readonly #table: Address;

  constructor(ws: Workspace, schema: Schema, prefixes: readonly string[]) {
    this.#ws = ws;
    this.#schema = schema;
    this.#codes = schema.map(({ kind, format }) => (isList(kind) ? KINDS.list : codeOf(kind, format)));
    this.#items = schema.map(({ kind }) => (isList(kind) ? itemOf(kind) : undefined));
    const texts = prefixes.map((prefix) => new TextEncoder().encode(prefix));
    this.#prefixBytes = texts.reduce((sum, text) => sum + text.length, 0);
    this.#room = this.#prefixBytes + schema.length * WORDS * 4 + SLACK;
    this.#table = ws.blocks.alloc(this.#room);
    let at = this.#table + schema.length * WORDS * 4;
    schema.forEach((f, i) => {
      const text = texts[i] ?? new Uint8Array();
      ws.memory.u8.set(text, at);
      this.#set(i, [this.#codes[i] ?? 0, 0, 0, 0, at, text.length, itemCodeOf(f), 0]);
      at += text.length;
    });
  }

  get table(): Address {
    return this.#table;
  }

  /** Puts a batch's buffers into the table. */
  bind(batch: Batch): void {
    assert(batch.columns.length === this.#schema.length, 'a batch has the columns of its encoder');
    const { u32 } = this.#ws.memory;
    batch.columns.forEach((v, i) => u32.set([v.validity, v.offsets, v.values], this.#table / 4 + i * WORDS + 1));
  }

  /**
   * Room for the bound batch's text; `extra` bytes a row beyond cells and prefixes. `expansion`: what a text's special bytes add;
   * `listFactor`: how many times longer than as JSON a list may become.
   */
  room(batch: Batch, extra: number, expansion: (at: Address, bytes: number) => number, listFactor = 1): Address {
    let perRow = extra + this.#prefixBytes;
    let bytes = 0;
    batch.columns.forEach((v, i) => {
      const code = this.#codes[i] ?? 0;
      perRow += LONGEST[code] ?? 0;
      if (code < KINDS.utf8 || batch.rows === 0) return;
      const from = this.#ws.memory.u32[v.offsets / 4] ?? 0;
      const length = (this.#ws.memory.u32[v.offsets / 4 + batch.rows] ?? 0) - from;
      const item = this.#items[i];
      if (item !== undefined)
        bytes += listFactor * (this.#listRoom(item, itemCodeOf(this.#schema[i] as Field), v.values + from, length) + batch.rows * 2);
      else bytes += code === KINDS.binary ? Math.ceil(length / 3) * 4 + batch.rows * 4 : length + expansion(v.values + from, length);
    });
    const room = perRow * batch.rows + bytes + SLACK;
    if (room > MAX_BYTES) {
      throw new MillraceError(
        'value.invalid',
        `${batch.rows} rows would take up to ${room} bytes of text at once, more than ${MAX_BYTES}: shorten their texts`,
      );
    }
    return this.#ws.alloc(room);
  }

  /** Bytes of lists' items as JSON, of which `length` bytes hold them here. */
  #listRoom(item: ScalarKind, code: number, at: Address, length: number): number {
    const width = itemBytes(item);
    if (width > 0) return (length / width) * ((LONGEST[code] ?? 0) + 1);
    // The 4 bytes of an item's length stand for two quotes and a comma.
    return item === 'binary' ? Math.ceil(length / 3) * 4 + length : length + ESCAPE_BYTES * this.#ws.kernels.json_count_escapes(at, length);
  }

  close(): void {
    this.#ws.blocks.free(this.#table, this.#room);
  }

  #set(column: number, words: readonly number[]): void {
    this.#ws.memory.u32.set(words, this.#table / 4 + column * WORDS);
  }
}

function itemCodeOf({ kind, format }: Field): number {
  return isList(kind) ? codeOf(itemOf(kind), format) : 0;
}

function codeOf(kind: ScalarKind, format: TimestampFormat | undefined): number {
  if (kind !== 'timestamp') return KINDS[kind];
  if (format === 'ms') return KINDS.int64;
  if (format === 's') return KINDS.seconds;
  return format === 'us' ? KINDS.microseconds : KINDS.iso;
}
