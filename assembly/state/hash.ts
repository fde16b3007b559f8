// The one hash of keys. A key is a list of 64-bit words (see kernels/words.ts); bytes are hashed to one word first.
//
//   mix(h, w):    h ^= w; h *= 0x9E3779B97F4A7C15; h ^= h >>> 32; h *= 0xD6E8FEB86659FD93; h ^= h >>> 32      (mod 2^64)
//   bytes(p, n):  h = n; for each whole little-endian 8-byte piece: h = mix(h, piece); a tail of 1..7 bytes, zero-extended: h = mix(h, tail)
//   key:          h = start; for each word: h = mix(h, word or bytes(word)); a null mask that is not 0: h = mix(h, mask)
//
// One plain word in memory takes the shorter word(seed, w): x = (w ^ seed) * 0x9E3779B97F4A7C15; x ^ (x >>> 32), a fifth of a table's time
// less. The seed keeps keys from being chosen to collide, the multiplier spreads runs of numbers, and long probes change the seed.
//
// `start` is a table's own seed in memory, and FIXED_START for whatever is persisted or crosses lanes. For a given start
// and all words but one, the hash is a bijection of that word: two keys of one word never share all 64 bits.

/** "millrace" in ASCII. Changing this, or anything above, makes every checkpoint unreadable. */
export const FIXED_START: u64 = 0x6d696c6c72616365;

// @ts-ignore: decorator
@inline
export function hashWord(seed: u64, w: u64): u64 {
  const x = (w ^ seed) * 0x9e3779b97f4a7c15;
  return x ^ (x >>> 32);
}

// @ts-ignore: decorator
@inline
export function mix(h: u64, w: u64): u64 {
  let x = (h ^ w) * 0x9e3779b97f4a7c15;
  x ^= x >>> 32;
  x *= 0xd6e8feb86659fd93;
  return x ^ (x >>> 32);
}

/** Reads up to 7 bytes beyond the end. */
export function hashBytes(p: usize, length: u32): u64 {
  let h: u64 = length;
  const whole = p + (length & ~7);
  for (; p < whole; p += 8) h = mix(h, load<u64>(p));
  const tail = length & 7;
  return tail ? mix(h, load<u64>(p) & ((<u64>1 << (tail << 3)) - 1)) : h;
}

/** A word of bytes: address in the low half, length in the high half. */
// @ts-ignore: decorator
@inline
export function hashReference(word: u64): u64 {
  return hashBytes(<usize>(<u32>word), <u32>(word >>> 32));
}

/** Of bytes, as a word; the seed is in from the first byte on, so that no bytes can be chosen that collide. */
export function seededHash(seed: u64, word: u64): u64 {
  let p = <usize>(<u32>word);
  const length = <u32>(word >>> 32);
  let h = seed ^ <u64>length;
  const whole = p + (length & ~7);
  for (; p < whole; p += 8) h = mix(h, load<u64>(p));
  const tail = length & 7;
  return tail ? mix(h, load<u64>(p) & ((<u64>1 << (tail << 3)) - 1)) : mix(h, 1);
}

/** Equal length and bytes; a length that is no multiple of 8 is compared through one overlapping or masked load. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  const whole = a + (length & ~7);
  const d = b - a;
  for (; a < whole; a += 8) if (load<u64>(a) != load<u64>(a + d)) return false;
  const tail = length & 7;
  return !tail || ((load<u64>(a) ^ load<u64>(a + d)) << (64 - (tail << 3))) == 0;
}
