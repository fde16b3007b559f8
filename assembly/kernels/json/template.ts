// The tolerant tier: one row by one template, as the lockstep tier does it, but strings may have escapes, numbers any
// shape that JSON allows, and a difference is noticed at once, so that the next template can be tried.
import { columnAt, skipValue } from "./exact";
import {
  BASE64, END, F64, FOUND, I32, ISO_TIME, JSON, JsonColumn, JsonContext, JsonStep, JsonTemplate, LONG_SPAN, LONG_TEXT, NULLED, NUMBER, SCALED_TIME,
  SPAN, TEMPLATE_HEADER, TEXT, TRUTH, UINT, WORD,
} from "./layout";
import { readNumber } from "./number";
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

/** Whether the row [p, end), whose newline is at `end`, fits the template; then row `row` is written. */
export function tolerantRow(p: usize, end: usize, template: usize, row: u32, ctx: JsonContext): bool {
  const counter = changetype<usize>(ctx) + offsetof<JsonContext>("text0");
  for (let at = template + TEMPLATE_HEADER; ; at += offsetof<JsonStep>()) {
    const step = changetype<JsonStep>(at);
    if (((load<u64>(p) ^ step.literal0) & step.mask0) | ((load<u64>(p, 8) ^ step.literal1) & step.mask1)) return false;
    p += <usize>step.length;
    const kind = step.kind;
    if (kind == END) {
      if (p != end + 1) return false;
      break;
    }
    if (kind < TEXT) continue;
    const column = changetype<JsonColumn>(<usize>step.column);
    if (kind <= LONG_TEXT) {
      p = stringEnd(p, ctx);
      if (p == 0) return false;
    } else if (kind <= ISO_TIME) {
      p = putString(p, column, row, ctx);
      if (p == 0 || column.state != FOUND) return false;
      p--;
    } else if (kind <= NUMBER) {
      p = readNumber(p, ctx);
      if (p == 0) return false;
    } else if (kind <= SCALED_TIME) {
      p = putNumber(p, column, row, ctx);
      if (p == 0 || column.state != FOUND) return false;
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
  const count = ctx.columnCount;
  for (let i: u32 = 0; i < count; i++) passToHost(columnAt(ctx, i), i, row, ctx);
  changetype<JsonTemplate>(template).hits++;
  return true;
}
