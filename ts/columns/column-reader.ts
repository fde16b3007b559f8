import { unreachable } from '../core/assert.js';
import { getBit } from './bits.js';
import type { Vector } from './batch.js';
import { decodeText } from './decode-text.js';
import type { DetachedVector } from './detached.js';
import { readItems } from './list-items.js';
import { NONE, type Address, type Memory } from './memory.js';
import { isList, itemOf, type Kind } from './schema.js';
import type { Value } from './values.js';

/** The value of a column at a row; null where it is null. */
export type ReadValue = (row: number) => Value;

export function columnReader(memory: Memory, vector: Vector): ReadValue {
  const { validity, offsets, values } = vector;
  const read = valueReader(vector.kind, {
    u8: memory.u8,
    i32: memory.i32,
    u32: memory.u32,
    i64: memory.i64,
    f64: memory.f64,
    values,
    offsets: memory.i32,
    offsetsAt: offsets / 4,
  });
  return validity === NONE ? read : (row) => (getBit(memory.u8, validity, row) ? read(row) : null);
}

export function detachedReader(vector: DetachedVector): ReadValue {
  const { kind, validity, offsets, values } = vector;
  const at = values.byteOffset;
  const whole = (width: number): number => (at % width === 0 ? Math.floor(values.byteLength / width) : 0);
  const read = valueReader(kind, {
    u8: values,
    i32: new Int32Array(values.buffer, whole(4) > 0 ? at : 0, whole(4)),
    u32: new Uint32Array(values.buffer, whole(4) > 0 ? at : 0, whole(4)),
    i64: new BigInt64Array(values.buffer, whole(8) > 0 ? at : 0, whole(8)),
    f64: new Float64Array(values.buffer, whole(8) > 0 ? at : 0, whole(8)),
    values: 0,
    offsets: offsets ?? NO_OFFSETS,
    offsetsAt: 0,
  });
  return validity === undefined ? read : (row) => (getBit(validity, 0, row) ? read(row) : null);
}

/** An int64 of milliseconds as a number, without a BigInt; exact for every time that JavaScript's dates can tell. */
export function readTime(memory: Memory, times: Address, row: number): number {
  const word = times / 4 + row * 2;
  return (memory.i32[word + 1] as number) * 4_294_967_296 + (memory.u32[word] as number);
}

const NO_OFFSETS = new Int32Array(0);

interface Views {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly f64: Float64Array;
  /** Where the column's values begin in the views, in bytes. */
  readonly values: number;
  readonly offsets: Int32Array;
  readonly offsetsAt: number;
}

function valueReader(kind: Kind, views: Views): ReadValue {
  const { u8, i32, u32, i64, f64, values, offsets, offsetsAt } = views;
  const words = values / 4;
  const doubles = values / 8;
  if (isList(kind)) {
    const item = itemOf(kind);
    return (row) => readItems(item, u8, values + (offsets[offsetsAt + row] as number), values + (offsets[offsetsAt + row + 1] as number));
  }
  switch (kind) {
    case 'bool':
      return (row) => getBit(u8, values, row);
    case 'int32':
      return (row) => i32[words + row] as number;
    case 'int64':
      return (row) => i64[doubles + row] as bigint;
    case 'float64':
      return (row) => f64[doubles + row] as number;
    case 'timestamp':
      return (row) => (i32[words + row * 2 + 1] as number) * 4_294_967_296 + (u32[words + row * 2] as number);
    case 'utf8':
      return (row) => decodeText(u8, values + (offsets[offsetsAt + row] as number), values + (offsets[offsetsAt + row + 1] as number));
    case 'binary':
      return (row) => u8.slice(values + (offsets[offsetsAt + row] as number), values + (offsets[offsetsAt + row + 1] as number));
    default:
      return unreachable(kind);
  }
}
