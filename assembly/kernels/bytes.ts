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
