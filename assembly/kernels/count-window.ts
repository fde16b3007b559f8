// Windows of so many rows of a key. A key's rows are cut into panes of gcd(rows, slide) rows; a window is the last `m` panes, and
// one is due after every `s` panes. A row of the table of keys (state/group-table.ts) is
//
//   | key words | n u64 | ring u32[m], padded to 8 bytes |      n: rows so far; pane j at ring[j % m]
//
// and panes are rows of a table without keys, | accumulators |, by number: those that nobody uses are zero and on the stack `free`.
// The struct at S: | u32 free panes on the stack | u32 panes released | u32 windows due |, all read and written.
const NONE: u32 = 0xffffffff;

/**
 * Deals rows [from, to) out to panes: `ats` holds the address of each row's key.
 *   at, pane, m, s      where n lies in a key's row; rows of a pane; panes of a window and of a slide
 *   base, stride        the panes' rows
 *   paneAts             u32 a row: the address of its pane
 *   released            u32[to - from]: panes that fell out of their ring, to be cleared once what is due is read
 *   dueRows, dueKeys    u32[to - from]: of each window that is due, the row that completed it and the address of its key
 *   duePanes            u32[m] for each window due: its panes, oldest first, those before a key's first one NONE
 */
export function count_window_rows(
  ats: usize, from: u32, to: u32, at: u32, pane: u32, m: u32, s: u32, base: usize, stride: u32, free: usize, S: usize,
  paneAts: usize, released: usize, dueRows: usize, dueKeys: usize, duePanes: usize,
): void {
  let frees = load<u32>(S);
  let releases = load<u32>(S, 4);
  let due = load<u32>(S, 8);
  for (let i = from; i < to; i++) {
    const key = <usize>load<u32>(ats + (<usize>i << 2));
    const n = load<u64>(key + at);
    const ring = key + at + 8;
    const j = n / pane;
    const slot = ring + (<usize>(j % m) << 2);
    if (n % pane == 0) {
      if (j >= m) store<u32>(released + (<usize>(releases++) << 2), load<u32>(slot));
      store<u32>(slot, load<u32>(free + (<usize>(--frees) << 2)));
    }
    store<u32>(paneAts + (<usize>i << 2), <u32>base + load<u32>(slot) * stride);
    store<u64>(key + at, n + 1);
    if ((n + 1) % pane != 0 || (j + 1) % s != 0) continue;
    store<u32>(dueRows + (<usize>due << 2), i);
    store<u32>(dueKeys + (<usize>due << 2), <u32>key);
    const panes = duePanes + <usize>due * (<usize>m << 2);
    for (let k: u32 = 0; k < m; k++) {
      const before: u64 = m - 1 - k;
      store<u32>(panes + (<usize>k << 2), before > j ? NONE : load<u32>(ring + (<usize>((j - before) % m) << 2)));
    }
    due++;
  }
  store<u32>(S, frees);
  store<u32>(S, releases, 4);
  store<u32>(S, due, 8);
}

/**
 * The k-th panes of `due` windows: their addresses to `from`, and those of the windows' own rows (at `rows`, `rowStride` bytes each)
 * to `to`. Returns how many windows have one.
 */
export function count_window_round(
  duePanes: usize, m: u32, k: u32, due: u32, base: usize, stride: u32, rows: usize, rowStride: u32, from: usize, to: usize,
): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < due; i++) {
    const id = load<u32>(duePanes + ((<usize>i * m + k) << 2));
    if (id == NONE) continue;
    store<u32>(from + (<usize>n << 2), <u32>base + id * stride);
    store<u32>(to + (<usize>n << 2), <u32>rows + i * rowStride);
    n++;
  }
  return n;
}

/** Clears the panes released and puts them on the stack. */
export function count_window_release(base: usize, stride: u32, released: usize, free: usize, S: usize): void {
  const count = load<u32>(S, 4);
  let frees = load<u32>(S);
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(released + (<usize>i << 2));
    memory.fill(base + <usize>id * stride, 0, stride);
    store<u32>(free + (<usize>(frees++) << 2), id);
  }
  store<u32>(S, frees);
  store<u32>(S, 0, 4);
  store<u32>(S, 0, 8);
}

/** Keys' panes: for `n` keys at `ats`, each pane's key, address, number and n of its key. Returns how many. */
export function count_window_panes(
  ats: usize, n: u32, at: u32, pane: u32, m: u32, base: usize, stride: u32, keys: usize, panes: usize, numbers: usize, counts: usize,
): u32 {
  let out: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const key = <usize>load<u32>(ats + (<usize>i << 2));
    const rows = load<u64>(key + at);
    const begun = (rows + pane - 1) / pane;
    for (let j: u64 = begun > m ? begun - m : 0; j < begun; j++, out++) {
      store<u32>(keys + (<usize>out << 2), <u32>key);
      store<u32>(panes + (<usize>out << 2), <u32>base + load<u32>(key + at + 8 + (<usize>(j % m) << 2)) * stride);
      store<u64>(numbers + (<usize>out << 3), j);
      store<u64>(counts + (<usize>out << 3), rows);
    }
  }
  return out;
}

/** Puts panes back: row i's pane of that number is one from the stack; its address goes to `paneAts`. */
export function count_window_restore(
  ats: usize, from: u32, to: u32, at: u32, m: u32, numbers: usize, counts: usize, base: usize, stride: u32, free: usize, S: usize, paneAts: usize,
): void {
  let frees = load<u32>(S);
  for (let i = from; i < to; i++) {
    const key = <usize>load<u32>(ats + (<usize>i << 2));
    const id = load<u32>(free + (<usize>(--frees) << 2));
    store<u64>(key + at, load<u64>(counts + (<usize>i << 3)));
    store<u32>(key + at + 8 + (<usize>(load<u64>(numbers + (<usize>i << 3)) % m) << 2), id);
    store<u32>(paneAts + (<usize>i << 2), <u32>base + id * stride);
  }
  store<u32>(S, frees);
}
