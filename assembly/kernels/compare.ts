// Comparisons: two columns of one type, or a column and one value, to a bitmap (LSB first, 1 = true). Nulls are not looked
// at: the caller joins the validity bitmaps.
//
//   op      0 eq   1 ne   2 lt   3 le   4 gt   5 ge
//   single  0: `b` is a column as long as `a`; 1: `b` is one value, compared with every row
//   out     bitmap; written in whole bytes, ceil(n / 8) of them
//
// Eight rows give one byte, so up to seven rows beyond n are read (64 bytes are readable). Floating point compares as IEEE
// 754 and JavaScript do: NaN is unequal to everything and in no order with anything, -0 equals 0.

// @ts-ignore: decorator
@final @unmanaged class Eq {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a == b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.eq<T>(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Ne {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a != b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.ne<T>(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Lt {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a < b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.lt<T>(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Le {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a <= b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.le<T>(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Gt {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a > b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.gt<T>(a, b); }
}
// @ts-ignore: decorator
@final @unmanaged class Ge {
  // @ts-ignore: decorator
  @inline test<T>(a: T, b: T): bool { return a >= b; }
  // @ts-ignore: decorator
  @inline mask<T>(a: v128, b: v128): v128 { return v128.ge<T>(a, b); }
}

// @ts-ignore: decorator
@inline function rows<T, Op>(a: usize, b: usize, single: u32, n: u32, out: usize): void {
  const bytes = (n + 7) >> 3;
  if (single) {
    const value = load<T>(b);
    if (ASC_FEATURE_SIMD) {
      const all = v128.splat<T>(value);
      for (let i: u32 = 0; i < bytes; i++) {
        store<u8>(out + i, eight<T, Op>(a, all, all, all, all));
        a += 8 * sizeof<T>();
      }
    } else {
      for (let i: u32 = 0; i < bytes; i++) {
        let byte: u32 = 0;
        for (let j: u32 = 0; j < 8; j++) {
          byte |= <u32>changetype<Op>(0).test<T>(load<T>(a), value) << j;
          a += sizeof<T>();
        }
        store<u8>(out + i, <u8>byte);
      }
    }
    return;
  }
  for (let i: u32 = 0; i < bytes; i++) {
    if (ASC_FEATURE_SIMD) {
      if (sizeof<T>() == 8) store<u8>(out + i, eight<T, Op>(a, v128.load(b), v128.load(b, 16), v128.load(b, 32), v128.load(b, 48)));
      else store<u8>(out + i, eight<T, Op>(a, v128.load(b), v128.load(b, 16), v128.load(b), v128.load(b)));
      a += 8 * sizeof<T>();
      b += 8 * sizeof<T>();
    } else {
      let byte: u32 = 0;
      for (let j: u32 = 0; j < 8; j++) {
        byte |= <u32>changetype<Op>(0).test<T>(load<T>(a), load<T>(b)) << j;
        a += sizeof<T>();
        b += sizeof<T>();
      }
      store<u8>(out + i, <u8>byte);
    }
  }
}

// @ts-ignore: decorator
@inline function laneBits<T>(mask: v128): i32 {
  return sizeof<T>() == 4 ? i32x4.bitmask(mask) : i64x2.bitmask(mask);
}

/** Eight rows from `a` against four vectors of two (the first two vectors of four). */
// @ts-ignore: decorator
@inline function eight<T, Op>(a: usize, b0: v128, b1: v128, b2: v128, b3: v128): u8 {
  const m0 = laneBits<T>(changetype<Op>(0).mask<T>(v128.load(a), b0));
  const m1 = laneBits<T>(changetype<Op>(0).mask<T>(v128.load(a, 16), b1));
  if (sizeof<T>() == 4) return <u8>(m0 | (m1 << 4));
  const m2 = laneBits<T>(changetype<Op>(0).mask<T>(v128.load(a, 32), b2));
  const m3 = laneBits<T>(changetype<Op>(0).mask<T>(v128.load(a, 48), b3));
  return <u8>(m0 | (m1 << 2) | (m2 << 4) | (m3 << 6));
}

// @ts-ignore: decorator
@inline function compare<T>(op: u32, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  switch (op) {
    case 0: rows<T, Eq>(a, b, single, n, out); break;
    case 1: rows<T, Ne>(a, b, single, n, out); break;
    case 2: rows<T, Lt>(a, b, single, n, out); break;
    case 3: rows<T, Le>(a, b, single, n, out); break;
    case 4: rows<T, Gt>(a, b, single, n, out); break;
    default: rows<T, Ge>(a, b, single, n, out); break;
  }
}

export function compare_i32(op: u32, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  compare<i32>(op, a, b, single, n, out);
}

export function compare_i64(op: u32, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  compare<i64>(op, a, b, single, n, out);
}

export function compare_f64(op: u32, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  compare<f64>(op, a, b, single, n, out);
}

/** Whether an order (-1, 0, 1; 2 = unordered) satisfies `op`. */
// @ts-ignore: decorator
@inline function holds(op: u32, order: i32): u32 {
  switch (op) {
    case 0: return u32(order == 0);
    case 1: return u32(order != 0);
    case 2: return u32(order == -1);
    case 3: return u32(order <= 0);
    case 4: return u32(order == 1);
    default: return u32(order == 0) | u32(order == 1);
  }
}

/** An int64 against a float64, exactly: neither is rounded to the other's type. */
// @ts-ignore: decorator
@inline function orderOf(a: i64, b: f64): i32 {
  if (b != b) return 2;
  if (b >= 9223372036854775808.0) return -1;
  if (b < -9223372036854775808.0) return 1;
  const whole = <i64>b;
  if (a != whole) return a < whole ? -1 : 1;
  const rest = b - <f64>whole;
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

/** `a` int64, `b` float64. */
export function compare_i64_f64(op: u32, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  const step: usize = single ? 0 : 8;
  const bytes = (n + 7) >> 3;
  for (let i: u32 = 0; i < bytes; i++) {
    let byte: u32 = 0;
    for (let j: u32 = 0; j < 8; j++) {
      byte |= holds(op, orderOf(load<i64>(a), load<f64>(b))) << j;
      a += 8;
      b += step;
    }
    store<u8>(out + i, <u8>byte);
  }
}

/** -1, 0 or 1: bytes in [a, aEnd) against [b, bEnd), unsigned, a prefix first. */
// @ts-ignore: decorator
@inline function bytesOrder(a: usize, aEnd: usize, b: usize, bEnd: usize): i32 {
  const stop = a + min<usize>(aEnd - a, bEnd - b);
  while (a + 8 <= stop) {
    const x = load<u64>(a);
    const y = load<u64>(b);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
    a += 8;
    b += 8;
  }
  while (a < stop) {
    const x = load<u8>(a);
    const y = load<u8>(b);
    if (x != y) return x < y ? -1 : 1;
    a++;
    b++;
  }
  return i32(a < aEnd) - i32(b < bEnd);
}

/** Strings or binary values in the order of their bytes, which for UTF-8 is that of code points. */
export function compare_bytes(op: u32, aOffsets: usize, a: usize, bOffsets: usize, b: usize, single: u32, n: u32, out: usize): void {
  const step: usize = single ? 0 : 4;
  const equality = op < 2;
  let word: u32 = 0;
  let bStart = b + <usize>load<u32>(bOffsets);
  let bEnd = b + <usize>load<u32>(bOffsets, 4);
  for (let i: u32 = 0; i < n; i++) {
    const aStart = a + <usize>load<u32>(aOffsets);
    const aEnd = a + <usize>load<u32>(aOffsets, 4);
    if (!single) {
      bStart = b + <usize>load<u32>(bOffsets);
      bEnd = b + <usize>load<u32>(bOffsets, 4);
    }
    const order = equality && aEnd - aStart != bEnd - bStart ? 1 : bytesOrder(aStart, aEnd, bStart, bEnd);
    word |= holds(op, order) << (i & 7);
    if ((i & 7) == 7) {
      store<u8>(out + (i >> 3), <u8>word);
      word = 0;
    }
    aOffsets += 4;
    bOffsets += step;
  }
  if (n & 7) store<u8>(out + (n >> 3), <u8>word);
}

/** Whether each row's string is among `count` others, given as a column: a condition for short lists. */
export function compare_in_bytes(aOffsets: usize, a: usize, listOffsets: usize, list: usize, count: u32, n: u32, out: usize): void {
  let word: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const start = a + <usize>load<u32>(aOffsets + (<usize>i << 2));
    const end = a + <usize>load<u32>(aOffsets + (<usize>i << 2), 4);
    let found: u32 = 0;
    for (let k: u32 = 0; k < count; k++) {
      const from = list + <usize>load<u32>(listOffsets + (<usize>k << 2));
      const to = list + <usize>load<u32>(listOffsets + (<usize>k << 2), 4);
      if (to - from == end - start && bytesOrder(start, end, from, to) == 0) {
        found = 1;
        break;
      }
    }
    word |= found << (i & 7);
    if ((i & 7) == 7) {
      store<u8>(out + (i >> 3), <u8>word);
      word = 0;
    }
  }
  if (n & 7) store<u8>(out + (n >> 3), <u8>word);
}

// @ts-ignore: decorator
@inline function inList<T>(a: usize, list: usize, count: u32, n: u32, out: usize): void {
  let word: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = load<T>(a + (<usize>i << alignof<T>()));
    let found: u32 = 0;
    for (let k: u32 = 0; k < count; k++) found |= u32(load<T>(list + (<usize>k << alignof<T>())) == value);
    word |= found << (i & 7);
    if ((i & 7) == 7) {
      store<u8>(out + (i >> 3), <u8>word);
      word = 0;
    }
  }
  if (n & 7) store<u8>(out + (n >> 3), <u8>word);
}

export function compare_in_i32(a: usize, list: usize, count: u32, n: u32, out: usize): void {
  inList<i32>(a, list, count, n, out);
}

export function compare_in_i64(a: usize, list: usize, count: u32, n: u32, out: usize): void {
  inList<i64>(a, list, count, n, out);
}

export function compare_in_f64(a: usize, list: usize, count: u32, n: u32, out: usize): void {
  inList<f64>(a, list, count, n, out);
}
