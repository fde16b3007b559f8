// Groups that no window ends: each is told again and again, comes to life with a row, and dies when its rows are taken back or
// its time is over. A row of the group table (state/group-table.ts) is
//
//   | key words | flags | touchedAt? | rows? | since? | accumulators | accumulators as last told? | accumulators of kept results? |
//
//   flags      bits 0-31: 1 told, 2 touched since it was last told, 4 live; bits 32-63: its entry, while touched
//   touchedAt  the clock (i64, ms) of the last step that brought a row, with a ttl
//   rows       how many rows it holds, where rows may be taken back
//   since      rows since it was last told, where that is counted
//
// A dead group's row is zero but for its key, and stays until the table is made anew. The entries are the groups touched:
//
//   entries    | group u32 | unused u32 | accumulators as last told, unless the row has them | ...   8 + length each
//   ready      u32: entries of groups whose `since` has come to `wanted`
//
// The struct at G (generated/layouts.ts): clock, ttl, wanted i64; entries, count, ready, readyCount; live, expired: counters;
// flags, touchedAt, rows, since, from, told: offsets in a row (0, but for flags: not there); length: of one set of accumulators.
// `ats` holds the address of each row's group.
import {
  GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, LIVE_GROUPS_LENGTH, LIVE_GROUPS_CLOCK, LIVE_GROUPS_COUNT, LIVE_GROUPS_ENTRIES, LIVE_GROUPS_EXPIRED,
  LIVE_GROUPS_FLAGS, LIVE_GROUPS_FROM, LIVE_GROUPS_LIVE, LIVE_GROUPS_READY, LIVE_GROUPS_READY_COUNT, LIVE_GROUPS_ROWS, LIVE_GROUPS_SINCE,
  LIVE_GROUPS_TOLD, LIVE_GROUPS_TOUCHED_AT, LIVE_GROUPS_TTL, LIVE_GROUPS_WANTED,
} from "../memory/generated/layouts";

const TOLD: u64 = 1;
const TOUCHED: u64 = 2;
const LIVE: u64 = 4;
const NO_GROUP: u32 = 0xffffffff;
const INSERT: u8 = 0;
const UPDATE_BEFORE: u8 = 1;
const UPDATE_AFTER: u8 = 2;
const DELETE: u8 = 3;

// @ts-ignore: decorator
@inline
function addTo(G: usize, field: usize, n: u32): void {
  store<u32>(G + field, load<u32>(G + field) + n);
}

/** Rows [from, to) of a batch come to their groups: expired ones begin anew, and each is entered once. Room is the caller's. */
export function live_touch(T: usize, G: usize, ats: usize, from: u32, to: u32): void {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const clock = load<i64>(G, LIVE_GROUPS_CLOCK);
  const ttl = load<i64>(G, LIVE_GROUPS_TTL);
  const wanted = load<i64>(G, LIVE_GROUPS_WANTED);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const touchedAt = load<u32>(G, LIVE_GROUPS_TOUCHED_AT);
  const since = load<u32>(G, LIVE_GROUPS_SINCE);
  const first = load<u32>(G, LIVE_GROUPS_FROM);
  const copied = load<u32>(G, LIVE_GROUPS_TOLD) ? 0 : load<u32>(G, LIVE_GROUPS_LENGTH);
  const entries = <usize>load<u32>(G, LIVE_GROUPS_ENTRIES);
  const entryBytes = <usize>(8 + copied);
  const ready = <usize>load<u32>(G, LIVE_GROUPS_READY);
  let count = load<u32>(G, LIVE_GROUPS_COUNT);
  let readyCount = load<u32>(G, LIVE_GROUPS_READY_COUNT);
  for (let i = from; i < to; i++) {
    const row = <usize>load<u32>(ats + (<usize>i << 2));
    let state = load<u64>(row + flags);
    if (touchedAt) {
      if (state & LIVE && load<i64>(row + touchedAt) + ttl <= clock) {
        memory.fill(row + flags, 0, stride - flags);
        state = 0;
        addTo(G, LIVE_GROUPS_LIVE, -1);
        addTo(G, LIVE_GROUPS_EXPIRED, 1);
      }
      store<i64>(row + touchedAt, clock);
    }
    if (!(state & TOUCHED)) {
      const entry = entries + <usize>count * entryBytes;
      store<u32>(entry, (<u32>row - rows) / stride);
      if (copied) memory.copy(entry + 8, row + first, copied);
      if (!(state & LIVE)) addTo(G, LIVE_GROUPS_LIVE, 1);
      state = (state & TOLD) | TOUCHED | LIVE | (<u64>count << 32);
      store<u64>(row + flags, state);
      count++;
    }
    if (since) {
      const n = load<i64>(row + since) + 1;
      store<i64>(row + since, n);
      if (n == wanted) store<u32>(ready + (<usize>(readyCount++) << 2), <u32>(state >>> 32));
    }
  }
  store<u32>(G, count, LIVE_GROUPS_COUNT);
  store<u32>(G, readyCount, LIVE_GROUPS_READY_COUNT);
}

/** Counts rows in (`ops` 0 or 2, or none) and out. Returns `to`, or the first row whose group then holds fewer than none. */
export function live_count(G: usize, ats: usize, ops: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(G, LIVE_GROUPS_ROWS);
  for (let i = from; i < to; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + rows;
    store<i64>(at, load<i64>(at) + (ops && load<u8>(ops + i) & 1 ? -1 : 1));
  }
  for (let i = from; i < to; i++) if (load<i64>(<usize>load<u32>(ats + (<usize>i << 2)) + rows) < 0) return i;
  return to;
}

/** Bitmaps of the rows that are added and of those that are taken back. */
export function live_ops(ops: usize, n: u32, added: usize, taken: usize): void {
  for (let i: u32 = 0; i < n; i += 8) {
    let byte: u32 = 0;
    for (let j = i, end = min(i + 8, n); j < end; j++) byte |= <u32>(load<u8>(ops + j) & 1) << (j & 7);
    store<u8>(taken + (i >>> 3), byte);
    store<u8>(added + (i >>> 3), byte ^ 255);
  }
}

// @ts-ignore: decorator
@inline
function entryAt(G: usize, list: usize, i: u32): usize {
  const n = list ? load<u32>(list + (<usize>i << 2)) : i;
  const copied = load<u32>(G, LIVE_GROUPS_TOLD) ? 0 : load<u32>(G, LIVE_GROUPS_LENGTH);
  return <usize>load<u32>(G, LIVE_GROUPS_ENTRIES) + <usize>n * (8 + copied);
}

/** The rows of entries [from, to) (of `list`, if there is one), to `out`. Returns how many. */
export function live_entry_rows(T: usize, G: usize, list: usize, from: u32, to: u32, out: usize): u32 {
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  let n: u32 = 0;
  for (let i = from; i < to; i++) {
    const group = load<u32>(entryAt(G, list, i));
    if (group != NO_GROUP) store<u32>(out + (<usize>(n++) << 2), <u32>(rows + <usize>group * stride));
  }
  return n;
}

/**
 * What is to be told of entries [from, to) (of `list`, if there is one): an insert, an update's before and after, a delete, or
 * nothing. With `purging`, an insert always.
 *   keyAts, resultAts    u32: rows, and rows moved so that the accumulators' offset finds those of the change
 *   ops                  u8
 * Returns how many; there may be two an entry.
 */
export function live_changes(T: usize, G: usize, list: usize, from: u32, to: u32, purging: u32, keyAts: usize, resultAts: usize, ops: usize): u32 {
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const held = load<u32>(G, LIVE_GROUPS_ROWS);
  const first = load<u32>(G, LIVE_GROUPS_FROM);
  const bytes = load<u32>(G, LIVE_GROUPS_LENGTH);
  const told = load<u32>(G, LIVE_GROUPS_TOLD);
  let n: u32 = 0;
  for (let i = from; i < to; i++) {
    const entry = entryAt(G, list, i);
    const group = load<u32>(entry);
    if (group == NO_GROUP) continue;
    const row = rows + <usize>group * stride;
    const before = told ? row + told : entry + 8;
    const alive = !held || load<i64>(row + held) != 0;
    const wasTold = !purging && (load<u64>(row + flags) & TOLD) != 0;
    if (wasTold) {
      if (alive && memory.compare(row + first, before, bytes) == 0) continue;
      store<u32>(keyAts + (<usize>n << 2), <u32>row);
      store<u32>(resultAts + (<usize>n << 2), <u32>(before - first));
      store<u8>(ops + n, alive ? UPDATE_BEFORE : DELETE);
      n++;
    }
    if (!alive) continue;
    store<u32>(keyAts + (<usize>n << 2), <u32>row);
    store<u32>(resultAts + (<usize>n << 2), <u32>row);
    store<u8>(ops + n, wasTold ? UPDATE_AFTER : INSERT);
    n++;
  }
  return n;
}

/** Those entries are told: their groups are touched no more, and dead where they hold no row, or with `purging`. */
export function live_told(T: usize, G: usize, list: usize, from: u32, to: u32, purging: u32): void {
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const held = load<u32>(G, LIVE_GROUPS_ROWS);
  const since = load<u32>(G, LIVE_GROUPS_SINCE);
  const first = load<u32>(G, LIVE_GROUPS_FROM);
  const bytes = load<u32>(G, LIVE_GROUPS_LENGTH);
  const told = load<u32>(G, LIVE_GROUPS_TOLD);
  for (let i = from; i < to; i++) {
    const entry = entryAt(G, list, i);
    const group = load<u32>(entry);
    if (group == NO_GROUP) continue;
    store<u32>(entry, NO_GROUP);
    const row = rows + <usize>group * stride;
    if (purging || (held && load<i64>(row + held) == 0)) {
      memory.fill(row + flags, 0, stride - flags);
      addTo(G, LIVE_GROUPS_LIVE, -1);
      continue;
    }
    store<u64>(row + flags, TOLD | LIVE);
    if (since) store<i64>(row + since, 0);
    if (told) memory.copy(row + told, row + first, bytes);
  }
}

/** Takes the entries that are told out of the list. */
export function live_compact(T: usize, G: usize): void {
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const length = <usize>(8 + (load<u32>(G, LIVE_GROUPS_TOLD) ? 0 : load<u32>(G, LIVE_GROUPS_LENGTH)));
  const entries = <usize>load<u32>(G, LIVE_GROUPS_ENTRIES);
  let n: u32 = 0;
  for (let i: u32 = 0, count = load<u32>(G, LIVE_GROUPS_COUNT); i < count; i++) {
    const entry = entries + <usize>i * length;
    const group = load<u32>(entry);
    if (group == NO_GROUP) continue;
    if (n != i) memory.copy(entries + <usize>n * length, entry, length);
    store<u32>(rows + <usize>group * stride + flags, n, 4);
    n++;
  }
  store<u32>(G, n, LIVE_GROUPS_COUNT);
}

/** Groups [from, to) whose time is over are dead. */
export function live_sweep(T: usize, G: usize, from: u32, to: u32): void {
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const clock = load<i64>(G, LIVE_GROUPS_CLOCK);
  const ttl = load<i64>(G, LIVE_GROUPS_TTL);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const touchedAt = load<u32>(G, LIVE_GROUPS_TOUCHED_AT);
  let row = <usize>load<u32>(T, GROUP_TABLE_ROWS) + <usize>from * stride;
  for (let g = from; g < to; g++, row += stride) {
    if (!(load<u64>(row + flags) & LIVE) || load<i64>(row + touchedAt) + ttl > clock) continue;
    memory.fill(row + flags, 0, stride - flags);
    addTo(G, LIVE_GROUPS_LIVE, -1);
    addTo(G, LIVE_GROUPS_EXPIRED, 1);
  }
}

/** The addresses of those of groups [from, to) that are live, and, with a ttl, not over, to `out`. Returns how many. */
export function live_addresses(T: usize, G: usize, from: u32, to: u32, out: usize): u32 {
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const clock = load<i64>(G, LIVE_GROUPS_CLOCK);
  const ttl = load<i64>(G, LIVE_GROUPS_TTL);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const touchedAt = load<u32>(G, LIVE_GROUPS_TOUCHED_AT);
  let n: u32 = 0;
  let row = <usize>load<u32>(T, GROUP_TABLE_ROWS) + <usize>from * stride;
  for (let g = from; g < to; g++, row += stride) {
    if (!(load<u64>(row + flags) & LIVE)) continue;
    if (touchedAt && load<i64>(row + touchedAt) + ttl <= clock) continue;
    store<u32>(out + (<usize>(n++) << 2), <u32>row);
  }
  return n;
}

/** The rows at `ats` of another table are now those at `to` of T: what stands before the accumulators goes with them. */
export function live_moved(T: usize, G: usize, ats: usize, to: usize, n: u32): void {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  const head = load<u32>(G, LIVE_GROUPS_FROM) - flags;
  for (let i: u32 = 0; i < n; i++) {
    const row = <usize>load<u32>(to + (<usize>i << 2));
    memory.copy(row + flags, <usize>load<u32>(ats + (<usize>i << 2)) + flags, head);
    const state = load<u64>(row + flags);
    if (state & TOUCHED) store<u32>(entryAt(G, 0, <u32>(state >>> 32)), (<u32>row - rows) / stride);
  }
}

/** Groups restored with the flags that they had: those that were touched are entered again. */
export function live_reentered(T: usize, G: usize, ats: usize, from: u32, to: u32): void {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const flags = load<u32>(G, LIVE_GROUPS_FLAGS);
  let count = load<u32>(G, LIVE_GROUPS_COUNT);
  for (let i = from; i < to; i++) {
    const row = <usize>load<u32>(ats + (<usize>i << 2));
    const state = load<u64>(row + flags);
    if (!(state & TOUCHED)) continue;
    store<u32>(entryAt(G, 0, count), (<u32>row - rows) / stride);
    store<u32>(row + flags, count, 4);
    count++;
  }
  store<u32>(G, count, LIVE_GROUPS_COUNT);
  addTo(G, LIVE_GROUPS_LIVE, to - from);
}
