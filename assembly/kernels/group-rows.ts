// Groups' rows as columns. Every kernel takes `ats` (u32[n], addresses of rows) and the offset of a word in a row, and
// writes n values. `result_*` compute what an accumulator (kernels/accumulate.ts) stands for.
import { FIXED_START, hashReference, mix } from "../state/hash";

// @ts-ignore: decorator
@inline
function wordAt(ats: usize, i: u32, offset: u32): usize {
  return <usize>load<u32>(ats + (<usize>i << 2)) + offset;
}

export function group_rows_i64(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (<usize>i << 3), load<u64>(wordAt(ats, i, offset)));
}

export function group_rows_i32(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), load<u32>(wordAt(ats, i, offset)));
}

/** Floats kept as integers of the same order (words_ordered_f64). */
export function group_rows_ordered_f64(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const word = load<i64>(wordAt(ats, i, offset));
    store<i64>(out + (<usize>i << 3), word ^ ((word >> 63) & 0x7fffffffffffffff));
  }
}

/**
 * A bitmap: bit i is set when the word has one of `bits` (0: when it is not zero); with `invert`, when not.
 * Returns how many bits are clear. Whole bytes are written.
 */
export function group_rows_bits(ats: usize, offset: u32, bits: u32, invert: u32, n: u32, out: usize): u32 {
  const wanted = bits ? <u64>bits : <u64>0 - 1;
  let clear: u32 = 0;
  for (let i: u32 = 0; i < n; i += 8) {
    let byte: u32 = 0;
    for (let j = i, end = min(i + 8, n); j < end; j++) {
      const bit = <u32>((load<u64>(wordAt(ats, j, offset)) & wanted) != 0) ^ invert;
      byte |= bit << (j & 7);
      clear += 1 - bit;
    }
    store<u8>(out + (i >>> 3), byte);
  }
  return clear;
}

/** Bytes that the values of a word of bytes have together; at most `limit` and a value more. */
export function group_rows_length(ats: usize, offset: u32, n: u32): f64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) sum += load<u32>(wordAt(ats, i, offset), 4);
  return <f64>sum;
}

export function group_rows_bytes(ats: usize, offset: u32, n: u32, offsets: usize, out: usize): void {
  let sum: u32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const word = load<u64>(wordAt(ats, i, offset));
    const length = <u32>(word >>> 32);
    memory.copy(out + sum, <usize>(<u32>word), length);
    sum += length;
    store<u32>(offsets + (<usize>i << 2), sum, 4);
  }
}

/** Writes the sums and returns n, or the first row whose sum is beyond int64. A sum of nothing is 0. */
export function result_sum_i64(ats: usize, offset: u32, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const at = wordAt(ats, i, offset);
    const low = load<i64>(at);
    if (load<i64>(at, 8) >> 1 != low >> 63) return i;
    store<i64>(out + (<usize>i << 3), low);
  }
  return n;
}

// @ts-ignore: decorator
@inline
function floatSum(at: usize): f64 {
  const sum = load<f64>(at);
  const exact = sum + load<f64>(at, 8);
  return exact - exact == 0 ? exact : sum; // once the sum is infinite, what rounding lost is no number
}

export function result_sum_f64(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (<usize>i << 3), floatSum(wordAt(ats, i, offset)));
}

/** Mean of a sum of integers followed by a count. */
export function result_avg_i64(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = wordAt(ats, i, offset);
    const low = load<u64>(at);
    const high = load<i64>(at, 8) >> 1;
    // A sum within int64 is rounded once; a larger one in two parts.
    const sum = high == <i64>low >> 63 ? <f64>(<i64>low) : <f64>high * 18446744073709551616.0 + <f64>low;
    store<f64>(out + (<usize>i << 3), sum / <f64>load<u64>(at, 16));
  }
}

/** Mean of a sum of floats, which ends in a count. */
export function result_avg_f64(ats: usize, offset: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = wordAt(ats, i, offset);
    store<f64>(out + (<usize>i << 3), floatSum(at) / <f64>load<u64>(at, 16));
  }
}

// Changes. With them a row is | words | flags | accumulators | accumulators as last emitted |; flags: 1 emitted, 2 touched since.
const EMITTED: u64 = 1;
const TOUCHED: u64 = 2;
const INSERT: u8 = 0;
const UPDATE_BEFORE: u8 = 1;
const UPDATE_AFTER: u8 = 2;
const DELETE: u8 = 3;

/** Rows [from, to) of a batch touched their groups (`ats + 4 * row`). */
export function group_touch(ats: usize, flags: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = wordAt(ats, i, flags);
    store<u64>(at, load<u64>(at) | TOUCHED);
  }
}

/**
 * The changes of a run of rows since they were last emitted, at most `max`: an insert, an update's before and after, or, of a
 * group that counts no rows any more, a delete.
 *   rows, stride, count  the table's rows
 *   flags, bytes         where the flags lie in a row, and how long one set of accumulators is
 *   cursor               u32, read and written: 2 * row + 1 when its before is out and its after is not
 *   keyAts, resultAts    u32[max]: rows, and rows moved so that the accumulators' offset finds those of the change
 *   ops                  u8[max]
 * Returns how many; all are out when the cursor is 2 * count.
 */
export function group_changes(
  rows: usize, stride: u32, count: u32, flags: u32, bytes: u32, cursor: usize, keyAts: usize, resultAts: usize, ops: usize, max: u32,
): u32 {
  return changesOf(rows, stride, count, flags, bytes, 0, cursor, keyAts, resultAts, ops, max);
}

/** The same of groups that may cease to be: `presence` is where a row counts its group's rows. */
export function group_changes_living(
  rows: usize, stride: u32, count: u32, flags: u32, bytes: u32, presence: u32, cursor: usize, keyAts: usize, resultAts: usize, ops: usize,
  max: u32,
): u32 {
  return changesOf(rows, stride, count, flags, bytes, presence, cursor, keyAts, resultAts, ops, max);
}

// @ts-ignore: decorator
@inline
function changesOf(
  rows: usize, stride: u32, count: u32, flags: u32, bytes: u32, presence: u32, cursor: usize, keyAts: usize, resultAts: usize, ops: usize,
  max: u32,
): u32 {
  let at = load<u32>(cursor);
  let n: u32 = 0;
  while (n < max && at < count << 1) {
    const row = rows + <usize>(at >>> 1) * stride;
    const state = load<u64>(row + flags);
    const live = row + flags + 8;
    if (!(state & TOUCHED)) {
      at = (at | 1) + 1;
      continue;
    }
    let op = INSERT;
    let moved = row;
    if (presence && !load<u64>(row + presence)) {
      if (!(state & EMITTED)) {
        store<u64>(row + flags, 0);
        at = (at | 1) + 1;
        continue;
      }
      op = DELETE;
      moved += bytes;
    } else if (state & EMITTED) {
      if (at & 1) {
        op = UPDATE_AFTER;
      } else if (memory.compare(live, live + bytes, bytes) == 0) {
        store<u64>(row + flags, EMITTED);
        at += 2;
        continue;
      } else {
        op = UPDATE_BEFORE;
        moved += bytes;
      }
    }
    store<u32>(keyAts + (<usize>n << 2), <u32>row);
    store<u32>(resultAts + (<usize>n << 2), <u32>moved);
    store<u8>(ops + n, op);
    n++;
    at = op == UPDATE_BEFORE ? at | 1 : (at | 1) + 1;
  }
  store<u32>(cursor, at);
  return n;
}

/** Those changes are out: what was emitted is what there is. */
export function group_changes_done(keyAts: usize, ops: usize, n: u32, flags: u32, bytes: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (load<u8>(ops + i) == UPDATE_BEFORE) continue;
    const at = wordAt(keyAts, i, flags);
    store<u64>(at, load<u8>(ops + i) == DELETE ? 0 : EMITTED);
    memory.copy(at + 8 + bytes, at + 8, bytes);
  }
}

/** The key group of each row's key, as words_key_groups of its columns. */
export function group_key_groups(ats: usize, words: u32, references: u32, masked: u32, n: u32, groups: u32, out: usize): void {
  const plain = words - masked;
  for (let i: u32 = 0; i < n; i++) {
    const row = wordAt(ats, i, 0);
    let h = FIXED_START;
    for (let w: u32 = 0; w < plain; w++) {
      const word = load<u64>(row + (<usize>w << 3));
      h = mix(h, (references >>> w) & 1 ? hashReference(word) : word);
    }
    if (masked) {
      const mask = load<u64>(row + (<usize>plain << 3));
      if (mask) h = mix(h, mask);
    }
    store<u32>(out + (<usize>i << 2), <u32>(h >>> 32) % groups);
  }
}

/**
 * Addresses of the rows from number `cursor` (u32, read and written) on whose word at `offset` is not zero, at most `max`;
 * returns how many. All are out when the cursor is `count`.
 */
export function group_rows_live(rows: usize, stride: u32, count: u32, offset: u32, cursor: usize, out: usize, max: u32): u32 {
  let i = load<u32>(cursor);
  let n: u32 = 0;
  for (let row = rows + <usize>i * stride; i < count && n < max; i++, row += stride) {
    if (!load<u64>(row + offset)) continue;
    store<u32>(out + (<usize>n << 2), <u32>row);
    n++;
  }
  store<u32>(cursor, i);
  return n;
}

/** How many of n rows, each `stride` after the last, have a word at `offset` that is not zero. */
export function group_rows_living(rows: usize, stride: u32, n: u32, offset: u32): u32 {
  let living: u32 = 0;
  for (let i: u32 = 0, at = rows + offset; i < n; i++, at += stride) living += <u32>(load<u64>(at) != 0);
  return living;
}

/** Bitmaps of n operations: `added`, whose rows are added to their groups, and `taken`, whose rows are taken back. Whole bytes are written. */
export function group_rows_ops(ops: usize, n: u32, added: usize, taken: usize): void {
  for (let i: u32 = 0; i < n; i += 8) {
    let back: u32 = 0;
    for (let j = i, end = min(i + 8, n); j < end; j++) back |= (<u32>load<u8>(ops + j) & 1) << (j & 7);
    store<u8>(added + (i >>> 3), ~back);
    store<u8>(taken + (i >>> 3), back);
  }
}
