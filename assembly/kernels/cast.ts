// Casts between types. Those that cannot fail write every row. The others write a bitmap `ok` (LSB first, in whole words) of
// the rows whose value the new type has; of the rest the output is 0. Nulls are not looked at.

// @ts-ignore: decorator
@inline function flush(ok: usize, row: u32, word: u64): u64 {
  if ((row & 63) != 63) return word;
  store<u64>(ok + ((row >> 6) << 3), word);
  return 0;
}

// @ts-ignore: decorator
@inline function finish(ok: usize, n: u32, word: u64): void {
  if (n & 63) store<u64>(ok + ((n >> 6) << 3), word);
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

/** 0 and 1. */
export function cast_bits_i32(bits: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i32>(out + (<usize>i << 2), <i32>((load<u8>(bits + (i >> 3)) >> <u8>(i & 7)) & 1));
}

export function cast_i64_i32(a: usize, n: u32, out: usize, ok: usize): void {
  let word: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3));
    const fits = x == <i64>(<i32>x);
    store<i32>(out + (<usize>i << 2), fits ? <i32>x : 0);
    word = flush(ok, i, word | (<u64>fits << (i & 63)));
  }
  finish(ok, n, word);
}

/** Towards zero. */
export function cast_f64_i32(a: usize, n: u32, out: usize, ok: usize): void {
  let word: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = trunc<f64>(load<f64>(a + (<usize>i << 3)));
    const fits = x >= -2147483648.0 && x <= 2147483647.0;
    store<i32>(out + (<usize>i << 2), fits ? <i32>x : 0);
    word = flush(ok, i, word | (<u64>fits << (i & 63)));
  }
  finish(ok, n, word);
}

/** Towards zero, if that lies in [low, high). */
export function cast_f64_i64(a: usize, low: f64, high: f64, n: u32, out: usize, ok: usize): void {
  let word: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = trunc<f64>(load<f64>(a + (<usize>i << 3)));
    const fits = x >= low && x < high;
    store<i64>(out + (<usize>i << 3), fits ? <i64>x : 0);
    word = flush(ok, i, word | (<u64>fits << (i & 63)));
  }
  finish(ok, n, word);
}

/** Which of the values lie in [low, high]; they are not copied. */
export function cast_in_range_i64(a: usize, low: f64, high: f64, n: u32, ok: usize): void {
  const least = <i64>low;
  const most = <i64>high;
  let word: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3));
    word = flush(ok, i, word | (<u64>(x >= least && x <= most) << (i & 63)));
  }
  finish(ok, n, word);
}

/** Decimal text, a sign allowed, nothing else: no spaces, no point, no exponent. */
export function cast_text_i64(offsets: usize, values: usize, n: u32, out: usize, ok: usize): void {
  let word: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let p = values + <usize>load<u32>(offsets + (<usize>i << 2));
    const end = values + <usize>load<u32>(offsets + (<usize>i << 2), 4);
    const sign = p < end ? load<u8>(p) : 0;
    const negative = sign == 0x2d;
    if (negative || sign == 0x2b) p++;
    let fits = p < end;
    // Negative throughout: the least int64 has no positive counterpart.
    let value: i64 = 0;
    while (p < end) {
      const digit = <i64>load<u8>(p) - 0x30;
      if (digit < 0 || digit > 9 || value < -922337203685477580 || (value == -922337203685477580 && digit > 7 + i64(negative))) {
        fits = false;
        break;
      }
      value = value * 10 - digit;
      p++;
    }
    store<i64>(out + (<usize>i << 3), fits ? (negative ? value : -value) : 0);
    word = flush(ok, i, word | (<u64>fits << (i & 63)));
  }
  finish(ok, n, word);
}
