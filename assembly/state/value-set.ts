// A set of values for each group: the state of an exact count of distinct values. The accumulator and its block:
//
//   | at u32 | bits u32 | used u32 | zero u32 | n u64 |
//   block  u64[2^bits] at `at` (none while bits is 0): 0 where empty, else a value's word (kernels/words.ts); probing is linear
//
// Words of bytes refer to copies in the table's heap and are never 0. Of plain words, 0 is kept apart: `zero` is 1 when it is
// in the set. `used` slots are taken, at most three quarters; n = used + zero is how many values there are. Sets hash with
// their table's seed, so that nobody can choose values that collide.
//
// A partial state is its values one after another: 8 bytes each, or a length (u32) and so many bytes.
import { GROUP_TABLE_ROWS, GROUP_TABLE_VALUE_SEED, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { mix, seededHash } from "./hash";
import { allocBlock, copyBytes, equalBytes, freeBlock } from "./heap";

const FIRST_BITS: u32 = 3;

// BYTES is i32 for values of bytes, f64 for plain words: the compiler leaves the other case out.
// @ts-ignore: decorator
@inline
function hashOf<BYTES>(seed: u64, word: u64): u64 {
  return isInteger<BYTES>() ? seededHash(seed, word) : mix(seed, word);
}

/** Twice the slots (or the first ones) for the set at `at`; false when the host must act first. */
function grow<BYTES>(T: usize, at: usize): bool {
  const old = <usize>load<u32>(at);
  const oldBits = load<u32>(at, 4);
  const bits = oldBits ? oldBits + 1 : FIRST_BITS;
  const block = allocBlock(T, bits + 3);
  if (!block) return false;
  memory.fill(block, 0, <usize>8 << bits);
  const seed = load<u64>(T, GROUP_TABLE_VALUE_SEED);
  const mask = ((<usize>1 << bits) - 1) << 3;
  if (oldBits) {
    const end = old + (<usize>8 << oldBits);
    for (let p = old; p < end; p += 8) {
      const word = load<u64>(p);
      if (!word) continue;
      let slot = <usize>(hashOf<BYTES>(seed, word) >>> (64 - bits)) << 3;
      while (load<u64>(block + slot)) slot = (slot + 8) & mask;
      store<u64>(block + slot, word);
    }
    freeBlock(T, old, oldBits + 3);
  }
  store<u32>(at, <u32>block);
  store<u32>(at, bits, 4);
  return true;
}

/** Puts a value into the set at `at`; false when the host must act first. */
// @ts-ignore: decorator
@inline
function insert<BYTES>(T: usize, at: usize, seed: u64, word: u64): bool {
  if (!isInteger<BYTES>() && !word) {
    if (!load<u32>(at, 12)) {
      store<u32>(at, 1, 12);
      store<u64>(at, load<u64>(at, 16) + 1, 16);
    }
    return true;
  }
  const hash = hashOf<BYTES>(seed, word);
  for (;;) {
    const bits = load<u32>(at, 4);
    const used = load<u32>(at, 8);
    if (bits) {
      const block = <usize>load<u32>(at);
      const mask = ((<usize>1 << bits) - 1) << 3;
      let slot = <usize>(hash >>> (64 - bits)) << 3;
      let known = load<u64>(block + slot);
      while (known) {
        if (isInteger<BYTES>() ? equalBytes(known, word) : known == word) return true;
        slot = (slot + 8) & mask;
        known = load<u64>(block + slot);
      }
      if (used + 1 <= <u32>(3 << (bits - 2))) {
        let kept = word;
        if (isInteger<BYTES>()) {
          kept = copyBytes(T, word);
          if (!kept) return false;
        }
        store<u64>(block + slot, kept);
        store<u32>(at, used + 1, 8);
        store<u64>(at, load<u64>(at, 16) + 1, 16);
        return true;
      }
    }
    if (!grow<BYTES>(T, at)) break;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function addAll<BYTES>(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const seed = load<u64>(T, GROUP_TABLE_VALUE_SEED);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    if (!insert<BYTES>(T, <usize>row + offset, seed, load<u64>(words + (<usize>i << 3)))) return i;
  }
  return to;
}

/** Adds rows' values to their groups' sets. Rows of other tables are passed over; stops where heap is wanted. */
export function value_set_add_words(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  return addAll<f64>(T, ats, offset, words, bitmap, from, to);
}

export function value_set_add_bytes(T: usize, ats: usize, offset: u32, words: usize, bitmap: usize, from: u32, to: u32): u32 {
  return addAll<i32>(T, ats, offset, words, bitmap, from, to);
}

// @ts-ignore: decorator
@inline
function mergeAll<BYTES>(T: usize, ats: usize, offset: u32, offsets: usize, values: usize, cursor: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const seed = load<u64>(T, GROUP_TABLE_VALUE_SEED);
  let done = load<u32>(cursor);
  for (let i = from; i < to; i++, done = 0) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const start = values + load<u32>(offsets + (<usize>i << 2));
    const end = values + load<u32>(offsets + (<usize>i << 2), 4);
    for (let p = start + done; p < end; ) {
      let word: u64;
      let next: usize;
      if (isInteger<BYTES>()) {
        const length = load<u32>(p);
        word = (<u64>length << 32) | <u64>(p + 4);
        next = p + 4 + length;
      } else {
        word = load<u64>(p);
        next = p + 8;
      }
      if (!insert<BYTES>(T, <usize>row + offset, seed, word)) {
        store<u32>(cursor, <u32>(p - start));
        return i;
      }
      p = next;
    }
  }
  store<u32>(cursor, 0);
  return to;
}

/**
 * Merges partial states. `cursor` (u32, 0 at first): how much of row `from`'s state is in already, when a call goes on where
 * another stopped.
 */
export function value_set_merge_words(T: usize, ats: usize, offset: u32, offsets: usize, values: usize, cursor: usize, from: u32, to: u32): u32 {
  return mergeAll<f64>(T, ats, offset, offsets, values, cursor, from, to);
}

export function value_set_merge_bytes(T: usize, ats: usize, offset: u32, offsets: usize, values: usize, cursor: usize, from: u32, to: u32): u32 {
  return mergeAll<i32>(T, ats, offset, offsets, values, cursor, from, to);
}

/** Bytes of the groups' partial states together. `bytes` is 1 for values of bytes. */
export function value_set_state_length(ats: usize, offset: u32, bytes: u32, n: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const values = load<u64>(at, 16);
    sum += <f64>(values * (bytes ? 4 : 8));
    if (!bytes || !values) continue;
    const block = <usize>load<u32>(at);
    const end = block + (<usize>8 << load<u32>(at, 4));
    let length: u64 = 0;
    for (let p = block; p < end; p += 8) length += load<u64>(p) >>> 32;
    sum += <f64>length;
  }
  return sum;
}

/** The groups' partial states, as a column of bytes. */
export function value_set_state(ats: usize, offset: u32, bytes: u32, n: u32, offsets: usize, out: usize): void {
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    if (load<u32>(at, 12)) {
      store<u64>(to, 0);
      to += 8;
    }
    if (load<u32>(at, 8)) {
      const block = <usize>load<u32>(at);
      const end = block + (<usize>8 << load<u32>(at, 4));
      for (let p = block; p < end; p += 8) {
        const word = load<u64>(p);
        if (!word) continue;
        if (bytes) {
          const length = <u32>(word >>> 32);
          store<u32>(to, length);
          memory.copy(to + 4, <usize>(<u32>word), length);
          to += 4 + length;
        } else {
          store<u64>(to, word);
          to += 8;
        }
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** The groups' values copied to `out`, a word each, as runs (kernels/runs.ts). */
export function value_set_runs(ats: usize, offset: u32, n: u32, out: usize, runs: usize): void {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    store<u32>(runs + (<usize>i << 3), <u32>to);
    store<u32>(runs + (<usize>i << 3), load<u32>(at, 16), 4);
    if (load<u32>(at, 12)) {
      store<u64>(to, 0);
      to += 8;
    }
    if (!load<u32>(at, 8)) continue;
    let p = <usize>load<u32>(at);
    for (const end = p + (<usize>8 << load<u32>(at, 4)); p < end; p += 8) {
      const word = load<u64>(p);
      if (!word) continue;
      store<u64>(to, word);
      to += 8;
    }
  }
}
