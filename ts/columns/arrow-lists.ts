import { MillraceError } from '../core/errors.js';
import { getBit, setBit } from './bits.js';
import type { DetachedVector } from './detached.js';
import { itemBytes } from './list-items.js';
import { bitmapBytes, listOf, type ScalarKind } from './schema.js';

/*
 * Lists between the form that columns have here (list-items.ts: items packed into bytes, offsets in bytes) and Arrow's
 * (offsets in items, items a column of their own).
 */

/** What Arrow calls a list's child: its items as a column. */
export interface ArrowList {
  readonly offsets: Int32Array;
  readonly items: number;
  readonly child: DetachedVector;
}

/** Over the very bytes where the items are of a fixed width. */
export function listForArrow(item: ScalarKind, offsets: Int32Array, values: Uint8Array, rows: number): ArrowList {
  const width = itemBytes(item);
  if (width === 0) return textsForArrow(item, offsets, values, rows);
  const ends =
    width === 1 ? offsets.subarray(0, rows + 1) : Int32Array.from({ length: rows + 1 }, (_, i) => (offsets[i] as number) / width);
  const items = ends[rows] as number;
  const bytes = values.subarray(0, items * width);
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return {
    offsets: ends,
    items,
    child: { kind: item, validity: undefined, offsets: undefined, values: width === 1 ? bitsOf(bytes) : aligned },
  };
}

/** Lengths, which stand before each item, become offsets. */
function textsForArrow(item: ScalarKind, offsets: Int32Array, values: Uint8Array, rows: number): ArrowList {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const ends = new Int32Array(rows + 1);
  const itemEnds = [0];
  const bytes = new Uint8Array(offsets[rows] as number);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = offsets[row] as number; at < (offsets[row + 1] as number); ) {
      const length = view.getUint32(at, true);
      bytes.set(values.subarray(at + 4, at + 4 + length), end);
      end += length;
      at += 4 + length;
      itemEnds.push(end);
    }
    ends[row + 1] = itemEnds.length - 1;
  }
  const child: DetachedVector = { kind: item, validity: undefined, offsets: Int32Array.from(itemEnds), values: bytes.subarray(0, end) };
  return { offsets: ends, items: itemEnds.length - 1, child };
}

function bitsOf(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(bitmapBytes(bytes.length));
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) setBit(bits, 0, i, true);
  return bits;
}

/**
 * A column of lists from Arrow's parts: `ends` are offsets in items from 0, `child` the items, of which none may be null.
 * A null row has length 0. `what` names the column in errors.
 */
export function listFromArrow(
  what: string,
  item: ScalarKind,
  rows: number,
  ends: Int32Array,
  child: DetachedVector,
  validity: Uint8Array | undefined,
): DetachedVector {
  const kept = (row: number): boolean => validity === undefined || getBit(validity, 0, row);
  const width = itemBytes(item);
  const length = (at: number): number => (width > 0 ? width : 4 + ((child.offsets?.[at + 1] as number) - (child.offsets?.[at] as number)));
  const offsets = new Int32Array(rows + 1);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = ends[row] as number; kept(row) && at < (ends[row + 1] as number); at++) {
      if (child.validity !== undefined && !getBit(child.validity, 0, at)) {
        throw new MillraceError(
          'value.invalid',
          `row ${row}, column ${what}: item ${at - (ends[row] as number)} is null; a list holds no nulls`,
        );
      }
      total += length(at);
    }
    if (total > 0x7fff_ffff) {
      throw new MillraceError('value.overflow', `column ${what}: a batch holds more than 2147483647 bytes of it; write smaller batches`);
    }
    offsets[row + 1] = total;
  }
  const values = new Uint8Array(total);
  for (let row = 0, end = 0; row < rows; row++) {
    if (kept(row)) end = pack(item, child, ends[row] as number, ends[row + 1] as number, values, end);
  }
  return { kind: listOf(item), validity, offsets, values };
}

/** Items [from, to) of a column, packed to `at`; answers where they end. */
function pack(item: ScalarKind, child: DetachedVector, from: number, to: number, into: Uint8Array, at: number): number {
  const width = itemBytes(item);
  if (item === 'bool') {
    for (let i = from; i < to; i++) into[at + i - from] = getBit(child.values, 0, i) ? 1 : 0;
    return at + to - from;
  }
  if (width > 0) {
    into.set(child.values.subarray(from * width, to * width), at);
    return at + (to - from) * width;
  }
  const view = new DataView(into.buffer);
  let end = at;
  for (let i = from; i < to; i++) {
    const start = child.offsets?.[i] as number;
    const stop = child.offsets?.[i + 1] as number;
    view.setUint32(end, stop - start, true);
    into.set(child.values.subarray(start, stop), end + 4);
    end += 4 + stop - start;
  }
  return end;
}
