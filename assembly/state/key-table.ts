// Keys by number, counted: a group table (group-table.ts) whose only accumulator is a count of references. A key's number
// is its group's.
import {
  GROUP_TABLE_HEAP_END, GROUP_TABLE_HEAP_TOP, GROUP_TABLE_LIMIT, GROUP_TABLE_NEED_BYTES, GROUP_TABLE_REASON, GROUP_TABLE_REFERENCES,
  GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED, GROUP_TABLE_WORDS,
} from "../memory/generated/layouts";

const GONE: u32 = 0xffffffff;

/** Rows' addresses become their numbers, in place (u32[n]). */
export function keys_numbers(T: usize, ats: usize, n: u32): void {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  for (let p = ats, end = ats + (<usize>n << 2); p < end; p += 4) store<u32>(p, (load<u32>(p) - rows) / stride);
}

/** The addresses of numbered keys, u32[n]. */
export function keys_rows(T: usize, ids: usize, n: u32, out: usize): void {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i: usize = 0; i < n; i++) store<u32>(out + (i << 2), rows + load<u32>(ids + (i << 2)) * stride);
}

/** Adds 1 or -1 to each key's count, once for each time that it is named. Returns n, or the first that had nothing to give back. */
export function keys_count(T: usize, ids: usize, n: u32, by: i32): u32 {
  const counts = <usize>load<u32>(T, GROUP_TABLE_ROWS) + (load<u32>(T, GROUP_TABLE_WORDS) << 3);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i: u32 = 0; i < n; i++) {
    const at = counts + <usize>(load<u32>(ids + (<usize>i << 2)) * stride);
    const count = load<i64>(at) + <i64>by;
    if (count < 0) return i;
    store<i64>(at, count);
  }
  return n;
}

/** How many keys have a count. */
export function keys_live(T: usize): u32 {
  const counts = <usize>load<u32>(T, GROUP_TABLE_ROWS) + (load<u32>(T, GROUP_TABLE_WORDS) << 3);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  let live: u32 = 0;
  for (let g: u32 = 0, used = load<u32>(T, GROUP_TABLE_USED); g < used; g++) live += <u32>(load<i64>(counts + <usize>(g * stride)) != 0);
  return live;
}

/**
 * Copies keys from number `next` on that have a count into an empty table of the same shape, in their order; its index
 * is left to groups_rehash. remap[old number] (u32) is the new number, or 0xffffffff. Returns how far it came: short of
 * all, the table wants what `reason` says.
 */
export function keys_copy_live(from: usize, into: usize, next: u32, remap: usize): u32 {
  const words = load<u32>(from, GROUP_TABLE_WORDS);
  const references = load<u32>(from, GROUP_TABLE_REFERENCES);
  const stride = load<u32>(from, GROUP_TABLE_STRIDE);
  const rows = <usize>load<u32>(from, GROUP_TABLE_ROWS);
  const used = load<u32>(from, GROUP_TABLE_USED);
  for (let g = next; g < used; g++) {
    const row = rows + <usize>(g * stride);
    if (!load<i64>(row + (words << 3))) {
      store<u32>(remap + (<usize>g << 2), GONE);
      continue;
    }
    let top = load<u32>(into, GROUP_TABLE_HEAP_TOP);
    let need: u64 = 0;
    for (let w: u32 = 0; w < words; w++) if ((references >>> w) & 1) need += (<u64>load<u32>(row + (<usize>w << 3), 4) + 7) & ~7;
    if (need > <u64>(load<u32>(into, GROUP_TABLE_HEAP_END) - top)) {
      store<u32>(into, <u32>need, GROUP_TABLE_NEED_BYTES);
      store<u32>(into, 2, GROUP_TABLE_REASON);
      return g;
    }
    const number = load<u32>(into, GROUP_TABLE_USED);
    if (number >= load<u32>(into, GROUP_TABLE_LIMIT)) {
      store<u32>(into, 1, GROUP_TABLE_REASON);
      return g;
    }
    const copy = <usize>load<u32>(into, GROUP_TABLE_ROWS) + <usize>(number * stride);
    memory.copy(copy, row, stride);
    for (let w: u32 = 0; w < words; w++) {
      if (!((references >>> w) & 1)) continue;
      const word = load<u64>(row + (<usize>w << 3));
      const length = <u32>(word >>> 32);
      memory.copy(top, <usize>(<u32>word), length);
      store<u32>(copy + (<usize>w << 3), top);
      top += (length + 7) & ~7;
    }
    store<u32>(into, top, GROUP_TABLE_HEAP_TOP);
    store<u32>(into, number + 1, GROUP_TABLE_USED);
    store<u32>(remap + (<usize>g << 2), number);
  }
  return used;
}
