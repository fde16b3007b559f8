// All rows of a group, as entries one after another in a block of the table's heap. The accumulator is 16 bytes:
//
//   | at u32 | bits u32 | used u64 |       a block of 2^bits bytes at `at` (none while used is 0), `used` of them taken
//
// An entry is the row's event time and place, then the bytes of its argument, which are a multiple of 8:
//
//   | time i64 | place i64 | bytes u64 | ... |
//
// A partial state, and the result, is the entries themselves; two states become one by putting them together.
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { allocBlock, blockBits, freeBlock } from "../state/heap";

const HEAD_BYTES: u32 = 24;
const FIRST_BITS: u32 = 8;

/** Where `bytes` more go; 0 when the host must act first. */
// @ts-ignore: decorator
@inline
function room(T: usize, acc: usize, bytes: u64): usize {
  const used = load<u64>(acc, 8);
  const bits = load<u32>(acc, 4);
  const block = <usize>load<u32>(acc);
  if (used + bytes <= (block ? <u64>1 << bits : 0)) return block + <usize>used;
  if (used + bytes > 0x7fffffff) {
    allocBlock(T, 31); // says that it is too large
    return 0;
  }
  const larger = max<u32>(FIRST_BITS, blockBits(<u32>(used + bytes)));
  const at = allocBlock(T, larger);
  if (!at) return 0;
  if (block) {
    memory.copy(at, block, <usize>used);
    freeBlock(T, block, bits);
  }
  store<u32>(acc, <u32>at);
  store<u32>(acc, larger, 4);
  return at + <usize>used;
}

/** Adds rows [from, to) whose groups are in table T, each with its bytes (words). Returns `to`, or the row that wants heap. */
export function accumulate_rows(T: usize, ats: usize, offset: u32, words: usize, times: usize, places: usize, bitmap: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    const acc = <usize>row + offset;
    const word = load<u64>(words + (<usize>i << 3));
    const length = <u32>(word >>> 32);
    const p = room(T, acc, <u64>HEAD_BYTES + length);
    if (!p) return i;
    store<i64>(p, times ? load<i64>(times + (<usize>i << 3)) : 0);
    store<i64>(p, places ? load<i64>(places + (<usize>i << 3)) : 0, 8);
    store<u64>(p, length, 16);
    memory.copy(p + HEAD_BYTES, <usize>(<u32>word), length);
    store<u64>(acc, load<u64>(acc, 8) + HEAD_BYTES + length, 8);
  }
  return to;
}

/** Adds the entries of partial states. */
export function accumulate_merge_rows(T: usize, ats: usize, offset: u32, offsets: usize, values: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes) continue;
    const acc = <usize>row + offset;
    const start = load<u32>(offsets + (<usize>i << 2));
    const length = load<u32>(offsets + (<usize>i << 2), 4) - start;
    if (!length) continue;
    const p = room(T, acc, length);
    if (!p) return i;
    memory.copy(p, values + start, length);
    store<u64>(acc, load<u64>(acc, 8) + length, 8);
  }
  return to;
}

/** Bytes of n groups' entries. */
export function rows_state_length(ats: usize, offset: u32, n: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) sum += <f64>load<u64>(<usize>load<u32>(ats + (<usize>i << 2)) + offset, 8);
  return sum;
}

/** Those entries, as a column of bytes. */
export function rows_state(ats: usize, offset: u32, n: u32, offsets: usize, out: usize): void {
  let sum: u32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const acc = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const used = <u32>load<u64>(acc, 8);
    if (used) memory.copy(out + sum, <usize>load<u32>(acc), used);
    sum += used;
    store<u32>(offsets + (<usize>i << 2), sum, 4);
  }
}

/** How many entries lie in [from, end). */
export function rows_count(from: usize, end: usize): u32 {
  let n: u32 = 0;
  for (; from < end; from += <usize>HEAD_BYTES + <usize>load<u64>(from, 16)) n++;
  return n;
}

/**
 * Of each entry in [from, end): its time and place (i64), and where its bytes are (u32). Returns 1 when they are in order of
 * time, then place.
 */
export function rows_index(from: usize, end: usize, times: usize, places: usize, ats: usize): u32 {
  let sorted: u32 = 1;
  let lastTime = i64.MIN_VALUE;
  let lastPlace = i64.MIN_VALUE;
  for (let i: usize = 0; from < end; i++) {
    const time = load<i64>(from);
    const place = load<i64>(from, 8);
    if (time < lastTime || (time == lastTime && place < lastPlace)) sorted = 0;
    lastTime = time;
    lastPlace = place;
    store<i64>(times + (i << 3), time);
    store<i64>(places + (i << 3), place);
    store<u32>(ats + (i << 2), <u32>(from + HEAD_BYTES));
    from += <usize>HEAD_BYTES + <usize>load<u64>(from, 16);
  }
  return sorted;
}
