// Values of CSV fields: spans (see csv.ts) -> columns. Numbers and times are read by the JSON kernels' own functions, so
// that the same text means the same in both formats; leading zeros aside, which only CSV allows.
//
// Converters of fixed-width columns take (start, spans, rows, nullable, values, validity, marks, ctx) and answer
// 1 (a null was seen) | 2 (a bad value) | 4 (a value for the host). `marks` is u8[rows], zero before: 1 marks a bad value,
// 2 a float that only the host can round exactly. An empty field is null where the column is nullable, and bad otherwise.
// `validity` is written where nullable, whole bytes. `ctx` is a JsonContext, zero before: what the JSON functions work with.
import { AUTO, FLOAT64, FOUND, INT32, INT64, ISO, JsonContext, MS, TIMESTAMP } from "./json/layout";
import { HOSTED, readNumber, storeFloat, storeInteger, storeTime } from "./json/number";
import { base64 } from "./json/string";
import { readIsoTime } from "./json/time";
import { utf8_first_invalid } from "./utf8";

const SPAN_QUOTED: u64 = 1 << 62;
const SPAN_ESCAPED: u64 = 1 << 63;
const LENGTH_MASK: u32 = 0x3fffffff;
const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

const SAW_NULL: i32 = 1;
const SAW_BAD: i32 = 2;
const SAW_HARD: i32 = 4;

const MARK_BAD: u8 = 1;
const MARK_HARD: u8 = 2;

// @ts-ignore: decorator
@inline
function spanLength(span: u64): u32 {
  return <u32>(span >> 32) & LENGTH_MASK;
}

// @ts-ignore: decorator
@inline
function digitAt(p: usize): u32 {
  return <u32>load<u8>(p) - 0x30;
}

/** Whether all 8 bytes are digits. */
// @ts-ignore: decorator
@inline
function areDigits(word: u64): bool {
  return ((word & 0xf0f0f0f0f0f0f0f0) | (((word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) == 0x3333333333333333;
}

/** The number that 8 digits write, by three multiplications (Lemire, "Quickly parsing eight digits", 2018). */
// @ts-ignore: decorator
@inline
function eightDigits(word: u64): u64 {
  let w = word - 0x3030303030303030;
  w = w * 10 + (w >> 8);
  return ((w & 0x000000ff000000ff) * 0x000f424000000064 + ((w >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/** Writes the integer that [p, end) holds; false when it holds none, or one beyond int64. */
function parseInteger(p: usize, end: usize, out: usize): bool {
  const negative = p < end && load<u8>(p) == 0x2d;
  if (negative) p++;
  if (p >= end) return false;
  while (p + 1 < end && load<u8>(p) == 0x30) p++;
  if (end - p > 19) return false;
  let value: u64 = 0;
  while (p + 8 <= end) {
    const word = load<u64>(p);
    if (!areDigits(word)) return false;
    value = value * 100_000_000 + eightDigits(word);
    p += 8;
  }
  while (p < end) {
    const digit = digitAt(p);
    if (digit > 9) return false;
    value = value * 10 + <u64>digit;
    p++;
  }
  if (value > <u64>i64.MAX_VALUE + u64(negative)) return false;
  store<i64>(out, negative ? -(<i64>value) : <i64>value);
  return true;
}

/** Reads the number that fills [p, end), leading zeros and all. */
function readWhole(p: usize, end: usize, ctx: JsonContext): bool {
  if (p >= end) return false;
  // What is behind a sign that zeros follow is read as if it stood right before the rest.
  const negative = load<u8>(p) == 0x2d;
  let digits = p + usize(negative);
  while (digits + 1 < end && load<u8>(digits) == 0x30 && digitAt(digits + 1) <= 9) digits++;
  if (negative && digitAt(digits) > 9) return false;
  if (readNumber(digits, ctx) != end) return false;
  if (negative) ctx.negative = 1;
  return true;
}

// @ts-ignore: decorator
@inline
function putInt64(p: usize, end: usize, values: usize, row: i32, ctx: JsonContext): bool {
  // Nearly all are plain digits; the rest (`1.0`, `1e3`) is read as JSON reads it.
  if (parseInteger(p, end, values + (<usize>row << 3))) return true;
  return readWhole(p, end, ctx) && storeInteger(ctx, INT64, values, row) == FOUND;
}

// @ts-ignore: decorator
@inline
function putInt32(p: usize, end: usize, values: usize, row: i32, ctx: JsonContext): bool {
  const wide = changetype<usize>(ctx) + offsetof<JsonContext>("timeMs");
  if (parseInteger(p, end, wide)) {
    const value = load<i64>(wide);
    store<i32>(values + (<usize>row << 2), <i32>value);
    return value == <i64>(<i32>value);
  }
  return readWhole(p, end, ctx) && storeInteger(ctx, INT32, values, row) == FOUND;
}

// @ts-ignore: decorator
@inline
function putTime(p: usize, end: usize, format: u32, values: usize, row: i32, ctx: JsonContext): bool {
  const out = values + (<usize>row << 3);
  if ((format == AUTO || format == MS) && parseInteger(p, end, out)) {
    const ms = load<i64>(out);
    return ms <= 8640000000000000 && ms >= -8640000000000000;
  }
  if (format <= ISO && readIsoTime(p, end, ctx)) {
    store<i64>(out, ctx.timeMs);
    return true;
  }
  return format != ISO && readWhole(p, end, ctx) && storeTime(ctx, format, values, row) == FOUND;
}

/** int32, int64, float64 and timestamp columns: `kind` and `format` are numbers of json/layout.ts. */
export function csv_values(
  kind: u32,
  format: u32,
  start: usize,
  spans: usize,
  rows: i32,
  nullable: i32,
  values: usize,
  validity: usize,
  marks: usize,
  ctxAt: usize,
): i32 {
  const ctx = changetype<JsonContext>(ctxAt);
  let seen: i32 = 0;
  let bits: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    let valid: u32 = 1;
    if (p == end && nullable) {
      valid = 0;
      seen |= SAW_NULL;
      if (kind == INT32) store<i32>(values + (<usize>row << 2), 0);
      else store<i64>(values + (<usize>row << 3), 0);
    } else {
      let mark: u8 = 0;
      if (kind == INT64) {
        if (!putInt64(p, end, values, row, ctx)) mark = MARK_BAD;
      } else if (kind == FLOAT64) {
        const state = readWhole(p, end, ctx) ? storeFloat(ctx, values, row) : 0;
        if (state != FOUND) mark = state == HOSTED ? MARK_HARD : MARK_BAD;
      } else if (kind == TIMESTAMP) {
        if (!putTime(p, end, format, values, row, ctx)) mark = MARK_BAD;
      } else if (!putInt32(p, end, values, row, ctx)) mark = MARK_BAD;
      if (mark != 0) {
        store<u8>(marks + <usize>row, mark);
        seen |= mark == MARK_BAD ? SAW_BAD : SAW_HARD;
      }
    }
    if (nullable) {
      bits |= valid << (row & 7);
      if ((row & 7) == 7 || row == rows - 1) {
        store<u8>(validity + (<usize>row >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return seen;
}

/** `true` and `false` in any case. `values` is a bitmap, written in whole bytes. */
export function csv_bool(start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  let truths: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const length = spanLength(span);
    const word = load<u32>(p) | 0x20202020;
    let valid: u32 = 1;
    if (length == 0 && nullable) {
      valid = 0;
      seen |= SAW_NULL;
    } else if (length == 4 && word == 0x65757274) {
      truths |= 1 << (row & 7);
    } else if (length != 5 || word != 0x736c6166 || (load<u8>(p + 4) | 0x20) != 0x65) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen |= SAW_BAD;
    }
    bits |= valid << (row & 7);
    if ((row & 7) == 7 || row == rows - 1) {
      store<u8>(values + (<usize>row >> 3), <u8>truths);
      if (nullable) store<u8>(validity + (<usize>row >> 3), <u8>bits);
      truths = 0;
      bits = 0;
    }
  }
  return seen;
}

/** Marks fields longer than `limit` bytes and, where `checked`, those that are not UTF-8; answers 2 when there are any. */
export function csv_text_check(start: usize, spans: usize, rows: i32, limit: i32, checked: i32, marks: usize): i32 {
  let seen: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const length = spanLength(span);
    if (length > <u32>limit || (checked && utf8_first_invalid(p, p + <usize>length) != p + <usize>length)) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen = SAW_BAD;
    }
  }
  return seen;
}

/**
 * Offsets and validity of a column of text for the rows of a selection (int32[count], or none: 0..count). An empty
 * field without quotes is null where nullable. Answers 1 when there are nulls; offsets[count] is the bytes needed.
 */
export function csv_text_offsets(
  start: usize, spans: usize, selection: usize, count: i32, nullable: i32, offsets: usize, validity: usize,
): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  let total: u32 = 0;
  store<u32>(offsets, 0);
  for (let i = 0; i < count; i++) {
    const row = selection ? load<i32>(selection + (<usize>i << 2)) : i;
    const span = load<u64>(spans + (<usize>row << 3));
    let length = spanLength(span);
    let valid: u32 = 1;
    if (length == 0 && (span & SPAN_QUOTED) == 0) {
      valid = 0;
      seen = SAW_NULL;
    } else if ((span & SPAN_ESCAPED) != 0) {
      let p = start + <usize>(<u32>span);
      const end = p + <usize>length;
      for (; p < end; p++) {
        if (load<u8>(p) == QUOTE) {
          length--;
          p++;
        }
      }
    }
    total += length;
    store<u32>(offsets + ((<usize>i + 1) << 2), total);
    if (nullable) {
      bits |= valid << (i & 7);
      if ((i & 7) == 7 || i == count - 1) {
        store<u8>(validity + (<usize>i >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return nullable ? seen : 0;
}

/** Copies the text of a selection's rows, doubled quotes made one. Writes up to 15 bytes past the last. */
export function csv_text_copy(start: usize, spans: usize, selection: usize, count: i32, offsets: usize, values: usize): void {
  for (let i = 0; i < count; i++) {
    const row = selection ? load<i32>(selection + (<usize>i << 2)) : i;
    const span = load<u64>(spans + (<usize>row << 3));
    let from = start + <usize>(<u32>span);
    const end = from + <usize>spanLength(span);
    let to = values + <usize>load<u32>(offsets + (<usize>i << 2));
    if ((span & SPAN_ESCAPED) == 0) {
      if (ASC_FEATURE_SIMD) {
        while (from < end) {
          v128.store(to, v128.load(from));
          from += 16;
          to += 16;
        }
      } else {
        memory.copy(to, from, end - from);
      }
    } else {
      while (from < end) {
        const byte = load<u8>(from);
        store<u8>(to++, byte);
        from += byte == QUOTE ? 2 : 1;
      }
    }
  }
}

/** Marks what is not base64, or longer than `limit` bytes when decoded; answers 2 when there are any. `spare`: 4 bytes. */
export function csv_base64_check(start: usize, spans: usize, rows: i32, limit: i32, marks: usize, spare: usize): i32 {
  let seen: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    // JSON's escapes mean nothing here.
    let bytes = 0;
    for (let q = p; q < end && bytes == 0; q++) if (load<u8>(q) == BACKSLASH) bytes = -1;
    if (bytes == 0) bytes = base64(p, end, 0, spare);
    if (bytes < 0 || bytes > limit) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen = SAW_BAD;
    }
  }
  return seen;
}

/** As csv_text_copy, from base64: `offsets`, as csv_text_offsets left them, are made those of the bytes. */
export function csv_base64_copy(start: usize, spans: usize, selection: usize, count: i32, offsets: usize, values: usize, spare: usize): void {
  let total: usize = 0;
  for (let i = 0; i < count; i++) {
    const row = selection ? load<i32>(selection + (<usize>i << 2)) : i;
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    total += <usize>base64(p, p + <usize>spanLength(span), values + total, spare);
    store<u32>(offsets + ((<usize>i + 1) << 2), <u32>total);
  }
}
