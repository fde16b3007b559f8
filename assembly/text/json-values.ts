// Values as JSON, as JSON.stringify writes them, with int64 as plain digits: what the encoders of JSON and CSV share.
import { KIND_BINARY, KIND_BOOL, KIND_FLOAT64, KIND_INT32, KIND_INT64, KIND_ISO, KIND_SECONDS, KIND_UTF8, writeBase64, writeBool } from "./cells";
import { writeFloat, writeInteger } from "./numbers";
import { isDate, writeIso, writeMicroseconds, writeSeconds } from "./times";

export const NULL: u32 = 0x6c6c756e;
const QUOTE: u8 = 34;
const HEX = memory.data<u8>([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102]);

// @ts-ignore: decorator
@inline
export function isEscaped(c: u32): bool {
  return c < 32 || c == 34 || c == 92;
}

/** The high bit of each byte that is a control character, a quote or a backslash; a byte above 127 never has it. */
// @ts-ignore: decorator
@inline
export function escapedBytes(w: u64): u64 {
  const seven = w & 0x7f7f7f7f7f7f7f7f;
  const control = ~(seven + 0x6060606060606060);
  const quote = ~((seven ^ 0x2222222222222222) + 0x7f7f7f7f7f7f7f7f);
  const backslash = ~((seven ^ 0x5c5c5c5c5c5c5c5c) + 0x7f7f7f7f7f7f7f7f);
  return (control | quote | backslash) & ~w & 0x8080808080808080;
}

// @ts-ignore: decorator
@inline
export function escapedMask(v: v128): u32 {
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
export function writeString(from: usize, length: u32, p: usize): usize {
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
export function writeTime(time: i64, kind: u32, p: usize): usize {
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

/** A list's items between two places, as an array. */
export function writeList(item: u32, from: usize, end: usize, p: usize): usize {
  store<u8>(p++, 91);
  const start = p;
  while (from < end) {
    if (p != start) store<u8>(p++, 44);
    if (item >= KIND_UTF8) {
      const length = load<u32>(from);
      from += 4;
      if (item == KIND_BINARY) {
        store<u8>(p, QUOTE);
        p = writeBase64(from, length, p + 1);
        store<u8>(p++, QUOTE);
      } else p = writeString(from, length, p);
      from += length;
    } else if (item == KIND_BOOL) p = writeBool(load<u8>(from++) != 0, p);
    else if (item == KIND_INT32) {
      p = writeInteger(load<i32>(from), p);
      from += 4;
    } else {
      if (item == KIND_INT64) p = writeInteger(load<i64>(from), p);
      else if (item == KIND_FLOAT64) p = writeFloat(load<f64>(from), false, p);
      else p = writeTime(load<i64>(from), item, p);
      from += 8;
    }
  }
  store<u8>(p, 93);
  return p + 1;
}
