// Columns as CSV (RFC 4180, with line feeds): a cell that holds the delimiter, a quote or a line break is quoted, its quotes doubled.
// Null is an empty cell, the empty text is "", a list a cell of JSON. The table of columns is drawn in text/cells.ts; prefixes are not used.
import {
  bit,
  COLUMN_BYTES,
  KIND_BINARY,
  KIND_BOOL,
  KIND_FLOAT64,
  KIND_INT32,
  KIND_INT64,
  KIND_ISO,
  KIND_LIST,
  KIND_SECONDS,
  KIND_UTF8,
  operationName,
  writeBase64,
  writeBool,
} from "../text/cells";
import { writeList } from "../text/json-values";
import { writeFloat, writeInteger } from "../text/numbers";
import { isDate, writeIso, writeMicroseconds, writeSeconds } from "../text/times";

const QUOTE: u8 = 34;

/** How many of the bytes are quotes, which are written twice. */
export function csv_count_quotes(from: usize, bytes: u32): u32 {
  const end = from + bytes;
  let count: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const quotes = i8x16.splat(QUOTE);
    for (; from + 16 <= end; from += 16) count += popcnt(<u32>i8x16.bitmask(i8x16.eq(v128.load(from), quotes)));
  }
  for (; from < end; from++) count += <u32>(load<u8>(from) == QUOTE);
  return count;
}

// @ts-ignore: decorator
@inline
function needsQuotes(from: usize, end: usize, delimiter: u8): bool {
  if (from == end) return true;
  if (ASC_FEATURE_SIMD) {
    for (; from < end; from += 16) {
      const v = v128.load(from);
      const a = v128.or(i8x16.eq(v, i8x16.splat(QUOTE)), i8x16.eq(v, i8x16.splat(delimiter)));
      const b = v128.or(i8x16.eq(v, i8x16.splat(10)), i8x16.eq(v, i8x16.splat(13)));
      const mask = <u32>i8x16.bitmask(v128.or(a, b));
      if (mask) return <usize>ctz(mask) < end - from;
    }
    return false;
  }
  for (; from < end; from++) {
    const c = load<u8>(from);
    if (c == QUOTE || c == delimiter || c == 10 || c == 13) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function writeCell(from: usize, length: u32, delimiter: u8, p: usize): usize {
  const end = from + length;
  if (!needsQuotes(from, end, delimiter)) {
    if (length <= 64) for (let k: usize = 0; k < length; k += 8) store<u64>(p + k, load<u64>(from + k));
    else memory.copy(p, from, length);
    return p + length;
  }
  store<u8>(p++, QUOTE);
  for (; from < end; from++) {
    const c = load<u8>(from);
    store<u8>(p++, c);
    if (c == QUOTE) store<u8>(p++, QUOTE);
  }
  store<u8>(p, QUOTE);
  return p + 1;
}

/** JSON, then quoted where it lies: from its end on, so that nothing is overwritten before it is read. */
function writeListCell(item: u32, from: usize, length: u32, delimiter: u8, p: usize): usize {
  const end = writeList(item, from, from + length, p);
  if (!needsQuotes(p, end, delimiter)) return end;
  let quotes: usize = 2;
  for (let at = p; at < end; at++) quotes += <usize>(load<u8>(at) == QUOTE);
  let to = end + quotes;
  store<u8>(--to, QUOTE);
  for (let at = end; at > p; ) {
    const c = load<u8>(--at);
    store<u8>(--to, c);
    if (c == QUOTE) store<u8>(--to, QUOTE);
  }
  store<u8>(--to, QUOTE);
  return end + quotes;
}

/**
 * Rows [0, rows) at `out`; answers how many bytes. The room must hold what the widest cells of each column, all its text, its quotes
 * and 64 bytes more would take. withOps: the first cell of each row is +I, -U, +U or -D, from ops, u8[rows] (0: all are +I).
 */
export function csv_encode(columns: usize, count: u32, rows: u32, ops: usize, withOps: u32, delimiter: u32, out: usize): u32 {
  const columnsEnd = columns + <usize>count * COLUMN_BYTES;
  const comma = <u8>delimiter;
  let p = out;
  for (let row: u32 = 0; row < rows; row++) {
    if (withOps) {
      store<u16>(p, operationName(ops ? load<u8>(ops + row) : 0));
      store<u8>(p, comma, 2);
      p += 3;
    }
    for (let column = columns; column < columnsEnd; column += COLUMN_BYTES) {
      const validity = <usize>load<u32>(column, 4);
      if (validity == 0 || bit(validity, row)) {
        const kind = load<u32>(column);
        const values = <usize>load<u32>(column, 12);
        if (kind == KIND_INT64) p = writeInteger(load<i64>(values + (<usize>row << 3)), p);
        else if (kind >= KIND_UTF8) {
          const offsets = <usize>load<u32>(column, 8) + (<usize>row << 2);
          const from = load<u32>(offsets);
          const length = load<u32>(offsets, 4) - from;
          if (kind == KIND_LIST) p = writeListCell(load<u32>(column, 24), values + from, length, comma, p);
          else p = kind == KIND_BINARY ? writeBase64(values + from, length, p) : writeCell(values + from, length, comma, p);
        } else if (kind == KIND_FLOAT64) p = writeFloat(load<f64>(values + (<usize>row << 3)), true, p);
        else if (kind == KIND_INT32) p = writeInteger(load<i32>(values + (<usize>row << 2)), p);
        else if (kind == KIND_BOOL) p = writeBool(bit(values, row), p);
        else p = writeTime(load<i64>(values + (<usize>row << 3)), kind, p);
      }
      store<u8>(p++, comma);
    }
    // The last delimiter becomes the end of the line.
    store<u8>(p - 1, 10);
  }
  return <u32>(p - out);
}

// @ts-ignore: decorator
@inline
function writeTime(time: i64, kind: u32, p: usize): usize {
  if (kind == KIND_ISO) return isDate(time) ? writeIso(time, p) : p;
  return kind == KIND_SECONDS ? writeSeconds(time, p) : writeMicroseconds(time, p);
}
