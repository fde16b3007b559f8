// Which slice of time a row belongs to. A slice is [start, start + size), start = offset + k * size, k rounded down.

// @ts-ignore: decorator
@inline
function sliceStart(t: i64, size: i64, offset: i64): i64 {
  const d = t - offset;
  const r = d % size;
  return t - (r < 0 ? r + size : r);
}

/** The start of the slice of the row's time, which lies at `time`. */
export function window_start(time: usize, size: f64, offset: f64): f64 {
  return <f64>sliceStart(load<i64>(time), <i64>size, <i64>offset);
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

/** Each row's slice's start, i64[n]. */
export function window_starts(times: usize, n: u32, size: f64, offset: f64, out: usize): void {
  const s = <i64>size;
  const o = <i64>offset;
  let low: i64 = 0;
  let known = false;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    if (!known || <u64>(t - low) >= <u64>s) low = sliceStart(t, s, o);
    known = true;
    store<i64>(out + (<usize>i << 3), low);
  }
}

// window_parts' table: 512 slots of | start i64 | part + 1 u32 | 0 |, open addressing, at most half full.
const SLOTS: u32 = 512;
const MAX_PARTS: u32 = 256;

/**
 * Numbers the slices of rows [from, to) in order of first sight, at most 256 of them, and returns the row at which it
 * stopped: `to`, or the first of a 257th slice.
 *   starts  i64[]: each row's slice's start (of the batch's rows)
 *   parts   u32[]: written for rows from `from`, beginning at parts[0]
 *   seen    i64[256], written: the slices' starts by number; `count` (u32), written: how many
 *   table   8,192 bytes of scratch
 */
export function window_parts(starts: usize, from: u32, to: u32, parts: usize, seen: usize, count: usize, table: usize): u32 {
  memory.fill(table, 0, <usize>SLOTS << 4);
  let n: u32 = 0;
  let i = from;
  for (; i < to; i++) {
    const start = load<i64>(starts + (<usize>i << 3));
    let slot = <u32>((<u64>start * 0x9e3779b97f4a7c15) >>> 55);
    let part: u32 = 0;
    while (true) {
      const at = table + (<usize>slot << 4);
      part = load<u32>(at, 8);
      if (!part) {
        if (n == MAX_PARTS) break;
        store<i64>(seen + (<usize>n << 3), start);
        part = ++n;
        store<i64>(at, start);
        store<u32>(at, part, 8);
        break;
      }
      if (load<i64>(at) == start) break;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (!part) break;
    store<u32>(parts + (<usize>(i - from) << 2), part - 1);
  }
  store<u32>(count, n);
  return i;
}

/**
 * Rows that are late: time's window end - 1 + lateness <= clock, as a stable split.
 *   clocks  i64[n], or 0: `clock` for every row
 *   out     u32[n], written: rows in time from the front, late rows after them, both in order; returns how many are in time
 */
export function window_late(times: usize, clocks: usize, clock: f64, n: u32, size: f64, offset: f64, lateness: f64, out: usize): u32 {
  const s = <i64>size;
  const o = <i64>offset;
  const reach = s - 1 + <i64>lateness;
  let low: i64 = 0;
  let known = false;
  let inTime: u32 = 0;
  let late: u32 = 0;
  const e = <i64>clock; // saturates at ±infinity
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + (<usize>i << 3));
    if (!known || <u64>(t - low) >= <u64>s) low = sliceStart(t, s, o);
    known = true;
    if (low + reach <= (clocks ? load<i64>(clocks + (<usize>i << 3)) : e)) {
      late++;
      store<u32>(out + (<usize>(n - late) << 2), i);
    } else {
      store<u32>(out + (<usize>inTime << 2), i);
      inTime++;
    }
  }
  for (let a = out + (<usize>inTime << 2), b = out + (<usize>n << 2) - 4; late && a < b; a += 4, b -= 4) {
    const x = load<u32>(a);
    store<u32>(a, load<u32>(b));
    store<u32>(b, x);
  }
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
