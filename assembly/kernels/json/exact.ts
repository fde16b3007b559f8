// The exact tier: one record, strict RFC 8259, keys in any order, any nesting. Last of a repeated key wins, as with
// JSON.parse. The record is [start, end), valid UTF-8, and the byte at `end` is a newline: nothing but white space can
// be skipped at it, so no scan runs past it.
import {
  FOUND, JsonColumn, JsonContext, JsonNode, MISSING, NOT_AN_OBJECT, NULL, RECORD_TOO_LONG, SYNTAX, TOO_DEEP, TOO_MANY_FIELDS, WRONG_TYPE,
} from "./layout";
import { readNumber } from "./number";
import { skipSpace } from "./scan";
import { spells, stringEnd } from "./string";
import { passToHost, putNull, putNumber, putString, putWord, wordEnd } from "./value";

/** What became of a record. */
// @ts-ignore: decorator
@inline export const ROW: u32 = 1, BAD: u32 = 0, BLANK: u32 = 2;

// @ts-ignore: decorator
@inline export function columnAt(ctx: JsonContext, index: u32): JsonColumn {
  return changetype<JsonColumn>(<usize>ctx.columns + <usize>index * offsetof<JsonColumn>());
}

function fail(ctx: JsonContext, code: u32, p: usize): usize {
  ctx.errorCode = code;
  ctx.errorAt = <u32>p;
  return 0;
}

/** Forgets what was found below a node: its key came again. */
function forget(node: usize, ctx: JsonContext): void {
  for (let child = <usize>changetype<JsonNode>(node).child; child != 0; child = <usize>changetype<JsonNode>(child).sibling) {
    for (let c = changetype<JsonNode>(child).column; c != 0; c = columnAt(ctx, c - 1).next) columnAt(ctx, c - 1).state = MISSING;
    forget(child, ctx);
  }
}

function childOf(node: usize, key: usize, keyEnd: usize, escapes: u32, ctx: JsonContext): usize {
  const bytes = keyEnd - key;
  const spare = changetype<usize>(ctx) + offsetof<JsonContext>("text0");
  for (let at = <usize>changetype<JsonNode>(node).child; at != 0; at = <usize>changetype<JsonNode>(at).sibling) {
    const child = changetype<JsonNode>(at);
    const wanted = <usize>child.key;
    if (escapes) {
      if (spells(key, keyEnd, wanted, child.keyBytes, spare)) return at;
    } else if (bytes == <usize>child.keyBytes) {
      let i: usize = 0;
      while (i < bytes && load<u8>(key + i) == load<u8>(wanted + i)) i++;
      if (i == bytes) return at;
    }
  }
  return 0;
}

/** The members of the object whose brace lies before `p`, at depth `depth`: the address after its closing brace, or 0. */
function readObject(p: usize, node: usize, depth: u32, row: u32, ctx: JsonContext): usize {
  if (depth > ctx.maxDepth) return fail(ctx, TOO_DEEP, p - 1);
  p = skipSpace(p);
  if (load<u8>(p) == 0x7d) return p + 1;
  while (true) {
    if (load<u8>(p) != 0x22) return fail(ctx, SYNTAX, p);
    const key = p + 1;
    const keyEnd = stringEnd(key, ctx);
    if (keyEnd == 0) return 0;
    const escapes = ctx.escapes;
    if (++ctx.fields > ctx.maxFields) return fail(ctx, TOO_MANY_FIELDS, p);
    p = skipSpace(keyEnd + 1);
    if (load<u8>(p) != 0x3a) return fail(ctx, SYNTAX, p);
    p = skipSpace(p + 1);
    const child = node != 0 ? childOf(node, key, keyEnd, escapes, ctx) : 0;
    p = child != 0 ? readValue(p, child, depth, row, ctx) : skipValue(p, depth, ctx);
    if (p == 0) return 0;
    p = skipSpace(p);
    const c = load<u8>(p);
    if (c == 0x7d) return p + 1;
    if (c != 0x2c) return fail(ctx, SYNTAX, p);
    p = skipSpace(p + 1);
  }
}

/** The value at `p` of a projected path. */
function readValue(p: usize, node: usize, depth: u32, row: u32, ctx: JsonContext): usize {
  const inner = changetype<JsonNode>(node);
  if (inner.child != 0) forget(node, ctx);
  const first = inner.column;
  if (first == 0) return load<u8>(p) == 0x7b ? readObject(p + 1, node, depth + 1, row, ctx) : skipValue(p, depth, ctx);
  const c = load<u8>(p);
  let end: usize = 0;
  if (c == 0x7b || c == 0x5b) {
    end = c == 0x7b ? readObject(p + 1, node, depth + 1, row, ctx) : skipValue(p, depth, ctx);
    if (end == 0) return 0;
    for (let i = first; i != 0; i = columnAt(ctx, i - 1).next) {
      const column = columnAt(ctx, i - 1);
      column.state = WRONG_TYPE;
      column.foundStart = <u32>p;
      column.foundEnd = <u32>end;
      column.hostedStart = 0;
    }
    return end;
  }
  for (let i = first; i != 0; i = columnAt(ctx, i - 1).next) {
    const column = columnAt(ctx, i - 1);
    if (c == 0x22) end = putString(p + 1, column, row, ctx);
    else if (c == 0x74 || c == 0x66 || c == 0x6e) end = putWord(p, column, row, ctx);
    else end = putNumber(p, column, row, ctx);
    if (end == 0) return 0;
  }
  return end;
}

/** The value at `p`, which no column wants: checked for form, within an object of depth `depth`. */
export function skipValue(p: usize, depth: u32, ctx: JsonContext): usize {
  const c = load<u8>(p);
  if (c == 0x22) {
    const end = stringEnd(p + 1, ctx);
    return end == 0 ? 0 : end + 1;
  }
  if (c == 0x7b) return readObject(p + 1, 0, depth + 1, 0, ctx);
  if (c == 0x5b) {
    if (depth + 1 > ctx.maxDepth) return fail(ctx, TOO_DEEP, p);
    p = skipSpace(p + 1);
    if (load<u8>(p) == 0x5d) return p + 1;
    while (true) {
      p = skipValue(p, depth + 1, ctx);
      if (p == 0) return 0;
      p = skipSpace(p);
      const next = load<u8>(p);
      if (next == 0x5d) return p + 1;
      if (next != 0x2c) return fail(ctx, SYNTAX, p);
      p = skipSpace(p + 1);
    }
  }
  if (c == 0x74 || c == 0x66 || c == 0x6e) {
    const end = wordEnd(p);
    return end == 0 ? fail(ctx, SYNTAX, p) : end;
  }
  return readNumber(p, ctx);
}

/** Decodes the record [start, end) into row `row`: ROW, BLANK, or BAD with the reason in ctx.error*. */
export function exactRow(start: usize, end: usize, row: u32, ctx: JsonContext): u32 {
  let p = skipSpace(start);
  if (p == end) return BLANK;
  ctx.errorCode = SYNTAX;
  if (end - start > <usize>ctx.maxRecordBytes) {
    fail(ctx, RECORD_TOO_LONG, start);
    return BAD;
  }
  if (load<u8>(p) != 0x7b) {
    fail(ctx, NOT_AN_OBJECT, p);
    return BAD;
  }
  const count = ctx.columnCount;
  for (let i: u32 = 0; i < count; i++) {
    const column = columnAt(ctx, i);
    column.state = MISSING;
    column.hostedStart = 0;
  }
  ctx.fields = 0;
  p = readObject(p + 1, ctx.root, 1, row, ctx);
  if (p == 0) return BAD;
  p = skipSpace(p);
  if (p != end) {
    fail(ctx, SYNTAX, p);
    return BAD;
  }
  for (let i: u32 = 0; i < count; i++) {
    const column = columnAt(ctx, i);
    const state = column.state;
    if (state == FOUND || (state <= NULL && column.valid != 0)) continue;
    ctx.errorCode = state;
    ctx.errorAt = i;
    return BAD;
  }
  for (let i: u32 = 0; i < count; i++) {
    const column = columnAt(ctx, i);
    if (column.state == FOUND) {
      if (column.valid) store<u8>(<usize>column.valid + row, 1);
      passToHost(column, i, row, ctx);
    } else putNull(column, row);
  }
  return ROW;
}
