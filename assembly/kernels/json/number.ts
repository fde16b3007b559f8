// JSON numbers of any shape, taken apart exactly: (-1)^negative · mantissa · 10^exponent.
import { POWERS_OF_FIVE } from "./generated/powers-of-five";
import { FOUND, INT32, JsonContext, MICROS, NOT_INTEGRAL, OUT_OF_RANGE, SECONDS } from "./layout";

// @ts-ignore: decorator
@inline const MAX_TIME_MS: u64 = 8640000000000000;
/** The digits that a u64 always holds. */
// @ts-ignore: decorator
@inline const MANTISSA_DIGITS: u32 = 19;
/** An explicit exponent is read up to here; anything beyond is as good as infinite. */
// @ts-ignore: decorator
@inline const EXPONENT_CAP: i32 = 1000000;

/** Powers of ten that a float64 holds exactly. */
const POWERS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);

// @ts-ignore: decorator
@inline export function powerOfTen(n: u32): f64 {
  return load<f64>(POWERS + (<usize>n << 3));
}

/**
 * Reads the number at `p`: the address after it, or 0 when it is not a JSON number (`ctx.errorAt` says where).
 * `mantissa` holds its first 19 significant digits, `digitCount` how many; `inexact` is 1 when digits that are not
 * zero did not fit.
 */
export function readNumber(p: usize, ctx: JsonContext): usize {
  let negative: u32 = 0;
  if (load<u8>(p) == 0x2d) {
    negative = 1;
    p++;
  }
  let digit = <u32>load<u8>(p) - 0x30;
  if (digit > 9) {
    ctx.errorAt = <u32>p;
    return 0;
  }
  let mantissa: u64 = 0;
  let count: u32 = 0;
  let exponent: i32 = 0;
  let inexact: u32 = 0;
  if (digit == 0) p++;
  else
    do {
      if (count < MANTISSA_DIGITS) {
        mantissa = mantissa * 10 + digit;
        count++;
      } else {
        exponent++;
        inexact |= u32(digit != 0);
      }
      p++;
      digit = <u32>load<u8>(p) - 0x30;
    } while (digit <= 9);
  if (load<u8>(p) == 0x2e) {
    p++;
    digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) {
      ctx.errorAt = <u32>p;
      return 0;
    }
    do {
      if (count < MANTISSA_DIGITS) {
        mantissa = mantissa * 10 + digit;
        count += u32(mantissa != 0);
        exponent--;
      } else inexact |= u32(digit != 0);
      p++;
      digit = <u32>load<u8>(p) - 0x30;
    } while (digit <= 9);
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    p++;
    const sign = load<u8>(p);
    if (sign == 0x2b || sign == 0x2d) p++;
    digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) {
      ctx.errorAt = <u32>p;
      return 0;
    }
    let explicit: i32 = 0;
    do {
      if (explicit < EXPONENT_CAP) explicit = explicit * 10 + digit;
      p++;
      digit = <u32>load<u8>(p) - 0x30;
    } while (digit <= 9);
    exponent += sign == 0x2d ? -explicit : explicit;
  }
  ctx.negative = negative;
  ctx.mantissa = mantissa;
  ctx.digitCount = count;
  ctx.exponent = exponent;
  ctx.inexact = inexact;
  return p;
}

/** Stores the number read last as an int32 or int64, when it is a whole number in range: the column's state. */
export function storeInteger(ctx: JsonContext, kind: u32, values: usize, row: u32): u32 {
  let value = ctx.mantissa;
  let exponent = ctx.exponent;
  if (value != 0) {
    if (ctx.inexact) return <i32>ctx.digitCount + exponent > 20 || exponent >= 0 ? OUT_OF_RANGE : NOT_INTEGRAL;
    while (exponent < 0) {
      if (value % 10 != 0) return NOT_INTEGRAL;
      value /= 10;
      exponent++;
    }
    while (exponent > 0) {
      if (value > 922337203685477580) return OUT_OF_RANGE;
      value *= 10;
      exponent--;
    }
  }
  const largest: u64 = kind == INT32 ? 0x7fffffff : 0x7fffffffffffffff;
  if (value > largest + ctx.negative) return OUT_OF_RANGE;
  const signed = ctx.negative ? 0 - <i64>value : <i64>value;
  if (kind == INT32) store<i32>(values + (<usize>row << 2), <i32>signed);
  else store<i64>(values + (<usize>row << 3), signed);
  return FOUND;
}

/** Stores the number read last as a timestamp, rounded down to whole milliseconds: the column's state. */
export function storeTime(ctx: JsonContext, format: u32, values: usize, row: u32): u32 {
  let value = ctx.mantissa;
  let exponent = ctx.exponent + (format == SECONDS ? 3 : format == MICROS ? -3 : 0);
  let rest = ctx.inexact != 0;
  if (value != 0) {
    while (exponent < 0 && value != 0) {
      if (value % 10 != 0) rest = true;
      value /= 10;
      exponent++;
    }
    while (exponent > 0) {
      if (value > MAX_TIME_MS) return OUT_OF_RANGE;
      value *= 10;
      exponent--;
    }
  }
  if (ctx.negative && rest) value++;
  if (value > MAX_TIME_MS) return OUT_OF_RANGE;
  store<i64>(values + (<usize>row << 3), ctx.negative ? 0 - <i64>value : <i64>value);
  return FOUND;
}

// The high 64 bits of a 128-bit product; the low ones are a * b.
// @ts-ignore: decorator
@inline function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >>> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >>> 32;
  const middle = a1 * b0 + ((a0 * b0) >>> 32);
  return a1 * b1 + (middle >>> 32) + (((middle & 0xffffffff) + a0 * b1) >>> 32);
}

/**
 * The bits of the float64 nearest to mantissa · 10^exponent (not 0; -342 <= exponent <= 308), or 0 when that takes
 * more than 128 bits to say, or is not a normal number (Lemire, "Number parsing at a gigabyte per second", 2021).
 */
function nearestBits(mantissa: u64, exponent: i32): u64 {
  const zeros = clz(mantissa);
  const w = mantissa << zeros;
  const entry = POWERS_OF_FIVE + (<usize>(exponent + 342) << 4);
  const five = load<u64>(entry);
  let low = w * five;
  let high = multiplyHigh(w, five);
  if ((high & 0x1ff) == 0x1ff) {
    const more = multiplyHigh(w, load<u64>(entry, 8));
    low += more;
    if (more > low) high++;
  }
  const upper = high >>> 63;
  const shift = upper + 9;
  let bits = high >>> shift;
  let power = ((217706 * exponent) >> 16) + 1086 + <i32>upper - <i32>zeros;
  if (power <= 0) return 0;
  // Exactly between two float64s: only for so few powers of five can that be.
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (bits & 3) == 1 && bits << shift == high) bits &= ~(<u64>1);
  bits = (bits + (bits & 1)) >>> 1;
  if (bits >= 0x20000000000000) {
    bits = 0x10000000000000;
    power++;
  }
  if (power >= 2047) return 0;
  return (bits & 0xfffffffffffff) | (<u64>power << 52);
}

/** What `storeFloat` answers when the host must convert the text. */
// @ts-ignore: decorator
@inline export const HOSTED: u32 = 99;

/**
 * Stores the number read last as the nearest float64. Exact for up to 2^53 times a power of ten up to 22 (Clinger,
 * "How to read floating point numbers accurately", 1990); others by nearestBits; what is left is the host's. Beyond the
 * largest float64 is out of range.
 */
export function storeFloat(ctx: JsonContext, values: usize, row: u32): u32 {
  const mantissa = ctx.mantissa;
  const exponent = ctx.exponent;
  const at = values + (<usize>row << 3);
  if (mantissa == 0) {
    store<f64>(at, ctx.negative ? -0.0 : 0.0);
    return FOUND;
  }
  if (ctx.inexact == 0 && mantissa <= 9007199254740992 && exponent >= -22 && exponent <= 22) {
    const value = <f64>mantissa;
    const scaled = exponent < 0 ? value / powerOfTen(-exponent) : value * powerOfTen(exponent);
    store<f64>(at, ctx.negative ? -scaled : scaled);
    return FOUND;
  }
  const magnitude = <i32>ctx.digitCount + exponent;
  if (magnitude > 309) return OUT_OF_RANGE;
  if (magnitude == 309) {
    // From 1.7976931348623158079e308 up, numbers round to infinity: halfway to the float64 that would come next.
    let leading = mantissa;
    for (let n = ctx.digitCount; n < MANTISSA_DIGITS; n++) leading *= 10;
    if (leading >= 1797693134862315807) return OUT_OF_RANGE;
  }
  if (magnitude < -330) {
    store<f64>(at, ctx.negative ? -0.0 : 0.0);
    return FOUND;
  }
  if (exponent >= -342 && exponent <= 308) {
    const bits = nearestBits(mantissa, exponent);
    // Digits that did not fit lie between this mantissa and the next: where both round alike, so do they.
    if (bits != 0 && (ctx.inexact == 0 || bits == nearestBits(mantissa + 1, exponent))) {
      store<u64>(at, bits | (<u64>ctx.negative << 63));
      return FOUND;
    }
  }
  return HOSTED;
}
