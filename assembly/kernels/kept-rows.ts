// Rows into a store of rows (state/row-store.ts) and out of it.
import { dropRow, keepRow } from "../state/row-store";

/** Keeps rows [from, to) of a batch; their addresses to `ats`, u32 each from ats[0] on. Returns how far it came. */
export function rows_keep(R: usize, columns: usize, from: u32, to: u32, ats: usize): u32 {
  for (let i = from; i < to; i++) {
    const row = keepRow(R, columns, i);
    if (!row) return i;
    store<u32>(ats + (<usize>(i - from) << 2), <u32>row);
  }
  return to;
}

/** Gives rows back (u32[n]). */
export function rows_drop(R: usize, ats: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) dropRow(R, load<u32>(ats + (<usize>i << 2)));
}
