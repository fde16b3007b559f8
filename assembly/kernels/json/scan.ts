// What all tiers scan with. Every scan may read up to 64 bytes past what it looks for.

/**
 * The bytes at which a string of valid UTF-8 stops: quote, backslash, control character (a newline among them). One
 * compare finds all but the backslash: v ^ 2 <= 0x20 holds for v < 0x20, for '"' (0x22), and for 0x22 alone above.
 */
// @ts-ignore: decorator
@inline export function stringStops(v: v128): u32 {
  return <u32>i8x16.bitmask(v128.or(i8x16.le_u(v128.xor(v, i8x16.splat(2)), i8x16.splat(0x20)), i8x16.eq(v, i8x16.splat(0x5c))));
}

/** The first byte at or after `p` that ends plain string text: a quote, a backslash or a control character. */
// @ts-ignore: decorator
@inline export function plainText(p: usize): usize {
  if (ASC_FEATURE_SIMD) {
    let stops = stringStops(v128.load(p));
    while (stops == 0) {
      p += 16;
      stops = stringStops(v128.load(p));
    }
    return p + <usize>ctz(stops);
  } else {
    let c = <u32>load<u8>(p);
    while (c >= 0x20 && c != 0x22 && c != 0x5c) {
      p++;
      c = <u32>load<u8>(p);
    }
    return p;
  }
}

/** Skips JSON's white space but the newline, which ends a record. */
// @ts-ignore: decorator
@inline export function skipSpace(p: usize): usize {
  let c = <u32>load<u8>(p);
  while (c == 0x20 || c == 0x09 || c == 0x0d) {
    p++;
    c = <u32>load<u8>(p);
  }
  return p;
}

/** The value of four hexadecimal digits, or -1. */
export function hex4(p: usize): i32 {
  let value = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c = <u32>load<u8>(p + i);
    let digit = c - 0x30;
    if (digit > 9) {
      digit = (c | 0x20) - 0x61;
      if (digit > 5) return -1;
      digit += 10;
    }
    value = (value << 4) | <i32>digit;
  }
  return value;
}
