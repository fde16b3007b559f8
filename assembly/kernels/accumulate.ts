// Accumulators: a few words in each group's row (state/group-table.ts), all zero bytes to begin with.
//
//   count            | n |
//   sum of integers  | low 64 bits | (high 63 bits << 1) | seen |       127 bits: no stream is long enough to overflow them
//   sum of floats    | sum | what rounding lost | n |                   two doubles (Knuth's two-sum), added up when emitted
//   min, max         | value | seen |                                   value as a word (kernels/words.ts)
//   min, max, bytes  | address, length | seen |                         a copy in the table's heap (state/heap.ts)
//
// Kernels take rows [from, to) of a batch: `ats + 4 * row` holds the address of the row's group, `bitmap` (or 0: all) says
// which rows count. `offset` is the accumulator's place in the group's row. Merging kernels take partial states as columns.
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { compareBytes } from "../state/compare-bytes";
import { counts, groupOf } from "../state/group-row";
import { replaceBytes } from "../state/heap";

// @ts-ignore: decorator
@inline
function addWide(at: usize, low: u64, high: i64): void {
  const old = load<u64>(at);
  const sum = old + low;
  store<u64>(at, sum);
  store<i64>(at, (load<i64>(at, 8) + ((high + <i64>(sum < old)) << 1)) | 1, 8);
}

// The upper half seldom changes.
// @ts-ignore: decorator
@inline
function countAndAdd(row: usize, count: u32, offset: u32, v: i64): void {
  store<u64>(row + count, load<u64>(row + count) + 1);
  const at = row + offset;
  const old = load<u64>(at);
  const sum = old + <u64>v;
  store<u64>(at, sum);
  const high = load<i64>(at, 8);
  const changed = (high + (((v >> 63) + <i64>(sum < old)) << 1)) | 1;
  if (changed != high) store<i64>(at, changed, 8);
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

export function accumulate_count(ats: usize, offset: u32, bitmap: usize, from: u32, to: u32): void {
  if (!bitmap) {
    for (let i = from; i < to; i++) {
      const at = groupOf(ats, i, offset);
      store<u64>(at, load<u64>(at) + 1);
    }
    return;
  }
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) + <u64>counts(bitmap, i));
  }
}

/** Also merges counts. */
export function accumulate_add_i64(ats: usize, offset: u32, values: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) + load<u64>(values + (<usize>i << 3)));
  }
}

export function accumulate_sum_i64(ats: usize, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const v = load<i64>(values + (<usize>i << 3));
    addWide(groupOf(ats, i, offset), <u64>v, v >> 63);
  }
}

/** accumulate_count and accumulate_sum_i64 in one pass over the groups. */
export function accumulate_counted_sum_i64(ats: usize, count: u32, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  let i = from;
  if (!bitmap) {
    // Four rows a turn, as a turn costs as much as a row.
    for (; i + 4 <= to; i += 4) {
      const p = ats + (<usize>i << 2);
      const q = values + (<usize>i << 3);
      countAndAdd(load<u32>(p), count, offset, load<i64>(q));
      countAndAdd(load<u32>(p, 4), count, offset, load<i64>(q, 8));
      countAndAdd(load<u32>(p, 8), count, offset, load<i64>(q, 16));
      countAndAdd(load<u32>(p, 12), count, offset, load<i64>(q, 24));
    }
  }
  for (; i < to; i++) {
    if (counts(bitmap, i)) countAndAdd(groupOf(ats, i, 0), count, offset, load<i64>(values + (<usize>i << 3)));
  }
}

export function accumulate_merge_sum_i64(ats: usize, offset: u32, lows: usize, highs: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const high = load<i64>(highs + (<usize>i << 3));
    if (high & 1) addWide(groupOf(ats, i, offset), load<u64>(lows + (<usize>i << 3)), high >> 1);
  }
}

export function accumulate_sum_f64(ats: usize, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    addFloat(at, load<f64>(values + (<usize>i << 3)));
    store<u64>(at, load<u64>(at, 16) + 1, 16);
  }
}

/** accumulate_count and accumulate_sum_f64 in one pass over the groups. */
export function accumulate_counted_sum_f64(ats: usize, count: u32, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const row = groupOf(ats, i, 0);
    store<u64>(row + count, load<u64>(row + count) + 1);
    addFloat(row + offset, load<f64>(values + (<usize>i << 3)));
    store<u64>(row + offset, load<u64>(row + offset, 16) + 1, 16);
  }
}

export function accumulate_merge_sum_f64(ats: usize, offset: u32, sums: usize, losses: usize, counts: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const n = load<u64>(counts + (<usize>i << 3));
    if (!n) continue;
    const at = groupOf(ats, i, offset);
    addFloat(at, load<f64>(sums + (<usize>i << 3)));
    store<f64>(at, load<f64>(at, 8) + load<f64>(losses + (<usize>i << 3)), 8);
    store<u64>(at, load<u64>(at, 16) + n, 16);
  }
}

/** Also merges minima. */
export function accumulate_min_i64(ats: usize, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    const v = load<i64>(values + (<usize>i << 3));
    if (!load<u64>(at, 8) || v < load<i64>(at)) {
      store<i64>(at, v);
      store<u64>(at, 1, 8);
    }
  }
}

export function accumulate_max_i64(ats: usize, offset: u32, values: usize, bitmap: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    const v = load<i64>(values + (<usize>i << 3));
    if (!load<u64>(at, 8) || v > load<i64>(at)) {
      store<i64>(at, v);
      store<u64>(at, 1, 8);
    }
  }
}

// Rows whose group is not in table T are passed over: one call a table. The row that needs heap stops the kernel.
// @ts-ignore: decorator
@inline
function extremeBytes<WANTED>(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || !counts(bitmap, i)) continue;
    const at = <usize>row + offset;
    const word = load<u64>(words + (<usize>i << 3));
    const old = load<u64>(at);
    if (old) {
      const order = compareBytes(word, old);
      if (isInteger<WANTED>() ? order >= 0 : order <= 0) continue;
    }
    const kept = replaceBytes(T, old, word);
    if (!kept) return i;
    store<u64>(at, kept);
    store<u64>(at, 1, 8);
  }
  return to;
}

export function accumulate_min_bytes(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  return extremeBytes<i32>(T, ats, offset, words, bitmap, from, to);
}

export function accumulate_max_bytes(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  return extremeBytes<f64>(T, ats, offset, words, bitmap, from, to);
}

/** bitmap[i] = a[i] and b[i], for n rows; a or b may be 0: all. */
export function accumulate_both(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: usize = 0, bytes = (<usize>n + 7) >>> 3; i < bytes; i++) {
    store<u8>(out + i, (a ? load<u8>(a + i) : 0xff) & (b ? load<u8>(b + i) : 0xff));
  }
}
