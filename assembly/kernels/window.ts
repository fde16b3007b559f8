// Which slice of time a row belongs to (ts/operators/window-policy.ts). On a grid, slices are cut at offset + k * period, and,
// when there is a cut, at offset + k * period + cut; k is rounded down. Where slices are of any length (calendars), they come
// as spans: i64 pairs of start and end, in order, none overlapping.

// @ts-ignore: decorator
@inline
function floorTo(t: i64, period: i64, offset: i64): i64 {
  const r = (t - offset) % period;
  return t - (r < 0 ? r + period : r);
}

/**
 * Of the windows that count each row, the one that ends `skip` steps after the first: its end to `ends`, i64, and the row's number to
 * `rows`, u32, for rows that have one; returns how many. Arguments as of window_late; with clocks windows that a row is late for
 * do not count it.
 */
export function window_ends(
  times: usize, clocks: usize, n: u32, over: f64, offset: f64, reach: f64, step: f64, endOffset: f64, lateness: f64, skip: u32, ends: usize,
  rows: usize,
): u32 {
  const p = <i64>over;
  const o = <i64>offset;
  const r = <i64>reach;
  const s = <i64>step;
  const eo = <i64>endOffset;
  const l = <i64>lateness;
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    const e = clocks ? load<i64>(clocks + (<usize>i << 3)) : i64.MIN_VALUE;
    const end = floorTo(e >= t ? max(t, e - l + 1) : t, s, eo) + s * <i64>(skip + 1);
    if (end > floorTo(t, p, o) + r) continue;
    store<i64>(ends + (<usize>count << 3), end);
    store<u32>(rows + (<usize>count << 2), i);
    count++;
  }
  return count;
}

/** A time, as a number. */
export function window_time(time: usize): f64 {
  return <f64>load<i64>(time);
}

/** The first row in [from, to) whose time is not in [start, end), or `to`. */
export function window_run(times: usize, from: u32, to: u32, start: f64, end: f64): u32 {
  const low = <i64>start;
  const span = <u64>(<i64>end - low);
  let i = from;
  if (ASC_FEATURE_SIMD) {
    const lows = i64x2.splat(low);
    const highs = i64x2.splat(<i64>end);
    for (; i + 8 <= to; i += 8) {
      const p = times + (<usize>i << 3);
      const a = v128.load(p);
      const b = v128.load(p, 16);
      const c = v128.load(p, 32);
      const d = v128.load(p, 48);
      const below = v128.or(v128.or(i64x2.lt_s(a, lows), i64x2.lt_s(b, lows)), v128.or(i64x2.lt_s(c, lows), i64x2.lt_s(d, lows)));
      const inside = v128.and(v128.and(i64x2.lt_s(a, highs), i64x2.lt_s(b, highs)), v128.and(i64x2.lt_s(c, highs), i64x2.lt_s(d, highs)));
      if (!i64x2.all_true(v128.andnot(inside, below))) break;
    }
  }
  while (i < to && <u64>(load<i64>(times + (<usize>i << 3)) - low) < span) i++;
  return i;
}

/** Each row's slice's start on a grid, i64[n]. `cut` 0: none. */
export function window_starts(times: usize, n: u32, period: f64, cut: f64, offset: f64, out: usize): void {
  const p = <i64>period;
  const c = <i64>cut;
  const o = <i64>offset;
  let low: i64 = 0;
  let span: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    if (<u64>(t - low) >= span) {
      low = floorTo(t, p, o);
      span = <u64>p;
      if (c) {
        if (t - low >= c) {
          low += c;
          span = <u64>(p - c);
        } else span = <u64>c;
      }
    }
    store<i64>(out + (<usize>i << 3), low);
  }
}

/** The span that t is in, as the address of its pair, or 0. */
function spanOf(t: i64, spans: usize, count: u32): usize {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<i64>(spans + (<usize>middle << 4)) <= t) low = middle + 1;
    else high = middle;
  }
  if (!low) return 0;
  const at = spans + (<usize>(low - 1) << 4);
  return t < load<i64>(at, 8) ? at : 0;
}

/** Each row's slice's start and end among spans, i64[n], from row `from` on. Returns the first row that is in none, or n. */
export function window_starts_in(times: usize, from: u32, n: u32, spans: usize, count: u32, starts: usize, ends: usize): u32 {
  let low: i64 = 0;
  let span: u64 = 0;
  for (let i = from; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    if (<u64>(t - low) >= span) {
      const at = spanOf(t, spans, count);
      if (!at) return i;
      low = load<i64>(at);
      span = <u64>(load<i64>(at, 8) - low);
    }
    store<i64>(starts + (<usize>i << 3), low);
    store<i64>(ends + (<usize>i << 3), low + <i64>span);
  }
  return n;
}

/**
 * The end of the first window that may count each row, i64[n]: the first window end (offset + k * step) after the row whose
 * last millisecond plus lateness is after the row's clock.
 */
export function window_firsts(times: usize, clocks: usize, n: u32, step: f64, offset: f64, lateness: f64, out: usize): void {
  const s = <i64>step;
  const o = <i64>offset;
  const l = <i64>lateness;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    const e = load<i64>(clocks + (<usize>i << 3));
    const after = e >= t ? max(t, e - l + 1) : t;
    store<i64>(out + (<usize>i << 3), floorTo(after, s, o) + s);
  }
}

// window_parts' table: 512 slots of | start i64 | first i64 | part + 1 u32 | 0 |, open addressing, at most half full.
const SLOTS: u32 = 512;
const SLOT_BYTES: u32 = 24;
const MAX_PARTS: u32 = 256;

/**
 * Numbers the slices of rows [from, to) in order of first sight, at most 256 of them, and returns the row at which it
 * stopped: `to`, or the first of a 257th slice.
 *   starts  i64[]: each row's slice's start (of the batch's rows)
 *   firsts  i64[]: the first window that counts the row, which makes another slice of it; or 0: of no concern
 *   parts   u32[]: written for rows from `from`, beginning at parts[0]
 *   seen    i64[512], written: pairs of start and first by number; `count` (u32), written: how many
 *   table   12,288 bytes of scratch
 */
export function window_parts(
  starts: usize, firsts: usize, from: u32, to: u32, parts: usize, seen: usize, count: usize, table: usize,
): u32 {
  memory.fill(table, 0, <usize>SLOTS * SLOT_BYTES);
  let n: u32 = 0;
  let i = from;
  for (; i < to; i++) {
    const start = load<i64>(starts + (<usize>i << 3));
    const first: i64 = firsts ? load<i64>(firsts + (<usize>i << 3)) : 0;
    let slot = <u32>(((<u64>start + (<u64>first << 1)) * 0x9e3779b97f4a7c15) >>> 55);
    let part: u32 = 0;
    while (true) {
      const at = table + <usize>slot * SLOT_BYTES;
      part = load<u32>(at, 16);
      if (!part) {
        if (n == MAX_PARTS) break;
        store<i64>(seen + (<usize>n << 4), start);
        store<i64>(seen + (<usize>n << 4), first, 8);
        part = ++n;
        store<i64>(at, start);
        store<i64>(at, first, 8);
        store<u32>(at, part, 16);
        break;
      }
      if (load<i64>(at) == start && load<i64>(at, 8) == first) break;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (!part) break;
    store<u32>(parts + (<usize>(i - from) << 2), part - 1);
  }
  store<u32>(count, n);
  return i;
}

/** Numbers from `from` on, u32[n]. */
export function window_numbers(from: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), from + i);
}

// Judging kernels order row numbers: rows in time from the front of `out`, u32[n], late ones at its end, both in order. Rows
// outside of all windows are in neither. `counts`, u32[2], written: late rows, and rows in time that are late for a window.

// @ts-ignore: decorator
@inline
function lateInOrder(out: usize, n: u32, late: u32): void {
  if (!late) return;
  for (let a = out + (<usize>(n - late) << 2), b = out + (<usize>n << 2) - 4; a < b; a += 4, b -= 4) {
    const x = load<u32>(a);
    store<u32>(a, load<u32>(b));
    store<u32>(b, x);
  }
}

/**
 * Windows on a grid: a row at t is in windows from the first end after it, `endOffset + k * step`, to the one that ends
 * `reach` after floor(t) by period and offset; with a reach below the period, in none beyond it. A row is late for a window
 * when its end - 1 + lateness <= its clock, and late when it is so for its last one.
 *   clocks  i64[n], or 0: `clock` for every row
 * Returns how many rows are in time.
 */
export function window_late(
  times: usize, clocks: usize, clock: f64, n: u32, period: f64, offset: f64, reach: f64, step: f64, endOffset: f64, lateness: f64,
  out: usize, counts: usize,
): u32 {
  const p = <i64>period;
  const o = <i64>offset;
  const r = <i64>reach;
  const s = <i64>step;
  const eo = <i64>endOffset;
  const l = <i64>lateness - 1;
  const gaps = r < p;
  let low: i64 = 0;
  let span: u64 = 0;
  let inTime: u32 = 0;
  let late: u32 = 0;
  let partly: u32 = 0;
  const c = <i64>clock; // saturates at ±infinity
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    if (<u64>(t - low) >= span) {
      low = floorTo(t, p, o);
      span = <u64>p;
    }
    if (gaps && t - low >= r) continue;
    const e = clocks ? load<i64>(clocks + (<usize>i << 3)) : c;
    if (low + r + l <= e) {
      late++;
      store<u32>(out + (<usize>(n - late) << 2), i);
    } else {
      if (t + l < e) partly += <u32>(floorTo(t, s, eo) + s + l <= e);
      store<u32>(out + (<usize>inTime << 2), i);
      inTime++;
    }
  }
  lateInOrder(out, n, late);
  store<u32>(counts, late);
  store<u32>(counts, partly, 4);
  return inTime;
}

/** The same of rows that are in one window each, which ends at `ends`, i64[n]. */
export function window_late_at(ends: usize, clocks: usize, clock: f64, n: u32, lateness: f64, out: usize, counts: usize): u32 {
  const l = <i64>lateness - 1;
  const c = <i64>clock;
  let inTime: u32 = 0;
  let late: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (load<i64>(ends + (<usize>i << 3)) + l <= (clocks ? load<i64>(clocks + (<usize>i << 3)) : c)) {
      late++;
      store<u32>(out + (<usize>(n - late) << 2), i);
    } else {
      store<u32>(out + (<usize>inTime << 2), i);
      inTime++;
    }
  }
  lateInOrder(out, n, late);
  store<u32>(counts, late);
  store<u32>(counts, 0, 4);
  return inTime;
}

/** The least time of n > 0 rows. */
export function window_min(times: usize, n: u32): f64 {
  let least = load<i64>(times);
  for (let i: u32 = 1; i < n; i++) least = min(least, load<i64>(times + (<usize>i << 3)));
  return <f64>least;
}

/** Fills i64[n] with one value. */
export function window_fill(out: usize, n: u32, value: f64): void {
  const v = <i64>value;
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), v);
}
