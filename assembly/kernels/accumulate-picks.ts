// Accumulators that pick the value of one row (see kernels/accumulate.ts): first, last, and the value at the least or greatest
// of another column.
//
//   | value | seen | time | position |            and, where another column decides, | by |
//
// A value or by of bytes is (address, length) of a copy in the table's heap (state/heap.ts). Of two rows the one with the lesser
// by is picked (GREATEST: the greater), of those the earlier in time and position (LATEST: the later), of those the one that
// came first (LATEST: last).
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { compareBytes } from "../state/compare-bytes";
import { compareWords, counts, groupOf, wordOf } from "../state/group-row";
import { replaceBytes } from "../state/heap";

const LATEST: u32 = 1;
const GREATEST: u32 = 2;
const BY_BYTES: u32 = 4;
const VALUE_BYTES: u32 = 8;

// BY: void for none, i64 for a word, f64 for bytes. The compiler leaves the other cases out.
// @ts-ignore: decorator
@inline
function isBetter<BY>(at: usize, bys: usize, times: usize, positions: usize, flags: u32, i: u32): bool {
  if (!load<u64>(at, 8)) return true;
  let order: i32 = 0;
  if (!isVoid<BY>()) {
    const by = wordOf(bys, i);
    order = isFloat<BY>() ? compareBytes(by, load<u64>(at, 32)) : compareWords(<i64>by, load<i64>(at, 32));
    if (flags & GREATEST) order = -order;
    if (order) return order < 0;
  }
  if (times) order = compareWords(<i64>wordOf(times, i), load<i64>(at, 16));
  if (!order && positions) order = compareWords(<i64>wordOf(positions, i), load<i64>(at, 24));
  return flags & LATEST ? order >= 0 : order < 0;
}

/** One value a row, no bytes. */
// @ts-ignore: decorator
@inline
function pickWords<BY>(
  ats: usize, offset: u32, bys: usize, times: usize, positions: usize, values: usize, bitmap: usize, flags: u32, from: u32, to: u32,
): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    if (!isBetter<BY>(at, bys, times, positions, flags, i)) continue;
    store<u64>(at, wordOf(values, i));
    store<u64>(at, 1, 8);
    if (times) store<u64>(at, wordOf(times, i), 16);
    if (positions) store<u64>(at, wordOf(positions, i), 24);
    if (!isVoid<BY>()) store<u64>(at, wordOf(bys, i), 32);
  }
}

/** `bys` 0: nothing but time decides. Words are as kernels/words.ts makes them, those of bys ordered. */
export function accumulate_pick_words(
  ats: usize, offset: u32, bys: usize, times: usize, positions: usize, values: usize, bitmap: usize, flags: u32, from: u32, to: u32,
): void {
  if (bys) pickWords<i64>(ats, offset, bys, times, positions, values, bitmap, flags, from, to);
  else pickWords<void>(ats, offset, bys, times, positions, values, bitmap, flags, from, to);
}

// Rows whose group is not in table T are passed over: one call a table. The row that needs heap stops the kernel, as in
// state/group-table.ts.
// @ts-ignore: decorator
@inline
function pickBytes<BY>(
  T: usize, ats: usize, offset: u32, bys: usize, times: usize, positions: usize, values: usize, bitmap: usize, flags: u32, from: u32, to: u32,
): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const bytes = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= bytes || !counts(bitmap, i)) continue;
    const at = <usize>row + offset;
    if (!isBetter<BY>(at, bys, times, positions, flags, i)) continue;
    // Should there be room for the value and none for the by, the row is better as before when it comes again.
    if (flags & VALUE_BYTES) {
      const value = replaceBytes(T, load<u64>(at), wordOf(values, i));
      if (!value) return i;
      store<u64>(at, value);
    } else {
      store<u64>(at, wordOf(values, i));
    }
    if (isFloat<BY>()) {
      const by = replaceBytes(T, load<u64>(at, 32), wordOf(bys, i));
      if (!by) return i;
      store<u64>(at, by, 32);
    } else if (!isVoid<BY>()) {
      store<u64>(at, wordOf(bys, i), 32);
    }
    store<u64>(at, 1, 8);
    if (times) store<u64>(at, wordOf(times, i), 16);
    if (positions) store<u64>(at, wordOf(positions, i), 24);
  }
  return to;
}

/** Where the value or the by is bytes. */
export function accumulate_pick_bytes(
  T: usize, ats: usize, offset: u32, bys: usize, times: usize, positions: usize, values: usize, bitmap: usize, flags: u32, from: u32, to: u32,
): u32 {
  if (!bys) return pickBytes<void>(T, ats, offset, bys, times, positions, values, bitmap, flags, from, to);
  if (flags & BY_BYTES) return pickBytes<f64>(T, ats, offset, bys, times, positions, values, bitmap, flags, from, to);
  return pickBytes<i64>(T, ats, offset, bys, times, positions, values, bitmap, flags, from, to);
}
