import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address, type Memory, type Space } from '../columns/memory.js';
import { bitmapBytes, layoutOf, valueBytes, type Kind, type Schema } from '../columns/schema.js';
import { assert, must, unreachable } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { Workspace } from './workspace.js';

/** Rows by number: `selection` is int32[count]. */
export interface Selection {
  readonly selection: Address;
  readonly count: number;
}

/** Bytes that one column of a batch may hold: its offsets are int32. */
const MAX_COLUMN_BYTES = 2 ** 31 - 1;
/** The take kernel writes strings in whole pieces of this many bytes. */
const PIECE_BYTES = 16;

/** The rows in [0, rows) whose bit is set, and valid (`validity` NONE: all are). */
export function bitmapToSelection(ws: Workspace, bits: Address, validity: Address, rows: number): Selection {
  const selection = ws.alloc(rows * 4);
  return { selection, count: ws.kernels.select_from_bits(bits, validity, rows, selection) };
}

/** The rows [from, to). */
export function rangeSelection(ws: Workspace, from: number, to: number): Selection {
  const selection = ws.alloc((to - from) * 4);
  ws.kernels.select_range(from, to - from, selection);
  return { selection, count: to - from };
}

/**
 * The rows that the selection names, in its order, with their times, clocks, operations and places. Everything is copied.
 * `schema`, when given, renames the columns.
 */
export function takeBatch(ws: Workspace, batch: Batch, selection: Address, count: number, schema: Schema = batch.schema): Batch {
  assert(schema.length === batch.columns.length, 'takeBatch renames columns, it neither adds nor drops any');
  const columns = batch.columns.map((column) => takeVector(ws, column, selection, count));
  return batchOf(
    schema,
    count,
    columns,
    take64(ws, batch.times, selection, count),
    take64(ws, batch.clocks, selection, count),
    take8(ws, batch.ops, selection, count),
    take64(ws, batch.positions, selection, count),
  );
}

/** The same of one column. */
export function takeVector(ws: Workspace, vector: Vector, selection: Address, count: number): Vector {
  const { kernels } = ws;
  const { kind } = vector;
  const validity = takeBits(ws, vector.validity, selection, count);
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      return { kind, validity, offsets: NONE, values: takeBits(ws, vector.values, selection, count) };
    case 'words32': {
      const values = ws.alloc(count * 4);
      kernels.select_take_32(vector.values, selection, count, values);
      return { kind, validity, offsets: NONE, values };
    }
    case 'words64':
      return { kind, validity, offsets: NONE, values: take64(ws, vector.values, selection, count) };
    case 'bytes': {
      const offsets = ws.alloc((count + 1) * 4);
      const bytes = kernels.select_take_offsets(vector.offsets, selection, count, offsets);
      checkColumnBytes(bytes);
      const values = ws.alloc(bytes + PIECE_BYTES);
      kernels.select_take_bytes(vector.offsets, vector.values, selection, count, offsets, values);
      return { kind, validity, offsets, values };
    }
    default:
      return unreachable(layout);
  }
}

function takeBits(ws: Workspace, bits: Address, selection: Address, count: number): Address {
  if (bits === NONE) return NONE;
  const out = ws.alloc(bitmapBytes(count));
  ws.kernels.select_take_bits(bits, selection, count, out);
  return out;
}

function take64(ws: Workspace, values: Address, selection: Address, count: number): Address {
  if (values === NONE) return NONE;
  const out = ws.alloc(count * 8);
  ws.kernels.select_take_64(values, selection, count, out);
  return out;
}

function take8(ws: Workspace, values: Address, selection: Address, count: number): Address {
  if (values === NONE) return NONE;
  const out = ws.alloc(count);
  ws.kernels.select_take_8(values, selection, count, out);
  return out;
}

/**
 * Rows [from, to) of a batch. Fixed-width values and string bytes stay where they are; bitmaps whose bits would not
 * begin at a byte are shifted, and offsets are made to begin at 0.
 */
export function sliceBatch(ws: Workspace, batch: Batch, from: number, to: number): Batch {
  assert(from >= 0 && from <= to && to <= batch.rows, () => `rows [${from}, ${to}) of a batch of ${batch.rows}`);
  if (from === 0 && to === batch.rows) return batch;
  const at = (base: Address, bytes: number): Address => (base === NONE ? NONE : base + from * bytes);
  const columns = batch.columns.map((column) => sliceVector(ws, column, from, to));
  return batchOf(batch.schema, to - from, columns, at(batch.times, 8), at(batch.clocks, 8), at(batch.ops, 1), at(batch.positions, 8));
}

/** The same of one column. */
export function sliceVector(ws: Workspace, vector: Vector, from: number, to: number): Vector {
  const { kind } = vector;
  const rows = to - from;
  const validity = sliceBits(ws, vector.validity, from, rows);
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      return { kind, validity, offsets: NONE, values: sliceBits(ws, vector.values, from, rows) };
    case 'words32':
      return { kind, validity, offsets: NONE, values: vector.values + from * 4 };
    case 'words64':
      return { kind, validity, offsets: NONE, values: vector.values + from * 8 };
    case 'bytes': {
      if (from === 0) return { kind, validity, offsets: vector.offsets, values: vector.values };
      const offsets = ws.alloc((rows + 1) * 4);
      ws.kernels.select_rebase_offsets(vector.offsets + from * 4, rows, 0, offsets);
      return { kind, validity, offsets, values: vector.values + readOffset(ws.memory, vector, from) };
    }
    default:
      return unreachable(layout);
  }
}

function sliceBits(ws: Workspace, bits: Address, from: number, rows: number): Address {
  if (bits === NONE) return NONE;
  if (from % 8 === 0) return bits + from / 8;
  const out = ws.alloc(bitmapBytes(rows));
  ws.kernels.select_slice_bits(bits, from, rows, out);
  return out;
}

/**
 * The rows of all batches, one after another, as one batch; at least one batch, all of one schema. Where only some
 * batches carry operations, clocks or places, the others' rows are inserts, rows that nothing judges late, and rows of the first place.
 */
export function concatBatches(ws: Workspace, batches: readonly Batch[]): Batch {
  const first = must(batches[0], 'a batch to concatenate');
  if (batches.length === 1) return first;
  const rows = batches.reduce((sum, b) => sum + b.rows, 0);
  const columns = first.schema.map((field, i) => {
    const parts = batches.map((b) => ({ vector: must(b.columns[i], field.name), rows: b.rows }));
    return concatVectors(ws, field.kind, parts, rows);
  });
  const words = (pick: (b: Batch) => Address, missing: bigint): Address => {
    if (batches.every((b) => pick(b) === NONE)) return NONE;
    const out = ws.alloc(rows * 8);
    let at = 0;
    for (const b of batches) {
      if (pick(b) === NONE) ws.memory.i64.fill(missing, out / 8 + at, out / 8 + at + b.rows);
      else ws.kernels.select_copy(out + at * 8, pick(b), b.rows * 8);
      at += b.rows;
    }
    return out;
  };
  assert(
    batches.every((b) => (b.times === NONE) === (first.times === NONE)),
    'batches of one stream all have event times, or none has',
  );
  return batchOf(
    first.schema,
    rows,
    columns,
    words((b) => b.times, 0n),
    words((b) => b.clocks, -(2n ** 63n)),
    concatOps(ws, batches, rows),
    words((b) => b.positions, 0n),
  );
}

function concatOps(ws: Workspace, batches: readonly Batch[], rows: number): Address {
  if (batches.every((b) => b.ops === NONE)) return NONE;
  const out = ws.alloc(rows);
  let at = out;
  for (const b of batches) {
    if (b.ops === NONE) ws.memory.u8.fill(0, at, at + b.rows);
    else ws.kernels.select_copy(at, b.ops, b.rows);
    at += b.rows;
  }
  return out;
}

function concatVectors(
  ws: Workspace,
  kind: Kind,
  parts: readonly { readonly vector: Vector; readonly rows: number }[],
  rows: number,
): Vector {
  const { kernels } = ws;
  const bits = (pick: (v: Vector) => Address): Address => {
    const out = ws.alloc(bitmapBytes(rows));
    let at = 0;
    for (const part of parts) {
      kernels.select_append_bits(out, at, pick(part.vector), part.rows);
      at += part.rows;
    }
    return out;
  };
  const validity = parts.every((p) => p.vector.validity === NONE) ? NONE : bits((v) => v.validity);
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      return { kind, validity, offsets: NONE, values: bits((v) => v.values) };
    case 'words32':
    case 'words64': {
      const width = layout === 'words32' ? 4 : 8;
      const values = ws.alloc(rows * width);
      let at = values;
      for (const part of parts) {
        kernels.select_copy(at, part.vector.values, part.rows * width);
        at += part.rows * width;
      }
      return { kind, validity, offsets: NONE, values };
    }
    case 'bytes': {
      const total = parts.reduce((sum, p) => sum + readOffset(ws.memory, p.vector, p.rows), 0);
      checkColumnBytes(total);
      const offsets = ws.alloc((rows + 1) * 4);
      const values = ws.alloc(total);
      let row = 0;
      let byte = 0;
      for (const { vector, rows: n } of parts) {
        kernels.select_rebase_offsets(vector.offsets, n, byte, offsets + row * 4);
        const bytes = readOffset(ws.memory, vector, n);
        kernels.select_copy(values + byte, vector.values, bytes);
        row += n;
        byte += bytes;
      }
      return { kind, validity, offsets, values };
    }
    default:
      return unreachable(layout);
  }
}

/** A copy of everything a batch points to, in room of `space`; `source` is the memory that the batch lies in. */
export function copyBatchTo(space: Space, source: Memory, batch: Batch): Batch {
  const copy = (from: Address, bytes: number): Address => {
    if (from === NONE) return NONE;
    const to = space.alloc(bytes);
    space.memory.u8.set(source.u8.subarray(from, from + bytes), to);
    return to;
  };
  const { rows } = batch;
  const bitmap = (from: Address): Address => copy(from, Math.ceil(rows / 8));
  const columns = batch.columns.map((vector): Vector => {
    const { kind } = vector;
    const validity = bitmap(vector.validity);
    const layout = layoutOf(kind);
    if (layout === 'bits') return { kind, validity, offsets: NONE, values: bitmap(vector.values) };
    if (layout !== 'bytes') return { kind, validity, offsets: NONE, values: copy(vector.values, valueBytes(kind, rows)) };
    return { kind, validity, offsets: copy(vector.offsets, (rows + 1) * 4), values: copy(vector.values, readOffset(source, vector, rows)) };
  });
  const words = (from: Address): Address => copy(from, rows * 8);
  return batchOf(batch.schema, rows, columns, words(batch.times), words(batch.clocks), copy(batch.ops, rows), words(batch.positions));
}

function readOffset(memory: Memory, vector: Vector, row: number): number {
  return must(memory.u32[vector.offsets / 4 + row], 'an offset');
}

/** Refuses a text or binary column that needs more bytes than one can hold. */
export function checkColumnBytes(bytes: number): void {
  if (bytes <= MAX_COLUMN_BYTES) return;
  throw new MillraceError(
    'value.overflow',
    `a batch's text or binary column would need ${bytes} bytes, more than the ${MAX_COLUMN_BYTES} that one can hold; use smaller batches`,
  );
}
