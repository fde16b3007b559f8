import { assert } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from './batch.js';
import { NONE, type Address, type Memory, type Space } from './memory.js';
import { bitmapBytes, layoutOf, sameSchema, valueBytes, type Kind, type Schema } from './schema.js';

/** A batch in ordinary memory, owned by whoever holds it. Plain data that crosses threads; buffers as in Batch. */
export interface DetachedBatch {
  readonly schema: Schema;
  readonly rows: number;
  readonly columns: readonly DetachedVector[];
  readonly times: BigInt64Array | undefined;
  readonly ops: Uint8Array | undefined;
  /** Only between lanes and in tests: users never see them. */
  readonly clocks?: BigInt64Array | undefined;
  readonly positions?: BigInt64Array | undefined;
}

/** `values` of fixed-width kinds begin at a multiple of the element's size; buffers may be longer than their rows need. */
export interface DetachedVector {
  readonly kind: Kind;
  readonly validity: Uint8Array | undefined;
  readonly offsets: Int32Array | undefined;
  readonly values: Uint8Array;
}

/** Arrow's own advice; also keeps every element type aligned. */
const ALIGN = 64;

/** Copies a batch out of linear memory, into one ArrayBuffer of its own. */
export function detach(memory: Memory, batch: Batch): DetachedBatch {
  const { rows } = batch;
  const copy = new Copier(memory, batchBytes(memory, batch) + (batch.columns.length * 3 + 4) * ALIGN);
  const columns = batch.columns.map((vector): DetachedVector => {
    const validity = vector.validity === NONE ? undefined : copy.bytes(vector.validity, bitmapBytes(rows));
    const offsets = vector.offsets === NONE ? undefined : asInt32(copy.bytes(vector.offsets, (rows + 1) * 4));
    return { kind: vector.kind, validity, offsets, values: copy.bytes(vector.values, valuesBytes(memory, vector, rows)) };
  });
  return {
    schema: batch.schema,
    rows,
    columns,
    times: batch.times === NONE ? undefined : asInt64(copy.bytes(batch.times, rows * 8)),
    ops: batch.ops === NONE ? undefined : copy.bytes(batch.ops, rows),
    clocks: batch.clocks === NONE ? undefined : asInt64(copy.bytes(batch.clocks, rows * 8)),
    positions: batch.positions === NONE ? undefined : asInt64(copy.bytes(batch.positions, rows * 8)),
  };
}

/** Copies a detached batch into linear memory; it lives as long as what `space` gives. */
export function attach(space: Space, detached: DetachedBatch): Batch {
  const { rows } = detached;
  const { u8 } = space.memory;
  const put = (bytes: Uint8Array | undefined, length: number): Address => {
    if (bytes === undefined) return NONE;
    const at = space.alloc(length);
    u8.set(bytes.byteLength > length ? bytes.subarray(0, length) : bytes, at);
    return at;
  };
  const columns = detached.columns.map((vector): Vector => {
    const bytes = vector.offsets === undefined ? valueBytes(vector.kind, rows) : (vector.offsets[rows] as number);
    return {
      kind: vector.kind,
      validity: put(vector.validity, bitmapBytes(rows)),
      offsets: put(bytesOf(vector.offsets), (rows + 1) * 4),
      values: put(vector.values, bytes),
    };
  });
  return batchOf(
    detached.schema,
    rows,
    columns,
    put(bytesOf(detached.times), rows * 8),
    put(bytesOf(detached.clocks), rows * 8),
    put(detached.ops, rows),
    put(bytesOf(detached.positions), rows * 8),
  );
}

/** Bytes of a column's values. */
export function valuesBytes(memory: Memory, vector: Vector, rows: number): number {
  if (layoutOf(vector.kind) !== 'bytes') return valueBytes(vector.kind, rows);
  return memory.i32[vector.offsets / 4 + rows] as number;
}

/** Bytes that a batch's buffers hold, without padding. */
export function batchBytes(memory: Memory, batch: Batch): number {
  const { rows } = batch;
  let bytes = batch.ops === NONE ? 0 : rows;
  for (const words of [batch.times, batch.clocks, batch.positions]) if (words !== NONE) bytes += rows * 8;
  for (const vector of batch.columns) {
    if (vector.validity !== NONE) bytes += bitmapBytes(rows);
    if (vector.offsets !== NONE) bytes += (rows + 1) * 4;
    bytes += valuesBytes(memory, vector, rows);
  }
  return bytes;
}

/** Bytes that a detached batch's buffers hold. */
export function detachedBytes(batch: DetachedBatch): number {
  let bytes = 0;
  for (const view of [batch.times, batch.clocks, batch.ops, batch.positions]) bytes += view?.byteLength ?? 0;
  for (const { validity, offsets, values } of batch.columns) {
    bytes += (validity?.byteLength ?? 0) + (offsets?.byteLength ?? 0) + values.byteLength;
  }
  return bytes;
}

/** The buffers under a batch, for a transfer list: after `postMessage` with it the batch is the receiver's alone. */
export function transferables(batch: DetachedBatch): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const add = (view: ArrayBufferView | undefined): void => {
    if (view?.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  };
  for (const view of [batch.times, batch.clocks, batch.ops, batch.positions]) add(view);
  for (const { validity, offsets, values } of batch.columns) for (const view of [validity, offsets, values]) add(view);
  return [...buffers];
}

/** Several batches of one schema, in order, as one in linear memory. */
export function attachAll(space: Space, schema: Schema, batches: readonly DetachedBatch[]): Batch {
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return attach(space, only);
  return attach(space, concatDetached(schema, batches));
}

/** Several batches of one schema, in order, as one. Those with times, clocks or ops must all have them. */
export function concatDetached(schema: Schema, batches: readonly DetachedBatch[]): DetachedBatch {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  for (const batch of batches) assert(sameSchema(batch.schema, schema), 'batches of different schemas cannot become one');
  const filled = batches.filter((batch) => batch.rows > 0);
  return {
    schema,
    rows,
    columns: schema.map(({ kind }, c) =>
      concatVectors(
        kind,
        rows,
        filled.map((batch) => ({ rows: batch.rows, vector: batch.columns[c] as DetachedVector })),
      ),
    ),
    times: concatTimes(rows, filled, (batch) => batch.times, 'times'),
    clocks: concatTimes(rows, filled, (batch) => batch.clocks, 'clocks'),
    ops: concatOps(rows, filled),
    positions: concatPositions(rows, filled),
  };
}

/** Several columns of one kind, in order, as one of `rows` rows. */
export function concatVectors(
  kind: Kind,
  rows: number,
  vectors: readonly { readonly rows: number; readonly vector: DetachedVector }[],
): DetachedVector {
  const validity = vectors.some(({ vector }) => vector.validity !== undefined) ? new Uint8Array(bitmapBytes(rows)) : undefined;
  const isBytes = layoutOf(kind) === 'bytes';
  const total = isBytes ? vectors.reduce((sum, v) => sum + (v.vector.offsets?.[v.rows] ?? 0), 0) : valueBytes(kind, rows);
  const values = new Uint8Array(total);
  const offsets = isBytes ? new Int32Array(rows + 1) : undefined;
  let row = 0;
  let byte = 0;
  for (const { rows: n, vector } of vectors) {
    if (validity !== undefined) appendBits(validity, row, vector.validity, n);
    if (offsets !== undefined && vector.offsets !== undefined) {
      for (let i = 1; i <= n; i++) offsets[row + i] = byte + (vector.offsets[i] as number);
      const bytes = vector.offsets[n] as number;
      values.set(vector.values.subarray(0, bytes), byte);
      byte += bytes;
    } else if (kind === 'bool') {
      appendBits(values, row, vector.values, n);
    } else {
      const bytes = valueBytes(kind, n);
      values.set(vector.values.subarray(0, bytes), byte);
      byte += bytes;
    }
    row += n;
  }
  return { kind, validity, offsets, values };
}

/** Sets bits [at, at + count) of `into`, which are 0, from bits [0, count) of `from`; no bitmap means all ones. */
function appendBits(into: Uint8Array, at: number, from: Uint8Array | undefined, count: number): void {
  for (let i = 0; i < count; i++) {
    if (from !== undefined && (((from[i >>> 3] as number) >>> (i & 7)) & 1) === 0) continue;
    into[(at + i) >>> 3] = (into[(at + i) >>> 3] as number) | (1 << ((at + i) & 7));
  }
}

function concatTimes(
  rows: number,
  batches: readonly DetachedBatch[],
  part: (batch: DetachedBatch) => BigInt64Array | undefined,
  what: string,
): BigInt64Array | undefined {
  if (batches.every((batch) => part(batch) === undefined)) return undefined;
  const out = new BigInt64Array(rows);
  let row = 0;
  for (const batch of batches) {
    const times = part(batch);
    assert(times !== undefined, `batches with and without ${what} cannot become one`);
    out.set(times.length > batch.rows ? times.subarray(0, batch.rows) : times, row);
    row += batch.rows;
  }
  return out;
}

/** Rows without a place have the first. */
function concatPositions(rows: number, batches: readonly DetachedBatch[]): BigInt64Array | undefined {
  if (batches.every((batch) => batch.positions === undefined)) return undefined;
  const out = new BigInt64Array(rows);
  let row = 0;
  for (const batch of batches) {
    if (batch.positions !== undefined) out.set(batch.positions.subarray(0, batch.rows), row);
    row += batch.rows;
  }
  return out;
}

/** A batch without operations is one of inserts, which are zeros. */
function concatOps(rows: number, batches: readonly DetachedBatch[]): Uint8Array | undefined {
  if (batches.every((batch) => batch.ops === undefined)) return undefined;
  const out = new Uint8Array(rows);
  let row = 0;
  for (const batch of batches) {
    if (batch.ops !== undefined) out.set(batch.ops.subarray(0, batch.rows), row);
    row += batch.rows;
  }
  return out;
}

class Copier {
  readonly #from: Uint8Array;
  readonly #into: ArrayBuffer;
  #top = 0;

  constructor(memory: Memory, bytes: number) {
    this.#from = memory.u8;
    this.#into = new ArrayBuffer(bytes);
  }

  bytes(at: Address, length: number): Uint8Array {
    const copy = new Uint8Array(this.#into, this.#top, length);
    copy.set(this.#from.subarray(at, at + length));
    this.#top += Math.ceil(length / ALIGN) * ALIGN;
    return copy;
  }
}

function bytesOf(view: ArrayBufferView | undefined): Uint8Array | undefined {
  return view === undefined ? undefined : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function asInt32(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function asInt64(bytes: Uint8Array): BigInt64Array {
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
}
