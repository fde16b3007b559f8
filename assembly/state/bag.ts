// A bag for each group: values with how often they are there, from which they can be taken back. The accumulator and its block:
//
//   | at u32 | bits u32 | used u32 | 0 | n u64 |
//   block  2^bits slots at `at` (none while bits is 0), probed one after another: | word 0 | ... | word W-1 | count i64 |, free
//          where the count is 0
//
// `shape` is W | references << 8, as in entries.ts. n is how many values have a count above 0. What is taken back before it was
// put in has a count below 0: so bags of a part of the rows can be merged in any order. Hashes begin with the table's seed.
//
// A partial state is the entries one after another: their words as in entries.ts, then the count.
import { GROUP_TABLE_ROWS, GROUP_TABLE_VALUE_SEED, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { mix, seededHash } from "./hash";
import { allocBlock, blockBits, copyBytes, equalBytes, freeBlock, freeBytes } from "./heap";

const FIRST_BITS: u32 = 2;

function hashOf(seed: u64, entry: usize, shape: u32): u64 {
  const words = shape & 0xff;
  let h = seed;
  for (let w: u32 = 0; w < words; w++) {
    const word = load<u64>(entry + (<usize>w << 3));
    h = (shape >>> (8 + w)) & 1 ? seededHash(h, word) : mix(h, word);
  }
  return h;
}

function sameEntry(a: usize, b: usize, shape: u32): bool {
  const words = shape & 0xff;
  for (let w: u32 = 0; w < words; w++) {
    const x = load<u64>(a + (<usize>w << 3));
    const y = load<u64>(b + (<usize>w << 3));
    if (x != y && !((shape >>> (8 + w)) & 1 && equalBytes(x, y))) return false;
  }
  return true;
}

/** Twice the slots, or the first ones; false when the host must act first. */
function grow(T: usize, at: usize, shape: u32): bool {
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  const oldBits = load<u32>(at, 4);
  const bits = oldBits ? oldBits + 1 : FIRST_BITS;
  if (bits > 24) return allocBlock(T, 32) != 0; // larger than any block
  const block = allocBlock(T, blockBits(width << bits));
  if (!block) return false;
  memory.fill(block, 0, <usize>width << bits);
  if (oldBits) {
    const old = <usize>load<u32>(at);
    const seed = load<u64>(T, GROUP_TABLE_VALUE_SEED);
    const mask: u32 = (1 << bits) - 1;
    const end = old + (<usize>width << oldBits);
    for (let p = old; p < end; p += width) {
      if (!load<i64>(p + (words << 3))) continue;
      let slot = <u32>(hashOf(seed, p, shape) >>> (64 - bits));
      while (load<i64>(block + <usize>(slot * width) + (words << 3))) slot = (slot + 1) & mask;
      memory.copy(block + <usize>(slot * width), p, width);
    }
    freeBlock(T, old, blockBits(width << oldBits));
  }
  store<u32>(at, <u32>block);
  store<u32>(at, bits, 4);
  return true;
}

/** Frees the slot `gone` and closes the gap that it leaves (Knuth, vol. 3, 6.4, algorithm R). */
function closeGap(T: usize, at: usize, shape: u32, gone: u32): void {
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  const bits = load<u32>(at, 4);
  const mask: u32 = (1 << bits) - 1;
  const block = <usize>load<u32>(at);
  const seed = load<u64>(T, GROUP_TABLE_VALUE_SEED);
  for (let w: u32 = 0; w < words; w++) {
    if ((shape >>> (8 + w)) & 1) freeBytes(T, load<u64>(block + <usize>(gone * width) + (w << 3)));
  }
  let gap = gone;
  for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
    const entry = block + <usize>(slot * width);
    if (!load<i64>(entry + (words << 3))) break;
    const home = <u32>(hashOf(seed, entry, shape) >>> (64 - bits));
    if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
    memory.copy(block + <usize>(gap * width), entry, width);
    gap = slot;
  }
  store<i64>(block + <usize>(gap * width) + (words << 3), 0);
  store<u32>(at, load<u32>(at, 8) - 1, 8);
}

/** Adds `count` to that of the value whose words are at `wanted` (elsewhere). False when the host must act first. */
function put(T: usize, at: usize, shape: u32, wanted: usize, count: i64): bool {
  if (!count) return true;
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  const hash = hashOf(load<u64>(T, GROUP_TABLE_VALUE_SEED), wanted, shape);
  for (;;) {
    const bits = load<u32>(at, 4);
    const used = load<u32>(at, 8);
    if (bits) {
      const block = <usize>load<u32>(at);
      const mask: u32 = (1 << bits) - 1;
      for (let slot = <u32>(hash >>> (64 - bits)); ; slot = (slot + 1) & mask) {
        const entry = block + <usize>(slot * width);
        const old = load<i64>(entry + (words << 3));
        if (!old) {
          if (used + 1 > <u32>(3 << (bits - 2))) break;
          for (let w: u32 = 0; w < words; w++) {
            let word = load<u64>(wanted + (<usize>w << 3));
            if ((shape >>> (8 + w)) & 1) {
              word = copyBytes(T, word);
              if (!word) {
                for (let done: u32 = 0; done < w; done++) {
                  if ((shape >>> (8 + done)) & 1) freeBytes(T, load<u64>(entry + (<usize>done << 3)));
                }
                return false;
              }
            }
            store<u64>(entry + (<usize>w << 3), word);
          }
          store<i64>(entry + (words << 3), count);
          store<u32>(at, used + 1, 8);
          if (count > 0) store<u64>(at, load<u64>(at, 16) + 1, 16);
          return true;
        }
        if (!sameEntry(entry, wanted, shape)) continue;
        const sum = old + count;
        store<u64>(at, load<u64>(at, 16) + <u64>(sum > 0) - <u64>(old > 0), 16);
        if (sum) store<i64>(entry + (words << 3), sum);
        else closeGap(T, at, shape, slot);
        return true;
      }
    }
    if (!grow(T, at, shape)) break;
  }
  return false;
}

/**
 * Puts rows' values into their groups' bags, `by` times each: 1, or -1 to take them back. `columns` is u32[W], the words'
 * columns; `room` a place for W words. Rows of other tables are passed over; stops where heap is wanted.
 */
export function bag_add(
  T: usize, ats: usize, offset: u32, shape: u32, columns: usize, room: usize, bitmap: usize, by: i32, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = shape & 0xff;
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    for (let w: u32 = 0; w < words; w++) {
      store<u64>(room + (<usize>w << 3), load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (<usize>i << 3)));
    }
    if (!put(T, <usize>row + offset, shape, room, by)) return i;
  }
  return to;
}

/** Merges partial states, or takes them back with `by` -1; `cursor` as in value_set_merge_words, `room` as in bag_add. */
export function bag_merge(
  T: usize, ats: usize, offset: u32, shape: u32, offsets: usize, values: usize, room: usize, by: i32, cursor: usize, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = shape & 0xff;
  let done = load<u32>(cursor);
  for (let i = from; i < to; i++, done = 0) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const start = values + load<u32>(offsets + (<usize>i << 2));
    const end = values + load<u32>(offsets + (<usize>i << 2), 4);
    for (let p = start + done; p < end; ) {
      let next = p;
      for (let w: u32 = 0; w < words; w++) {
        if ((shape >>> (8 + w)) & 1) {
          const length = load<u32>(next);
          store<u64>(room + (<usize>w << 3), (<u64>length << 32) | <u64>(next + 4));
          next += 4 + length;
        } else {
          store<u64>(room + (<usize>w << 3), load<u64>(next));
          next += 8;
        }
      }
      if (!put(T, <usize>row + offset, shape, room, load<i64>(next) * by)) {
        store<u32>(cursor, <u32>(p - start));
        return i;
      }
      p = next + 8;
    }
  }
  store<u32>(cursor, 0);
  return to;
}

/** Bytes of the groups' partial states together. */
export function bag_state_length(ats: usize, offset: u32, shape: u32, n: u32): f64 {
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  const references = shape >>> 8;
  const plain = words + 1 - popcnt(references);
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const used = load<u32>(at, 8);
    sum += <f64>used * <f64>((plain << 3) + (popcnt(references) << 2));
    if (!references || !used) continue;
    let entry = <usize>load<u32>(at);
    for (const end = entry + (<usize>width << load<u32>(at, 4)); entry < end; entry += width) {
      if (!load<i64>(entry + (words << 3))) continue;
      for (let w: u32 = 0; w < words; w++) if ((references >>> w) & 1) sum += <f64>load<u32>(entry + (<usize>w << 3), 4);
    }
  }
  return sum;
}

/** The groups' partial states, as a column of bytes. */
export function bag_state(ats: usize, offset: u32, shape: u32, n: u32, offsets: usize, out: usize): void {
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    let entry = <usize>load<u32>(at);
    if (load<u32>(at, 8)) {
      for (const end = entry + (<usize>width << load<u32>(at, 4)); entry < end; entry += width) {
        const count = load<i64>(entry + (words << 3));
        if (!count) continue;
        for (let w: u32 = 0; w < words; w++) {
          const word = load<u64>(entry + (<usize>w << 3));
          if ((shape >>> (8 + w)) & 1) {
            const length = <u32>(word >>> 32);
            store<u32>(to, length);
            memory.copy(to + 4, <usize>(<u32>word), length);
            to += 4 + length;
          } else {
            store<u64>(to, word);
            to += 8;
          }
        }
        store<i64>(to, count);
        to += 8;
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** How many values with a count above 0 the groups have together. */
export function bag_values(ats: usize, offset: u32, n: u32): f64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) sum += load<u64>(<usize>load<u32>(ats + (<usize>i << 2)) + offset, 16);
  return <f64>sum;
}

/** The groups' values with a count above 0, and the counts, copied to `out` (W + 1 words each), as runs (kernels/runs.ts). */
export function bag_runs(ats: usize, offset: u32, shape: u32, n: u32, out: usize, runs: usize): void {
  const words = shape & 0xff;
  const width = (words + 1) << 3;
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const values = load<u32>(at, 16);
    store<u32>(runs + (<usize>i << 3), <u32>to);
    store<u32>(runs + (<usize>i << 3), values, 4);
    if (!values) continue;
    let entry = <usize>load<u32>(at);
    for (const end = entry + (<usize>width << load<u32>(at, 4)); entry < end; entry += width) {
      if (load<i64>(entry + (words << 3)) <= 0) continue;
      memory.copy(to, entry, width);
      to += width;
    }
  }
}
