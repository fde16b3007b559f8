import { assert } from './assert.js';
import { MillraceError } from './errors.js';

// JavaScript's plain values as bytes, the same bytes for the same value on every machine and in every release:
//
//   a tag, then    small integer: zigzag varint    number: 8 bytes    bigint, string: length, text    Date: 8 bytes
//                  array, Set: length, values      Map: length, keys and values in turn    object: length, names and values
//                  typed array: its kind, length in bytes, bytes
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  number: 5,
  bigint: 6,
  string: 7,
  date: 8,
  array: 9,
  object: 10,
  map: 11,
  set: 12,
  bytes: 13,
} as const;

const TYPED_ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Values within values, at most: a value that contains itself is deeper. */
const MAX_DEPTH = 64;
const FIRST_BYTES = 256;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Writes values one after the other into bytes that grow. */
export class ValueEncoder {
  readonly #text = new TextEncoder();
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** Throws `value.invalid`, naming the part by `name` (as in `state.list[3]`), for what is no plain value. A refused value leaves no trace. */
  write(value: unknown, name: string): void {
    const from = this.#at;
    try {
      this.#write(value, name, 0);
    } catch (error) {
      this.#at = from;
      throw error;
    }
  }

  /** All that was written, until the next `write`. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return bytes;
  }

  #write(value: unknown, name: string, depth: number): void {
    switch (typeof value) {
      case 'undefined':
        this.#byte(TAG.undefined);
        return;
      case 'boolean':
        this.#byte(value ? TAG.true : TAG.false);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'bigint':
        this.#byte(TAG.bigint);
        this.#string(value.toString());
        return;
      case 'string':
        this.#byte(TAG.string);
        this.#string(value);
        return;
      case 'object':
        if (depth > MAX_DEPTH) throw refusal(name.slice(0, 60), `nests deeper than ${MAX_DEPTH} values, or contains itself`);
        if (value === null) this.#byte(TAG.null);
        else this.#object(value, name, depth + 1);
        return;
      default:
        throw refusal(name, `is a ${typeof value}`);
    }
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 30 && !Object.is(value, -0)) {
      this.#byte(TAG.integer);
      this.#length(value < 0 ? -2 * value - 1 : 2 * value);
    } else {
      this.#byte(TAG.number);
      this.#float(value);
    }
  }

  #object(value: object, name: string, depth: number): void {
    if (Array.isArray(value)) {
      this.#byte(TAG.array);
      this.#length(value.length);
      for (let i = 0; i < value.length; i++) this.#write(value[i], `${name}[${i}]`, depth);
    } else if (value instanceof Map) {
      this.#byte(TAG.map);
      this.#length(value.size);
      for (const [key, item] of value) {
        this.#write(key, `a key of ${name}`, depth);
        this.#write(item, `a value of ${name}`, depth);
      }
    } else if (value instanceof Set) {
      this.#byte(TAG.set);
      this.#length(value.size);
      for (const item of value) this.#write(item, `a value of ${name}`, depth);
    } else if (value instanceof Date) {
      this.#byte(TAG.date);
      this.#float(value.getTime());
    } else if (ArrayBuffer.isView(value)) {
      this.#typedArray(value, name);
    } else {
      this.#plainObject(value as Record<string, unknown>, name, depth);
    }
  }

  #typedArray(value: ArrayBufferView, name: string): void {
    const kind = TYPED_ARRAYS.findIndex((type) => value instanceof type);
    if (kind < 0) throw refusal(name, `is a ${value.constructor.name}`);
    const { byteLength } = value;
    this.#byte(TAG.bytes);
    this.#byte(kind);
    this.#length(byteLength);
    this.#room(byteLength);
    this.#bytes.set(new Uint8Array(value.buffer, value.byteOffset, byteLength), this.#at);
    this.#at += byteLength;
  }

  #plainObject(value: Record<string, unknown>, name: string, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const made = (prototype as { constructor?: { name?: unknown } }).constructor?.name;
      throw refusal(name, `is an instance of ${typeof made === 'string' && made !== '' ? made : 'a class'}`);
    }
    const names = Object.keys(value);
    this.#byte(TAG.object);
    this.#length(names.length);
    for (const key of names) {
      this.#string(key);
      this.#write(value[key], `${name}.${key}`, depth);
    }
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #length(length: number): void {
    this.#room(5);
    let rest = length;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128;
    this.#bytes[this.#at++] = rest;
  }

  #float(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** UTF-16 in two bytes a unit where it is no proper Unicode, so that every string comes back as it was. */
  #string(text: string): void {
    if (LONE_SURROGATE.test(text)) {
      this.#length(text.length * 2 + 1);
      this.#room(text.length * 2);
      for (let i = 0; i < text.length; i++) this.#view.setUint16(this.#at + i * 2, text.charCodeAt(i), true);
      this.#at += text.length * 2;
      return;
    }
    const bytes = this.#text.encode(text);
    this.#length(bytes.length * 2);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads the value whose bytes are [from, to); shared memory is fine. */
export function decodeValue(bytes: Uint8Array, from: number, to: number): unknown {
  const decoder = new Decoder(bytes, from);
  const value = decoder.read();
  assert(decoder.at === to, 'a value ends where its bytes end');
  return value;
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  read(): unknown {
    const tag = this.#byte();
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.integer: {
        const zigzag = this.#length();
        return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      }
      case TAG.number:
        return this.#float();
      case TAG.bigint:
        return BigInt(this.#string());
      case TAG.string:
        return this.#string();
      case TAG.date:
        return new Date(this.#float());
      case TAG.bytes:
        return this.#typedArray();
      default:
        return this.#collection(tag);
    }
  }

  #collection(tag: number): unknown {
    const length = this.#length();
    switch (tag) {
      case TAG.array:
        return Array.from({ length }, () => this.read());
      case TAG.map: {
        const map = new Map<unknown, unknown>();
        for (let i = 0; i < length; i++) map.set(this.read(), this.read());
        return map;
      }
      case TAG.set: {
        const set = new Set<unknown>();
        for (let i = 0; i < length; i++) set.add(this.read());
        return set;
      }
      default: {
        assert(tag === TAG.object, () => `there is no value of tag ${tag}`);
        const object: Record<string, unknown> = {};
        for (let i = 0; i < length; i++) {
          const name = this.#string();
          const value = this.read();
          // Assigning would set the object's prototype.
          if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
          else object[name] = value;
        }
        return object;
      }
    }
  }

  #typedArray(): unknown {
    const type = TYPED_ARRAYS[this.#byte()];
    assert(type !== undefined, 'a known kind of typed array');
    const length = this.#length();
    const copy = this.#bytes.slice(this.at, this.at + length);
    this.at += length;
    const buffer = new ArrayBuffer(length);
    new Uint8Array(buffer).set(copy);
    return new type(buffer);
  }

  #byte(): number {
    return this.#bytes[this.at++] as number;
  }

  #length(): number {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      length += (byte & 127) * scale;
      if (byte < 128) return length;
    }
  }

  #float(): number {
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  #string(): string {
    const coded = this.#length();
    const length = Math.floor(coded / 2);
    if (coded % 2 === 0) {
      const text = UTF8.decode(this.#bytes.subarray(this.at, this.at + length));
      this.at += length;
      return text;
    }
    const units = Array.from({ length }, (_, i) => this.#view.getUint16(this.at + i * 2, true));
    this.at += length * 2;
    return units.map((unit) => String.fromCharCode(unit)).join('');
  }
}

function refusal(name: string, what: string): MillraceError {
  return new MillraceError(
    'value.invalid',
    `${name} ${what}; use numbers, bigints, strings, booleans, null, Date, arrays, plain objects, Map, Set and typed arrays`,
  );
}
