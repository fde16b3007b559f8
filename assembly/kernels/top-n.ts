// The best rows of each group, in order. A group of a table (state/group-table.ts) has, after its key,
//
//   | list u32 | count u32 | capacity u32 | told u32 | told count u32 | next u32 |
//
//   list   u32[capacity]: addresses of kept rows (state/row-store.ts), best first. All of the group's with `keepAll`, else at most n
//   told   u32[told count]: the first n as they were when the step first touched the group; 0 and next 0 between steps
//   next   the chain of groups that the step has touched: group + 1, or END
//
// A kept row's flags: 1 it is in its group's list; 2 it is in what was told; 4 it is among the first n now (for sets).
//
// The struct at P (generated/layouts.ts): store, n, keepAll, latestFirst (of rows that no order tells apart, the one that came last
// stands first), bySet (changes are of a set of rows, not of ranks), orders and orderCount (kernels/order.ts), valuesFrom (the words
// from there on make rows equal), touched, and for telling: cursor, index, half; liveGroups (groups that have rows), unmatched.
import {
  GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED, GROUP_TABLE_WORDS, TOP_N_BY_SET, TOP_N_CURSOR, TOP_N_HALF, TOP_N_INDEX, TOP_N_KEEP_ALL,
  TOP_N_LATEST_FIRST, TOP_N_LIVE_GROUPS, TOP_N_N, TOP_N_ORDERS, TOP_N_ORDER_COUNT, TOP_N_STORE, TOP_N_TOUCHED, TOP_N_UNMATCHED,
  TOP_N_VALUES_FROM,
} from "../memory/generated/layouts";
import { dropRow, giveBlock, keepRow, sameAsRow, sameRows, takeBlock } from "../state/row-store";
import { compareToRow } from "./order";

const LIST: usize = 0;
const COUNT: usize = 4;
const CAPACITY: usize = 8;
const TOLD: usize = 12;
const TOLD_COUNT: usize = 16;
const NEXT: usize = 20;
const FLAGS: usize = 4;
const IN_LIST: u32 = 1;
const IN_TOLD: u32 = 2;
const IN_FIRST: u32 = 4;
const END: u32 = 0xffffffff;

const INSERT: u8 = 0;
const UPDATE_BEFORE: u8 = 1;
const UPDATE_AFTER: u8 = 2;
const DELETE: u8 = 3;

// @ts-ignore: decorator
@inline
function at(list: usize, i: u32): usize {
  return <usize>load<u32>(list + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function flag(row: usize, set: u32, clear: u32): void {
  store<u32>(row, (load<u32>(row, FLAGS) & ~clear) | set, FLAGS);
}

/** The first place in [0, count) whose row comes after row r of the batch; with `before`, that does not come before it. */
function placeOf(P: usize, columns: usize, r: usize, list: usize, count: u32, before: bool): u32 {
  const orders = <usize>load<u32>(P, TOP_N_ORDERS);
  const entries = load<u32>(P, TOP_N_ORDER_COUNT);
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareToRow(orders, entries, columns, r, at(list, middle));
    if (before ? order <= 0 : order < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What was told of the group is put aside before it changes first in a step. False when the host must act first. */
function touch(P: usize, T: usize, group: usize, acc: usize): bool {
  if (load<u32>(acc, NEXT)) return true;
  const R = <usize>load<u32>(P, TOP_N_STORE);
  const count = min(load<u32>(acc, COUNT), load<u32>(P, TOP_N_N));
  if (count) {
    const told = takeBlock(R, count << 2);
    if (!told) return false;
    const list = <usize>load<u32>(acc, LIST);
    memory.copy(told, list, <usize>count << 2);
    for (let i: u32 = 0; i < count; i++) flag(at(list, i), IN_TOLD, 0);
    store<u32>(acc, <u32>told, TOLD);
  }
  store<u32>(acc, count, TOLD_COUNT);
  store<u32>(acc, load<u32>(P, TOP_N_TOUCHED), NEXT);
  store<u32>(P, <u32>(group - load<u32>(T, GROUP_TABLE_ROWS)) / load<u32>(T, GROUP_TABLE_STRIDE) + 1, TOP_N_TOUCHED);
  return true;
}

function leaveList(R: usize, row: usize): void {
  if (load<u32>(row, FLAGS) & IN_TOLD) flag(row, 0, IN_LIST);
  else dropRow(R, row);
}

function add(P: usize, T: usize, columns: usize, r: usize, group: usize, acc: usize): bool {
  const R = <usize>load<u32>(P, TOP_N_STORE);
  const n = load<u32>(P, TOP_N_N);
  const full = !load<u32>(P, TOP_N_KEEP_ALL);
  const latestFirst = load<u32>(P, TOP_N_LATEST_FIRST) != 0;
  let count = load<u32>(acc, COUNT);
  let list = <usize>load<u32>(acc, LIST);
  if (full && count == n) {
    const order = compareToRow(load<u32>(P, TOP_N_ORDERS), load<u32>(P, TOP_N_ORDER_COUNT), columns, r, at(list, n - 1));
    if (latestFirst ? order > 0 : order >= 0) return true;
  }
  if (!touch(P, T, group, acc)) return false;
  const capacity = load<u32>(acc, CAPACITY);
  if (count == capacity) {
    // One place more than n, for the row that is about to fall out.
    const wanted = full ? min(max(4, capacity << 1), n + 1) : max(4, capacity << 1);
    const larger = takeBlock(R, wanted << 2);
    if (!larger) return false;
    if (capacity) {
      memory.copy(larger, list, <usize>count << 2);
      giveBlock(R, list, capacity << 2);
    }
    list = larger;
    store<u32>(acc, <u32>list, LIST);
    store<u32>(acc, wanted, CAPACITY);
  }
  const row = keepRow(R, columns, r);
  if (!row) return false;
  flag(row, IN_LIST, 0);
  const place = placeOf(P, columns, r, list, count, latestFirst);
  const p = list + (<usize>place << 2);
  memory.copy(p + 4, p, <usize>(count - place) << 2);
  store<u32>(p, <u32>row);
  count++;
  if (full && count > n) {
    count = n;
    leaveList(R, at(list, n));
  }
  if (count == 1) store<u32>(P, load<u32>(P, TOP_N_LIVE_GROUPS) + 1, TOP_N_LIVE_GROUPS);
  store<u32>(acc, count, COUNT);
  return true;
}

function takeBack(P: usize, T: usize, columns: usize, r: usize, group: usize, acc: usize): bool {
  const R = <usize>load<u32>(P, TOP_N_STORE);
  const orders = <usize>load<u32>(P, TOP_N_ORDERS);
  const entries = load<u32>(P, TOP_N_ORDER_COUNT);
  const first = load<u32>(P, TOP_N_VALUES_FROM);
  const list = <usize>load<u32>(acc, LIST);
  const count = load<u32>(acc, COUNT);
  let place = placeOf(P, columns, r, list, count, true);
  while (place < count) {
    const row = at(list, place);
    if (compareToRow(orders, entries, columns, r, row) != 0) place = count;
    else if (sameAsRow(R, row, columns, r, first)) break;
    else place++;
  }
  if (place >= count) {
    store<u32>(P, load<u32>(P, TOP_N_UNMATCHED) + 1, TOP_N_UNMATCHED);
    return true;
  }
  if (!touch(P, T, group, acc)) return false;
  const row = at(list, place);
  const p = list + (<usize>place << 2);
  memory.copy(p, p + 4, <usize>(count - place - 1) << 2);
  store<u32>(acc, count - 1, COUNT);
  if (count == 1) store<u32>(P, load<u32>(P, TOP_N_LIVE_GROUPS) - 1, TOP_N_LIVE_GROUPS);
  leaveList(R, row);
  return true;
}

/**
 * Rows [from, to) of a batch, whose groups are at `ats + 4 * row`: each into its group's list, or out of it where `ops` (u8[], 0: all
 * come in) takes it back. Returns how far it came: short of `to`, the row store wants what its reason says.
 */
export function top_n_rows(P: usize, T: usize, columns: usize, ops: usize, ats: usize, from: u32, to: u32): u32 {
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  for (let i = from; i < to; i++) {
    const group = <usize>load<u32>(ats + (<usize>i << 2));
    const op = ops ? load<u8>(ops + i) : INSERT;
    const done = op == UPDATE_BEFORE || op == DELETE
      ? takeBack(P, T, columns, i, group, group + words)
      : add(P, T, columns, i, group, group + words);
    if (!done) return i;
  }
  return to;
}

/** Before the first top_n_changes of a step. */
export function top_n_begin(P: usize): void {
  store<u32>(P, load<u32>(P, TOP_N_TOUCHED), TOP_N_CURSOR);
  store<u32>(P, 0, TOP_N_INDEX);
  store<u32>(P, 0, TOP_N_HALF);
}

/**
 * The next changes between what was told and what there is, at most `max`: rows' addresses (u32), ranks (i64, from 1; by rank only), ops
 * (u8). None: all are out. By rank, what stands at a rank is updated, -U right before +U; of a set, rows leave and come.
 */
export function top_n_changes(P: usize, T: usize, rows: usize, ranks: usize, ops: usize, max: u32): u32 {
  const R = <usize>load<u32>(P, TOP_N_STORE);
  const first = load<u32>(P, TOP_N_VALUES_FROM);
  const bySet = load<u32>(P, TOP_N_BY_SET) != 0;
  const limit = load<u32>(P, TOP_N_N);
  const base = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  let cursor = load<u32>(P, TOP_N_CURSOR);
  let index = load<u32>(P, TOP_N_INDEX);
  let half = load<u32>(P, TOP_N_HALF);
  let n: u32 = 0;
  while (n < max && cursor != END) {
    const acc = base + <usize>((cursor - 1) * stride) + words;
    const told = <usize>load<u32>(acc, TOLD);
    const toldCount = load<u32>(acc, TOLD_COUNT);
    const list = <usize>load<u32>(acc, LIST);
    const count = min(load<u32>(acc, COUNT), limit);
    let row: usize = 0;
    let op = INSERT;
    let over = false;
    if (bySet) {
      if (!index && !half) for (let i: u32 = 0; i < count; i++) flag(at(list, i), IN_FIRST, 0);
      if (index < toldCount) {
        const old = at(told, index++);
        half = 1; // the marks are set
        if (load<u32>(old, FLAGS) & IN_FIRST) continue;
        row = old;
        op = DELETE;
      } else if (index < toldCount + count) {
        const now = at(list, index++ - toldCount);
        half = 1;
        flag(now, 0, IN_FIRST);
        if (load<u32>(now, FLAGS) & IN_TOLD) continue;
        row = now;
      } else over = true;
    } else if (index < max_u32(toldCount, count)) {
      const old = index < toldCount ? at(told, index) : 0;
      const now = index < count ? at(list, index) : 0;
      if (!half && old && now && (old == now || sameRows(R, old, now, first))) {
        index++;
        continue;
      }
      if (old && !half) {
        row = old;
        op = now ? UPDATE_BEFORE : DELETE;
        half = now ? 1 : 0;
      } else {
        row = now;
        op = old ? UPDATE_AFTER : INSERT;
        half = 0;
      }
      store<i64>(ranks + (<usize>n << 3), <i64>index + 1);
      if (!half) index++;
    } else over = true;
    if (over) {
      cursor = load<u32>(acc, NEXT);
      index = 0;
      half = 0;
      continue;
    }
    store<u32>(rows + (<usize>n << 2), <u32>row);
    store<u8>(ops + n, op);
    n++;
  }
  store<u32>(P, cursor, TOP_N_CURSOR);
  store<u32>(P, index, TOP_N_INDEX);
  store<u32>(P, half, TOP_N_HALF);
  return n;
}

// @ts-ignore: decorator
@inline
function max_u32(a: u32, b: u32): u32 {
  return a > b ? a : b;
}

/** All changes are out: what there is has been told. */
export function top_n_done(P: usize, T: usize): void {
  const R = <usize>load<u32>(P, TOP_N_STORE);
  const base = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  for (let cursor = load<u32>(P, TOP_N_TOUCHED); cursor != END;) {
    const acc = base + <usize>((cursor - 1) * stride) + words;
    const told = <usize>load<u32>(acc, TOLD);
    const toldCount = load<u32>(acc, TOLD_COUNT);
    for (let i: u32 = 0; i < toldCount; i++) {
      const row = at(told, i);
      if (load<u32>(row, FLAGS) & IN_LIST) flag(row, 0, IN_TOLD | IN_FIRST);
      else dropRow(R, row);
    }
    if (toldCount) giveBlock(R, told, toldCount << 2);
    if (!load<u32>(acc, COUNT) && load<u32>(acc, CAPACITY)) {
      giveBlock(R, load<u32>(acc, LIST), load<u32>(acc, CAPACITY) << 2);
      store<u32>(acc, 0, LIST);
      store<u32>(acc, 0, CAPACITY);
    }
    store<u32>(acc, 0, TOLD);
    store<u32>(acc, 0, TOLD_COUNT);
    cursor = load<u32>(acc, NEXT);
    store<u32>(acc, 0, NEXT);
  }
  store<u32>(P, END, TOP_N_TOUCHED);
}

/**
 * Kept rows, group by group, each list in the order in which top_n_rows would build it again: rows' addresses and their groups'
 * (u32), and ranks (i64, unless 0). Goes on at the cursor and index of P, group numbers counted from 0; returns how many, 0 at the end.
 */
export function top_n_list(P: usize, T: usize, rows: usize, groups: usize, ranks: usize, max: u32): u32 {
  const base = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  const used = load<u32>(T, GROUP_TABLE_USED);
  const reversed = load<u32>(P, TOP_N_LATEST_FIRST) != 0 && !ranks;
  let cursor = load<u32>(P, TOP_N_CURSOR);
  let index = load<u32>(P, TOP_N_INDEX);
  let n: u32 = 0;
  while (n < max && cursor < used) {
    const group = base + <usize>(cursor * stride);
    const list = <usize>load<u32>(group + words, LIST);
    const count = load<u32>(group + words, COUNT);
    for (; n < max && index < count; index++, n++) {
      store<u32>(rows + (<usize>n << 2), <u32>at(list, reversed ? count - 1 - index : index));
      store<u32>(groups + (<usize>n << 2), <u32>group);
      if (ranks) store<i64>(ranks + (<usize>n << 3), <i64>index + 1);
    }
    if (index < count) break;
    cursor++;
    index = 0;
  }
  store<u32>(P, cursor, TOP_N_CURSOR);
  store<u32>(P, index, TOP_N_INDEX);
  return n;
}
