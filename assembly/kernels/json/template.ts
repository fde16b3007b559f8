// The tolerant tier: one row by one template, as the lockstep tier does it, but strings may have escapes, numbers any
// shape that JSON allows, and a difference is noticed at once, so that the next template can be tried.
import { columnAt, skipValue } from "./exact";
import {
  END, FOUND, I32, I64, ISO_TIME, JsonColumn, JsonContext, JsonStep, JsonTemplate, LONG_TEXT, NULLED, NUMBER, SCALED_TIME,
  TEMPLATE_HEADER, TEXT, TRUTH, UINT, WORD,
} from "./layout";
import { digits, longText, nonDigits, notWhole } from "./lockstep";
import { readNumber } from "./number";
import { plainText } from "./scan";
import { stringEnd } from "./string";
import { passToHost, putNull, putNumber, putString, putWord, wordEnd } from "./value";

/**
 * Skips the value of a JSON step at `p`: the address after it, or 0. `count` points to the fields met in such steps of
 * this row so far.
 */
export function skipCounted(p: usize, step: usize, count: usize, ctx: JsonContext): usize {
  const s = changetype<JsonStep>(step);
  ctx.fields = s.fields + (s.later ? load<u32>(count) : 0);
  const end = skipValue(p, s.depth, ctx);
  store<u32>(count, ctx.fields - s.fields);
  return end;
}

// @ts-ignore: decorator
@inline function differs(p: usize, step: JsonStep): bool {
  return (((load<u64>(p) ^ step.literal0) & step.mask0) | ((load<u64>(p, 8) ^ step.literal1) & step.mask1)) != 0;
}

/** The end of the string at `p`: short ones and those without escapes at a glance. 0 when it is malformed. */
// @ts-ignore: decorator
@inline function textEnd(p: usize, long: bool, ctx: JsonContext): usize {
  if (ASC_FEATURE_SIMD) {
    const stop = long ? longText(p) : plainText(p);
    if (load<u8>(stop) == 0x22) return stop;
  }
  return stringEnd(p, ctx);
}

/**
 * The address after the whole number of up to 15 digits at `p`, stored for a column of kind I32 or I64; 0 when it is
 * another number, or out of range.
 */
function plainNumber(p: usize, kind: u32, column: JsonColumn, row: u32): usize {
  const negative = load<u8>(p) == 0x2d;
  p += usize(negative);
  const m = nonDigits(v128.load(p));
  if (notWhole(m, p) & 1) return 0;
  const n = <u32>ctz(m);
  p += <usize>n;
  const next = <u32>load<u8>(p);
  if (next == 0x2e || (next | 0x20) == 0x65) return 0;
  if (kind == UINT) return negative ? 0 : p;
  const value = negative ? -digits(p, n) : digits(p, n);
  if (kind == I64) store<i64>(<usize>column.values + (<usize>row << 3), value);
  else if (value == <i64><i32>value) store<i32>(<usize>column.values + (<usize>row << 2), <i32>value);
  else return 0;
  return p;
}

/** Makes what an attempt may have written for row `row` undone. */
export function forgetRow(row: u32, ctx: JsonContext): void {
  const count = ctx.columnCount;
  for (let i: u32 = 0; i < count; i++) {
    const column = columnAt(ctx, i);
    if (column.valid) store<u8>(<usize>column.valid + row, 1);
    column.hostedStart = 0;
  }
}

/** Whether the row [p, end), whose newline is at `end`, fits the template; then row `row` is written. */
export function tolerantRow(p: usize, end: usize, template: usize, row: u32, ctx: JsonContext): bool {
  const counter = changetype<usize>(ctx) + offsetof<JsonContext>("text0");
  if (differs(p, changetype<JsonStep>(template + TEMPLATE_HEADER))) return false;
  forgetRow(row, ctx);
  let hosted = false;
  for (let at = template + TEMPLATE_HEADER; ; at += offsetof<JsonStep>()) {
    const step = changetype<JsonStep>(at);
    if (differs(p, step)) return false;
    p += <usize>step.length;
    const kind = step.kind;
    if (kind == END) {
      if (p != end + 1) return false;
      break;
    }
    if (kind < TEXT) continue;
    const column = changetype<JsonColumn>(<usize>step.column);
    if (kind <= LONG_TEXT) {
      p = textEnd(p, kind == LONG_TEXT, ctx);
      if (p == 0) return false;
    } else if (kind <= ISO_TIME) {
      p = putString(p, column, row, ctx);
      if (p == 0 || column.state != FOUND) return false;
      p--;
    } else if (kind <= SCALED_TIME) {
      if (ASC_FEATURE_SIMD) {
        if (kind == UINT || kind == I64 || kind == I32) {
          const after = plainNumber(p, kind, column, row);
          if (after != 0) {
            p = after;
            continue;
          }
        }
      }
      if (kind <= NUMBER) {
        p = readNumber(p, ctx);
        if (p == 0) return false;
      } else {
        p = putNumber(p, column, row, ctx);
        if (p == 0 || column.state != FOUND) return false;
        hosted = hosted || column.hostedStart != 0;
      }
    } else if (kind == WORD) {
      p = wordEnd(p);
      if (p == 0) return false;
    } else if (kind == TRUTH) {
      p = putWord(p, column, row, ctx);
      if (p == 0 || column.state != FOUND) return false;
    } else if (kind == NULLED) putNull(column, row);
    else {
      p = skipCounted(p, at, counter, ctx);
      if (p == 0) return false;
    }
  }
  if (hosted) {
    const count = ctx.columnCount;
    for (let i: u32 = 0; i < count; i++) passToHost(columnAt(ctx, i), i, row, ctx);
  }
  changetype<JsonTemplate>(template).hits++;
  return true;
}
