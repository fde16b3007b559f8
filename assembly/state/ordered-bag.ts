// A bag of entries in order for each group, from which entries can be taken out again: the state of min, max, first, last, minBy
// and maxBy where rows are taken back. The accumulator, its block and a node:
//
//   | at u32 | bits u32 | root u32 | free u32 | used u32 | live u32 | head u32 | tail u32 | value | seen u32 | arrival u32 | next u64 |
//   block  2^bits bytes at `at` (none while bits is 0): node n, from 1 on, at block + (n - 1) * size
//   node   | left u32 | right u32 | count u64 | word 0 | ... | word W-1 |
//
// Nodes are a treap (Seidel and Aragon, Algorithmica 16, 1996): a search tree by their words and a heap by priorities, which
// are hashes of their numbers under the table's seed, so that nobody can choose values that make it deep. Of `used` nodes `live`
// hold entries; the others, their count 0, are a list from `free` on, linked by `left`. The entry in front is what is picked:
//
//   W  words, in order of weight              in front with DESCENDING
//   1  value                                  the greatest
//   3  time, position, value                  the last in time and position
//   4  by, time, position, value              the greatest by
//
// Equal entries are one node with a count. A word of bytes is a copy in the table's heap. Rows without times and places (W = 3)
// have nothing to be ordered by: their group is an `arrival` bag. There the first word is the number of their arrival, of which `next` is the
// next, the tree is ordered by value and then by that, and in place of a count a node has | before u32 | after u32 | in a list
// from `head` to `tail`. Of equal values the one that arrived first is taken out.
//
// A partial state is empty, or 4 bytes that say whether it is an arrival bag, and its entries: a count and the words, 8 bytes each,
// or of bytes a length (u32) and so many bytes.
import { GROUP_TABLE_ROWS, GROUP_TABLE_VALUE_SEED, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { compareBytes } from "./compare-bytes";
import { compareWords, counts, groupOf, wordOf } from "./group-row";
import { mix } from "./hash";
import { allocBlock, blockBits, copyBytes, freeBlock, freeBytes } from "./heap";

// What a bag is like: its words, and
const WORDS: u32 = 7;
const DESCENDING: u32 = 8;
const BY_BYTES: u32 = 16;
const VALUE_BYTES: u32 = 32;
const ARRIVAL: u32 = 64;

const BITS: usize = 4;
const ROOT: usize = 8;
const FREE: usize = 12;
const USED: usize = 16;
const LIVE: usize = 20;
const HEAD: usize = 24;
const TAIL: usize = 28;
const VALUE: usize = 32;
const SEEN: usize = 40;
const IS_ARRIVAL: usize = 44;
const NEXT: usize = 48;

const RIGHT: usize = 4;
const COUNT: usize = 8;
const BEFORE: usize = 8;
const AFTER: usize = 12;
const ENTRY: usize = 16;

const FIRST_NODES: u32 = 2;

// @ts-ignore: decorator
@inline
function sizeOf(like: u32): usize {
  return ENTRY + (<usize>(like & WORDS) << 3);
}

/** Whether word w of an entry stands for bytes. */
// @ts-ignore: decorator
@inline
function isBytes(like: u32, w: u32): bool {
  return w + 1 == (like & WORDS) ? (like & VALUE_BYTES) != 0 : !w && (like & BY_BYTES) != 0;
}

// @ts-ignore: decorator
@inline
function compareAt(like: u32, w: u32, a: usize, b: usize): i32 {
  const x = load<u64>(a + (<usize>w << 3));
  const y = load<u64>(b + (<usize>w << 3));
  return x == y ? 0 : isBytes(like, w) ? compareBytes(x, y) : compareWords(<i64>x, <i64>y);
}

/** The order of two entries' words in the tree. */
function compareEntries(like: u32, a: usize, b: usize): i32 {
  const words = like & WORDS;
  if (like & ARRIVAL) {
    const order = compareAt(like, 2, a, b);
    return order ? order : compareAt(like, 0, a, b);
  }
  // With a by it alone is descending; without, all but the value of three.
  const descending: u32 = like & DESCENDING ? (words == 3 ? 2 : 1) : 0;
  for (let w: u32 = 0; w < words; w++) {
    const order = compareAt(like, w, a, b);
    if (order) return w < descending ? -order : order;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function nodeAt(block: usize, size: usize, n: u32): usize {
  return block + <usize>(n - 1) * size;
}

// @ts-ignore: decorator
@inline
function priority(seed: u64, n: u32): u64 {
  return mix(seed, n);
}

/** Where the number of the entry's node stands; 0 when it has none. */
function locate(at: usize, like: u32, entry: usize): usize {
  const block = <usize>load<u32>(at);
  const size = sizeOf(like);
  let slot = at + ROOT;
  for (let n = load<u32>(slot); n; n = load<u32>(slot)) {
    const node = nodeAt(block, size, n);
    const order = compareEntries(like, entry, node + ENTRY);
    if (!order) return slot;
    slot = order < 0 ? node : node + RIGHT;
  }
  return 0;
}

/** Of an arrival bag: the words of the earliest entry with this value; 0 when there is none. */
function earliest(at: usize, like: u32, entry: usize): usize {
  const block = <usize>load<u32>(at);
  const size = sizeOf(like);
  let found: usize = 0;
  for (let n = load<u32>(at, ROOT); n; ) {
    const node = nodeAt(block, size, n);
    const order = compareAt(like, 2, entry, node + ENTRY);
    if (!order) found = node + ENTRY;
    n = load<u32>(order <= 0 ? node : node + RIGHT);
  }
  return found;
}

/** Room for one more node; false when the host must act first. */
function reserve(T: usize, at: usize, size: usize): bool {
  const used = load<u32>(at, USED);
  const bits = load<u32>(at, BITS);
  if (load<u32>(at, FREE) || (bits && <usize>(used + 1) * size <= <usize>1 << bits)) return true;
  const larger = bits ? bits + 1 : blockBits(<u32>size * FIRST_NODES);
  const block = allocBlock(T, larger);
  if (!block) return false;
  if (bits) {
    const old = <usize>load<u32>(at);
    memory.copy(block, old, <usize>used * size);
    freeBlock(T, old, bits);
  }
  store<u32>(at, <u32>block);
  store<u32>(at, larger, BITS);
  return true;
}

/** Gives back copies of bytes that an entry's words before word `to` refer to. */
function release(T: usize, like: u32, entry: usize, to: u32): void {
  for (let w: u32 = 0; w < to; w++) if (isBytes(like, w)) freeBytes(T, load<u64>(entry + (<usize>w << 3)));
}

/** Copies an entry's words, and the bytes they refer to; false when the host must act first. */
function copyEntry(T: usize, like: u32, entry: usize, to: usize): bool {
  for (let w: u32 = 0, words = like & WORDS; w < words; w++) {
    let word = load<u64>(entry + (<usize>w << 3));
    if (isBytes(like, w)) {
      word = copyBytes(T, word);
      if (!word) {
        release(T, like, to, w);
        return false;
      }
    }
    store<u64>(to + (<usize>w << 3), word);
  }
  return true;
}

/** Hangs node n into the tree: above all of lower priority, which are parted into what is before it and what after. */
function link(seed: u64, at: usize, like: u32, n: u32): void {
  const block = <usize>load<u32>(at);
  const size = sizeOf(like);
  const node = nodeAt(block, size, n);
  const own = priority(seed, n);
  let slot = at + ROOT;
  let below = load<u32>(slot);
  while (below && priority(seed, below) >= own) {
    const other = nodeAt(block, size, below);
    slot = compareEntries(like, node + ENTRY, other + ENTRY) < 0 ? other : other + RIGHT;
    below = load<u32>(slot);
  }
  store<u32>(slot, n);
  let before = node;
  let after = node + RIGHT;
  while (below) {
    const other = nodeAt(block, size, below);
    if (compareEntries(like, node + ENTRY, other + ENTRY) < 0) {
      store<u32>(after, below);
      after = other;
    } else {
      store<u32>(before, below);
      before = other + RIGHT;
    }
    below = load<u32>(after == other ? after : before);
  }
  store<u32>(before, 0);
  store<u32>(after, 0);
}

/** Takes the node whose number stands at `slot` out of the tree. */
function unlink(seed: u64, block: usize, size: usize, slot: usize): void {
  const node = nodeAt(block, size, load<u32>(slot));
  let a = load<u32>(node);
  let b = load<u32>(node, RIGHT);
  while (a && b) {
    if (priority(seed, a) > priority(seed, b)) {
      store<u32>(slot, a);
      slot = nodeAt(block, size, a) + RIGHT;
      a = load<u32>(slot);
    } else {
      store<u32>(slot, b);
      slot = nodeAt(block, size, b);
      b = load<u32>(slot);
    }
  }
  store<u32>(slot, a | b);
}

/** Puts an entry in, so many times; false when the host must act first. */
function insert(T: usize, at: usize, like: u32, entry: usize, count: u64): bool {
  const arrival = like & ARRIVAL;
  if (arrival) {
    store<u64>(entry, load<u64>(at, NEXT));
  } else {
    const known = locate(at, like, entry);
    if (known) {
      const node = nodeAt(load<u32>(at), sizeOf(like), load<u32>(known));
      store<u64>(node, load<u64>(node, COUNT) + count, COUNT);
      return true;
    }
  }
  const size = sizeOf(like);
  if (!reserve(T, at, size)) return false;
  const block = <usize>load<u32>(at);
  const free = load<u32>(at, FREE);
  const n = free ? free : load<u32>(at, USED) + 1;
  const node = nodeAt(block, size, n);
  const next = free ? load<u32>(node) : 0;
  if (!copyEntry(T, like, entry, node + ENTRY)) return false;
  if (free) store<u32>(at, next, FREE);
  else store<u32>(at, n, USED);
  store<u32>(at, load<u32>(at, LIVE) + 1, LIVE);
  if (arrival) {
    const tail = load<u32>(at, TAIL);
    store<u32>(node, tail, BEFORE);
    store<u32>(node, 0, AFTER);
    if (tail) store<u32>(nodeAt(block, size, tail), n, AFTER);
    else store<u32>(at, n, HEAD);
    store<u32>(at, n, TAIL);
    store<u32>(at, 1, IS_ARRIVAL);
    store<u64>(at, load<u64>(at, NEXT) + 1, NEXT);
  } else {
    store<u64>(node, count, COUNT);
  }
  link(load<u64>(T, GROUP_TABLE_VALUE_SEED), at, like, n);
  return true;
}

/** Takes an entry out, once; nothing happens when it is not there. */
function remove(T: usize, at: usize, like: u32, entry: usize): void {
  const size = sizeOf(like);
  const block = <usize>load<u32>(at);
  let own = entry;
  if (like & ARRIVAL) {
    own = earliest(at, like, entry);
    if (!own) return;
  }
  const slot = locate(at, like, own);
  if (!slot) return;
  const n = load<u32>(slot);
  const node = nodeAt(block, size, n);
  if (like & ARRIVAL) {
    const before = load<u32>(node, BEFORE);
    const after = load<u32>(node, AFTER);
    store<u32>(before ? nodeAt(block, size, before) + AFTER : at + HEAD, after);
    store<u32>(after ? nodeAt(block, size, after) + BEFORE : at + TAIL, before);
  } else if (load<u64>(node, COUNT) > 1) {
    store<u64>(node, load<u64>(node, COUNT) - 1, COUNT);
    return;
  }
  unlink(load<u64>(T, GROUP_TABLE_VALUE_SEED), block, size, slot);
  release(T, like, node + ENTRY, like & WORDS);
  store<u64>(node, 0, COUNT);
  store<u32>(node, load<u32>(at, FREE));
  store<u32>(at, n, FREE);
  const live = load<u32>(at, LIVE) - 1;
  store<u32>(at, live, LIVE);
  if (live) return;
  freeBlock(T, block, load<u32>(at, BITS));
  for (let p: usize = 0; p <= LIVE; p += 4) store<u32>(at + p, 0);
}

/**
 * Puts rows' entries in, or with `back` takes them out. `bys` 0: none; `times`, `positions` 0: rows have none; `entry`: 32 bytes of
 * scratch. Rows of other tables are passed over; stops where heap is wanted.
 */
export function ordered_bag_add(
  T: usize, ats: usize, offset: u32, bys: usize, times: usize, positions: usize, values: usize, bitmap: usize, entry: usize, like: u32, back: u32,
  from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = like & WORDS;
  if (words == 3 && !times && !positions) like |= ARRIVAL;
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || !counts(bitmap, i)) continue;
    const at = <usize>row + offset;
    store<u64>(entry + (<usize>(words - 1) << 3), wordOf(values, i));
    if (words > 1) {
      if (words == 4) store<u64>(entry, wordOf(bys, i));
      const p = entry + (words == 4 ? 8 : 0);
      store<u64>(p, times ? wordOf(times, i) : 0);
      store<u64>(p, positions ? wordOf(positions, i) : 0, 8);
    }
    if (back) remove(T, at, like, entry);
    else if (!insert(T, at, like, entry, 1)) return i;
  }
  return to;
}

/** Merges partial states. `cursor` (u32, 0 at first) is how much of row `from`'s state is in already; `entry` as above. */
export function ordered_bag_merge(
  T: usize, ats: usize, offset: u32, offsets: usize, values: usize, cursor: usize, entry: usize, like: u32, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  const words = like & WORDS;
  let done = load<u32>(cursor);
  for (let i = from; i < to; i++, done = 0) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const start = values + load<u32>(offsets + (<usize>i << 2));
    const end = values + load<u32>(offsets + (<usize>i << 2), 4);
    if (start == end) continue;
    const own = load<u32>(start) ? like | ARRIVAL : like;
    for (let p = start + (done ? <usize>done : 4); p < end; ) {
      const count = load<u64>(p);
      let q = p + 8;
      for (let w: u32 = 0; w < words; w++) {
        const to = entry + (<usize>w << 3);
        if (isBytes(like, w)) {
          const length = load<u32>(q);
          store<u64>(to, (<u64>length << 32) | <u64>(q + 4));
          q += 4 + length;
        } else {
          store<u64>(to, load<u64>(q));
          q += 8;
        }
      }
      if (!insert(T, <usize>row + offset, own, entry, count)) {
        store<u32>(cursor, <u32>(p - start));
        return i;
      }
      p = q;
    }
  }
  store<u32>(cursor, 0);
  return to;
}

/** Bytes of one entry in a partial state. */
function stateBytes(like: u32, entry: usize): u32 {
  let sum: u32 = 8;
  for (let w: u32 = 0, words = like & WORDS; w < words; w++) sum += isBytes(like, w) ? 4 + load<u32>(entry + (<usize>w << 3), 4) : 8;
  return sum;
}

/** Writes one entry of a partial state; returns where it ends. */
function writeEntry(like: u32, entry: usize, count: u64, to: usize): usize {
  store<u64>(to, count);
  to += 8;
  for (let w: u32 = 0, words = like & WORDS; w < words; w++) {
    const word = load<u64>(entry + (<usize>w << 3));
    if (isBytes(like, w)) {
      const length = <u32>(word >>> 32);
      store<u32>(to, length);
      memory.copy(to + 4, <usize>(<u32>word), length);
      to += 4 + length;
    } else {
      store<u64>(to, word);
      to += 8;
    }
  }
  return to;
}

/** Whether a node of a bag that is no arrival bag holds an entry. */
// @ts-ignore: decorator
@inline
function isLive(node: usize): bool {
  return load<u64>(node, COUNT) != 0;
}

/** Bytes of the groups' partial states together. */
export function ordered_bag_state_length(ats: usize, offset: u32, like: u32, n: u32): f64 {
  const size = sizeOf(like);
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    if (!load<u32>(at, LIVE)) continue;
    const block = <usize>load<u32>(at);
    sum += 4;
    if (load<u32>(at, IS_ARRIVAL)) {
      for (let m = load<u32>(at, HEAD); m; m = load<u32>(nodeAt(block, size, m), AFTER)) sum += <f64>stateBytes(like, nodeAt(block, size, m) + ENTRY);
    } else {
      for (let m: u32 = 1, used = load<u32>(at, USED); m <= used; m++) {
        const node = nodeAt(block, size, m);
        if (isLive(node)) sum += <f64>stateBytes(like, node + ENTRY);
      }
    }
  }
  return sum;
}

/** The groups' partial states, as a column of bytes: of arrival bags in order of arrival, of others in any. */
export function ordered_bag_state(ats: usize, offset: u32, like: u32, n: u32, offsets: usize, out: usize): void {
  const size = sizeOf(like);
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    if (load<u32>(at, LIVE)) {
      const block = <usize>load<u32>(at);
      const arrival = load<u32>(at, IS_ARRIVAL);
      store<u32>(to, arrival);
      to += 4;
      if (arrival) {
        for (let m = load<u32>(at, HEAD); m; m = load<u32>(nodeAt(block, size, m), AFTER))
          to = writeEntry(like, nodeAt(block, size, m) + ENTRY, 1, to);
      } else {
        for (let m: u32 = 1, used = load<u32>(at, USED); m <= used; m++) {
          const node = nodeAt(block, size, m);
          if (isLive(node)) to = writeEntry(like, node + ENTRY, load<u64>(node, COUNT), to);
        }
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

/** Writes what each group's bag picks into its accumulator: `value` and `seen`. */
export function ordered_bag_settle(ats: usize, offset: u32, like: u32, n: u32): void {
  const size = sizeOf(like);
  const last = ENTRY + (<usize>((like & WORDS) - 1) << 3);
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    const block = <usize>load<u32>(at);
    let m = load<u32>(at, ROOT);
    if (!m) {
      store<u64>(at, 0, VALUE);
      store<u32>(at, 0, SEEN);
      continue;
    }
    if (load<u32>(at, IS_ARRIVAL)) m = load<u32>(at + (like & DESCENDING ? TAIL : HEAD));
    else for (let left = load<u32>(nodeAt(block, size, m)); left; left = load<u32>(nodeAt(block, size, m))) m = left;
    store<u64>(at, load<u64>(nodeAt(block, size, m) + last), VALUE);
    store<u32>(at, 1, SEEN);
  }
}
