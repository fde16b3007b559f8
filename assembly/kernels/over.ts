// Rows in order of time, by key, and what lies in the frame before each. A group of a table (state/group-table.ts) has, after its key,
//
//   | ring u32 | capacity u32 | first i64 | next i64 | told i64 | start i64 | base ... |
//
//   ring            u32[capacity], a power of two: the addresses of rows [first, next) of the key, row i at i mod capacity
//   told            rows from there on have not gone out
//   start           where the frame of the last row begins (frames by range of time)
//   base            accumulators of all rows before `first` (frames without a beginning)
//
// A row's head (state/row-store.ts):
//
//   | time i64 | place i64 | index i64 | before u32, after u32 | nodes u32, group u32 |        flags: how many nodes
//
//   index           the row's number in its key, in order of (time, place, arrival)
//   before, after   how many rows of the frame stand before the row, and after it (of the same time)
//   nodes           accumulators of runs of 2^k rows that end at this one, k = 0, 1, ... as long as 2^k divides index + 1
//   group           the number of its group
//
// Any run of rows is then the union of at most two nodes a level, so that a frame costs a number of merges that grows with the logarithm
// of its length, and nothing is ever taken back: Tangwongsan, Hirzel, Schneider, Wu, "General Incremental Sliding-Window Aggregation",
// VLDB 2015, without its fixed size.
//
// The struct at P (generated/layouts.ts): reach i64 (rows or milliseconds that a frame goes back), store, mode (0 rows, 1 range of time,
// 2 without beginning), bytes (of one set of accumulators), lag and lead (rows that must stay before and come after): u32.
import {
  GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED, GROUP_TABLE_WORDS, OVER_BYTES_EACH, OVER_LAG, OVER_LEAD, OVER_MODE, OVER_REACH,
  OVER_STORE,
} from "../memory/generated/layouts";
import { dropRow, giveBlock, ROW_HEAD, takeBlock } from "../state/row-store";

const LEVELS: usize = 4;
const TIME: usize = ROW_HEAD;
const PLACE: usize = ROW_HEAD + 8;
const INDEX: usize = ROW_HEAD + 16;
const BEFORE_ROW: usize = ROW_HEAD + 24;
const AFTER_ROW: usize = ROW_HEAD + 28;
const NODES: usize = ROW_HEAD + 32;
const GROUP: usize = ROW_HEAD + 36;

const RING: usize = 0;
const CAPACITY: usize = 4;
const FIRST: usize = 8;
const NEXT: usize = 16;
const TOLD: usize = 24;
const START: usize = 32;
const BASE: usize = 40;

const ROWS: u32 = 0;
const RANGE: u32 = 1;

// @ts-ignore: decorator
@inline
function at(list: usize, i: u32): usize {
  return <usize>load<u32>(list + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function accOf(T: usize, group: u32): usize {
  return <usize>load<u32>(T, GROUP_TABLE_ROWS) + <usize>(group * load<u32>(T, GROUP_TABLE_STRIDE)) + (<usize>load<u32>(T, GROUP_TABLE_WORDS) << 3);
}

// @ts-ignore: decorator
@inline
function rowOf(acc: usize, index: i64): usize {
  return at(load<u32>(acc, RING), <u32>index & (load<u32>(acc, CAPACITY) - 1));
}

/** Rows (u32[n]) of this time and earlier to the front of `out`, the others behind them, in order. Returns how many are in front. */
export function over_ready(rows: usize, n: u32, watermark: f64, out: usize): u32 {
  const limit = <i64>watermark; // saturates at ±infinity
  let ready: u32 = 0;
  for (let i: u32 = 0; i < n; i++) ready += <u32>(load<i64>(at(rows, i), TIME) <= limit);
  let front = out;
  let back = out + (<usize>ready << 2);
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    if (load<i64>(row, TIME) <= limit) {
      store<u32>(front, <u32>row);
      front += 4;
    } else {
      store<u32>(back, <u32>row);
      back += 4;
    }
  }
  return ready;
}

/** The least time of n > 0 rows. */
export function over_earliest(rows: usize, n: u32): f64 {
  let least = i64.MAX_VALUE;
  for (let i: u32 = 0; i < n; i++) least = min(least, load<i64>(at(rows, i), TIME));
  return <f64>least;
}

// @ts-ignore: decorator
@inline
function after(a: usize, b: usize): bool {
  const x = load<i64>(a, TIME);
  const y = load<i64>(b, TIME);
  return x > y || (x == y && load<i64>(a, PLACE) > load<i64>(b, PLACE));
}

/** Rows (u32[n]) by time and place, stably, in place; `scratch` is u32[n]. */
export function over_sort(rows: usize, n: u32, scratch: usize): void {
  let sorted = true;
  for (let i: u32 = 1; i < n && sorted; i++) sorted = !after(at(rows, i - 1), at(rows, i));
  if (sorted) return;
  let from = rows;
  let to = scratch;
  for (let width: u32 = 1; width < n; width <<= 1) {
    for (let low: u32 = 0; low < n; low += width << 1) {
      const middle = min(low + width, n);
      const high = min(low + (width << 1), n);
      let a = low;
      let b = middle;
      for (let i = low; i < high; i++) {
        const left = a < middle && (b >= high || !after(at(from, a), at(from, b)));
        store<u32>(to + (<usize>i << 2), <u32>(left ? at(from, a) : at(from, b)));
        if (left) a++;
        else b++;
      }
    }
    const t = from;
    from = to;
    to = t;
  }
  if (from != rows) memory.copy(rows, from, <usize>n << 2);
}

/** Where a chunk of about `max` sorted rows from `from` on ends: never between rows of one time. */
export function over_chunk(rows: usize, from: u32, n: u32, max: u32): u32 {
  let to = min(from + max, n);
  while (to < n && load<i64>(at(rows, to), TIME) == load<i64>(at(rows, to - 1), TIME)) to++;
  return to;
}

/** Room for one more row in a ring, and for the row's nodes, zeroed. False when the host must act first. */
function admit(P: usize, R: usize, acc: usize, row: usize, index: i64): bool {
  const capacity = load<u32>(acc, CAPACITY);
  const first = load<i64>(acc, FIRST);
  if (<u32>(index - first) >= capacity) {
    const wanted = max<u32>(4, capacity << 1);
    const ring = takeBlock(R, wanted << 2);
    if (!ring) return false;
    for (let i = first; i < index; i++) store<u32>(ring + (<usize>(<u32>i & (wanted - 1)) << 2), <u32>rowOf(acc, i));
    if (capacity) giveBlock(R, load<u32>(acc, RING), capacity << 2);
    store<u32>(acc, <u32>ring, RING);
    store<u32>(acc, wanted, CAPACITY);
  }
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  if (bytes) {
    const levels = 1 + <u32>min(ctz(index + 1), 63 - clz(index + 1 - first));
    const nodes = takeBlock(R, levels * bytes);
    if (!nodes) return false;
    memory.fill(nodes, 0, levels * bytes);
    store<u32>(row, <u32>nodes, NODES);
    store<u32>(row, levels, LEVELS);
  }
  store<u32>(<usize>load<u32>(acc, RING) + (<usize>(<u32>index & (load<u32>(acc, CAPACITY) - 1)) << 2), <u32>row);
  return true;
}

/**
 * Sorted rows [from, n) become the next of their keys; `groups` are the addresses of their groups. Returns how far it came: short of n,
 * the row store wants what its reason says.
 */
export function over_append(P: usize, T: usize, rows: usize, groups: usize, from: u32, n: u32): u32 {
  const R = <usize>load<u32>(P, OVER_STORE);
  const base = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  const mode = load<u32>(P, OVER_MODE);
  const reach = load<i64>(P, OVER_REACH);
  for (let i = from; i < n; i++) {
    const row = at(rows, i);
    const group = at(groups, i);
    const acc = group + words;
    const index = load<i64>(acc, NEXT);
    if (!admit(P, R, acc, row, index)) return i;
    store<i64>(acc, index + 1, NEXT);
    store<i64>(row, index, INDEX);
    store<u32>(row, (<u32>group - base) / stride, GROUP);
    let before: u32 = 0;
    if (mode == ROWS) {
      before = <u32>min(index, reach);
    } else if (mode == RANGE) {
      const least = load<i64>(row, TIME) - reach;
      let start = max(load<i64>(acc, START), load<i64>(acc, FIRST));
      while (load<i64>(rowOf(acc, start), TIME) < least) start++;
      store<i64>(acc, start, START);
      before = <u32>(index - start);
    }
    store<u32>(row, before, BEFORE_ROW);
    store<u32>(row, 0, AFTER_ROW);
  }
  return n;
}

/** How many rows of the same time stand after each, where frames are of times; a chunk holds all rows of a time. */
export function over_peers(P: usize, T: usize, rows: usize, n: u32): void {
  if (load<u32>(P, OVER_MODE) == ROWS) return;
  for (let i = n; i-- > 0;) {
    const row = at(rows, i);
    const acc = accOf(T, load<u32>(row, GROUP));
    const index = load<i64>(row, INDEX) + 1;
    if (index == load<i64>(acc, NEXT)) continue;
    const next = rowOf(acc, index);
    if (load<i64>(next, TIME) == load<i64>(row, TIME)) store<u32>(row, load<u32>(next, AFTER_ROW) + 1, AFTER_ROW);
  }
}

/** Rows with an index already, in order of it by key, back into their rings; `waiting` (i64[n]): not 0 where the row has not gone out. */
export function over_restore(P: usize, T: usize, rows: usize, groups: usize, waiting: usize, from: u32, n: u32): u32 {
  const R = <usize>load<u32>(P, OVER_STORE);
  const base = load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  for (let i = from; i < n; i++) {
    const row = at(rows, i);
    const group = at(groups, i);
    const acc = group + words;
    const index = load<i64>(row, INDEX);
    if (!load<u32>(acc, CAPACITY)) {
      store<i64>(acc, index, FIRST);
      store<i64>(acc, index, TOLD);
      store<i64>(acc, index, START);
    }
    if (!admit(P, R, acc, row, index)) return i;
    store<i64>(acc, index + 1, NEXT);
    store<i64>(acc, index - load<u32>(row, BEFORE_ROW), START);
    if (!load<i64>(waiting + (<usize>i << 3))) store<i64>(acc, index + 1, TOLD);
    store<u32>(row, (<u32>group - base) / stride, GROUP);
  }
  return n;
}

/**
 * The nodes of a level that end at these rows: addresses of their accumulators, and those of their halves (level > 0), u32 each. Returns
 * how many there are.
 */
export function over_nodes(P: usize, T: usize, rows: usize, n: u32, level: u32, out: usize, left: usize, right: usize): u32 {
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  let found: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    if (load<u32>(row, LEVELS) <= level) continue;
    const place = <usize>found << 2;
    const nodes = load<u32>(row, NODES) + level * bytes;
    store<u32>(out + place, nodes);
    if (level) {
      const other = rowOf(accOf(T, load<u32>(row, GROUP)), load<i64>(row, INDEX) - (<i64>1 << (level - 1)));
      store<u32>(left + place, load<u32>(other, NODES) + (level - 1) * bytes);
      store<u32>(right + place, nodes - bytes);
    }
    found++;
  }
  return found;
}

/** Rows that have enough rows after them, or all of them with `all`, to the front of `out`, in order; the others behind. Returns how many. */
export function over_due(P: usize, T: usize, rows: usize, n: u32, all: u32, out: usize): u32 {
  const lead = <i64>load<u32>(P, OVER_LEAD);
  let due: u32 = 0;
  for (let pass: u32 = 0, to = out; pass < 2; pass++) {
    for (let i: u32 = 0; i < n; i++) {
      const row = at(rows, i);
      const is = all || load<i64>(row, INDEX) + lead < load<i64>(accOf(T, load<u32>(row, GROUP)), NEXT);
      if (is == (pass == 1)) continue;
      store<u32>(to, <u32>row);
      to += 4;
      due += 1 - pass;
    }
  }
  return due;
}

/** Where the frame of each row begins and ends, i64[n] each: rows [low, high) of its key. */
export function over_frames(P: usize, T: usize, rows: usize, n: u32, low: usize, high: usize): void {
  const endless = load<u32>(P, OVER_MODE) > RANGE;
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    const index = load<i64>(row, INDEX);
    const from = endless ? load<i64>(accOf(T, load<u32>(row, GROUP)), FIRST) : index - load<u32>(row, BEFORE_ROW);
    store<i64>(low + (<usize>i << 3), from);
    store<i64>(high + (<usize>i << 3), index + 1 + load<u32>(row, AFTER_ROW));
  }
}

/**
 * Nodes of a level that frames still need on one side, which then have them: their accumulators' addresses to `nodes`, and where they are to
 * be added, `results + i * bytes` of row i, to `out`; u32 each. Returns how many.
 */
export function over_pieces(
  P: usize, T: usize, rows: usize, n: u32, level: u32, right: u32, low: usize, high: usize, results: usize, out: usize, nodes: usize,
): u32 {
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  const length = <i64>1 << level;
  let found: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const a = low + (<usize>i << 3);
    const b = high + (<usize>i << 3);
    const from = load<i64>(a);
    const to = load<i64>(b);
    const edge = right ? to : from;
    if (from >= to || !(edge & length) || to - from < length) continue;
    const end = right ? to : from + length;
    store<u32>(nodes + (<usize>found << 2), load<u32>(rowOf(accOf(T, load<u32>(at(rows, i), GROUP)), end - 1), NODES) + level * bytes);
    store<u32>(out + (<usize>found << 2), <u32>results + i * bytes);
    found++;
    if (right) store<i64>(b, to - length);
    else store<i64>(a, from + length);
  }
  return found;
}

/** Addresses of n sets of accumulators that lie one after another (u32[n]). */
export function over_sets(P: usize, first: usize, n: u32, out: usize): void {
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), <u32>first + i * bytes);
}

/** Whether some frame is not yet whole. */
export function over_open(n: u32, low: usize, high: usize): u32 {
  for (let i: u32 = 0; i < n; i++) if (load<i64>(low + (<usize>i << 3)) < load<i64>(high + (<usize>i << 3))) return 1;
  return 0;
}

/** The addresses of the accumulators of all rows before the ring, of each row's key (u32[n]). */
export function over_bases(T: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), <u32>(accOf(T, load<u32>(at(rows, i), GROUP)) + BASE));
}

/** The row that stands so many rows after each (before it, if below 0), or `none`. */
export function over_neighbours(T: usize, rows: usize, n: u32, offset: i32, none: usize, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    const acc = accOf(T, load<u32>(row, GROUP));
    const index = load<i64>(row, INDEX) + offset;
    const there = index >= load<i64>(acc, FIRST) && index < load<i64>(acc, NEXT);
    store<u32>(out + (<usize>i << 2), <u32>(there ? rowOf(acc, index) : none));
  }
}

/** These rows have gone out; their groups' numbers to `groups` (u32[n]). */
export function over_told(T: usize, rows: usize, n: u32, groups: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    const group = load<u32>(row, GROUP);
    store<i64>(accOf(T, group), load<i64>(row, INDEX) + 1, TOLD);
    store<u32>(groups + (<usize>i << 2), group);
  }
}

/**
 * Takes out of their rings rows that no frame can reach any more, of the groups numbered from `cursor` (u32, read and written) on, at most
 * `max`: their addresses to `out` (u32). Rows of `watermark` and earlier cannot come. Returns how many; all are out when the cursor is n.
 */
export function over_leave(P: usize, T: usize, groups: usize, n: u32, watermark: f64, cursor: usize, out: usize, max: u32): u32 {
  const R = <usize>load<u32>(P, OVER_STORE);
  const mode = load<u32>(P, OVER_MODE);
  const lag = <i64>load<u32>(P, OVER_LAG);
  const reach = load<i64>(P, OVER_REACH);
  const passed = watermark > 9007199254740991.0 ? 9007199254740991.0 : watermark < -9007199254740991.0 ? -9007199254740991.0 : watermark;
  const least = <i64>passed + 1 - reach;
  let found: u32 = 0;
  let g = load<u32>(cursor);
  for (; g < n; g++) {
    const acc = accOf(T, load<u32>(groups + (<usize>g << 2)));
    const capacity = load<u32>(acc, CAPACITY);
    if (!capacity) continue;
    const next = load<i64>(acc, NEXT);
    const told = load<i64>(acc, TOLD);
    let first = load<i64>(acc, FIRST);
    let keep = told - lag;
    if (mode == ROWS) keep = told - max_i64(lag, reach);
    else if (mode == RANGE) {
      if (told < next) {
        const row = rowOf(acc, told);
        keep = min(keep, load<i64>(row, INDEX) - load<u32>(row, BEFORE_ROW));
      } else {
        let i = first;
        while (i < keep && load<i64>(rowOf(acc, i), TIME) < least) i++;
        keep = i;
      }
    }
    while (first < keep && found < max) {
      store<u32>(out + (<usize>found << 2), <u32>rowOf(acc, first));
      found++;
      first++;
    }
    store<i64>(acc, first, FIRST);
    if (first < keep) break;
    if (first == next) {
      giveBlock(R, load<u32>(acc, RING), capacity << 2);
      store<u32>(acc, 0, RING);
      store<u32>(acc, 0, CAPACITY);
    }
  }
  store<u32>(cursor, g);
  return found;
}

// @ts-ignore: decorator
@inline
function max_i64(a: i64, b: i64): i64 {
  return a > b ? a : b;
}

/** Gives rows (u32[n]) and their nodes back. */
export function over_drop(P: usize, rows: usize, n: u32): void {
  const R = <usize>load<u32>(P, OVER_STORE);
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    const levels = load<u32>(row, LEVELS);
    if (levels) giveBlock(R, load<u32>(row, NODES), levels * bytes);
    dropRow(R, row);
  }
}

/** How many groups have rows. */
export function over_live(T: usize): u32 {
  let live: u32 = 0;
  for (let g: u32 = 0, used = load<u32>(T, GROUP_TABLE_USED); g < used; g++) live += <u32>(load<u32>(accOf(T, g), CAPACITY) != 0);
  return live;
}

/**
 * Rows in rings, group by group, in order: addresses (u32), whether they wait (i64), and their groups' addresses (u32). Goes on at `cursor`
 * (u32[2]: a group's number, and how many of its rows are done). Returns how many, 0 at the end.
 */
export function over_list(T: usize, cursor: usize, rows: usize, waiting: usize, groups: usize, max: u32): u32 {
  const used = load<u32>(T, GROUP_TABLE_USED);
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  let g = load<u32>(cursor);
  let done = load<u32>(cursor, 4);
  let n: u32 = 0;
  while (n < max && g < used) {
    const acc = accOf(T, g);
    const first = load<i64>(acc, FIRST);
    const to = load<u32>(acc, CAPACITY) ? load<i64>(acc, NEXT) : first;
    let i = first + done;
    for (; i < to && n < max; i++, n++) {
      store<u32>(rows + (<usize>n << 2), <u32>rowOf(acc, i));
      store<u32>(groups + (<usize>n << 2), <u32>(acc - words));
      store<i64>(waiting + (<usize>n << 3), <i64>(i >= load<i64>(acc, TOLD)));
    }
    done = <u32>(i - first);
    if (i < to) break;
    g++;
    done = 0;
  }
  store<u32>(cursor, g);
  store<u32>(cursor, done, 4);
  return n;
}

/** The groups of these rows have new numbers (keys_copy_live). */
export function over_remap(rows: usize, n: u32, numbers: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    store<u32>(row, load<u32>(numbers + (<usize>load<u32>(row, GROUP) << 2)), GROUP);
  }
}

/** Sets what a key without rows begins with: the number of its next row (i64[n]); `groups` are addresses. */
export function over_begin(T: usize, groups: usize, next: usize, n: u32): void {
  const words = <usize>load<u32>(T, GROUP_TABLE_WORDS) << 3;
  for (let i: u32 = 0; i < n; i++) {
    const acc = at(groups, i) + words;
    const index = load<i64>(next + (<usize>i << 3));
    store<i64>(acc, index, FIRST);
    store<i64>(acc, index, NEXT);
    store<i64>(acc, index, TOLD);
    store<i64>(acc, index, START);
  }
}

/** Empties the nodes of these rows. */
export function over_clear(P: usize, rows: usize, n: u32): void {
  const bytes = load<u32>(P, OVER_BYTES_EACH);
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    memory.fill(load<u32>(row, NODES), 0, load<u32>(row, LEVELS) * bytes);
  }
}

/** A bitmap of the addresses (u32[n]) that are not `none`; whole bytes are written. Returns how many bits are clear. */
export function over_present(rows: usize, n: u32, none: usize, out: usize): u32 {
  let clear: u32 = 0;
  for (let i: u32 = 0; i < n; i += 8) {
    let byte: u32 = 0;
    for (let j = i, end = min(i + 8, n); j < end; j++) {
      const bit = <u32>(at(rows, j) != none);
      byte |= bit << (j & 7);
      clear += 1 - bit;
    }
    store<u8>(out + (i >>> 3), byte);
  }
  return clear;
}

/** Whether any of these rows has a place. */
export function over_placed(rows: usize, n: u32): u32 {
  for (let i: u32 = 0; i < n; i++) if (load<i64>(at(rows, i), PLACE)) return 1;
  return 0;
}
