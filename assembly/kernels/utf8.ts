// UTF-8 validation (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
//
// Blocks: Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2020): three table look-ups by
// nibbles classify each pair of neighbouring bytes; chunks of 64 ASCII bytes are skipped. The same pass counts lines.
// Single records and the scalar build: one sequence after another.

// @ts-ignore: decorator
@inline const TOO_SHORT: i8 = 1, TOO_LONG: i8 = 2, OVERLONG_3: i8 = 4, TOO_LARGE: i8 = 8, SURROGATE: i8 = 16, OVERLONG_2: i8 = 32;
// @ts-ignore: decorator
@inline const TOO_LARGE_1000: i8 = 64, OVERLONG_4: i8 = 64, TWO_CONTS: i8 = -128;
// @ts-ignore: decorator
@inline const CARRY: i8 = TOO_SHORT | TOO_LONG | TWO_CONTS;
// @ts-ignore: decorator
@inline const LARGE: i8 = CARRY | TOO_LARGE | TOO_LARGE_1000;

/** The length of the sequence whose first byte, at `p`, is not ASCII; 0 when it is not valid. Reads up to 4 bytes. */
function utf8Sequence(p: usize): u32 {
  const a = <u32>load<u8>(p);
  const b = <u32>load<u8>(p, 1);
  if (a < 0xc2) return 0;
  if ((b & 0xc0) != 0x80) return 0;
  if (a < 0xe0) return 2;
  if ((load<u8>(p, 2) & 0xc0) != 0x80) return 0;
  if (a < 0xf0) return (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ? 0 : 3;
  if (a > 0xf4 || (load<u8>(p, 3) & 0xc0) != 0x80) return 0;
  return (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f) ? 0 : 4;
}

/** The address of the first byte of [p, end) that begins no valid sequence lying within it, or `end`. */
export function utf8_first_invalid(p: usize, end: usize): usize {
  while (p < end) {
    if (p + 8 <= end && (load<u64>(p) & 0x8080808080808080) == 0) {
      p += 8;
      continue;
    }
    if (load<u8>(p) < 0x80) {
      p++;
      continue;
    }
    const n = utf8Sequence(p);
    if (n == 0 || p + n > end) return p;
    p += n;
  }
  return end;
}

/** How many bytes of [p, end) equal `wanted`. Reads no byte past `end`. */
export function bytes_count(p: usize, end: usize, wanted: u8): u32 {
  let count: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const pattern = i8x16.splat(wanted);
    while (p + 64 <= end) {
      const a = i8x16.add(i8x16.eq(v128.load(p), pattern), i8x16.eq(v128.load(p, 16), pattern));
      const b = i8x16.add(i8x16.eq(v128.load(p, 32), pattern), i8x16.eq(v128.load(p, 48), pattern));
      const pairs = i16x8.extadd_pairwise_i8x16_s(i8x16.add(a, b));
      const quads = i32x4.extadd_pairwise_i16x8_s(pairs);
      count -= i32x4.extract_lane(quads, 0) + i32x4.extract_lane(quads, 1) + i32x4.extract_lane(quads, 2) + i32x4.extract_lane(quads, 3);
      p += 64;
    }
  }
  while (p < end) {
    count += u32(load<u8>(p) == wanted);
    p++;
  }
  return count;
}

/** The address just after the `n`th byte equal to `wanted` of [p, end), or `end` when there are fewer; `p` for n = 0. */
export function bytes_after_nth(p: usize, end: usize, wanted: u8, n: u32): usize {
  if (n == 0) return p;
  if (ASC_FEATURE_SIMD) {
    const pattern = i8x16.splat(wanted);
    while (p + 16 <= end) {
      const found = <u32>popcnt(i8x16.bitmask(i8x16.eq(v128.load(p), pattern)));
      if (found >= n) break;
      n -= found;
      p += 16;
    }
  }
  while (p < end) {
    if (load<u8>(p) == wanted && --n == 0) return p + 1;
    p++;
  }
  return end;
}

// The errors of the 16 bytes at `p`, each judged with the three before it.
// @ts-ignore: decorator
@inline function errorsAt(p: usize, v: v128): v128 {
  const high1 = i8x16(
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
    TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
    TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
  );
  const low1 = i8x16(
    CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY,
    CARRY | TOO_LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE | SURROGATE, LARGE, LARGE,
  );
  const high2 = i8x16(
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  );
  const nibble = i8x16.splat(15);
  const before = v128.load(p - 1);
  const special = v128.and(
    v128.and(i8x16.swizzle(high1, v128.and(i16x8.shr_u(before, 4), nibble)), i8x16.swizzle(low1, v128.and(before, nibble))),
    i8x16.swizzle(high2, v128.and(i16x8.shr_u(v, 4), nibble)),
  );
  const third = i8x16.sub_sat_u(v128.load(p - 2), i8x16.splat(0x60));
  const fourth = i8x16.sub_sat_u(v128.load(p - 3), i8x16.splat(0x70));
  return v128.xor(v128.and(v128.or(third, fourth), i8x16.splat(-128)), special);
}

/**
 * Validates [p, end) and counts its newlines: the count, or -1 when a byte is invalid. `end` must end a sequence (a
 * newline stands before it, or ASCII after it). Reads up to 80 bytes past `end`, which must be valid or ASCII too.
 */
export function utf8_count_lines(p: usize, end: usize): i32 {
  let lines: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    // What stands before `p` is not ours to judge: the first sequences go one by one until three bytes lie behind.
    const whole = p + 4 < end ? p + 4 : end;
    while (p < whole) {
      const c = load<u8>(p);
      if (c < 0x80) {
        lines += u32(c == 0x0a);
        p++;
        continue;
      }
      const n = utf8Sequence(p);
      if (n == 0 || p + n > end) return -1;
      p += n;
    }
    let errors = i64x2.splat(0);
    // Whether the chunk before was not ASCII, so that its last sequence may run over.
    let open = false;
    const newline = i8x16.splat(0x0a);
    while (p + 64 <= end) {
      // Newlines are counted in 16 bytes at a time, which overflow after 63 chunks of 4.
      const left = (end - p) >>> 6;
      const stop = p + (min<usize>(left, 63) << 6);
      let counts = i64x2.splat(0);
      while (p < stop) {
        const a = v128.load(p);
        const b = v128.load(p, 16);
        const c = v128.load(p, 32);
        const d = v128.load(p, 48);
        if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d)))) {
          const early = v128.or(errorsAt(p, a), errorsAt(p + 16, b));
          errors = v128.or(v128.or(errors, early), v128.or(errorsAt(p + 32, c), errorsAt(p + 48, d)));
          open = true;
        } else if (open) {
          errors = v128.or(errors, errorsAt(p, a));
          open = false;
        }
        const x = i8x16.add(i8x16.eq(a, newline), i8x16.eq(b, newline));
        counts = i8x16.sub(counts, i8x16.add(x, i8x16.add(i8x16.eq(c, newline), i8x16.eq(d, newline))));
        p += 64;
      }
      const quads = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
      lines += i32x4.extract_lane(quads, 0) + i32x4.extract_lane(quads, 1) + i32x4.extract_lane(quads, 2) + i32x4.extract_lane(quads, 3);
    }
    if (p < end) {
      for (let i: usize = 0; i < 64; i += 16) errors = v128.or(errors, errorsAt(p + i, v128.load(p + i)));
      lines += bytes_count(p, end, 0x0a);
      p += 64;
      open = true;
    }
    if (open) errors = v128.or(errors, errorsAt(p, v128.load(p)));
    return v128.any_true(errors) ? -1 : <i32>lines;
  } else {
    if (utf8_first_invalid(p, end) != end) return -1;
    return <i32>bytes_count(p, end, 0x0a);
  }
}
