// Text: utf8 columns (int32 offsets from 0, bytes). Lengths and positions are in code points. Input is valid UTF-8, and so is
// output. Inputs may be read up to 64 bytes past their end.
//
// Functions whose result is a piece of each row (trim, slice, split) find the pieces first, then copy them:
//
//   starts   uint32[n]: where each piece begins, from the column's first byte
//   out      int32[n + 1]: the result's offsets, from 0
//   result   the bytes needed; beyond 2^31 - 1 the offsets are not usable
//
// then `text_copy_pieces`, whose output has room for 16 bytes more than needed.

// @ts-ignore: decorator
@inline function startOf(offsets: usize, row: u32): usize {
  return <usize>load<u32>(offsets + (<usize>row << 2));
}

/** 1 when all bytes of [p, end) are below 128. */
export function text_is_ascii(p: usize, end: usize): u32 {
  if (ASC_FEATURE_SIMD) {
    while (p + 16 <= end) {
      if (i8x16.bitmask(v128.load(p)) != 0) return 0;
      p += 16;
    }
  }
  while (p < end) {
    if (load<u8>(p) >= 128) return 0;
    p++;
  }
  return 1;
}

/** Bytes of [p, end) to `out`, A-Z made small (`upper` = 0) or a-z large (1); all others as they are. */
export function text_case_ascii(p: usize, end: usize, upper: u32, out: usize): void {
  const first: u8 = upper ? 0x61 : 0x41;
  if (ASC_FEATURE_SIMD) {
    const low = i8x16.splat(first);
    const span = i8x16.splat(26);
    const flip = i8x16.splat(0x20);
    while (p + 16 <= end) {
      const bytes = v128.load(p);
      const letters = i8x16.lt_u(i8x16.sub(bytes, low), span);
      v128.store(out, v128.xor(bytes, v128.and(letters, flip)));
      p += 16;
      out += 16;
    }
  }
  while (p < end) {
    const byte = load<u8>(p);
    store<u8>(out, <u8>(byte - first) < 26 ? byte ^ 0x20 : byte);
    p++;
    out++;
  }
}

/** The rows that hold a byte of 128 or more, as row numbers. Answers how many. */
export function text_rows_beyond_ascii(offsets: usize, values: usize, n: u32, out: usize): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (text_is_ascii(values + startOf(offsets, i), values + startOf(offsets, i + 1)) == 0) {
      store<u32>(out + (<usize>count << 2), i);
      count++;
    }
  }
  return count;
}

/** Code points: all bytes but those that continue one (10xxxxxx). */
// @ts-ignore: decorator
@inline function codePoints(p: usize, end: usize): u32 {
  let count: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const continues = i8x16.splat(-64);
    while (p + 16 <= end) {
      count += <u32>popcnt<i32>(i8x16.bitmask(i8x16.ge_s(v128.load(p), continues)));
      p += 16;
    }
  }
  while (p < end) {
    if (load<i8>(p) >= -64) count++;
    p++;
  }
  return count;
}

/** The first byte of the code point that lies `count` code points after p, or `end`. */
// @ts-ignore: decorator
@inline function skip(p: usize, end: usize, count: u32): usize {
  while (count > 0 && p < end) {
    p++;
    while (p < end && load<i8>(p) < -64) p++;
    count--;
  }
  return p;
}

export function text_length(offsets: usize, values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(out + (<usize>i << 2), codePoints(values + startOf(offsets, i), values + startOf(offsets, i + 1)));
  }
}

/**
 * Bytes of the white space that begins at p, or 0: what JavaScript's trim() takes for white space.
 *   09-0D 20   C2 A0   E1 9A 80   E2 80 80..8A   E2 80 A8/A9/AF   E2 81 9F   E3 80 80   EF BB BF
 */
// @ts-ignore: decorator
@inline function space(p: usize, end: usize): u32 {
  const byte = load<u8>(p);
  if (byte < 0x80) return u32(byte == 0x20 || (byte >= 9 && byte <= 13));
  if (byte == 0xc2) return p + 1 < end && load<u8>(p, 1) == 0xa0 ? 2 : 0;
  if (byte < 0xe1 || p + 2 >= end) return 0;
  const second = load<u8>(p, 1);
  const third = load<u8>(p, 2);
  if (byte == 0xe1) return second == 0x9a && third == 0x80 ? 3 : 0;
  if (byte == 0xe2) {
    if (second == 0x81) return third == 0x9f ? 3 : 0;
    return second == 0x80 && (third <= 0x8a || third == 0xa8 || third == 0xa9 || third == 0xaf) ? 3 : 0;
  }
  if (byte == 0xe3) return second == 0x80 && third == 0x80 ? 3 : 0;
  return byte == 0xef && second == 0xbb && third == 0xbf ? 3 : 0;
}

export function text_trim(offsets: usize, values: usize, n: u32, starts: usize, out: usize): f64 {
  let total: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    let p = values + startOf(offsets, i);
    let end = values + startOf(offsets, i + 1);
    while (p < end) {
      const bytes = space(p, end);
      if (bytes == 0) break;
      p += bytes;
    }
    while (end > p) {
      let q = end - 1;
      while (q > p && load<i8>(q) < -64) q--;
      if (space(q, end) != <u32>(end - q)) break;
      end = q;
    }
    store<u32>(starts + (<usize>i << 2), <u32>(p - values));
    total += <u64>(end - p);
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
  }
  return <f64>total;
}

/** Code points [start, stop) of each row, as JavaScript's slice: a negative position counts from the row's end. */
export function text_slice(offsets: usize, values: usize, start: i32, stop: i32, n: u32, starts: usize, out: usize): f64 {
  let total: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    const p = values + startOf(offsets, i);
    const end = values + startOf(offsets, i + 1);
    let first = <i64>start;
    let last = <i64>stop;
    if (start < 0 || stop < 0) {
      const length = <i64>codePoints(p, end);
      if (first < 0) first = max<i64>(0, length + first);
      if (last < 0) last = max<i64>(0, length + last);
    }
    const from = skip(p, end, <u32>first);
    const to = last > first ? skip(from, end, <u32>(last - first)) : from;
    store<u32>(starts + (<usize>i << 2), <u32>(from - values));
    total += <u64>(to - from);
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
  }
  return <f64>total;
}

/** The first place of [needle, needle + length) in [p, end), or `end`; length > 0. */
// @ts-ignore: decorator
@inline function find(p: usize, end: usize, needle: usize, length: usize): usize {
  if (<usize>(end - p) < length) return end;
  const last = end - length;
  const first = load<u8>(needle);
  while (p <= last) {
    if (ASC_FEATURE_SIMD) {
      // Candidates by first byte, 16 places at a time.
      const hits = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(first)));
      if (hits == 0) {
        p += 16;
        continue;
      }
      p += <usize>ctz<u32>(hits);
      if (p > last) return end;
    } else if (load<u8>(p) != first) {
      p++;
      continue;
    }
    if (same(p, needle, length)) return p;
    p++;
  }
  return end;
}

// @ts-ignore: decorator
@inline function same(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  while (i + 8 <= length) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
    i += 8;
  }
  while (i < length) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
    i++;
  }
  return true;
}

/** The piece with this number between separators; rows with fewer have a 0 in `valid` (bitmap, whole words). */
export function text_split(
  offsets: usize, values: usize, separator: usize, length: u32, index: u32, n: u32, starts: usize, out: usize, valid: usize,
): f64 {
  let total: u64 = 0;
  let word: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    let p = values + startOf(offsets, i);
    const end = values + startOf(offsets, i + 1);
    let left = index;
    let found = true;
    let stop = find(p, end, separator, length);
    while (left > 0) {
      // `find` answers `end` for "nowhere"; a separator is never empty, so it cannot be found there.
      if (stop == end) {
        found = false;
        break;
      }
      p = stop + length;
      stop = find(p, end, separator, length);
      left--;
    }
    if (!found) p = stop = end;
    store<u32>(starts + (<usize>i << 2), <u32>(p - values));
    total += <u64>(stop - p);
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
    word |= <u64>found << (i & 63);
    if ((i & 63) == 63) {
      store<u64>(valid + ((i >> 6) << 3), word);
      word = 0;
    }
  }
  if (n & 63) store<u64>(valid + ((n >> 6) << 3), word);
  return <f64>total;
}

/** The pieces' bytes, one after another. */
export function text_copy_pieces(values: usize, starts: usize, offsets: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let from = values + startOf(starts, i);
    const at = startOf(offsets, i);
    const bytes = startOf(offsets, i + 1) - at;
    let to = out + at;
    if (bytes > 256) {
      memory.copy(to, from, bytes);
      continue;
    }
    // 16 bytes at a time, past the piece's end if need be; the next piece overwrites that.
    const end = to + bytes;
    while (to < end) {
      store<u64>(to, load<u64>(from));
      store<u64>(to, load<u64>(from, 8), 8);
      from += 16;
      to += 16;
    }
  }
}

/** Adds each row's length to `lengths`, uint32[n]. `single`: one value for all rows. */
export function text_add_lengths(offsets: usize, single: u32, n: u32, lengths: usize): void {
  const step: usize = single ? 0 : 4;
  for (let i: u32 = 0; i < n; i++) {
    const at = lengths + (<usize>i << 2);
    store<u32>(at, load<u32>(at) + load<u32>(offsets, 4) - load<u32>(offsets));
    offsets += step;
  }
}

/** Offsets from lengths; a row that is not valid (bitmap; 0: all are) gets none. Answers the bytes needed. */
export function text_offsets_of_lengths(lengths: usize, valid: usize, n: u32, out: usize): f64 {
  let total: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    if (valid == 0 || (load<u8>(valid + (i >> 3)) >> <u8>(i & 7)) & 1) total += <u64>load<u32>(lengths + (<usize>i << 2));
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
  }
  return <f64>total;
}

/** Writes each valid row at its cursor (uint32[n], from `out`) and moves the cursor on. */
export function text_append(offsets: usize, values: usize, single: u32, valid: usize, n: u32, cursors: usize, out: usize): void {
  const step: usize = single ? 0 : 4;
  for (let i: u32 = 0; i < n; i++) {
    if (valid == 0 || (load<u8>(valid + (i >> 3)) >> <u8>(i & 7)) & 1) {
      const from = <usize>load<u32>(offsets);
      const bytes = <usize>load<u32>(offsets, 4) - from;
      const cursor = cursors + (<usize>i << 2);
      memory.copy(out + <usize>load<u32>(cursor), values + from, bytes);
      store<u32>(cursor, load<u32>(cursor) + <u32>bytes);
    }
    offsets += step;
  }
}

/** `where`: 0 anywhere, 1 at the start, 2 at the end. To a bitmap. */
export function text_has(offsets: usize, values: usize, needle: usize, length: u32, where: u32, n: u32, out: usize): void {
  let word: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const p = values + startOf(offsets, i);
    const end = values + startOf(offsets, i + 1);
    let has = length == 0;
    if (!has && <u32>(end - p) >= length) {
      if (where == 0) has = find(p, end, needle, length) != end;
      else has = same(where == 1 ? p : end - length, needle, length);
    }
    word |= u32(has) << (i & 7);
    if ((i & 7) == 7) {
      store<u8>(out + (i >> 3), <u8>word);
      word = 0;
    }
  }
  if (n & 7) store<u8>(out + (n >> 3), <u8>word);
}
