// Casts between fixed-width types. Those that cannot fail write every row; those that can answer the first row that failed
// among the rows that `check` (bitmap; 0: all) has a 1 for, or n.

// @ts-ignore: decorator
@inline function counts(check: usize, row: u32): bool {
  return check == 0 || ((load<u8>(check + (row >> 3)) >> <u8>(row & 7)) & 1) != 0;
}

export function cast_i32_i64(a: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), <i64>load<i32>(a + (<usize>i << 2)));
}

export function cast_i32_f64(a: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (<usize>i << 3), <f64>load<i32>(a + (<usize>i << 2)));
}

/** To the nearest float64; ties to even. */
export function cast_i64_f64(a: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (<usize>i << 3), <f64>load<i64>(a + (<usize>i << 3)));
}

export function cast_i64_i32(a: usize, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3));
    if (x != <i64>(<i32>x) && counts(check, i)) return i;
    store<i32>(out + (<usize>i << 2), <i32>x);
  }
  return n;
}

/** Towards zero; NaN and what lies outside [low, high] fail. */
export function cast_f64_i32(a: usize, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = trunc<f64>(load<f64>(a + (<usize>i << 3)));
    const fits = x >= -2147483648.0 && x <= 2147483647.0;
    if (!fits && counts(check, i)) return i;
    store<i32>(out + (<usize>i << 2), fits ? <i32>x : 0);
  }
  return n;
}

/** `low` and `high` are whole numbers that a float64 and an int64 can hold; `high` itself is outside when `open` is 1. */
export function cast_f64_i64(a: usize, low: f64, high: f64, open: u32, check: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = trunc<f64>(load<f64>(a + (<usize>i << 3)));
    const fits = x >= low && (x < high || (x == high && open == 0));
    if (!fits && counts(check, i)) return i;
    store<i64>(out + (<usize>i << 3), fits ? <i64>x : 0);
  }
  return n;
}

/** int64 within [low, high]: of a timestamp, JavaScript's range of dates. Values are not copied. */
export function cast_range_i64(a: usize, low: f64, high: f64, check: usize, n: u32): u32 {
  const least = <i64>low;
  const most = <i64>high;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3));
    if ((x < least || x > most) && counts(check, i)) return i;
  }
  return n;
}

/** 0 and 1. */
export function cast_bits_i32(bits: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i32>(out + (<usize>i << 2), <i32>((load<u8>(bits + (i >> 3)) >> <u8>(i & 7)) & 1));
}
