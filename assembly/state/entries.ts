// A list of entries for each group: values in order of arrival. The accumulator and its block:
//
//   | at u32 | bits u32 | used u32 | sorted u32 | seen u64 |
//   block  2^bits bytes at `at` (none while bits is 0): entry e at e * 8W, W words each (kernels/words.ts)
//
// `shape` is W | references << 8: bit w of the references is set when word w stands for bytes, of which the entry has a copy
// in the table's heap. `seen` counts all entries that ever came.
//
// Where only the first `keep` in an order (order.ts) matter, a list is cut to those whenever it has `keep` and half as many more:
// the first `sorted` are then in order, and what comes after the last of them is not taken. `keep` is 0 where all stay.
//
// A partial state is the entries one after another, of each its words: 8 bytes, or a length (u32) and so many bytes.
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { allocBlock, blockBits, copyBytes, freeBlock, freeBytes } from "./heap";
import { orderOf, sortEntries } from "./order";

/** Room for one entry more; false when the host must act first. */
function reserve(T: usize, at: usize, width: u32): bool {
  const bits = load<u32>(at, 4);
  const used = load<u32>(at, 8) * width;
  if (bits && used + width <= <u32>1 << bits) return true;
  const wanted = bits ? bits + 1 : blockBits(width << 2);
  const block = allocBlock(T, wanted);
  if (!block) return false;
  if (bits) {
    const old = <usize>load<u32>(at);
    memory.copy(block, old, used);
    freeBlock(T, old, bits);
  }
  store<u32>(at, <u32>block);
  store<u32>(at, wanted, 4);
  return true;
}

/** Gives back the bytes that an entry's first `words` words refer to. */
function freeReferences(T: usize, entry: usize, words: u32, references: u32): void {
  for (let w: u32 = 0; w < words; w++) if ((references >>> w) & 1) freeBytes(T, load<u64>(entry + (<usize>w << 3)));
}

function cut(T: usize, at: usize, shape: u32, order: u32, keep: u32): void {
  const words = shape & 0xff;
  const width = words << 3;
  const block = <usize>load<u32>(at);
  const used = load<u32>(at, 8);
  sortEntries(block, used, width, order);
  if (shape >>> 8) for (let e = keep; e < used; e++) freeReferences(T, block + <usize>e * width, words, shape >>> 8);
  store<u32>(at, keep, 8);
  store<u32>(at, keep, 12);
}

/** Takes in the entry whose words lie at the end of the list's block, but refer to bytes elsewhere. False when the host must act first. */
function takeIn(T: usize, at: usize, shape: u32, order: u32, keep: u32): bool {
  const words = shape & 0xff;
  const references = shape >>> 8;
  const used = load<u32>(at, 8);
  const block = <usize>load<u32>(at);
  const entry = block + <usize>(used * (words << 3));
  const sorted = load<u32>(at, 12);
  if (!sorted || orderOf(entry, block + <usize>((sorted - 1) * (words << 3)), order) < 0) {
    for (let w: u32 = 0; w < words; w++) {
      if (!((references >>> w) & 1)) continue;
      const copy = copyBytes(T, load<u64>(entry + (<usize>w << 3)));
      if (!copy) {
        freeReferences(T, entry, w, references);
        return false;
      }
      store<u64>(entry + (<usize>w << 3), copy);
    }
    store<u32>(at, used + 1, 8);
    if (keep && used + 1 >= keep + (keep >>> 1) + 8) cut(T, at, shape, order, keep);
  }
  store<u64>(at, load<u64>(at, 16) + 1, 16);
  return true;
}

/**
 * Adds rows to their groups' lists. `columns` is u32[W]: the words' columns; 0 stands for how many entries came before.
 * Rows of other tables are passed over; stops where heap is wanted.
 */
export function entries_add(
  T: usize, ats: usize, offset: u32, shape: u32, order: u32, keep: u32, columns: usize, bitmap: usize, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = shape & 0xff;
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    const at = <usize>row + offset;
    if (!reserve(T, at, words << 3)) return i;
    const entry = <usize>load<u32>(at) + <usize>(load<u32>(at, 8) * (words << 3));
    for (let w: u32 = 0; w < words; w++) {
      const column = <usize>load<u32>(columns + (<usize>w << 2));
      store<u64>(entry + (<usize>w << 3), column ? load<u64>(column + (<usize>i << 3)) : load<u64>(at, 16));
    }
    if (!takeIn(T, at, shape, order, keep)) return i;
  }
  return to;
}

/** entries_add of one plain word, all of which stay. */
export function entries_add_words(T: usize, ats: usize, offset: u32, column: usize, bitmap: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    const at = <usize>row + offset;
    if (!reserve(T, at, 8)) return i;
    const used = load<u32>(at, 8);
    store<u64>(<usize>load<u32>(at) + (<usize>used << 3), load<u64>(column + (<usize>i << 3)));
    store<u32>(at, used + 1, 8);
    store<u64>(at, load<u64>(at, 16) + 1, 16);
  }
  return to;
}

/** Merges partial states; `cursor` as in value_set_merge_words. */
export function entries_merge(
  T: usize, ats: usize, offset: u32, shape: u32, order: u32, keep: u32, offsets: usize, values: usize, cursor: usize, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = shape & 0xff;
  let done = load<u32>(cursor);
  for (let i = from; i < to; i++, done = 0) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const at = <usize>row + offset;
    const start = values + load<u32>(offsets + (<usize>i << 2));
    const end = values + load<u32>(offsets + (<usize>i << 2), 4);
    for (let p = start + done; p < end; ) {
      let next = p;
      let room = reserve(T, at, words << 3);
      if (room) {
        const entry = <usize>load<u32>(at) + <usize>(load<u32>(at, 8) * (words << 3));
        for (let w: u32 = 0; w < words; w++) {
          if ((shape >>> (8 + w)) & 1) {
            const length = load<u32>(next);
            store<u64>(entry + (<usize>w << 3), (<u64>length << 32) | <u64>(next + 4));
            next += 4 + length;
          } else {
            store<u64>(entry + (<usize>w << 3), load<u64>(next));
            next += 8;
          }
        }
        room = takeIn(T, at, shape, order, keep);
      }
      if (!room) {
        store<u32>(cursor, <u32>(p - start));
        return i;
      }
      p = next;
    }
  }
  store<u32>(cursor, 0);
  return to;
}

/** Bytes of the groups' partial states together. */
export function entries_state_length(ats: usize, offset: u32, shape: u32, n: u32): f64 {
  const words = shape & 0xff;
  const references = shape >>> 8;
  const plain = words - popcnt(references);
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const used = load<u32>(at, 8);
    sum += <f64>used * <f64>((plain << 3) + (popcnt(references) << 2));
    if (!references) continue;
    let entry = <usize>load<u32>(at);
    for (let e: u32 = 0; e < used; e++, entry += words << 3) {
      for (let w: u32 = 0; w < words; w++) if ((references >>> w) & 1) sum += <f64>load<u32>(entry + (<usize>w << 3), 4);
    }
  }
  return sum;
}

/** The groups' partial states, as a column of bytes. */
export function entries_state(ats: usize, offset: u32, shape: u32, n: u32, offsets: usize, out: usize): void {
  const words = shape & 0xff;
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    let entry = <usize>load<u32>(at);
    for (let e = load<u32>(at, 8); e; e--) {
      for (let w: u32 = 0; w < words; w++, entry += 8) {
        const word = load<u64>(entry);
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
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** The groups' lists as runs (kernels/runs.ts), sorted where there is an order, the first `keep` (0: all) of each. */
export function entries_runs(ats: usize, offset: u32, shape: u32, order: u32, keep: u32, n: u32, runs: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const used = load<u32>(at, 8);
    if (order && used) sortEntries(load<u32>(at), used, (shape & 0xff) << 3, order);
    store<u32>(runs + (<usize>i << 3), load<u32>(at));
    store<u32>(runs + (<usize>i << 3), keep ? min(keep, used) : used, 4);
  }
}
