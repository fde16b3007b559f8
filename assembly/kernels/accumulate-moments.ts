// Accumulators of variance and standard deviation (see kernels/accumulate.ts for how they are laid out and fed).
//
//   integers  | n | sum, low | sum, high | squares 0 | squares 1 | squares 2 |   exact: 128 bits of sum, 192 of squares
//   floats    | n | mean | m2 | odd |        of the n - odd finite values; odd ones are NaN and the infinities
//
// With `back`, rows are taken back.
import { counts, groupOf, wordOf } from "../state/group-row";

/** The upper 64 bits of a product. */
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >>> 32;
  const bl = b & 0xffffffff;
  const bh = b >>> 32;
  const low = al * bl;
  const mid = ah * bl + (low >>> 32);
  const other = al * bh + (mid & 0xffffffff);
  return ah * bh + (mid >>> 32) + (other >>> 32);
}

/** at[0..3] += (a, b, c), little end first. */
// @ts-ignore: decorator
@inline
function add192(at: usize, a: u64, b: u64, c: u64): void {
  const x = load<u64>(at) + a;
  let carry = <u64>(x < a);
  store<u64>(at, x);
  const y = load<u64>(at, 8) + b;
  const z = y + carry;
  carry = <u64>(y < b) + <u64>(z < y);
  store<u64>(at, z, 8);
  store<u64>(at, load<u64>(at, 16) + c + carry, 16);
}

// @ts-ignore: decorator
@inline
function subtract192(at: usize, a: u64, b: u64, c: u64): void {
  const x = load<u64>(at);
  let borrow = <u64>(x < a);
  store<u64>(at, x - a);
  const y = load<u64>(at, 8);
  const z = y - b;
  store<u64>(at, z - borrow, 8);
  borrow = <u64>(y < b) + <u64>(z < borrow);
  store<u64>(at, load<u64>(at, 16) - c - borrow, 16);
}

// @ts-ignore: decorator
@inline
function add128(at: usize, low: u64, high: u64): void {
  const x = load<u64>(at) + low;
  store<u64>(at, x);
  store<u64>(at, load<u64>(at, 8) + high + <u64>(x < low), 8);
}

// @ts-ignore: decorator
@inline
function subtract128(at: usize, low: u64, high: u64): void {
  const x = load<u64>(at);
  store<u64>(at, x - low);
  store<u64>(at, load<u64>(at, 8) - high - <u64>(x < low), 8);
}

export function accumulate_moments_i64(ats: usize, offset: u32, values: usize, bitmap: usize, back: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    const v = <i64>wordOf(values, i);
    const size = v < 0 ? <u64>0 - <u64>v : <u64>v;
    const high = size >>> 32 ? mulHigh(size, size) : 0;
    if (back) {
      store<u64>(at, load<u64>(at) - 1);
      subtract128(at + 8, <u64>v, <u64>(v >> 63));
      subtract192(at + 24, size * size, high, 0);
    } else {
      store<u64>(at, load<u64>(at) + 1);
      add128(at + 8, <u64>v, <u64>(v >> 63));
      add192(at + 24, size * size, high, 0);
    }
  }
}

/** Merges states: six columns of words, whose addresses are u32[6] at `columns`. */
export function accumulate_merge_moments_i64(ats: usize, offset: u32, columns: usize, back: u32, from: u32, to: u32): void {
  const n = load<u32>(columns);
  const low = load<u32>(columns, 4);
  const high = load<u32>(columns, 8);
  const a = load<u32>(columns, 12);
  const b = load<u32>(columns, 16);
  const c = load<u32>(columns, 20);
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    if (back) {
      store<u64>(at, load<u64>(at) - wordOf(n, i));
      subtract128(at + 8, wordOf(low, i), wordOf(high, i));
      subtract192(at + 24, wordOf(a, i), wordOf(b, i), wordOf(c, i));
    } else {
      store<u64>(at, load<u64>(at) + wordOf(n, i));
      add128(at + 8, wordOf(low, i), wordOf(high, i));
      add192(at + 24, wordOf(a, i), wordOf(b, i), wordOf(c, i));
    }
  }
}

/** n * sum of squares - (sum)^2, exactly, in 256 bits, and then rounded. */
function spread(at: usize): f64 {
  const n = load<u64>(at);
  const s0 = load<u64>(at, 24);
  const s1 = load<u64>(at, 32);
  const s2 = load<u64>(at, 40);
  const r0 = n * s0;
  const p1 = n * s1;
  const r1 = p1 + mulHigh(n, s0);
  const p2 = n * s2;
  const h1 = mulHigh(n, s1) + <u64>(r1 < p1);
  const r2 = p2 + h1;
  const r3 = mulHigh(n, s2) + <u64>(r2 < p2);

  let a0 = load<u64>(at, 8);
  let a1 = load<u64>(at, 16);
  if (<i64>a1 < 0) {
    a0 = 0 - a0;
    a1 = ~a1 + <u64>(a0 == 0);
  }
  const q0 = a0 * a0;
  // The cross product a0 * a1 counts twice, from the second word on.
  const low = a0 * a1;
  const high = mulHigh(a0, a1);
  const twiceLow = low << 1;
  const twiceHigh = (high << 1) | (low >>> 63);
  const q1 = mulHigh(a0, a0) + twiceLow;
  const carry1 = <u64>(q1 < twiceLow);
  const square = a1 * a1;
  const x2 = square + twiceHigh;
  const q2 = x2 + carry1;
  const q3 = mulHigh(a1, a1) + (high >>> 63) + <u64>(x2 < square) + <u64>(q2 < x2);

  const d0 = r0 - q0;
  let borrow = <u64>(r0 < q0);
  const e1 = r1 - q1;
  const d1 = e1 - borrow;
  borrow = <u64>(r1 < q1) + <u64>(e1 < borrow);
  const e2 = r2 - q2;
  const d2 = e2 - borrow;
  borrow = <u64>(r2 < q2) + <u64>(e2 < borrow);
  const d3 = r3 - q3 - borrow;
  const word: f64 = 18446744073709551616.0;
  return ((<f64>d3 * word + <f64>d2) * word + <f64>d1) * word + <f64>d0;
}

/** Sample variances, or their roots; 0 where there are fewer than two values. Returns how many of those there are. */
export function result_variance_i64(ats: usize, offset: u32, root: u32, n: u32, out: usize, validity: usize): u32 {
  let missing: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    const count = load<u64>(at);
    missing += put(count < 2 ? 0 : spread(at) / (<f64>count * <f64>(count - 1)), count, root, i, out, validity);
  }
  return missing;
}

/** Writes one result; 1 when it is null. */
// @ts-ignore: decorator
@inline
function put(variance: f64, count: u64, root: u32, i: u32, out: usize, validity: usize): u32 {
  store<f64>(out + (<usize>i << 3), root ? sqrt(variance) : variance);
  const at = validity + (i >>> 3);
  const bits = i & 7 ? load<u8>(at) : 0;
  const there = <u32>(count > 1);
  store<u8>(at, bits | <u8>(there << (i & 7)));
  return 1 - there;
}

/** Welford's recurrence (Technometrics 4, 1962), and its inverse. */
export function accumulate_moments_f64(ats: usize, offset: u32, values: usize, bitmap: usize, back: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    const v = load<f64>(values + (<usize>i << 3));
    const step: u64 = back ? <u64>0 - 1 : 1;
    const n = load<u64>(at) + step;
    store<u64>(at, n);
    if (v - v != 0) {
      store<u64>(at, load<u64>(at, 24) + step, 24);
      continue;
    }
    const finite = n - load<u64>(at, 24);
    const mean = load<f64>(at, 8);
    const m2 = load<f64>(at, 16);
    if (back && finite < 2) {
      // One value is left, or none: nothing of what rounding did to the others may stay.
      store<f64>(at, finite ? mean + mean - v : 0, 8);
      store<f64>(at, 0, 16);
      continue;
    }
    const delta = v - mean;
    const moved = back ? mean - delta / <f64>finite : mean + delta / <f64>finite;
    store<f64>(at, moved, 8);
    store<f64>(at, back ? m2 - delta * (v - moved) : m2 + delta * (v - moved), 16);
  }
}

/** Chan, Golub and LeVeque (Stanford STAN-CS-79-773, 1979): two sets' means and squared deviations as one's. */
export function accumulate_merge_moments_f64(
  ats: usize, offset: u32, counts: usize, means: usize, m2s: usize, odds: usize, from: u32, to: u32,
): void {
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    const odd = load<u64>(at, 24);
    const otherOdd = wordOf(odds, i);
    const n = <f64>(load<u64>(at) - odd);
    const other = <f64>(wordOf(counts, i) - otherOdd);
    store<u64>(at, load<u64>(at) + wordOf(counts, i));
    store<u64>(at, odd + otherOdd, 24);
    if (other == 0) continue;
    const mean = load<f64>(at, 8);
    const delta = load<f64>(means + (<usize>i << 3)) - mean;
    const all = n + other;
    store<f64>(at, n == 0 ? load<f64>(means + (<usize>i << 3)) : mean + (delta * other) / all, 8);
    store<f64>(at, load<f64>(at, 16) + load<f64>(m2s + (<usize>i << 3)) + (n == 0 ? 0 : (delta * delta * n * other) / all), 16);
  }
}

export function result_variance_f64(ats: usize, offset: u32, root: u32, n: u32, out: usize, validity: usize): u32 {
  let missing: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    const count = load<u64>(at);
    const variance = load<u64>(at, 24) ? NaN : max<f64>(load<f64>(at, 16), 0) / <f64>(count - 1);
    missing += put(count < 2 ? 0 : variance, count, root, i, out, validity);
  }
  return missing;
}
