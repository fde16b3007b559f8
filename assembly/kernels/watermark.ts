// Event-time bookkeeping of a source: watermark candidates and the clock that judges each row's lateness.
//
// With bound b, a row at time t lets its split's watermark w become max(w, t - b - 1). The row itself is judged by
// e = max(w before it, v), v being the source's watermark at the step's start. All times are int64 epoch milliseconds;
// w, v and b come and go as f64, which holds every time the engine admits exactly. -Infinity saturates to i64.MIN.

// @ts-ignore: decorator
@inline
function larger(a: v128, b: v128): v128 {
  return v128.bitselect(a, b, i64x2.gt_s(a, b));
}

/** The largest of n > 0 times. Four pairs at a time, as each comparison waits for the one before it on the same maximum. */
export function watermark_max(times: usize, n: u32): f64 {
  let best = i64.MIN_VALUE;
  const end = times + (<usize>n << 3);
  if (ASC_FEATURE_SIMD) {
    let a = i64x2.splat(best);
    let b = a;
    let c = a;
    let d = a;
    for (; times + 64 <= end; times += 64) {
      a = larger(a, v128.load(times));
      b = larger(b, v128.load(times, 16));
      c = larger(c, v128.load(times, 32));
      d = larger(d, v128.load(times, 48));
    }
    a = larger(larger(a, b), larger(c, d));
    best = max(i64x2.extract_lane(a, 0), i64x2.extract_lane(a, 1));
  }
  for (; times < end; times += 8) {
    const t = load<i64>(times);
    best = select(t, best, t > best);
  }
  return <f64>best;
}

/** The largest of the valid candidates, or -Infinity. */
export function watermark_max_nullable(values: usize, validity: usize, n: u32): f64 {
  let best = i64.MIN_VALUE;
  for (let i: u32 = 0; i < n; i++) {
    if (validity != 0 && !((load<u8>(validity + (i >> 3)) >> <u8>(i & 7)) & 1)) continue;
    const t = load<i64>(values + (<usize>i << 3));
    best = select(t, best, t > best);
  }
  return best == i64.MIN_VALUE ? -Infinity : <f64>best;
}

/** 1 if some row lies at or behind its clock, so that it could be late for something. */
export function watermark_behind(times: usize, n: u32, bound: f64, w: f64, v: f64): u32 {
  const lag = <i64>bound + 1;
  let clock = <i64>max(w, v);
  let behind: u32 = 0;
  const end = times + (<usize>n << 3);
  for (; times < end; times += 8) {
    const t = load<i64>(times);
    behind |= u32(t <= clock);
    const next = t - lag;
    clock = select(next, clock, next > clock);
  }
  return behind;
}

/** Writes each row's clock. */
export function watermark_clocks(times: usize, n: u32, bound: f64, w: f64, v: f64, out: usize): void {
  const lag = <i64>bound + 1;
  let clock = <i64>max(w, v);
  for (let i: usize = 0; i < <usize>n; i++) {
    store<i64>(out + (i << 3), clock);
    const next = load<i64>(times + (i << 3)) - lag;
    clock = select(next, clock, next > clock);
  }
}

/** The same where candidates are given: a row's own counts for the rows after it. Returns 1 if some row is at or behind its clock. */
export function watermark_clocks_of(times: usize, values: usize, validity: usize, n: u32, w: f64, v: f64, out: usize): u32 {
  let clock = <i64>max(w, v);
  let behind: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>i << 3;
    store<i64>(out + at, clock);
    behind |= u32(load<i64>(times + at) <= clock);
    if (validity != 0 && !((load<u8>(validity + (i >> 3)) >> <u8>(i & 7)) & 1)) continue;
    const next = load<i64>(values + at);
    clock = select(next, clock, next > clock);
  }
  return behind;
}

/** Writes the numbers of the rows with time <= limit; returns how many. */
export function watermark_not_after(times: usize, n: u32, limit: f64, selection: usize): u32 {
  const last = <i64>limit;
  let k: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(selection + (<usize>k << 2), i);
    k += u32(load<i64>(times + (<usize>i << 3)) <= last);
  }
  return k;
}
