// Columns as NDJSON: `{"a":1,"b":"x"}` and a line feed for each row, byte for byte what JSON.stringify gives for the row's values,
// with int64 as plain digits. The table of columns is drawn in text/cells.ts. A prefix is `,"name":`, and the first comma of a
// row becomes its brace.
import {
  bit,
  COLUMN_BYTES,
  copyShort,
  KIND_BINARY,
  KIND_BOOL,
  KIND_FLOAT64,
  KIND_INT32,
  KIND_INT64,
  KIND_LIST,
  KIND_UTF8,
  operationName,
  writeBase64,
  writeBool,
} from "../text/cells";
import { escapedBytes, escapedMask, isEscaped, NULL, writeList, writeString, writeTime } from "../text/json-values";
import { writeFloat, writeInteger } from "../text/numbers";

const QUOTE: u8 = 34;

/** How many of the bytes are written as an escape: of at most 6 bytes. */
export function json_count_escapes(from: usize, bytes: u32): u32 {
  const end = from + bytes;
  let count: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    for (; from + 16 <= end; from += 16) count += popcnt(escapedMask(v128.load(from)));
  } else {
    for (; from + 8 <= end; from += 8) count += <u32>popcnt(escapedBytes(load<u64>(from)));
  }
  for (; from < end; from++) count += <u32>isEscaped(load<u8>(from));
  return count;
}

/**
 * Rows [0, rows) at `out`; answers how many bytes. The room must hold what the widest cells of each column, all its text, its escapes
 * and 64 bytes more would take. ops: u8[rows], 0: none. withOps: each row begins with `"op":"+I"`. omitNulls: nulls are left out.
 */
export function json_encode(columns: usize, count: u32, rows: u32, ops: usize, withOps: u32, omitNulls: u32, out: usize): u32 {
  const columnsEnd = columns + <usize>count * COLUMN_BYTES;
  let p = out;
  for (let row: u32 = 0; row < rows; row++) {
    const start = p;
    if (withOps) {
      store<u64>(p, 0x3a22706f222c); // `,"op":`
      store<u8>(p, QUOTE, 6);
      store<u16>(p, operationName(ops ? load<u8>(ops + row) : 0), 7);
      store<u8>(p, QUOTE, 9);
      p += 10;
    }
    for (let column = columns; column < columnsEnd; column += COLUMN_BYTES) {
      const validity = <usize>load<u32>(column, 4);
      const isNull = validity != 0 && !bit(validity, row);
      if (isNull && omitNulls) continue;
      p = writePrefix(column, p);
      if (isNull) {
        store<u32>(p, NULL);
        p += 4;
        continue;
      }
      const kind = load<u32>(column);
      const values = <usize>load<u32>(column, 12);
      if (kind == KIND_INT64) p = writeInteger(load<i64>(values + (<usize>row << 3)), p);
      else if (kind >= KIND_UTF8) {
        const offsets = <usize>load<u32>(column, 8) + (<usize>row << 2);
        const from = load<u32>(offsets);
        const length = load<u32>(offsets, 4) - from;
        if (kind == KIND_BINARY) {
          store<u8>(p, QUOTE);
          p = writeBase64(values + from, length, p + 1);
          store<u8>(p++, QUOTE);
        } else if (kind == KIND_LIST) p = writeList(load<u32>(column, 24), values + from, values + from + length, p);
        else p = writeString(values + from, length, p);
      } else if (kind == KIND_FLOAT64) p = writeFloat(load<f64>(values + (<usize>row << 3)), false, p);
      else if (kind == KIND_INT32) p = writeInteger(load<i32>(values + (<usize>row << 2)), p);
      else if (kind == KIND_BOOL) p = writeBool(bit(values, row), p);
      else p = writeTime(load<i64>(values + (<usize>row << 3)), kind, p);
    }
    if (p == start) p++;
    store<u8>(start, 123);
    store<u16>(p, 0x0a7d);
    p += 2;
  }
  return <u32>(p - out);
}

// @ts-ignore: decorator
@inline
function writePrefix(column: usize, p: usize): usize {
  const prefix = <usize>load<u32>(column, 16);
  const length = load<u32>(column, 20);
  if (length > 64) {
    memory.copy(p, prefix, length);
    return p + length;
  }
  return copyShort(prefix, length, p);
}
