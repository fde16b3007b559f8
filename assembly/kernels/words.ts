// Columns as 64-bit words: the form in which keys are hashed and compared, and in which aggregates take their arguments.
//
//   int64, timestamp   the value                       int32, bool   widened (sign-extended; 0 or 1)
//   float64            its bits, -0 as 0, one NaN      utf8, binary  address of the bytes (low half), length (high half)
//
// Every kernel writes `out` (8 bytes a row) for rows [0, n).
import { FIXED_START, hashReference, mix } from "../state/hash";

const NAN_BITS: i64 = 0x7ff8000000000000;

export function words_from_i32(values: usize, n: u32, out: usize): void {
  let i: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 4 <= n; i += 4) {
      const v = v128.load(values + (<usize>i << 2));
      const to = out + (<usize>i << 3);
      v128.store(to, i64x2.extend_low_i32x4_s(v));
      v128.store(to, i64x2.extend_high_i32x4_s(v), 16);
    }
  }
  for (; i < n; i++) store<i64>(out + (<usize>i << 3), <i64>load<i32>(values + (<usize>i << 2)));
}

export function words_from_bits(bitmap: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(out + (<usize>i << 3), <u64>((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1));
  }
}

export function words_from_f64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<f64>(values + (<usize>i << 3)) + 0.0; // -0 + 0 is 0
    store<i64>(out + (<usize>i << 3), v != v ? NAN_BITS : reinterpret<i64>(v));
  }
}

/**
 * Floats as integers of the same order: -Infinity < ... < -0 < 0 < ... < Infinity < NaN. The map is its own inverse
 * (but for NaN's payload).
 */
export function words_ordered_f64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<f64>(values + (<usize>i << 3));
    const bits = v != v ? NAN_BITS : reinterpret<i64>(v);
    store<i64>(out + (<usize>i << 3), bits ^ ((bits >> 63) & 0x7fffffffffffffff));
  }
}

export function words_from_bytes(offsets: usize, values: usize, n: u32, out: usize): void {
  let from = load<u32>(offsets);
  for (let i: u32 = 0; i < n; i++) {
    const to = load<u32>(offsets + (<usize>i << 2), 4);
    store<u64>(out + (<usize>i << 3), (<u64>(to - from) << 32) | <u64>(values + from));
    from = to;
  }
}

/** Nulls of one key column: their word becomes 0 and `bit` is set in the row's mask. */
export function words_mask_nulls(words: usize, validity: usize, n: u32, mask: usize, bit: u64): void {
  for (let i: u32 = 0; i < n; i++) {
    if ((load<u8>(validity + (i >>> 3)) >>> (i & 7)) & 1) continue;
    const at = <usize>i << 3;
    store<u64>(words + at, 0);
    store<u64>(mask + at, load<u64>(mask + at) | bit);
  }
}

/**
 * The fixed hash of each row's key, reduced to its key group: `(hash >>> 32) mod groups`, as u32[n].
 *   words      u32[count]: addresses of the key's columns of words; with `masked`, the last is the null mask
 *   references bit i is set when word i stands for bytes
 */
export function words_key_groups(words: usize, count: u32, references: u32, masked: u32, n: u32, groups: u32, out: usize): void {
  const plain = count - masked;
  if (plain == 1 && !references && !masked) {
    const column = <usize>load<u32>(words);
    for (let i: u32 = 0; i < n; i++) {
      store<u32>(out + (<usize>i << 2), <u32>(mix(FIXED_START, load<u64>(column + (<usize>i << 3))) >>> 32) % groups);
    }
    return;
  }
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), <u32>(keyHash(words, plain, references, masked, i) >>> 32) % groups);
}

// @ts-ignore: decorator
@inline
function keyHash(words: usize, plain: u32, references: u32, masked: u32, i: u32): u64 {
  let h = FIXED_START;
  for (let w: u32 = 0; w < plain; w++) {
    const word = load<u64>(<usize>load<u32>(words + (<usize>w << 2)) + (<usize>i << 3));
    h = mix(h, (references >>> w) & 1 ? hashReference(word) : word);
  }
  if (masked) {
    const mask = load<u64>(<usize>load<u32>(words + (<usize>plain << 2)) + (<usize>i << 3));
    if (mask) h = mix(h, mask);
  }
  return h;
}

/** The same hash of each row's key as an i64 that is not negative, i64[n]. */
export function words_key_places(words: usize, count: u32, references: u32, masked: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), <i64>(keyHash(words, count - masked, references, masked, i) >>> 1));
}
