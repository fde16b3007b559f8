import { assert } from '../core/assert.js';
import { OP_NAMES, type Batch, type Op } from './batch.js';
import { columnReader, detachedReader, type ReadValue } from './column-reader.js';
import type { DetachedBatch } from './detached.js';
import { NONE, type Memory } from './memory.js';
import type { Schema } from './schema.js';
import type { Value } from './values.js';

/** A row as JavaScript sees it: columns by name; `op` first on a stream of changes. */
export type Row = Record<string, Value>;

/** All rows as plain objects, which own their values. */
export function batchToRows(memory: Memory, batch: Batch): Row[] {
  const readers = batch.columns.map((vector) => columnReader(memory, vector));
  return readRows(batch.schema, batch.rows, readers, batch.ops === NONE ? undefined : (row) => memory.u8[batch.ops + row] as number);
}

export function detachedToRows(batch: DetachedBatch): Row[] {
  const { ops } = batch;
  const readers = batch.columns.map((vector) => detachedReader(vector));
  return readRows(batch.schema, batch.rows, readers, ops && ((row) => ops[row] as number));
}

function readRows(schema: Schema, rows: number, readers: readonly ReadValue[], op: ((row: number) => number) | undefined): Row[] {
  const out: Row[] = [];
  const names = schema.map((f) => f.name);
  const all = op === undefined ? readers : [(row: number) => OP_NAMES[op(row)] as Op, ...readers];
  if (op !== undefined) names.unshift('op');
  if (rows === 0) return out;
  // Copies of the first row, written over: they have their shape from the start (a fifth of the time less).
  const first = plainRow(names, all, 0);
  for (let row = 0; row < rows; row++) out.push(fillRow({ ...first }, names, all, row));
  return out;
}

function plainRow(names: readonly string[], readers: readonly ReadValue[], row: number): Row {
  return fillRow({}, names, readers, row);
}

function fillRow(object: Row, names: readonly string[], readers: readonly ReadValue[], row: number): Row {
  for (let c = 0; c < names.length; c++) object[names[c] as string] = (readers[c] as ReadValue)(row);
  return object;
}

/** Rows of a batch that are watched before it is decided how to give the others. */
const WATCHED = 16;

/**
 * Rows of one batch for a user's function: each looks like a plain object, and a value is decoded when it is read.
 * Spread, destructuring, `Object.keys`, `JSON.stringify` and printing work. A row can be read until `release`, and
 * throws from then on, as its memory then belongs to others. Taking a lazy row apart as a whole is many times slower than
 * a plain object is to make; where the function does so with most of a batch's first rows, the others are plain objects.
 */
export class RowReader {
  readonly #source: RowSource;
  /** Rows given lazily so far, up to WATCHED. */
  #lazy = 0;
  /** Decided after those. */
  #plain: boolean | undefined;

  constructor(memory: Memory, batch: Batch) {
    this.#source = new RowSource(memory, batch);
  }

  row(index: number): Row {
    const source = this.#source;
    assert(!source.released, 'a row of a batch that was released');
    if (this.#lazy < WATCHED) this.#lazy++;
    else if ((this.#plain ??= source.takenApart * 2 >= WATCHED)) return source.plain(index);
    return new Proxy(new LazyRow(source, index), HANDLER) as unknown as Row;
  }

  release(): void {
    this.#source.release();
  }
}

class RowSource {
  readonly names: readonly string[];
  /** How often all properties of a row were asked for. */
  takenApart = 0;
  #readers: ReadonlyMap<string, ReadValue> | undefined;
  readonly #inOrder: readonly ReadValue[];

  constructor(memory: Memory, batch: Batch) {
    const readers = new Map<string, ReadValue>();
    const { ops } = batch;
    if (ops !== NONE) readers.set('op', (row) => OP_NAMES[memory.u8[ops + row] as number] as Op);
    batch.schema.forEach((field, c) => {
      const vector = batch.columns[c];
      assert(vector !== undefined, 'a batch has as many columns as its schema');
      readers.set(field.name, columnReader(memory, vector));
    });
    this.#readers = readers;
    this.names = [...readers.keys()];
    this.#inOrder = [...readers.values()];
  }

  plain(row: number): Row {
    return plainRow(this.names, this.#inOrder, row);
  }

  get released(): boolean {
    return this.#readers === undefined;
  }

  release(): void {
    this.#readers = undefined;
  }

  reader(name: string): ReadValue | undefined {
    const readers = this.#readers;
    if (readers === undefined) {
      throw new TypeError(`row.${name} was read after its batch was given back; a function that keeps a row must copy it: { ...row }`);
    }
    return readers.get(name);
  }
}

/** What a row's proxy stands on: where the row is, and how the console shows it. */
class LazyRow {
  readonly source: RowSource;
  readonly index: number;

  constructor(source: RowSource, index: number) {
    this.source = source;
    this.index = index;
  }

  /** Node's console looks past a proxy; it calls this with the proxy as `this`. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { ...this };
  }
}

const HANDLER: ProxyHandler<LazyRow> = Object.freeze({
  get(target: LazyRow, name: string | symbol, receiver: unknown) {
    if (typeof name === 'symbol') return undefined;
    const read = target.source.reader(name);
    return read === undefined ? Reflect.get(Object.prototype, name, receiver) : read(target.index);
  },
  has(target: LazyRow, name: string | symbol) {
    return (typeof name === 'string' && target.source.names.includes(name)) || name in Object.prototype;
  },
  ownKeys(target: LazyRow) {
    target.source.takenApart++;
    return target.source.names as string[];
  },
  getOwnPropertyDescriptor(target: LazyRow, name: string | symbol) {
    const read = typeof name === 'symbol' ? undefined : target.source.reader(name);
    // A getter, as spreading asks for the description first and then for the value: it need not be decoded twice.
    return read && { get: () => read(target.index), enumerable: true, configurable: true };
  },
  getPrototypeOf() {
    return Object.prototype;
  },
  set(_target: LazyRow, name: string | symbol): never {
    throw new TypeError(`row.${String(name)} was assigned to; rows are read-only: return { ...row, ${String(name)}: value } from map`);
  },
  deleteProperty(_target: LazyRow, name: string | symbol): never {
    throw new TypeError(`row.${String(name)} was deleted; rows are read-only: make a copy of what you need`);
  },
  defineProperty(_target: LazyRow, name: string | symbol): never {
    throw new TypeError(`row.${String(name)} was defined; rows are read-only: make a copy with { ...row }`);
  },
});
