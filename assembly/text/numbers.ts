// Numbers as text, as JavaScript prints them. Each function writes at `p` and answers where the text ends.
import { LEAST_POWER, POWERS_OF_TEN } from "./powers-of-ten";

/** "00" to "99", two bytes each. */
const PAIRS = memory.data<u16>([
  0x3030, 0x3130, 0x3230, 0x3330, 0x3430, 0x3530, 0x3630, 0x3730, 0x3830, 0x3930,
  0x3031, 0x3131, 0x3231, 0x3331, 0x3431, 0x3531, 0x3631, 0x3731, 0x3831, 0x3931,
  0x3032, 0x3132, 0x3232, 0x3332, 0x3432, 0x3532, 0x3632, 0x3732, 0x3832, 0x3932,
  0x3033, 0x3133, 0x3233, 0x3333, 0x3433, 0x3533, 0x3633, 0x3733, 0x3833, 0x3933,
  0x3034, 0x3134, 0x3234, 0x3334, 0x3434, 0x3534, 0x3634, 0x3734, 0x3834, 0x3934,
  0x3035, 0x3135, 0x3235, 0x3335, 0x3435, 0x3535, 0x3635, 0x3735, 0x3835, 0x3935,
  0x3036, 0x3136, 0x3236, 0x3336, 0x3436, 0x3536, 0x3636, 0x3736, 0x3836, 0x3936,
  0x3037, 0x3137, 0x3237, 0x3337, 0x3437, 0x3537, 0x3637, 0x3737, 0x3837, 0x3937,
  0x3038, 0x3138, 0x3238, 0x3338, 0x3438, 0x3538, 0x3638, 0x3738, 0x3838, 0x3938,
  0x3039, 0x3139, 0x3239, 0x3339, 0x3439, 0x3539, 0x3639, 0x3739, 0x3839, 0x3939,
]);

// @ts-ignore: decorator
@inline
function pair(value: u32): u16 {
  return load<u16>(PAIRS + (<usize>value << 1));
}

// @ts-ignore: decorator
@inline
export function fourDigits(value: u32, p: usize): void {
  const high = value / 100;
  store<u16>(p, pair(high));
  store<u16>(p, pair(value - high * 100), 2);
}

// @ts-ignore: decorator
@inline
export function twoDigits(value: u32, p: usize): void {
  store<u16>(p, pair(value));
}

/** value < 10^8, with leading zeros. */
// @ts-ignore: decorator
@inline
function eightDigits(value: u32, p: usize): void {
  const high = value / 10_000;
  fourDigits(high, p);
  fourDigits(value - high * 10_000, p + 4);
}

function smallUnsigned(value: u32, p: usize): usize {
  if (value < 10_000) {
    if (value < 100) {
      if (value < 10) {
        store<u8>(p, <u8>(48 + value));
        return p + 1;
      }
      store<u16>(p, pair(value));
      return p + 2;
    }
    const high = value / 100;
    const rest = value - high * 100;
    if (value < 1_000) {
      store<u8>(p, <u8>(48 + high));
      store<u16>(p, pair(rest), 1);
      return p + 3;
    }
    store<u16>(p, pair(high));
    store<u16>(p, pair(rest), 2);
    return p + 4;
  }
  const high = value / 10_000;
  p = smallUnsigned(high, p);
  fourDigits(value - high * 10_000, p);
  return p + 4;
}

export function writeUnsigned(value: u64, p: usize): usize {
  if (value <= <u64>u32.MAX_VALUE) return smallUnsigned(<u32>value, p);
  const high = value / 100_000_000;
  p = writeUnsigned(high, p);
  eightDigits(<u32>(value - high * 100_000_000), p);
  return p + 8;
}

/** Up to 20 bytes. */
export function writeInteger(value: i64, p: usize): usize {
  if (value >= 0) return writeUnsigned(<u64>value, p);
  store<u8>(p, 45);
  return writeUnsigned(0 - <u64>value, p + 1);
}

/** The high half of a 64 x 64 bit product. */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >>> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >>> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}

/** floor(g · c / 2^128) for the 128-bit g, with the lowest bit set if anything was cut off. */
// @ts-ignore: decorator
@inline
function roundToOdd(high: u64, low: u64, c: u64): u64 {
  const x = multiplyHigh(low, c);
  const y0 = high * c + x;
  const y1 = multiplyHigh(high, c) + <u64>(y0 < x);
  return y1 | <u64>(y0 > 1);
}

/**
 * A float64 as JSON.stringify writes it: the shortest digits that read back as the same number, and of those the closest;
 * `null` for NaN and the infinities, unless `special`, which writes NaN, Infinity and -Infinity. Up to 25 bytes.
 *
 * The digits are Schubfach's (Raffaello Giulietti, "The Schubfach way to render doubles", 2020).
 */
export function writeFloat(value: f64, special: bool, p: usize): usize {
  const bits = reinterpret<u64>(value);
  const fraction = bits & 0xfffffffffffff;
  const exponent = <i32>((bits >>> 52) & 0x7ff);
  if (exponent == 0x7ff) {
    if (!special) {
      store<u32>(p, 0x6c6c756e); // "null"
      return p + 4;
    }
    if (fraction) {
      store<u16>(p, 0x614e); // "Na"
      store<u8>(p, 78, 2);
      return p + 3;
    }
    if (<i64>bits < 0) store<u8>(p++, 45);
    store<u64>(p, 0x7974696e69666e49); // "Infinity"
    return p + 8;
  }
  if (value == 0) {
    store<u8>(p, 48);
    return p + 1;
  }
  if (<i64>bits < 0) store<u8>(p++, 45);
  const size = Math.abs(value);
  if (size < 9007199254740992.0 && size == Math.floor(size)) return writeUnsigned(<u64>size, p);

  const c = exponent ? fraction | 0x10000000000000 : fraction;
  const q = exponent ? exponent - 1075 : -1074;
  const closer = fraction == 0 && exponent > 1;
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  const h = q + ((-k * 1741647) >> 19) + 1;
  const power = POWERS_OF_TEN + (<usize>(-k - LEAST_POWER) << 4);
  const high = load<u64>(power);
  const low = load<u64>(power, 8);
  const odd = c & 1;
  const lower = roundToOdd(high, low, (4 * c - 2 + <u64>closer) << h) + odd;
  const middle = roundToOdd(high, low, (4 * c) << h);
  const upper = roundToOdd(high, low, (4 * c + 2) << h) - odd;
  const s = middle >>> 2;
  if (s >= 10) {
    const tens = s / 10;
    const below = lower <= 40 * tens;
    const above = 40 * tens + 40 <= upper;
    if (below != above) return layOut(tens + <u64>above, k + 1, p);
  }
  const below = lower <= 4 * s;
  const above = 4 * s + 4 <= upper;
  if (below != above) return layOut(s + <u64>above, k, p);
  const half = 4 * s + 2;
  return layOut(s + <u64>(middle > half || (middle == half && (s & 1) != 0)), k, p);
}

/** digits · 10^exponent in JavaScript's choice of notations. */
function layOut(digits: u64, exponent: i32, p: usize): usize {
  let rest = digits / 10;
  while (rest * 10 == digits) {
    digits = rest;
    rest = digits / 10;
    exponent++;
  }
  const end = writeUnsigned(digits, p);
  const count = <i32>(end - p);
  const point = count + exponent;
  if (exponent >= 0 && point <= 21) {
    memory.fill(end, 48, exponent);
    return end + exponent;
  }
  if (point > 0 && point <= 21) {
    memory.copy(p + point + 1, p + point, count - point);
    store<u8>(p + point, 46);
    return end + 1;
  }
  if (point > -6 && point <= 0) {
    const zeros = 2 - point;
    memory.copy(p + zeros, p, count);
    memory.fill(p, 48, zeros);
    store<u8>(p, 46, 1);
    return end + zeros;
  }
  let q = end;
  if (count > 1) {
    memory.copy(p + 2, p + 1, count - 1);
    store<u8>(p, 46, 1);
    q++;
  }
  const shown = point - 1;
  store<u8>(q, 101); // "e"
  store<u8>(q, shown < 0 ? 45 : 43, 1);
  return smallUnsigned(shown < 0 ? -shown : shown, q + 2);
}
