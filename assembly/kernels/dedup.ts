// Rows by key that are not each other's duplicates: of one key, no two kept times are less than `within` apart. A group of a table
// (state/group-table.ts) has, after its key, | first u32 | 0 |: its kept rows (state/row-store.ts), chained by `next`, latest first.
//
//   a kept row's head   | time i64 |                                        where the first of duplicates stays
//                       | time i64 | place i64 | before u32, after u32 |    where the last does
//
// before  the row that was told and that this one replaces; after: the next row that is yet to be told. flags 1: the row has been told.
//
// The struct at P (generated/layouts.ts): within i64, duplicates u64, store, untold, last (of the chain of rows to tell), cursor, half: u32.
import {
  DEDUP_CURSOR, DEDUP_DUPLICATES, DEDUP_HALF, DEDUP_LAST, DEDUP_STORE, DEDUP_UNTOLD, DEDUP_WITHIN, GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE,
  GROUP_TABLE_USED, GROUP_TABLE_WORDS,
} from "../memory/generated/layouts";
import { dropRow, keepRow, ROW_HEAD, sameRows, swapRows } from "../state/row-store";

const FLAGS: usize = 4;
const TIME: usize = ROW_HEAD;
const PLACE: usize = ROW_HEAD + 8;
const BEFORE: usize = ROW_HEAD + 16;
const AFTER: usize = ROW_HEAD + 20;
/** Words of the head, where the last of duplicates stays: what makes rows equal begins behind them, and the chains lie in the last. */
const HEAD_WORDS: u32 = 3;
const CHAIN_WORD: u32 = 2;
const TOLD: u32 = 1;

const INSERT: u8 = 0;
const UPDATE_BEFORE: u8 = 1;
const UPDATE_AFTER: u8 = 2;

// @ts-ignore: decorator
@inline
function link(acc: usize, previous: usize, row: usize): void {
  store<u32>(previous ? previous : acc, <u32>row);
}

/**
 * Rows [from, to) whose groups are at `ats + 4 * row`: a row is kept unless a kept one of its key is less than `within` away. Row numbers of
 * those that are new to `out` (u32), their number to `count` (u32), on top of what it says. Returns how far it came.
 */
export function dedup_first(P: usize, T: usize, columns: usize, ats: usize, from: u32, to: u32, out: usize, count: usize): u32 {
  const R = <usize>load<u32>(P, DEDUP_STORE);
  const within = load<i64>(P, DEDUP_WITHIN);
  const times = <usize>load<u32>(columns);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  let n = load<u32>(count);
  let i = from;
  for (; i < to; i++) {
    const acc = <usize>load<u32>(ats + (<usize>i << 2)) + words;
    const t = load<i64>(times + (<usize>i << 3));
    let previous: usize = 0;
    let kept = <usize>load<u32>(acc);
    while (kept && load<i64>(kept, TIME) - t >= within) {
      previous = kept;
      kept = load<u32>(kept);
    }
    if (kept && t - load<i64>(kept, TIME) < within) continue;
    const row = keepRow(R, columns, i);
    if (!row) break;
    store<u32>(row, <u32>kept);
    link(acc, previous, row);
    store<u32>(out + (<usize>n << 2), i);
    n++;
  }
  store<u32>(count, n);
  return i;
}

/** The same where the latest of duplicates, by (time, place, arrival), takes the place of the one before. */
export function dedup_last(P: usize, T: usize, columns: usize, ats: usize, from: u32, to: u32): u32 {
  const R = <usize>load<u32>(P, DEDUP_STORE);
  const within = load<i64>(P, DEDUP_WITHIN);
  const times = <usize>load<u32>(columns);
  const places = <usize>load<u32>(columns, 4);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  let duplicates: u64 = 0;
  let i = from;
  for (; i < to; i++) {
    const acc = <usize>load<u32>(ats + (<usize>i << 2)) + words;
    const t = load<i64>(times + (<usize>i << 3));
    let previous: usize = 0;
    let kept = <usize>load<u32>(acc);
    while (kept && load<i64>(kept, TIME) - t >= within) {
      previous = kept;
      kept = load<u32>(kept);
    }
    const near = kept && t - load<i64>(kept, TIME) < within;
    if (near) {
      const time = load<i64>(kept, TIME);
      if (time > t || (time == t && load<i64>(kept, PLACE) > load<i64>(places + (<usize>i << 3)))) {
        duplicates++;
        continue;
      }
    }
    const row = keepRow(R, columns, i);
    if (!row) break;
    if (near) {
      duplicates++;
      if (!(load<u32>(kept, FLAGS) & TOLD)) {
        swapRows(R, kept, row, CHAIN_WORD);
        dropRow(R, row);
        continue;
      }
    }
    store<u32>(row, near ? load<u32>(kept) : <u32>kept);
    store<u32>(row, near ? <u32>kept : 0, BEFORE);
    store<u32>(row, 0, AFTER);
    link(acc, previous, row);
    const last = <usize>load<u32>(P, DEDUP_LAST);
    if (last) store<u32>(last, <u32>row, AFTER);
    else store<u32>(P, <u32>row, DEDUP_UNTOLD);
    store<u32>(P, <u32>row, DEDUP_LAST);
  }
  store<u64>(P, load<u64>(P, DEDUP_DUPLICATES) + duplicates, DEDUP_DUPLICATES);
  return i;
}

/** Before the first dedup_changes of a step. */
export function dedup_begin(P: usize): void {
  store<u32>(P, load<u32>(P, DEDUP_UNTOLD), DEDUP_CURSOR);
  store<u32>(P, 0, DEDUP_HALF);
}

/** The next changes, at most `max`: rows' addresses (u32) and ops (u8). None: all are out. */
export function dedup_changes(P: usize, rows: usize, ops: usize, max: u32): u32 {
  const R = <usize>load<u32>(P, DEDUP_STORE);
  let row = <usize>load<u32>(P, DEDUP_CURSOR);
  let half = load<u32>(P, DEDUP_HALF);
  let n: u32 = 0;
  while (n < max && row) {
    const before = <usize>load<u32>(row, BEFORE);
    if (before && !half && sameRows(R, before, row, HEAD_WORDS)) {
      row = load<u32>(row, AFTER);
      continue;
    }
    const old = before && !half;
    store<u32>(rows + (<usize>n << 2), <u32>(old ? before : row));
    store<u8>(ops + n, old ? UPDATE_BEFORE : before ? UPDATE_AFTER : INSERT);
    n++;
    half = old ? 1 : 0;
    if (!half) row = load<u32>(row, AFTER);
  }
  store<u32>(P, <u32>row, DEDUP_CURSOR);
  store<u32>(P, half, DEDUP_HALF);
  return n;
}

/** All changes are out: what was replaced goes. */
export function dedup_told(P: usize): void {
  const R = <usize>load<u32>(P, DEDUP_STORE);
  for (let row = <usize>load<u32>(P, DEDUP_UNTOLD); row;) {
    const after = <usize>load<u32>(row, AFTER);
    const before = <usize>load<u32>(row, BEFORE);
    if (before) dropRow(R, before);
    store<u64>(row, 0, BEFORE);
    store<u32>(row, TOLD, FLAGS);
    row = after;
  }
  store<u32>(P, 0, DEDUP_UNTOLD);
  store<u32>(P, 0, DEDUP_LAST);
}

/** Forgets rows of this time and earlier. Returns how many keys still have rows. */
export function dedup_expire(P: usize, T: usize, time: f64): u32 {
  const R = <usize>load<u32>(P, DEDUP_STORE);
  const limit = <i64>time; // saturates at ±infinity
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  let acc = <usize>load<u32>(T, GROUP_TABLE_ROWS) + (<usize>load<u32>(T, GROUP_TABLE_WORDS) << 3);
  let live: u32 = 0;
  for (let g: u32 = 0, used = load<u32>(T, GROUP_TABLE_USED); g < used; g++, acc += stride) {
    let previous: usize = 0;
    let row = <usize>load<u32>(acc);
    while (row && load<i64>(row, TIME) > limit) {
      previous = row;
      row = load<u32>(row);
    }
    if (row) link(acc, previous, 0);
    while (row) {
      const next = <usize>load<u32>(row);
      dropRow(R, row);
      row = next;
    }
    live += <u32>(load<u32>(acc) != 0);
  }
  return live;
}

/**
 * Kept rows, group by group, at most `max`: rows' addresses and their groups' (u32). Goes on at `cursor` (u32[2]: a group's number, and the
 * row in it, 0: its first). Returns how many, 0 at the end.
 */
export function dedup_list(T: usize, cursor: usize, rows: usize, groups: usize, max: u32): u32 {
  const base = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  const used = load<u32>(T, GROUP_TABLE_USED);
  let g = load<u32>(cursor);
  let row = <usize>load<u32>(cursor, 4);
  let n: u32 = 0;
  while (n < max && g < used) {
    const group = base + <usize>(g * stride);
    if (!row) row = load<u32>(group + words);
    for (; row && n < max; row = load<u32>(row), n++) {
      store<u32>(rows + (<usize>n << 2), <u32>row);
      store<u32>(groups + (<usize>n << 2), <u32>group);
    }
    if (!row) g++;
  }
  store<u32>(cursor, g);
  store<u32>(cursor, <u32>row, 4);
  return n;
}
