// Boolean columns: bitmaps, LSB first, worked on 64 rows a word. A validity of 0 stands for "all valid". Bits beyond n are
// undefined in inputs and outputs alike; outputs are written in whole words.

// @ts-ignore: decorator
@inline function wordOr(bits: usize, at: usize, otherwise: u64): u64 {
  return bits == 0 ? otherwise : load<u64>(bits + at);
}

export function logic_bits_and(a: usize, b: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) store<u64>(out + at, load<u64>(a + at) & load<u64>(b + at));
}

export function logic_bits_or(a: usize, b: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) store<u64>(out + at, load<u64>(a + at) | load<u64>(b + at));
}

export function logic_bits_xor(a: usize, b: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) store<u64>(out + at, load<u64>(a + at) ^ load<u64>(b + at));
}

/** `a` and not `b`. */
export function logic_bits_and_not(a: usize, b: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) store<u64>(out + at, load<u64>(a + at) & ~load<u64>(b + at));
}

export function logic_bits_not(a: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) store<u64>(out + at, ~load<u64>(a + at));
}

export function logic_bits_fill(value: u32, n: u32, out: usize): void {
  memory.fill(out, value ? 0xff : 0, <usize>((n + 63) >> 6) << 3);
}

/** How many of the first n bits are set. */
export function logic_bits_count(a: usize, n: u32): u32 {
  let count: u64 = 0;
  for (let row: u32 = 0; row < n; row += 64) {
    let word = load<u64>(a + (row >> 3));
    if (n - row < 64) word &= (<u64>1 << (n - row)) - 1;
    count += popcnt<u64>(word);
  }
  return <u32>count;
}

/** The first of n rows whose bit is set, or n. */
export function logic_bits_first(a: usize, n: u32): u32 {
  for (let row: u32 = 0; row < n; row += 64) {
    const word = load<u64>(a + (row >> 3));
    if (word != 0) return min<u32>(n, row + <u32>ctz<u64>(word));
  }
  return n;
}

/** SQL's three-valued `and`: false if either side is false, whatever the other is. */
export function logic_and(a: usize, aValid: usize, b: usize, bValid: usize, n: u32, out: usize, outValid: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) {
    const x = load<u64>(a + at);
    const y = load<u64>(b + at);
    const xv = wordOr(aValid, at, ~(<u64>0));
    const yv = wordOr(bValid, at, ~(<u64>0));
    store<u64>(out + at, x & y);
    store<u64>(outValid + at, (xv & yv) | (xv & ~x) | (yv & ~y));
  }
}

/** SQL's three-valued `or`: true if either side is true, whatever the other is. */
export function logic_or(a: usize, aValid: usize, b: usize, bValid: usize, n: u32, out: usize, outValid: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) {
    // A null's value bit is undefined: it must not make the result true.
    const xv = wordOr(aValid, at, ~(<u64>0));
    const yv = wordOr(bValid, at, ~(<u64>0));
    const x = load<u64>(a + at) & xv;
    const y = load<u64>(b + at) & yv;
    store<u64>(out + at, x | y);
    store<u64>(outValid + at, (xv & yv) | x | y);
  }
}

/** Rows of `a` where `mask` has a 1, else of `b`: bitmaps. */
export function logic_choose_bits(mask: usize, a: usize, b: usize, n: u32, out: usize): void {
  const end = <usize>((n + 63) >> 6) << 3;
  for (let at: usize = 0; at < end; at += 8) {
    const m = load<u64>(mask + at);
    store<u64>(out + at, (load<u64>(a + at) & m) | (load<u64>(b + at) & ~m));
  }
}

// @ts-ignore: decorator
@inline function choose<T>(mask: usize, a: usize, b: usize, bStep: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const bit = (load<u8>(mask + (i >> 3)) >> <u8>(i & 7)) & 1;
    const at = <usize>i << alignof<T>();
    store<T>(out + at, select<T>(load<T>(a + at), load<T>(b), bit != 0));
    b += bStep;
  }
}

/** The same of 32-bit values; `single`: `b` is one value. */
export function logic_choose_32(mask: usize, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  choose<u32>(mask, a, b, single ? 0 : 4, n, out);
}

export function logic_choose_64(mask: usize, a: usize, b: usize, single: u32, n: u32, out: usize): void {
  choose<u64>(mask, a, b, single ? 0 : 8, n, out);
}

/**
 * The same of strings: offsets first. Answers the bytes they need. `single`: `b` is one value.
 */
export function logic_choose_offsets(mask: usize, aOffsets: usize, bOffsets: usize, single: u32, n: u32, out: usize): f64 {
  let total: u64 = 0;
  const step: usize = single ? 0 : 4;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    const bit = (load<u8>(mask + (i >> 3)) >> <u8>(i & 7)) & 1;
    const at = bit ? aOffsets : bOffsets;
    total += <u64>(load<u32>(at, 4) - load<u32>(at));
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
    aOffsets += 4;
    bOffsets += step;
  }
  return <f64>total;
}

/** Then the bytes. */
export function logic_choose_bytes(
  mask: usize, aOffsets: usize, a: usize, bOffsets: usize, b: usize, single: u32, n: u32, outOffsets: usize, out: usize,
): void {
  const step: usize = single ? 0 : 4;
  for (let i: u32 = 0; i < n; i++) {
    const bit = (load<u8>(mask + (i >> 3)) >> <u8>(i & 7)) & 1;
    const at = bit ? aOffsets : bOffsets;
    const from = (bit ? a : b) + <usize>load<u32>(at);
    memory.copy(out + <usize>load<u32>(outOffsets + (<usize>i << 2)), from, <usize>(load<u32>(at, 4) - load<u32>(at)));
    aOffsets += 4;
    bOffsets += step;
  }
}
