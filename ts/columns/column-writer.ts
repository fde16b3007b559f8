import { setBit } from './bits.js';
import type { DetachedVector } from './detached.js';
import { itemsRoom, writeItems } from './list-items.js';
import { bitmapBytes, isList, itemOf, layoutOf, valueBytes, type Kind, type ScalarKind } from './schema.js';
import type { Item, Value } from './values.js';

const FIRST_ROWS = 64;
const FIRST_BYTES = 1024;
/** Bytes of UTF-8 that one UTF-16 unit needs at most. */
const BYTES_PER_UNIT = 3;

/**
 * A column that grows, in ordinary memory. Values are written by row number, each right after the one before, so a
 * row that failed half way is simply written again. Callers have checked the values (see values.ts).
 */
export class ColumnWriter {
  readonly kind: Kind;
  readonly #isBytes: boolean;
  /** Of a list. */
  readonly #item: ScalarKind;
  readonly #encoder = new TextEncoder();
  #rows = 0;
  #hasNulls = false;
  #validity = new Uint8Array(0);
  #offsets = new Int32Array(0);
  #values = new Uint8Array(0);
  #view = new DataView(this.#values.buffer);

  constructor(kind: Kind) {
    this.kind = kind;
    this.#isBytes = layoutOf(kind) === 'bytes';
    this.#item = isList(kind) ? itemOf(kind) : kind;
    this.#growRows(FIRST_ROWS);
    if (this.#isBytes) this.#growValues(FIRST_BYTES);
  }

  write(row: number, value: Value): void {
    if (row >= this.#rows) this.#growRows(this.#rows * 2);
    setBit(this.#validity, 0, row, value !== null);
    if (value === null) {
      this.#hasNulls = true;
      this.#writeNothing(row);
      return;
    }
    switch (this.kind) {
      case 'bool':
        setBit(this.#values, 0, row, value as boolean);
        break;
      case 'int32':
        this.#view.setInt32(row * 4, value as number, true);
        break;
      case 'int64':
        this.#view.setBigInt64(row * 8, value as bigint, true);
        break;
      case 'timestamp':
        writeTime(this.#view, row * 8, value as number);
        break;
      case 'float64':
        this.#view.setFloat64(row * 8, value as number, true);
        break;
      case 'utf8':
        this.#writeText(row, value as string);
        break;
      case 'binary':
        this.#writeBytes(row, value as Uint8Array);
        break;
      default:
        this.#writeList(row, this.#item, value as readonly Item[]);
    }
  }

  /** Bytes that the first `rows` values hold. */
  bytes(rows: number): number {
    return this.#isBytes ? (this.#offsets[rows] as number) : valueBytes(this.kind, rows);
  }

  /** The first `rows` values, still in the writer's memory: to be copied, or kept and the writer thrown away. */
  vector(rows: number): DetachedVector {
    return {
      kind: this.kind,
      validity: this.#hasNulls ? this.#validity.subarray(0, bitmapBytes(rows)) : undefined,
      offsets: this.#isBytes ? this.#offsets.subarray(0, rows + 1) : undefined,
      values: this.#values.subarray(0, this.bytes(rows)),
    };
  }

  clear(): void {
    this.#hasNulls = false;
  }

  #writeNothing(row: number): void {
    if (this.#isBytes) this.#offsets[row + 1] = this.#offsets[row] as number;
    else if (this.kind === 'bool') setBit(this.#values, 0, row, false);
    else this.#values.fill(0, valueBytes(this.kind, row), valueBytes(this.kind, row + 1));
  }

  #writeText(row: number, text: string): void {
    const from = this.#offsets[row] as number;
    const most = from + text.length * BYTES_PER_UNIT;
    if (most > this.#values.length) this.#growValues(most);
    this.#offsets[row + 1] = from + this.#encoder.encodeInto(text, this.#values.subarray(from)).written;
  }

  #writeBytes(row: number, bytes: Uint8Array): void {
    const from = this.#offsets[row] as number;
    const to = from + bytes.length;
    if (to > this.#values.length) this.#growValues(to);
    this.#values.set(bytes, from);
    this.#offsets[row + 1] = to;
  }

  #writeList(row: number, item: ScalarKind, items: readonly Item[]): void {
    const from = this.#offsets[row] as number;
    const most = from + itemsRoom(item, items);
    if (most > this.#values.length) this.#growValues(most);
    this.#offsets[row + 1] = writeItems(item, items, this.#values, from);
  }

  #growRows(rows: number): void {
    this.#rows = rows;
    this.#validity = grown(this.#validity, bitmapBytes(rows));
    if (this.#isBytes) {
      const offsets = new Int32Array(rows + 1);
      offsets.set(this.#offsets);
      this.#offsets = offsets;
    } else {
      this.#growValues(valueBytes(this.kind, rows));
    }
  }

  #growValues(bytes: number): void {
    this.#values = grown(this.#values, Math.max(bytes, this.#values.length * 2));
    this.#view = new DataView(this.#values.buffer);
  }
}

/** Milliseconds as int64, without a BigInt: the low word, and the high word by floor division. */
function writeTime(view: DataView, at: number, ms: number): void {
  const high = Math.floor(ms / 4_294_967_296);
  view.setUint32(at, ms - high * 4_294_967_296, true);
  view.setInt32(at + 4, high, true);
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
