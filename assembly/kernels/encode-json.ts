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
  KIND_ISO,
  KIND_SECONDS,
  KIND_UTF8,
  operationName,
  writeBase64,
  writeBool,
} from "../text/cells";
import { writeFloat, writeInteger } from "../text/numbers";
import { isDate, writeIso, writeMicroseconds, writeSeconds } from "../text/times";

const NULL: u32 = 0x6c6c756e;
const QUOTE: u8 = 34;
const HEX = memory.data<u8>([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102]);

// @ts-ignore: decorator
@inline
function isEscaped(c: u32): bool {
  return c < 32 || c == 34 || c == 92;
}

/** The high bit of each byte that is a control character, a quote or a backslash; a byte above 127 never has it. */
// @ts-ignore: decorator
@inline
function escapedBytes(w: u64): u64 {
  const seven = w & 0x7f7f7f7f7f7f7f7f;
  const control = ~(seven + 0x6060606060606060);
  const quote = ~((seven ^ 0x2222222222222222) + 0x7f7f7f7f7f7f7f7f);
  const backslash = ~((seven ^ 0x5c5c5c5c5c5c5c5c) + 0x7f7f7f7f7f7f7f7f);
  return (control | quote | backslash) & ~w & 0x8080808080808080;
}

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

// @ts-ignore: decorator
@inline
function escapedMask(v: v128): u32 {
  const control = i8x16.lt_u(v, i8x16.splat(32));
  const special = v128.or(i8x16.eq(v, i8x16.splat(34)), i8x16.eq(v, i8x16.splat(92)));
  return <u32>i8x16.bitmask(v128.or(control, special));
}

// @ts-ignore: decorator
@inline
function writeEscape(c: u32, p: usize): usize {
  let short: u32 = 0;
  if (c == 34 || c == 92) short = c;
  else if (c == 10) short = 110;
  else if (c == 9) short = 116;
  else if (c == 13) short = 114;
  else if (c == 8) short = 98;
  else if (c == 12) short = 102;
  store<u8>(p, 92);
  if (short) {
    store<u8>(p, <u8>short, 1);
    return p + 2;
  }
  store<u32>(p, 0x30303075, 1); // "u000"
  store<u8>(p, <u8>(48 + (c >>> 4)), 4);
  store<u8>(p, load<u8>(HEX + (c & 15)), 5);
  return p + 6;
}

/** Reads and writes up to 15 bytes beyond the text. */
// @ts-ignore: decorator
@inline
function writeString(from: usize, length: u32, p: usize): usize {
  const end = from + length;
  store<u8>(p++, QUOTE);
  while (from < end) {
    let clean: usize;
    if (ASC_FEATURE_SIMD) {
      const v = v128.load(from);
      v128.store(p, v);
      const mask = escapedMask(v);
      clean = mask ? <usize>ctz(mask) : 16;
    } else {
      const w = load<u64>(from);
      store<u64>(p, w);
      const mask = escapedBytes(w);
      clean = mask ? <usize>(ctz(mask) >>> 3) : 8;
    }
    const left = end - from;
    if (clean >= left) {
      p += left;
      break;
    }
    from += clean;
    p += clean;
    if (clean == (ASC_FEATURE_SIMD ? 16 : 8)) continue;
    p = writeEscape(load<u8>(from++), p);
  }
  store<u8>(p, QUOTE);
  return p + 1;
}

// @ts-ignore: decorator
@inline
function writeTime(time: i64, kind: u32, p: usize): usize {
  if (kind == KIND_ISO) {
    if (!isDate(time)) {
      store<u32>(p, NULL);
      return p + 4;
    }
    store<u8>(p, QUOTE);
    p = writeIso(time, p + 1);
    store<u8>(p, QUOTE);
    return p + 1;
  }
  return kind == KIND_SECONDS ? writeSeconds(time, p) : writeMicroseconds(time, p);
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
        } else p = writeString(values + from, length, p);
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
