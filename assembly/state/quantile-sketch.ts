// Buckets of a quantile sketch with a relative error (Masson, Rim and Lee, DDSketch, VLDB 2019): values of one bucket differ by
// at most the factor (1 + error) / (1 - error), so that one number stands for all of them.
//
// Buckets are numbered by a piecewise cubic instead of a logarithm, as in that paper's reference implementation ("cubically
// interpolated mapping"): for x = 2^e (1 + m),
//
//   L(x) = e + ((A m + B) m + C) m,  A = 6/35, B = -3/5, C = 10/7        bucket = floor(L(x) * scale)
//
// L grows by 1 from each power of two to the next and nowhere slower than 10/7 of the natural logarithm, so that with
// scale = 7 / (10 ln((1 + error) / (1 - error))) no bucket is too wide: 1 % more buckets than a logarithm's.
//
// A bucket is one word, in the order of the values: 0 is the value 0, MIDDLE + bucket a positive one, the negative of that its
// opposite, and infinities and NaN (after all) have words of their own.
const MIDDLE: i64 = 1 << 40;
const INFINITE: i64 = 1 << 50;
const NO_NUMBER: i64 = 1 << 51;

const A: f64 = 6.0 / 35.0;
const B: f64 = -3.0 / 5.0;
const C: f64 = 10.0 / 7.0;

/** The bucket of a value. */
export function sketchBucket(v: f64, scale: f64): i64 {
  if (v != v) return NO_NUMBER;
  let size = abs(v);
  let word: i64 = 0;
  if (size == Infinity) word = INFINITE;
  else if (size > 0) {
    let exponent: i32 = -1023;
    if (size < 2.2250738585072014e-308) {
      size *= 18014398509481984.0; // 2^54: a subnormal becomes normal
      exponent -= 54;
    }
    const bits = reinterpret<u64>(size);
    exponent += <i32>(bits >>> 52);
    const m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000) - 1.0;
    word = MIDDLE + <i64>floor((<f64>exponent + ((A * m + B) * m + C) * m) * scale);
  }
  return v < 0 ? -word : word;
}

/** The value that stands for a bucket: at most `error` of itself away from any value in it. */
export function sketchValue(word: i64, scale: f64, error: f64): f64 {
  if (!word) return 0;
  const size = word < 0 ? -word : word;
  if (size == NO_NUMBER) return NaN;
  if (size == INFINITE) return word < 0 ? -Infinity : Infinity;
  const length = <f64>(size - MIDDLE) / scale;
  const e = floor(length);
  const wanted = length - e;
  // Newton's method: the cubic is steep enough everywhere that a few rounds do.
  let m = wanted;
  for (let i = 0; i < 6; i++) m -= (((A * m + B) * m + C) * m - wanted) / ((3.0 * A * m + 2.0 * B) * m + C);
  // What is next to the least floats is worked out 2^54 times as large, so that it is rounded once.
  const small = e < -1021;
  const power = reinterpret<f64>(<u64>(<i64>e + (small ? 1077 : 1023)) << 52);
  const scaled = power * (1.0 + m) * (1.0 + error);
  const value = min(small ? scaled * 5.551115123125783e-17 : scaled, 1.7976931348623157e308);
  return word < 0 ? -value : value;
}
