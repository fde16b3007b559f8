// What the lockstep tier does with one value; the generated code does the same to several rows at a time.
import { FOUND, JsonColumn, JsonContext, MICROS } from "./layout";
import { powerOfTen, readNumber, storeFloat } from "./number";
import { plainText, stringStops } from "./scan";
import { base64 } from "./string";
import { readIsoTime } from "./time";

/** 16 bytes of zeros, then 16 of 0x0f: loaded at n, a mask that keeps the last n digits of 16 bytes. */
const LAST_DIGITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
]);
/** 10^0 to 10^16. */
const WHOLE_POWERS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
  100000000000000, 1000000000000000, 10000000000000000,
]);

/** A bit for each of 16 bytes that is no digit. */
// @ts-ignore: decorator
@inline export function nonDigits(v: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_s(i8x16.add(v, i8x16.splat(0x50)), i8x16.splat(-119)));
}

/** Whether the bytes that `m` (of nonDigits) speaks of, at `p`, are no whole JSON number of 1 to 15 digits: bit 0. */
// @ts-ignore: decorator
@inline export function notWhole(m: u32, p: usize): u32 {
  return (m & 1) | ((m - 1) >>> 31) | (u32(load<u8>(p) == 0x30) & ~(m >>> 1));
}

/** The value of the `n` (0 to 16) digits before `end`. Reads 16 bytes back. */
// @ts-ignore: decorator
@inline export function digits(end: usize, n: u32): i64 {
  const d = v128.and(v128.load(end - 16), v128.load(LAST_DIGITS + <usize>n));
  const pairs = i16x8.add(i16x8.mul(v128.and(d, i16x8.splat(0xff)), i16x8.splat(10)), i16x8.shr_u(d, 8));
  const fours = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  const both = i64x2.extract_lane(eights, 0);
  return (both & 0xffffffff) * 100000000 + (both >>> 32);
}

// @ts-ignore: decorator
@inline function look64(p: usize): u64 {
  return <u64>stringStops(v128.load(p)) | (<u64>stringStops(v128.load(p, 16)) << 16)
    | (<u64>stringStops(v128.load(p, 32)) << 32) | (<u64>stringStops(v128.load(p, 48)) << 48);
}

/** As plainText, 64 bytes at a look: up to that, a length that cannot be foreseen costs no mispredicted branch. */
// @ts-ignore: decorator
@inline export function longText(p: usize): usize {
  let stops = look64(p);
  while (stops == 0) {
    p += 64;
    stops = look64(p);
  }
  return p + <usize>ctz(stops);
}

// @ts-ignore: decorator
@inline function nonDigits32(p: usize): u32 {
  return nonDigits(v128.load(p)) | (nonDigits(v128.load(p, 16)) << 16);
}

/** The number at `p` without an exponent, up to 31 digits each side of the point: the address after it, or 0. */
export function decimalEnd(p: usize): usize {
  p += usize(load<u8>(p) == 0x2d);
  const m = nonDigits32(p);
  if (m == 0 || (m & 1) || (load<u8>(p) == 0x30 && (m & 2) == 0)) return 0;
  p += <usize>ctz(m);
  if (load<u8>(p) != 0x2e) return p;
  const f = nonDigits32(p + 1);
  return f == 0 || (f & 1) ? 0 : p + 1 + <usize>ctz(f);
}

/** Stores the number of any shape at `p` as the nearest float64 at `out`: the address after it, or 0 when that is for the host. */
function longDecimalTo(p: usize, out: usize, ctx: JsonContext): usize {
  const end = readNumber(p, ctx);
  return end != 0 && storeFloat(ctx, out, 0) == FOUND ? end : 0;
}

/** Stores the number at `p` as the nearest float64 at `out`, decimals of up to 15 digits fast: the address after it, or 0. */
export function decimalTo(p: usize, out: usize, ctx: JsonContext): usize {
  const start = p;
  const negative = load<u8>(p) == 0x2d;
  p += usize(negative);
  const m = nonDigits(v128.load(p));
  if (notWhole(m, p) & 1) return longDecimalTo(start, out, ctx);
  const whole = <u32>ctz(m);
  p += <usize>whole;
  let mantissa = digits(p, whole);
  let decimals: u32 = 0;
  if (load<u8>(p) == 0x2e) {
    const f = nonDigits(v128.load(p, 1));
    decimals = <u32>ctz(f | 0x10000);
    if ((f & 1) || whole + decimals > 15) return longDecimalTo(start, out, ctx);
    p += 1 + <usize>decimals;
    mantissa = mantissa * load<i64>(WHOLE_POWERS + (<usize>decimals << 3)) + digits(p, decimals);
  }
  if ((load<u8>(p) | 0x20) == 0x65) return longDecimalTo(start, out, ctx);
  const value = <f64>mantissa / powerOfTen(decimals);
  store<f64>(out, negative ? -value : value);
  return p;
}

/** Stores the whole number of seconds or microseconds at `p` as milliseconds: the address after it, or 0. */
export function scaledTimeTo(p: usize, column: JsonColumn, row: u32): usize {
  const negative = load<u8>(p) == 0x2d;
  p += usize(negative);
  const m = nonDigits(v128.load(p));
  if (notWhole(m, p) & 1) return 0;
  const n = <u32>ctz(m);
  p += <usize>n;
  let value = digits(p, n);
  if (column.format == MICROS) value = negative ? -((value + 999) / 1000) : value / 1000;
  else {
    if (value > 8640000000000) return 0;
    value = (negative ? -value : value) * 1000;
  }
  store<i64>(<usize>column.values + (<usize>row << 3), value);
  return p;
}

/** Stores the ISO timestamp at `p`: the address of its closing quote, or 0. */
export function isoTimeTo(p: usize, column: JsonColumn, row: u32, ctx: JsonContext): usize {
  const end = plainText(p);
  if (!readIsoTime(p, end, ctx)) return 0;
  store<i64>(<usize>column.values + (<usize>row << 3), ctx.timeMs);
  return end;
}

/** Stores the span of the base64 text at `p`: the address of its closing quote, or 0. */
export function base64To(p: usize, column: JsonColumn, row: u32, ctx: JsonContext): usize {
  const end = longText(p);
  if (end - p > <usize>ctx.maxStringBytes || base64(p, end, 0, 0) < 0) return 0;
  const at = <usize>column.values + (<usize>row << 3);
  store<u32>(at, <u32>p);
  store<u32>(at, <u32>(end - p), 4);
  return end;
}
