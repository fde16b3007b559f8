// Counts and sums from which rows and states can be taken back (see kernels/accumulate.ts).
//
//   sum of integers  | low 64 bits | (high 63 bits << 1) | seen | n |      null once n is 0 again
//   sum of floats    | sum | what rounding lost | n | +infinities | -infinities | NaNs |
//
// Of floats, those that are no finite numbers are counted apart: taken back, they leave nothing behind.
import { counts, groupOf, wordOf } from "../state/group-row";

export function accumulate_count_back(ats: usize, offset: u32, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) - <u64>counts(bitmap, i));
  }
}

/** Also takes merged counts back. */
export function accumulate_subtract_i64(ats: usize, offset: u32, values: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) - wordOf(values, i));
  }
}

// @ts-ignore: decorator
@inline
function subtractWide(at: usize, low: u64, high: i64): void {
  const old = load<u64>(at);
  store<u64>(at, old - low);
  store<i64>(at, load<i64>(at, 8) - ((high + <i64>(old < low)) << 1), 8);
}

/** Takes back accumulate_counted_sum_i64. */
export function accumulate_counted_sum_back_i64(ats: usize, count: u32, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const row = groupOf(ats, i, 0);
    store<u64>(row + count, load<u64>(row + count) - 1);
    const v = <i64>wordOf(values, i);
    subtractWide(row + offset, <u64>v, v >> 63);
  }
}

/** Takes back accumulate_merge_sum_i64. */
export function accumulate_unmerge_sum_i64(ats: usize, offset: u32, lows: usize, highs: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) subtractWide(groupOf(ats, i, offset), wordOf(lows, i), <i64>wordOf(highs, i) >> 1);
}

// @ts-ignore: decorator
@inline
function addFloat(at: usize, v: f64): void {
  const a = load<f64>(at);
  const sum = a + v;
  const b = sum - a;
  store<f64>(at, sum);
  store<f64>(at, load<f64>(at, 8) + ((a - (sum - b)) + (v - b)), 8);
}

export function accumulate_revocable_sum_f64(ats: usize, offset: u32, values: usize, bitmap: usize, back: u32, from: u32, to: u32): void {
  const step: u64 = back ? <u64>0 - 1 : 1;
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    const v = load<f64>(values + (<usize>i << 3));
    const n = load<u64>(at, 16) + step;
    store<u64>(at, n, 16);
    if (v - v != 0) {
      const odd = at + (v > 0 ? 24 : v < 0 ? 32 : 40);
      store<u64>(odd, load<u64>(odd) + step);
    } else {
      addFloat(at, back ? -v : v);
    }
    if (n == load<u64>(at, 24) + load<u64>(at, 32) + load<u64>(at, 40)) {
      // No number is left: nothing of what rounding did may stay.
      store<u64>(at, 0);
      store<u64>(at, 0, 8);
    }
  }
}

/** The sums, or with `mean` the means. */
export function result_revocable_sum_f64(ats: usize, offset: u32, mean: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    const finite = load<f64>(at) + load<f64>(at, 8);
    let sum = finite - finite == 0 ? finite : load<f64>(at);
    const up = load<u64>(at, 24);
    const down = load<u64>(at, 32);
    if (load<u64>(at, 40) || (up && down)) sum = NaN;
    else if (up) sum = Infinity;
    else if (down) sum = -Infinity;
    store<f64>(out + (<usize>i << 3), mean ? sum / <f64>load<u64>(at, 16) : sum);
  }
}
