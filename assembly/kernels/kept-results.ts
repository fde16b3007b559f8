// Results as they were last emitted, of aggregates whose accumulators refer to blocks that change. With changes a group's row is
//
//   | words | flags | accumulators | accumulators as last emitted | accumulators of kept results |
//
// and such an aggregate has, in the first and the second set, a slot of two words in place of its accumulator:
//
//   | value | present |      value: a word, or (address, length) of a copy in the table's heap
//
// `slot` is the first's offset in the row, `slot + shift` the second's. Before changes are looked for, the first gets the result
// as it is now: the very word of the second where nothing changed, so that comparing the sets' bytes tells what did.
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { allocBlock, blockBits, equalBytes, freeBytes } from "../state/heap";

const TOUCHED: u64 = 2;
const UPDATE_BEFORE: u8 = 1;

/** Addresses of the rows that were touched, at most `max`, from number load(cursor) on; the cursor moves on. Returns how many. */
export function kept_results_touched(rows: usize, stride: u32, count: u32, flags: u32, cursor: usize, ats: usize, max: u32): u32 {
  let n: u32 = 0;
  let g = load<u32>(cursor);
  for (; g < count && n < max; g++) {
    const row = rows + <usize>g * stride;
    if (!(load<u64>(row + flags) & TOUCHED)) continue;
    store<u32>(ats + (<usize>n << 2), <u32>row);
    n++;
  }
  store<u32>(cursor, g);
  return n;
}

// @ts-ignore: decorator
@inline
function there(validity: usize, i: u32): bool {
  return !validity || ((load<u8>(validity + (i >>> 3)) >>> (i & 7)) & 1) != 0;
}

/** Results that are words: into the slots of rows [from, to). */
export function kept_results_words(ats: usize, slot: u32, words: usize, validity: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + slot;
    const present = there(validity, i);
    store<u64>(at, present ? load<u64>(words + (<usize>i << 3)) : 0);
    store<u64>(at, <u64>present, 8);
  }
}

/**
 * Results that are bytes: into the slots of those of rows [from, to) that are in table T. What equals the value of the slot at
 * `shift` beyond (0: none) becomes that very word. Returns `to`, or the row that wants heap.
 */
export function kept_results_bytes(T: usize, ats: usize, slot: u32, shift: u32, words: usize, validity: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const at = <usize>row + slot;
    const other = shift && load<u64>(at + shift, 8) ? load<u64>(at + shift) : 0;
    let kept: u64 = 0;
    const present = there(validity, i);
    if (present) {
      const word = load<u64>(words + (<usize>i << 3));
      if (other && equalBytes(other, word)) {
        kept = other;
      } else {
        const length = <u32>(word >>> 32);
        const block = allocBlock(T, blockBits(length));
        if (!block) return i;
        memory.copy(block, <usize>(<u32>word), length);
        kept = (<u64>length << 32) | <u64>block;
      }
    }
    const old = load<u64>(at);
    if (load<u64>(at, 8) && old != other) freeBytes(T, old);
    store<u64>(at, kept);
    store<u64>(at, <u64>present, 8);
  }
  return to;
}

/** Gives back the bytes of what n changes replace: after them, the row's second slot is a copy of its first. */
export function kept_results_release(T: usize, ats: usize, ops: usize, slot: u32, shift: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (load<u8>(ops + i) == UPDATE_BEFORE) continue;
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + slot;
    const word = load<u64>(at + shift);
    if (load<u64>(at + shift, 8) && word != load<u64>(at)) {
      freeBytes(T, word);
      store<u64>(at + shift, 0, 8);
    }
  }
}
