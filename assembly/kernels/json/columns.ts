// Decoded rows, made Arrow columns: bytes to bitmaps, spans to offsets and bytes, selected rows gathered.
// `selection` is int32 row numbers, or 0 for rows 0 to count - 1.
import { base64, unescape } from "./string";

// @ts-ignore: decorator
@inline function rowAt(selection: usize, i: u32): usize {
  return selection ? <usize>load<u32>(selection + (<usize>i << 2)) : <usize>i;
}

/** Packs a byte a row (0 or 1) into the bitmap `out`, whole 64-bit words of it: returns how many are 0. Reads 64 bytes past. */
export function rows_pack_bits(bytes: usize, selection: usize, count: u32, out: usize): u32 {
  let ones: u32 = 0;
  for (let i: u32 = 0; i < count; i += 64) {
    const n = min<u32>(64, count - i);
    let word: u64 = 0;
    if (selection) {
      for (let k: u32 = 0; k < n; k++) word |= <u64>(load<u8>(bytes + rowAt(selection, i + k)) & 1) << k;
    } else {
      const p = bytes + i;
      // Gathers the low bits of eight bytes into one byte.
      for (let k: u32 = 0; k < 64; k += 8) word |= (((load<u64>(p + k) & 0x0101010101010101) * 0x0102040810204080) >>> 56) << k;
    }
    if (n < 64) word &= ((<u64>1) << n) - 1;
    store<u64>(out + <usize>(i >>> 3), word);
    ones += <u32>popcnt(word);
  }
  return count - ones;
}

export function rows_gather_32(values: usize, selection: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(out + (<usize>i << 2), load<u32>(values + (rowAt(selection, i) << 2)));
}

export function rows_gather_64(values: usize, selection: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u64>(out + (<usize>i << 3), load<u64>(values + (rowAt(selection, i) << 3)));
}

/** The bytes that the spans' strings need at most. May exceed 2^32: a float64. */
export function spans_bytes(spans: usize, selection: usize, count: u32): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) total += <u64>(load<u32>(spans + (rowAt(selection, i) << 3), 4) & 0x7fffffff);
  return <f64>total;
}

/** Copies the spans' strings, without their escapes, to `out`; offsets: int32[count + 1]. Returns the bytes; writes 16 past. */
export function spans_copy(spans: usize, selection: usize, count: u32, offsets: usize, out: usize): u32 {
  const begin = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < count; i++) {
    const span = spans + (rowAt(selection, i) << 3);
    const from = <usize>load<u32>(span);
    const length = load<u32>(span, 4);
    const bytes = <usize>(length & 0x7fffffff);
    if (length >>> 31) out += unescape(from, from + bytes, out);
    else if (bytes <= 16) {
      store<u64>(out, load<u64>(from));
      store<u64>(out, load<u64>(from, 8), 8);
      out += bytes;
    } else {
      memory.copy(out, from, bytes);
      out += bytes;
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(out - begin), 4);
  }
  return <u32>(out - begin);
}

/** As spans_copy, from base64. `spare` is 4 writable bytes. */
export function spans_copy_base64(spans: usize, selection: usize, count: u32, offsets: usize, out: usize, spare: usize): u32 {
  const begin = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < count; i++) {
    const span = spans + (rowAt(selection, i) << 3);
    const from = <usize>load<u32>(span);
    out += base64(from, from + <usize>(load<u32>(span, 4) & 0x7fffffff), out, spare);
    store<u32>(offsets + (<usize>i << 2), <u32>(out - begin), 4);
  }
  return <u32>(out - begin);
}
