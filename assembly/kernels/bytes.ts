// Scans over bytes. Every scan may read up to 64 bytes past `end`; callers leave that much room.

/** The address of the first byte equal to `wanted` in [p, end), or `end`. */
export function bytes_find(p: usize, end: usize, wanted: u8): usize {
  if (ASC_FEATURE_SIMD) {
    const pattern = i8x16.splat(wanted);
    while (p < end) {
      const hits = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), pattern));
      if (hits) {
        p += <usize>ctz(hits);
        return p < end ? p : end;
      }
      p += 16;
    }
    return end;
  } else {
    while (p < end && load<u8>(p) != wanted) p++;
    return p;
  }
}

/** The address just after the last byte equal to `wanted` in [p, end), or `p`: where the last whole record ends. */
export function bytes_after_last(p: usize, end: usize, wanted: u8): usize {
  let q = end;
  while (q > p && load<u8>(q - 1) != wanted) q--;
  return q;
}

/**
 * The address just after the n-th byte equal to `wanted` in [p, end), or `end` when there are fewer: cuts a block so
 * that a piece holds at most n records.
 */
export function bytes_after_nth(p: usize, end: usize, wanted: u8, n: i32): usize {
  let left = n;
  if (ASC_FEATURE_SIMD) {
    const pattern = i8x16.splat(wanted);
    // 64 bytes at a time while the n-th surely lies beyond them, then byte by byte.
    while (p + 64 <= end && left > 64) {
      const a = i8x16.eq(v128.load(p), pattern);
      const b = i8x16.eq(v128.load(p, 16), pattern);
      const c = i8x16.eq(v128.load(p, 32), pattern);
      const d = i8x16.eq(v128.load(p, 48), pattern);
      // A lane of the sum is minus its count; with the sign off, popcount's pairwise sums add them up.
      const sums = i16x8.extadd_pairwise_i8x16_u(i8x16.neg(i8x16.add(i8x16.add(a, b), i8x16.add(c, d))));
      const words = i32x4.extadd_pairwise_i16x8_u(sums);
      const pairs = i32x4.add(words, i32x4.shuffle(words, words, 2, 3, 0, 1));
      left -= i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
      p += 64;
    }
  }
  while (p < end && left > 0) {
    if (load<u8>(p) == wanted) left--;
    p++;
  }
  return p;
}

/** Whether all bytes of [p, end) are below 128. */
export function bytes_is_ascii(p: usize, end: usize): bool {
  if (ASC_FEATURE_SIMD) {
    while (p + 64 <= end) {
      const all = v128.or(v128.or(v128.load(p), v128.load(p, 16)), v128.or(v128.load(p, 32), v128.load(p, 48)));
      if (i8x16.bitmask(all)) return false;
      p += 64;
    }
  }
  while (p + 8 <= end) {
    if (load<u64>(p) & 0x8080808080808080) return false;
    p += 8;
  }
  while (p < end) if (load<u8>(p++) >= 0x80) return false;
  return true;
}
