import { unreachable } from '../core/assert.js';
import { decodeText } from './decode-text.js';
import type { ScalarKind } from './schema.js';
import type { Item } from './values.js';

/*
 * A list in a column is bytes, as a text is: its items one after another, little-endian and not aligned.
 *
 *   bool                                1 byte, 0 or 1
 *   int32                               4 bytes
 *   int64, float64, timestamp           8 bytes
 *   utf8, binary                        u32 length, then that many bytes
 *
 * So the bytes of two lists put together are the list of all their items, and whatever moves texts (taking, exchange,
 * state, snapshots) moves lists. Arrow's own form of a list is made and read at the border: arrow-out.ts, arrow-in.ts.
 */

/** Bytes of an item of a fixed width; 0 of those that say their length. */
export function itemBytes(kind: ScalarKind): number {
  switch (kind) {
    case 'bool':
      return 1;
    case 'int32':
      return 4;
    case 'int64':
    case 'float64':
    case 'timestamp':
      return 8;
    case 'utf8':
    case 'binary':
      return 0;
    default:
      return unreachable(kind);
  }
}

const LENGTH_BYTES = 4;

/** Items between two bytes of a column's values; undefined if they are no whole list. */
export function countItems(kind: ScalarKind, bytes: Uint8Array, from: number, to: number): number | undefined {
  const width = itemBytes(kind);
  if (width > 0) return (to - from) % width === 0 ? (to - from) / width : undefined;
  let count = 0;
  let at = from;
  while (at + LENGTH_BYTES <= to) {
    at += LENGTH_BYTES + readU32(bytes, at);
    count++;
  }
  return at === to ? count : undefined;
}

/** The items between two bytes, as a new array, which owns them. */
export function readItems(kind: ScalarKind, bytes: Uint8Array, from: number, to: number): Item[] {
  const width = itemBytes(kind);
  const items: Item[] = [];
  if (width === 0) {
    for (let at = from; at < to; ) {
      const start = at + LENGTH_BYTES;
      at = start + readU32(bytes, at);
      items.push(kind === 'utf8' ? decodeText(bytes, start, at) : bytes.slice(start, at));
    }
    return items;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, to - from);
  for (let at = 0; at < to - from; at += width) items.push(readItem(kind, view, at));
  return items;
}

function readItem(kind: ScalarKind, view: DataView, at: number): Item {
  switch (kind) {
    case 'bool':
      return view.getUint8(at) !== 0;
    case 'int32':
      return view.getInt32(at, true);
    case 'int64':
      return view.getBigInt64(at, true);
    case 'float64':
      return view.getFloat64(at, true);
    default:
      return view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
  }
}

const ENCODER = new TextEncoder();
/** Bytes of UTF-8 that one UTF-16 unit needs at most. */
const BYTES_PER_UNIT = 3;

/** The most bytes that a list of these items may need. */
export function itemsRoom(kind: ScalarKind, items: readonly Item[]): number {
  const width = itemBytes(kind);
  if (width > 0) return items.length * width;
  let bytes = 0;
  for (const item of items as readonly (string | Uint8Array)[]) {
    bytes += LENGTH_BYTES + (typeof item === 'string' ? item.length * BYTES_PER_UNIT : item.length);
  }
  return bytes;
}

/** Writes a list's items, which fit their kind, to `at`; answers where they end. */
export function writeItems(kind: ScalarKind, items: readonly Item[], bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = at;
  for (const item of items) {
    switch (kind) {
      case 'bool':
        view.setUint8(end++, item === true ? 1 : 0);
        break;
      case 'int32':
        view.setInt32(end, item as number, true);
        end += 4;
        break;
      case 'int64':
        view.setBigInt64(end, item as bigint, true);
        end += 8;
        break;
      case 'float64':
        view.setFloat64(end, item as number, true);
        end += 8;
        break;
      case 'timestamp':
        view.setBigInt64(end, BigInt(item as number), true);
        end += 8;
        break;
      default: {
        const start = end + LENGTH_BYTES;
        const length = kind === 'utf8' ? ENCODER.encodeInto(item as string, bytes.subarray(start)).written : (item as Uint8Array).length;
        if (kind === 'binary') bytes.set(item as Uint8Array, start);
        view.setUint32(end, length, true);
        end = start + length;
      }
    }
  }
  return end;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
  );
}
