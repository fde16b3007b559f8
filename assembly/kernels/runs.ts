// Runs of entries as results: what lists, sets and bags of groups (state/entries.ts, value-set.ts, bag.ts) come out as.
//
//   runs     u32[2] a group: where its entries lie, and how many they are
//   width    bytes of an entry, in whole words; `word`: the number of the word that counts
//   counted  1 where an entry's last word says how often it is there
import { selectWord, sortEntries } from "../state/order";
import { sketchBucket, sketchValue } from "../state/quantile-sketch";

export function runs_sort(runs: usize, n: u32, width: u32, order: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const count = load<u32>(runs + (<usize>i << 3), 4);
    if (count > 1) sortEntries(load<u32>(runs + (<usize>i << 3)), count, width, order);
  }
}

/** The buckets of n floats in a quantile sketch, as words. */
export function runs_sketch_buckets(values: usize, n: u32, scale: f64, out: usize): void {
  for (let i: usize = 0; i < n; i++) store<i64>(out + (i << 3), sketchBucket(load<f64>(values + (i << 3)), scale));
}

// @ts-ignore: decorator
@inline
function floatOf(ordered: i64): f64 {
  return reinterpret<f64>(ordered ^ ((ordered >> 63) & 0x7fffffffffffffff));
}

// @ts-ignore: decorator
@inline
function between(low: f64, high: f64, part: f64): f64 {
  if (part == 0 || low == high) return low;
  const value = low + (high - low) * part;
  return value == value ? value : NaN; // one NaN, whatever it came of
}

/**
 * The quantile q of runs of one word, floats as integers of their order (words_ordered_f64), as f64; entries are put in another
 * order. Between two values it is a mean by distance (type 7 of Hyndman and Fan, Sample quantiles in statistical packages,
 * 1996). Of no entry: 0.
 */
export function runs_quantile(runs: usize, n: u32, q: f64, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(runs + (<usize>i << 3));
    const count = load<u32>(runs + (<usize>i << 3), 4);
    let value: f64 = 0;
    if (count) {
      const place = <f64>(count - 1) * q;
      const k = <u32>place;
      const part = place - <f64>k;
      const low = selectWord(at, count, k);
      let high = low;
      if (part > 0) {
        high = i64.MAX_VALUE;
        const end = at + (<usize>count << 3);
        for (let p = at + (<usize>(k + 1) << 3); p < end; p += 8) high = min(high, load<i64>(p));
      }
      value = between(floatOf(low), floatOf(high), part);
    }
    store<f64>(out + (<usize>i << 3), value);
  }
}

/**
 * The quantile q of runs of a word and its count, sorted by the word. With `scale` 0 as runs_quantile; else words are buckets
 * of a sketch (state/quantile-sketch.ts) of that scale and relative error, and the value is that of the bucket in which the quantile lies.
 */
export function runs_counted_quantile(runs: usize, n: u32, q: f64, scale: f64, error: f64, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let at = <usize>load<u32>(runs + (<usize>i << 3));
    const end = at + (<usize>load<u32>(runs + (<usize>i << 3), 4) << 4);
    let value: f64 = 0;
    if (at < end) {
      let total: u64 = 0;
      for (let p = at; p < end; p += 16) total += load<u64>(p, 8);
      const place = <f64>(total - 1) * q;
      const k = <u64>place;
      let before: u64 = 0;
      while (before + load<u64>(at, 8) <= k) {
        before += load<u64>(at, 8);
        at += 16;
      }
      if (scale > 0) {
        value = sketchValue(load<i64>(at), scale, error);
      } else {
        const next = before + load<u64>(at, 8) > k + 1 || at + 16 == end ? at : at + 16;
        value = between(floatOf(load<i64>(at)), floatOf(load<i64>(next)), place - <f64>k);
      }
    }
    store<f64>(out + (<usize>i << 3), value);
  }
}

// @ts-ignore: decorator
@inline
function timesOf(entry: usize, width: u32, counted: u32): u64 {
  return counted ? load<u64>(entry + width - 8) : 1;
}

/** Bytes of the runs' texts, each with `gap` bytes between two. */
export function runs_text_length(runs: usize, n: u32, width: u32, word: u32, counted: u32, gap: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let entry = <usize>load<u32>(runs + (<usize>i << 3));
    const count = load<u32>(runs + (<usize>i << 3), 4);
    for (let e: u32 = 0; e < count; e++, entry += width) {
      sum += <f64>timesOf(entry, width, counted) * <f64>(load<u32>(entry + (word << 3), 4) + gap);
    }
    if (count) sum -= <f64>gap;
  }
  return sum;
}

/** The runs' texts, with `gap` bytes at `separator` between two, as a column of bytes. */
export function runs_text(runs: usize, n: u32, width: u32, word: u32, counted: u32, separator: usize, gap: u32, offsets: usize, out: usize): void {
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    let entry = <usize>load<u32>(runs + (<usize>i << 3));
    const count = load<u32>(runs + (<usize>i << 3), 4);
    for (let e: u32 = 0; e < count; e++, entry += width) {
      const text = load<u64>(entry + (word << 3));
      const length = <u32>(text >>> 32);
      for (let times = timesOf(entry, width, counted), t: u64 = 0; t < times; t++) {
        if (e || t) {
          memory.copy(to, separator, gap);
          to += gap;
        }
        memory.copy(to, <usize>(<u32>text), length);
        to += length;
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** Bytes of the runs' lists, of items of `item` bytes; 0: of bytes, each after its length (u32). */
export function runs_list_length(runs: usize, n: u32, width: u32, word: u32, counted: u32, item: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let entry = <usize>load<u32>(runs + (<usize>i << 3));
    for (let e = load<u32>(runs + (<usize>i << 3), 4); e; e--, entry += width) {
      sum += <f64>timesOf(entry, width, counted) * <f64>(item ? item : 4 + load<u32>(entry + (word << 3), 4));
    }
  }
  return sum;
}

/** The runs' lists as a column of packed items. `ordered`: words are floats as integers of their order. */
export function runs_list(
  runs: usize, n: u32, width: u32, word: u32, counted: u32, item: u32, ordered: u32, offsets: usize, out: usize,
): void {
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    let entry = <usize>load<u32>(runs + (<usize>i << 3));
    for (let e = load<u32>(runs + (<usize>i << 3), 4); e; e--, entry += width) {
      let value = load<u64>(entry + (word << 3));
      if (ordered) value = reinterpret<u64>(floatOf(value));
      for (let times = timesOf(entry, width, counted); times; times--) {
        if (item == 8) store<u64>(to, value);
        else if (item == 4) store<u32>(to, <u32>value);
        else if (item == 1) store<u8>(to, <u8>value);
        else {
          const length = <u32>(value >>> 32);
          store<u32>(to, length);
          memory.copy(to + 4, <usize>(<u32>value), length);
          to += 4 + length;
        }
        to += item;
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** Cuts runs to their first `keep` entries, each as often as it is there; counts of the last ones kept are lessened. */
export function runs_first(runs: usize, n: u32, width: u32, counted: u32, keep: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(runs + (<usize>i << 3));
    const count = load<u32>(runs + (<usize>i << 3), 4);
    let left: u64 = keep;
    let e: u32 = 0;
    for (let entry = at; e < count && left; e++, entry += width) {
      const times = min(timesOf(entry, width, counted), left);
      if (counted) store<u64>(entry + width - 8, times);
      left -= times;
    }
    store<u32>(runs + (<usize>i << 3), e, 4);
  }
}
