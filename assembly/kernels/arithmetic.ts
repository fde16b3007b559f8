// Arithmetic over two columns of one type, or a column and one value on either side. Nulls are not looked at, but for
// errors: a row fails only if `check` (a bitmap; 0: everywhere) has a 1 there.
//
//   op        0 add   1 sub   2 mul   3 div   4 mod   (div: float64 only)
//   aSingle   1: `a` is one value; `bSingle` likewise; not both
//   result    the first row that failed, or n when none did
//
// Integers: overflow fails, and so does mod by zero. The remainder takes the dividend's sign, as JavaScript's % does.
// Floating point never fails. float64 mod is exact, as C's fmod and JavaScript's % are.

// @ts-ignore: decorator
@inline function counts(check: usize, row: u32): bool {
  return check == 0 || ((load<u8>(check + (row >> 3)) >> <u8>(row & 7)) & 1) != 0;
}

export function arithmetic_i32(op: u32, a: usize, aSingle: u32, b: usize, bSingle: u32, check: usize, n: u32, out: usize): u32 {
  const aStep: usize = aSingle ? 0 : 4;
  const bStep: usize = bSingle ? 0 : 4;
  for (let i: u32 = 0; i < n; i++) {
    const x = <i64>load<i32>(a);
    const y = <i64>load<i32>(b);
    let r: i64 = 0;
    let bad = false;
    if (op == 0) r = x + y;
    else if (op == 1) r = x - y;
    else if (op == 2) r = x * y;
    else if (y == 0) bad = true;
    else r = x % y;
    if ((bad || r != <i64>(<i32>r)) && counts(check, i)) return i;
    store<i32>(out + (<usize>i << 2), <i32>r);
    a += aStep;
    b += bStep;
  }
  return n;
}

// @ts-ignore: decorator
@inline function productOverflows(x: i64, y: i64, r: i64): bool {
  // Both within 32 bits: the usual case, and no division.
  if (x == <i64>(<i32>x) && y == <i64>(<i32>y)) return false;
  if (x == 0 || y == 0) return false;
  if (y == -1) return x == i64.MIN_VALUE;
  return r / y != x;
}

export function arithmetic_i64(op: u32, a: usize, aSingle: u32, b: usize, bSingle: u32, check: usize, n: u32, out: usize): u32 {
  const aStep: usize = aSingle ? 0 : 8;
  const bStep: usize = bSingle ? 0 : 8;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a);
    const y = load<i64>(b);
    let r: i64 = 0;
    let bad = false;
    if (op == 0) {
      r = x + y;
      bad = ((x ^ r) & (y ^ r)) < 0;
    } else if (op == 1) {
      r = x - y;
      bad = ((x ^ y) & (x ^ r)) < 0;
    } else if (op == 2) {
      r = x * y;
      bad = productOverflows(x, y, r);
    } else if (y == 0) bad = true;
    else if (y != -1) r = x % y;
    if (bad && counts(check, i)) return i;
    store<i64>(out + (<usize>i << 3), r);
    a += aStep;
    b += bStep;
  }
  return n;
}

// @ts-ignore: decorator
@final @unmanaged class Add {
  // @ts-ignore: decorator
  @inline one(a: f64, b: f64): f64 { return a + b; }
  // @ts-ignore: decorator
  @inline two(a: v128, b: v128): v128 { return f64x2.add(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Sub {
  // @ts-ignore: decorator
  @inline one(a: f64, b: f64): f64 { return a - b; }
  // @ts-ignore: decorator
  @inline two(a: v128, b: v128): v128 { return f64x2.sub(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Mul {
  // @ts-ignore: decorator
  @inline one(a: f64, b: f64): f64 { return a * b; }
  // @ts-ignore: decorator
  @inline two(a: v128, b: v128): v128 { return f64x2.mul(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Div {
  // @ts-ignore: decorator
  @inline one(a: f64, b: f64): f64 { return a / b; }
  // @ts-ignore: decorator
  @inline two(a: v128, b: v128): v128 { return f64x2.div(a, b); }
}

// @ts-ignore: decorator
@inline function floats<Op>(a: usize, aSingle: u32, b: usize, bSingle: u32, n: u32, out: usize): void {
  const aStep: usize = aSingle ? 0 : 8;
  const bStep: usize = bSingle ? 0 : 8;
  let i: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const x0 = v128.load64_splat(a);
    const y0 = v128.load64_splat(b);
    for (; i + 2 <= n; i += 2) {
      const x = aSingle ? x0 : v128.load(a);
      const y = bSingle ? y0 : v128.load(b);
      v128.store(out + (<usize>i << 3), changetype<Op>(0).two(x, y));
      a += aStep << 1;
      b += bStep << 1;
    }
  }
  for (; i < n; i++) {
    store<f64>(out + (<usize>i << 3), changetype<Op>(0).one(load<f64>(a), load<f64>(b)));
    a += aStep;
    b += bStep;
  }
}

/**
 * x mod y with the sign of x, exactly: y's multiples by powers of two are taken away from x, largest first, as in
 * paper division; each subtraction is exact because both are multiples of y's last bit and the result is smaller.
 */
function remainder(x: f64, y: f64): f64 {
  if (x != x || y != y || abs<f64>(x) == Infinity || y == 0) return NaN;
  if (abs<f64>(y) == Infinity) return x;
  let rest = abs<f64>(x);
  const divisor = abs<f64>(y);
  if (rest < divisor) return x;
  // A whole quotient below 2^53 whose product is exact needs no loop: the usual case, small whole numbers.
  if (rest < 9007199254740992.0 && floor<f64>(rest) == rest && floor<f64>(divisor) == divisor) {
    return copysign<f64>(<f64>(<u64>rest % <u64>divisor), x);
  }
  while (rest >= divisor) {
    let part = divisor;
    // The largest divisor * 2^k <= rest: exponents first, then one step back if that went past.
    const up = <i64>((reinterpret<u64>(rest) >> 52) & 0x7ff) - <i64>((reinterpret<u64>(divisor) >> 52) & 0x7ff);
    if (up > 1 && (reinterpret<u64>(divisor) >> 52) != 0) part = reinterpret<f64>(reinterpret<u64>(divisor) + (<u64>(up - 1) << 52));
    while (part + part <= rest) part += part;
    rest -= part;
  }
  return copysign<f64>(rest, x);
}

export function arithmetic_f64(op: u32, a: usize, aSingle: u32, b: usize, bSingle: u32, n: u32, out: usize): void {
  switch (op) {
    case 0: floats<Add>(a, aSingle, b, bSingle, n, out); break;
    case 1: floats<Sub>(a, aSingle, b, bSingle, n, out); break;
    case 2: floats<Mul>(a, aSingle, b, bSingle, n, out); break;
    case 3: floats<Div>(a, aSingle, b, bSingle, n, out); break;
    default: {
      const aStep: usize = aSingle ? 0 : 8;
      const bStep: usize = bSingle ? 0 : 8;
      for (let i: u32 = 0; i < n; i++) {
        store<f64>(out + (<usize>i << 3), remainder(load<f64>(a), load<f64>(b)));
        a += aStep;
        b += bStep;
      }
    }
  }
}

/** The smallest value has no counterpart: it fails. */
export function arithmetic_abs_i32(a: usize, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i32>(a + (<usize>i << 2));
    if (x == i32.MIN_VALUE && counts(check, i)) return i;
    store<i32>(out + (<usize>i << 2), x < 0 ? -x : x);
  }
  return n;
}

export function arithmetic_abs_i64(a: usize, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3));
    if (x == i64.MIN_VALUE && counts(check, i)) return i;
    store<i64>(out + (<usize>i << 3), x < 0 ? -x : x);
  }
  return n;
}

export function arithmetic_abs_f64(a: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (<usize>i << 3), abs<f64>(load<f64>(a + (<usize>i << 3))));
}

/** Half away from zero, exactly: adding 0.5 would round up 0.49999999999999994. */
// @ts-ignore: decorator
@inline function roundHalfAway(x: f64): f64 {
  const whole = trunc<f64>(x);
  return abs<f64>(x - whole) >= 0.5 ? whole + copysign<f64>(1, x) : copysign<f64>(whole, x);
}

/**
 * To a multiple of 1 / `scale` (`multiply` = 1) or of `scale` (`multiply` = 0), halves away from zero. `scale` is a power of ten.
 * A value that is scaled beyond 2^53 has no such digits and stays as it is.
 */
export function arithmetic_round_f64(a: usize, scale: f64, multiply: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(a + (<usize>i << 3));
    let r = x;
    if (multiply) {
      const scaled = x * scale;
      if (abs<f64>(scaled) < 9007199254740992.0) r = roundHalfAway(scaled) / scale;
    } else if (abs<f64>(x) < Infinity) r = roundHalfAway(x / scale) * scale;
    store<f64>(out + (<usize>i << 3), r);
  }
}

/** Integers to a multiple of `step` (10, 100 …), halves away from zero; beyond the type's range fails. */
// @ts-ignore: decorator
@inline function roundStep<T>(a: usize, step: i64, low: i64, high: i64, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = <i64>load<T>(a + (<usize>i << alignof<T>()));
    const rest = x % step;
    let r = x - rest;
    if (rest >= step - rest && rest > 0) {
      if (r > high - step) { if (counts(check, i)) return i; } else r += step;
    } else if (rest < 0 && -rest >= step + rest) {
      if (r < low + step) { if (counts(check, i)) return i; } else r -= step;
    }
    store<T>(out + (<usize>i << alignof<T>()), <T>r);
  }
  return n;
}

export function arithmetic_round_i32(a: usize, step: f64, check: usize, n: u32, out: usize): u32 {
  return roundStep<i32>(a, <i64>step, -2147483648, 2147483647, check, n, out);
}

export function arithmetic_round_i64(a: usize, step: f64, check: usize, n: u32, out: usize): u32 {
  return roundStep<i64>(a, <i64>step, i64.MIN_VALUE, i64.MAX_VALUE, check, n, out);
}
