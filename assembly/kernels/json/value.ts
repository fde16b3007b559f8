// One value of a record, stored for one column. What does not fit becomes the column's state, judged when the record
// is whole: of a key that comes twice, the last value counts.
import {
  AUTO, BAD_BASE64, BAD_TIME, BINARY, BOOL, FLOAT64, FOUND, INT64, ISO, JsonColumn, JsonContext, JsonHosted, NULL, OUT_OF_RANGE, TIMESTAMP,
  TOO_LONG, UTF8, WRONG_TYPE,
} from "./layout";
import { HOSTED, readNumber, storeFloat, storeInteger, storeTime } from "./number";
import { base64, stringEnd, unescape, unescapedBytes } from "./string";
import { readIsoTime } from "./time";

// @ts-ignore: decorator
@inline function spare(ctx: JsonContext): usize {
  return changetype<usize>(ctx) + offsetof<JsonContext>("text0");
}

/** Stores the number at `p`: the address after it, or 0 when it is not a JSON number. */
export function putNumber(p: usize, column: JsonColumn, row: u32, ctx: JsonContext): usize {
  const end = readNumber(p, ctx);
  if (end == 0) return 0;
  const kind = column.kind;
  const values = <usize>column.values;
  let state = WRONG_TYPE;
  column.hostedStart = 0;
  if (kind == FLOAT64) {
    state = storeFloat(ctx, values, row);
    if (state == HOSTED) {
      column.hostedStart = <u32>p;
      column.hostedEnd = <u32>end;
      state = FOUND;
    }
  } else if (kind == TIMESTAMP) {
    if (column.format != ISO) state = storeTime(ctx, column.format, values, row);
  } else if (kind != BOOL && kind <= INT64) state = storeInteger(ctx, kind, values, row);
  column.state = state;
  column.foundStart = <u32>p;
  column.foundEnd = <u32>end;
  return end;
}

/** Stores the string whose text begins at `p`, after the quote: the address after the closing quote, or 0. */
export function putString(p: usize, column: JsonColumn, row: u32, ctx: JsonContext): usize {
  const end = stringEnd(p, ctx);
  if (end == 0) return 0;
  const escapes = ctx.escapes;
  const kind = column.kind;
  let state = WRONG_TYPE;
  column.hostedStart = 0;
  if (kind == UTF8 || kind == BINARY) {
    state = FOUND;
    if (end - p > <usize>ctx.maxStringBytes) {
      const bytes = kind == BINARY ? <usize>base64(p, end, 0, spare(ctx)) : escapes ? unescapedBytes(p, end, spare(ctx)) : end - p;
      if (<isize>bytes > <isize>ctx.maxStringBytes) state = TOO_LONG;
    }
    if (kind == BINARY && base64(p, end, 0, spare(ctx)) < 0) state = BAD_BASE64;
    const at = <usize>column.values + (<usize>row << 3);
    store<u32>(at, <u32>p);
    store<u32>(at, <u32>(end - p) | (escapes << 31), 4);
  } else if (kind == TIMESTAMP && (column.format == AUTO || column.format == ISO)) {
    let text = p;
    let textEnd = end;
    state = BAD_TIME;
    if (escapes) {
      // A timestamp has at most some 40 characters; one with escapes is a curiosity, but it is JSON.
      text = spare(ctx) + 4;
      textEnd = unescapedBytes(p, end, spare(ctx)) <= 56 ? text + unescape(p, end, text) : text;
    }
    if (readIsoTime(text, textEnd, ctx)) {
      store<i64>(<usize>column.values + (<usize>row << 3), ctx.timeMs);
      state = FOUND;
    }
  }
  column.state = state;
  column.foundStart = <u32>(p - 1);
  column.foundEnd = <u32>(end + 1);
  return end + 1;
}

/** After `true`, `false` or `null` at `p`, or 0 when another word stands there. */
export function wordEnd(p: usize): usize {
  const word = load<u32>(p);
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4; // true, null
  return word == 0x736c6166 && load<u8>(p, 4) == 0x65 ? p + 5 : 0;
}

/** Stores the `true`, `false` or `null` at `p`: the address after it, or 0 when another word stands there. */
export function putWord(p: usize, column: JsonColumn, row: u32, ctx: JsonContext): usize {
  const end = wordEnd(p);
  if (end == 0) {
    ctx.errorAt = <u32>p;
    return 0;
  }
  column.hostedStart = 0;
  column.foundStart = <u32>p;
  column.foundEnd = <u32>end;
  if (load<u8>(p) == 0x6e) column.state = NULL;
  else if (column.kind == BOOL) {
    store<u8>(<usize>column.values + row, u8(load<u8>(p) == 0x74));
    column.state = FOUND;
  } else column.state = WRONG_TYPE;
  return end;
}

/** Hands the column's float64 text to the host, when it has one. */
export function passToHost(column: JsonColumn, index: u32, row: u32, ctx: JsonContext): void {
  if (column.hostedStart == 0) return;
  const item = changetype<JsonHosted>(<usize>ctx.hosted + <usize>ctx.hostedCount * offsetof<JsonHosted>());
  item.row = row;
  item.column = index;
  item.start = column.hostedStart;
  item.end = column.hostedEnd;
  ctx.hostedCount++;
  column.hostedStart = 0;
}

/** Makes the row's value null: whatever stands there is readable, and of length 0. */
export function putNull(column: JsonColumn, row: u32): void {
  store<u8>(<usize>column.valid + row, 0);
  column.hostedStart = 0;
  const kind = column.kind;
  if (kind == BOOL) store<u8>(<usize>column.values + row, 0);
  else if (kind == 1) store<u32>(<usize>column.values + (<usize>row << 2), 0);
  else store<u64>(<usize>column.values + (<usize>row << 3), 0);
}
