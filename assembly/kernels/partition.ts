// Splits rows by a small number each has (a lane, a key group): a stable counting sort of row numbers.

/** u32[n] key groups in place become lanes: floor(group * lanes / groups). */
export function partition_lanes(groups: usize, n: u32, count: u32, lanes: u32): void {
  const end = groups + (<usize>n << 2);
  for (let p = groups; p < end; p += 4) store<u32>(p, (load<u32>(p) * lanes) / count);
}

/**
 * Rows [0, n) by `parts` (u32[n], each below `count`), stably.
 *   ends       u32[count], written: where each part ends in `selection`; part p begins where p - 1 ends
 *   selection  u32[n], written: row numbers, or with `values` (u32[n]) those values, by part
 */
export function partition_rows(parts: usize, n: u32, count: u32, ends: usize, values: usize, selection: usize): void {
  memory.fill(ends, 0, <usize>count << 2);
  for (let i: u32 = 0; i < n; i++) {
    const p = ends + (<usize>load<u32>(parts + (<usize>i << 2)) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  let sum: u32 = 0;
  for (let p: u32 = 0; p < count; p++) {
    const at = ends + (<usize>p << 2);
    const size = load<u32>(at);
    store<u32>(at, sum); // the part's beginning, moved to its end by the scatter
    sum += size;
  }
  for (let i: u32 = 0; i < n; i++) {
    const p = ends + (<usize>load<u32>(parts + (<usize>i << 2)) << 2);
    const to = load<u32>(p);
    store<u32>(p, to + 1);
    store<u32>(selection + (<usize>to << 2), values ? load<u32>(values + (<usize>i << 2)) : i);
  }
}
