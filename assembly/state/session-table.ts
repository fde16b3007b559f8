// Sessions: spans of time of a key, each with accumulators. Keys are a group table (group-table.ts) whose only accumulator
// is the head of the key's list of sessions; sessions are rows of a second group table, the pool, which has no index.
// A session is referred to by its row's number + 1, so that references outlive moves of the pool; 0 is none.
//
//   pool row  | group | next | before | after | start | end | accumulators |
//             and where changes are told   | start' | end' | accumulators' | flags | touched |
//     group     u32: number + 1 of the key's row; 0: the row is free. Bit 31 (MERGED): a pair has it as its first
//     next      u32: the next session of the key, which ends earlier or at the same time; of a free row, the next free row
//     before    u32: the session before it in its slot of the wheel, or SLOT | slot if it is the first; 0: in no slot
//     after     u32: the session after it in its slot
//     start     i64, end i64: half-open
//     '         as last told: the image, `image` bytes behind
//     flags     u32, see below; touched u32: the next in the list of sessions that this step has touched
//
//   wheel     u32[7 * 256 + 1] heads of slots, the last of them what is overdue; then u64[7 * 4], bits of slots in use
//     A hierarchical timing wheel (Varghese and Lauck 1987), as in Linux and Tokio: a session that is due at u lies on the
//     level of the highest byte in which u differs from `now`, in the slot of that byte. Times are biased to be positive.
//     A session whose end has moved on stays where it is, and is filed anew when its slot comes up.
//
// The struct at S (generated/layouts.ts): now u64, biased; keys, pool: the tables' addresses; head: where in a key's row its
// list begins; image: 0 without changes; free: first free row; freeRows, live (sessions), liveKeys (keys that have some):
// counts; touched, retired: lists; pairs: how many pairs are pending; barrier: see sessions_gather. All u32.
//
// Kernels that take rows write the address of each row's session to `ats + 4 * row`. Addresses hold until the pool grows.
import {
  GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED, SESSION_TABLE_BARRIER, SESSION_TABLE_FREE, SESSION_TABLE_FREE_ROWS, SESSION_TABLE_HEAD,
  SESSION_TABLE_IMAGE, SESSION_TABLE_KEYS, SESSION_TABLE_LIVE, SESSION_TABLE_LIVE_KEYS, SESSION_TABLE_NOW, SESSION_TABLE_PAIRS,
  SESSION_TABLE_POOL, SESSION_TABLE_RETIRED, SESSION_TABLE_TOUCHED, SESSION_TABLE_WHEEL,
} from "../memory/generated/layouts";

const GROUP: usize = 0;
const NEXT: usize = 4;
const BEFORE: usize = 8;
const AFTER: usize = 12;
/** Of a gathered session, which is in no wheel: the watermark that judges it. */
const CLOCK: usize = 8;
const START: usize = 16;
const END: usize = 24;

const MERGED: u32 = 0x80000000;
const SLOT: u32 = 0x80000000;
const OVERDUE: u32 = 7 << 8;
const BITS: usize = 7176;
const BIAS: i64 = 1 << 54;
const LAST: u64 = (1 << 56) - 1;

const TOUCHED: u32 = 1;
const EMITTED: u32 = 2; // its image is what was told of it last
const HALF: u32 = 4; // of an update, what it was before has been told
const RETIRED: u32 = 8; // merged into another after it was told
const DEAD: u32 = 16; // merged into another before it was told

const DONE: u32 = 0xffffffff;

const INSERT: u8 = 0;
const UPDATE_BEFORE: u8 = 1;
const UPDATE_AFTER: u8 = 2;
const DELETE: u8 = 3;

// @ts-ignore: decorator
@inline
function rowAt(pool: usize, ref: u32): usize {
  return <usize>load<u32>(pool, GROUP_TABLE_ROWS) + <usize>(ref - 1) * load<u32>(pool, GROUP_TABLE_STRIDE);
}

// @ts-ignore: decorator
@inline
function refOf(pool: usize, row: usize): u32 {
  return <u32>(row - load<u32>(pool, GROUP_TABLE_ROWS)) / load<u32>(pool, GROUP_TABLE_STRIDE) + 1;
}

// @ts-ignore: decorator
@inline
function headOf(S: usize, group: u32): usize {
  return rowAt(load<u32>(S, SESSION_TABLE_KEYS), group & ~MERGED) + load<u32>(S, SESSION_TABLE_HEAD);
}

/** Where the flags are, with changes. */
// @ts-ignore: decorator
@inline
function flagsOf(row: usize, image: u32): usize {
  return row + START + (image << 1);
}

/** f64 watermarks as biased times; ±Infinity are before and after all. */
// @ts-ignore: decorator
@inline
function biased(w: f64): u64 {
  const t = <i64>w; // saturates
  return t <= -BIAS ? 0 : t >= BIAS * 3 - 1 ? LAST : <u64>(t + BIAS);
}

function file(S: usize, row: usize, ref: u32, due: i64): void {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const wheel = <usize>load<u32>(S, SESSION_TABLE_WHEEL);
  const now = load<u64>(S, SESSION_TABLE_NOW);
  const u = <u64>(due + BIAS);
  let slot = OVERDUE;
  if (u > now) {
    const level = <u32>(63 - clz(u ^ now)) >>> 3;
    slot = (level << 8) | (<u32>(u >>> (level << 3)) & 255);
    const bits = wheel + BITS + (<usize>(slot >>> 6) << 3);
    store<u64>(bits, load<u64>(bits) | (<u64>1 << (slot & 63)));
  }
  const head = wheel + (<usize>slot << 2);
  const first = load<u32>(head);
  store<u32>(row, SLOT | slot, BEFORE);
  store<u32>(row, first, AFTER);
  if (first) store<u32>(rowAt(pool, first), ref, BEFORE);
  store<u32>(head, ref);
}

function unfile(S: usize, row: usize): void {
  const before = load<u32>(row, BEFORE);
  if (!before) return;
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const after = load<u32>(row, AFTER);
  if (after) store<u32>(rowAt(pool, after), before, BEFORE);
  if (before & SLOT) {
    const wheel = <usize>load<u32>(S, SESSION_TABLE_WHEEL);
    const slot = before & ~SLOT;
    store<u32>(wheel + (<usize>slot << 2), after);
    if (!after && slot != OVERDUE) {
      const bits = wheel + BITS + (<usize>(slot >>> 6) << 3);
      store<u64>(bits, load<u64>(bits) & ~(<u64>1 << (slot & 63)));
    }
  } else {
    store<u32>(rowAt(pool, before), after, AFTER);
  }
  store<u64>(row, 0, BEFORE);
}

/** The first slot in use, or OVERDUE when none is: on the lowest level that has one, as higher levels lie later. */
function firstSlot(S: usize): u32 {
  const bits = <usize>load<u32>(S, SESSION_TABLE_WHEEL) + BITS;
  for (let i: u32 = 0; i < 28; i++) {
    const word = load<u64>(bits + (<usize>i << 3));
    if (word) return (i << 6) | <u32>ctz(word);
  }
  return OVERDUE;
}

/** When a slot that lies ahead begins. */
// @ts-ignore: decorator
@inline
function timeOfSlot(S: usize, slot: u32): u64 {
  const shift = <u64>((slot >>> 8) << 3);
  return (((load<u64>(S, SESSION_TABLE_NOW) >>> (shift + 8)) << 8) | (slot & 255)) << shift;
}

/** Puts the row into a list of sessions by their ends, the latest first: a row of the stream most often joins the first. */
// @ts-ignore: decorator
@inline
function link(pool: usize, head: usize, row: usize, ref: u32): void {
  const end = load<i64>(row, END);
  let at = head;
  let next = load<u32>(at);
  while (next) {
    const other = rowAt(pool, next);
    if (load<i64>(other, END) <= end) break;
    at = other + NEXT;
    next = load<u32>(at);
  }
  store<u32>(row, next, NEXT);
  store<u32>(at, ref);
}

/** Takes the row out of its key's list. Returns its reference. */
function cut(pool: usize, head: usize, row: usize): u32 {
  let at = head;
  let ref = load<u32>(at);
  while (rowAt(pool, ref) != row) {
    at = rowAt(pool, ref) + NEXT;
    ref = load<u32>(at);
  }
  store<u32>(at, load<u32>(row, NEXT));
  return ref;
}

/** The session is over: out of its key's list. */
function unlink(S: usize, row: usize): void {
  const head = headOf(S, load<u32>(row, GROUP));
  cut(load<u32>(S, SESSION_TABLE_POOL), head, row);
  if (!load<u32>(head)) store<u32>(S, load<u32>(S, SESSION_TABLE_LIVE_KEYS) - 1, SESSION_TABLE_LIVE_KEYS);
  store<u32>(S, load<u32>(S, SESSION_TABLE_LIVE) - 1, SESSION_TABLE_LIVE);
}

/** The row is free, once it is in no list. */
function release(S: usize, row: usize): void {
  store<u32>(row, 0, GROUP);
  store<u32>(row, load<u32>(S, SESSION_TABLE_FREE), NEXT);
  store<u32>(S, refOf(load<u32>(S, SESSION_TABLE_POOL), row), SESSION_TABLE_FREE);
  store<u32>(S, load<u32>(S, SESSION_TABLE_FREE_ROWS) + 1, SESSION_TABLE_FREE_ROWS);
}

/**
 * A reference to a row of zeros for a session of the key at `keyRow`; a free row unless `fresh`. The host has seen to it that
 * there is room. `barrier`: what is in the key's list and was made before is forgotten.
 */
// @ts-ignore: decorator
@inline
function newSession(S: usize, keyRow: usize, start: i64, end: i64, linked: bool, fresh: bool, barrier: u32): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const stride = load<u32>(pool, GROUP_TABLE_STRIDE);
  let ref = fresh ? 0 : load<u32>(S, SESSION_TABLE_FREE);
  if (ref) {
    store<u32>(S, load<u32>(rowAt(pool, ref), NEXT), SESSION_TABLE_FREE);
    store<u32>(S, load<u32>(S, SESSION_TABLE_FREE_ROWS) - 1, SESSION_TABLE_FREE_ROWS);
  } else {
    ref = load<u32>(pool, GROUP_TABLE_USED) + 1;
    store<u32>(pool, ref, GROUP_TABLE_USED);
  }
  const row = rowAt(pool, ref);
  const keys = <usize>load<u32>(S, SESSION_TABLE_KEYS);
  store<u32>(row, refOf(keys, keyRow), GROUP);
  store<u32>(row, 0, NEXT);
  store<u64>(row, 0, BEFORE);
  store<i64>(row, start, START);
  store<i64>(row, end, END);
  for (let p = row + END + 8, last = row + stride; p < last; p += 8) store<u64>(p, 0);
  store<u32>(S, load<u32>(S, SESSION_TABLE_LIVE) + 1, SESSION_TABLE_LIVE);
  if (linked) {
    const head = keyRow + load<u32>(S, SESSION_TABLE_HEAD);
    const first = load<u32>(head);
    if (!first) store<u32>(S, load<u32>(S, SESSION_TABLE_LIVE_KEYS) + 1, SESSION_TABLE_LIVE_KEYS);
    if (first <= barrier) store<u32>(head, 0);
    link(pool, head, row, ref);
  }
  return ref;
}

// @ts-ignore: decorator
@inline
function touch(S: usize, row: usize, image: u32): void {
  const at = flagsOf(row, image);
  const flags = load<u32>(at);
  if (flags & TOUCHED) return;
  store<u32>(at, flags | TOUCHED);
  store<u32>(at, load<u32>(S, SESSION_TABLE_TOUCHED), 4);
  store<u32>(S, refOf(load<u32>(S, SESSION_TABLE_POOL), row), SESSION_TABLE_TOUCHED);
}

// @ts-ignore: decorator
@inline
function widen(row: usize, start: i64, end: i64): void {
  if (start < load<i64>(row, START)) store<i64>(row, start, START);
  if (end > load<i64>(row, END)) store<i64>(row, end, END);
}

/** Whether a comes before b: by start, then end. */
// @ts-ignore: decorator
@inline
function earlier(a: usize, b: usize): bool {
  const x = load<i64>(a, START);
  const y = load<i64>(b, START);
  return x < y || (x == y && load<i64>(a, END) < load<i64>(b, END));
}

/**
 * The session of the list from `ref` on that [start, end) joins: of those that it touches and that are open (`closed`: ends
 * up to this are not), the earliest. 0: none. Bit 0 is set when it joins others too: rows lie at multiples of 8.
 */
// @ts-ignore: decorator
@inline
function joined(pool: usize, ref: u32, start: i64, end: i64, closed: i64): usize {
  let found: usize = 0;
  let more: usize = 0;
  while (ref) {
    const row = rowAt(pool, ref);
    const last = load<i64>(row, END);
    if (last < start || last <= closed) break;
    if (load<i64>(row, START) <= end) {
      if (found) more = 1;
      if (!found || earlier(row, found)) found = row;
    }
    ref = load<u32>(row, NEXT);
  }
  return found | more;
}

/**
 * Merges the others that [start, end) joins into `into`: takes them out of the list, and writes their addresses as pairs, `into`
 * to pairs[i] and the other to pairs[max + i], for the host, who merges their accumulators. False when the host must do that
 * first: `max` pairs are pending, or the other is the first of a pending pair itself.
 */
function mergeOthers(S: usize, into: usize, start: i64, end: i64, closed: i64, pairs: usize, max: u32): bool {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const head = headOf(S, load<u32>(into, GROUP));
  let ref = load<u32>(head);
  let count = load<u32>(S, SESSION_TABLE_PAIRS);
  let done = true;
  while (ref) {
    const row = rowAt(pool, ref);
    ref = load<u32>(row, NEXT);
    const last = load<i64>(row, END);
    if (last < start || last <= closed) break;
    if (row == into || load<i64>(row, START) > end) continue;
    if (count == max || load<u32>(row, GROUP) & MERGED) {
      done = false;
      break;
    }
    unlink(S, row);
    widen(into, load<i64>(row, START), last);
    store<u32>(into, load<u32>(into, GROUP) | MERGED, GROUP);
    const at = pairs + (<usize>count << 2);
    store<u32>(at, <u32>into);
    store<u32>(at + (<usize>max << 2), <u32>row);
    store<u32>(S, ++count, SESSION_TABLE_PAIRS);
  }
  link(pool, head, into, cut(pool, head, into));
  return done;
}

/**
 * Finds or makes the session of each row [from, to), whose keys' rows are at `groups` (u32[]).
 *   starts   i64[]: when the row's span begins
 *   ends     i64[]: when it ends, or 0: `gap` after its start
 *   clocks   i64[], or 0: a row joins no session that ended `lateness` before its clock or earlier
 *   pairs    u32[2 * max], written: sessions that became one, see mergeOthers; if max is 1, before the row that joined them
 * Returns how far it came; short of `to`, the pairs must be merged first.
 */
export function sessions_place(
  S: usize, groups: usize, starts: usize, ends: usize, gap: f64, clocks: usize, lateness: f64, from: u32, to: u32, ats: usize, pairs: usize,
  max: u32,
): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const first = <usize>load<u32>(S, SESSION_TABLE_HEAD);
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  const g = <i64>gap;
  const late = <i64>lateness;
  for (let i = from; i < to; i++) {
    const keyRow = <usize>load<u32>(groups + (<usize>i << 2));
    const start = load<i64>(starts + (<usize>i << 3));
    const end = ends ? load<i64>(ends + (<usize>i << 3)) : start + g;
    const clock = clocks ? load<i64>(clocks + (<usize>i << 3)) : i64.MIN_VALUE;
    const closed = clock > -BIAS ? clock - late : i64.MIN_VALUE;
    let row = joined(pool, load<u32>(keyRow + first), start, end, closed);
    if (row & 1) {
      row ^= 1;
      if (!mergeOthers(S, row, start, end, closed, pairs, max) || max == 1) return i;
    }
    if (row) {
      // Its place in the list stays: what ends between its old end and the new would have been joined as well.
      widen(row, start, end);
    } else {
      const ref = newSession(S, keyRow, start, end, true, false, 0);
      row = rowAt(pool, ref);
      file(S, row, ref, end);
    }
    if (image) touch(S, row, image);
    store<u32>(ats + (<usize>i << 2), <u32>row);
  }
  return to;
}

/**
 * As sessions_place, for sessions that are sent on and not kept: in no wheel, and in the pool in the order in which they
 * must be taken. A row behind its clock joins nothing and nothing joins it; what comes after it does not join what came before.
 * `alone`: no row joins another.
 */
export function sessions_gather(
  S: usize, groups: usize, starts: usize, ends: usize, gap: f64, clocks: usize, alone: u32, from: u32, to: u32, ats: usize, pairs: usize,
  max: u32,
): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const first = <usize>load<u32>(S, SESSION_TABLE_HEAD);
  const g = <i64>gap;
  for (let i = from; i < to; i++) {
    const keyRow = <usize>load<u32>(groups + (<usize>i << 2));
    const start = load<i64>(starts + (<usize>i << 3));
    const end = ends ? load<i64>(ends + (<usize>i << 3)) : start + g;
    const clock = clocks ? load<i64>(clocks + (<usize>i << 3)) : i64.MIN_VALUE;
    let row: usize = 0;
    if (start <= clock || alone) {
      row = rowAt(pool, newSession(S, keyRow, start, end, false, true, 0));
      store<i64>(row, start <= clock ? clock : i64.MIN_VALUE, CLOCK);
      store<u32>(S, load<u32>(pool, GROUP_TABLE_USED), SESSION_TABLE_BARRIER);
    } else {
      const barrier = load<u32>(S, SESSION_TABLE_BARRIER);
      // All of a list was made before the barrier, or all of it behind.
      const head = load<u32>(keyRow + first);
      row = joined(pool, head > barrier ? head : 0, start, end, i64.MIN_VALUE);
      if (row & 1) {
        row ^= 1;
        if (!mergeOthers(S, row, start, end, i64.MIN_VALUE, pairs, max)) return i;
      }
      if (row) {
        widen(row, start, end);
      } else {
        row = rowAt(pool, newSession(S, keyRow, start, end, true, true, barrier));
        store<i64>(row, i64.MIN_VALUE, CLOCK);
      }
    }
    store<u32>(ats + (<usize>i << 2), <u32>row);
  }
  return to;
}

/** The accumulators of all pairs are merged: the second of each is done with, unless its image is still to be taken back. */
export function sessions_merged(S: usize, pairs: usize, max: u32, filed: u32): void {
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  const count = load<u32>(S, SESSION_TABLE_PAIRS);
  for (let i: u32 = 0; i < count; i++) {
    const at = pairs + (<usize>i << 2);
    const into = <usize>load<u32>(at);
    const other = <usize>load<u32>(at + (<usize>max << 2));
    store<u32>(into, load<u32>(into, GROUP) & ~MERGED, GROUP);
    if (filed) unfile(S, other);
    const flags = image ? load<u32>(flagsOf(other, image)) : 0;
    if (flags & EMITTED) {
      store<u32>(flagsOf(other, image), (flags & TOUCHED) | RETIRED);
      store<u32>(other, load<u32>(S, SESSION_TABLE_RETIRED), NEXT);
      store<u32>(S, refOf(load<u32>(S, SESSION_TABLE_POOL), other), SESSION_TABLE_RETIRED);
    } else if (flags & TOUCHED) {
      store<u32>(flagsOf(other, image), TOUCHED | DEAD);
    } else {
      release(S, other);
    }
  }
  store<u32>(S, 0, SESSION_TABLE_PAIRS);
}

/**
 * A session for each row [from, to), as it was when it was read: columns i64[]; `flags`, `imageStarts`, `imageEnds` 0 without
 * changes.
 */
export function sessions_append(
  S: usize, groups: usize, starts: usize, ends: usize, flags: usize, imageStarts: usize, imageEnds: usize, lateness: f64, from: u32, to: u32,
  ats: usize,
): void {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  for (let i = from; i < to; i++) {
    const at = <usize>i << 3;
    const end = load<i64>(ends + at);
    const ref = newSession(S, load<u32>(groups + (<usize>i << 2)), load<i64>(starts + at), end, true, false, 0);
    const row = rowAt(pool, ref);
    store<u32>(ats + (<usize>i << 2), <u32>row);
    let due = end;
    if (image && flags) {
      const told = <u32>load<i64>(flags + at) & EMITTED;
      store<u32>(flagsOf(row, image), told);
      store<i64>(row + image, load<i64>(imageStarts + at), START);
      store<i64>(row + image, load<i64>(imageEnds + at), END);
      if (told && <u64>(end + BIAS) <= load<u64>(S, SESSION_TABLE_NOW)) due += <i64>lateness;
    }
    file(S, row, ref, due);
  }
}

/** Begins at this watermark: before sessions are appended. */
export function sessions_begin(S: usize, watermark: f64): void {
  store<u64>(S, biased(watermark), SESSION_TABLE_NOW);
}

/**
 * Sessions that ended at the watermark or before and have not been told, in order of their ends, to out (u32[max]). Returns how
 * many; 0 when there are no more. Those that were told, and that no row can reach any more, are freed on the way.
 */
export function sessions_due(S: usize, watermark: f64, lateness: f64, out: usize, max: u32): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const wheel = <usize>load<u32>(S, SESSION_TABLE_WHEEL);
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  const target = biased(watermark);
  const late = <i64>lateness;
  let n: u32 = 0;
  while (n < max) {
    const over = load<u32>(wheel + (<usize>OVERDUE << 2));
    if (over) {
      const row = rowAt(pool, over);
      unfile(S, row);
      const end = load<i64>(row, END);
      if (<u64>(end + BIAS) > target) {
        file(S, row, over, end);
      } else if (image && load<u32>(flagsOf(row, image)) & EMITTED) {
        if (<u64>(end + late + BIAS) > target) {
          file(S, row, over, end + late);
        } else {
          unlink(S, row);
          release(S, row);
        }
      } else {
        store<u32>(out + (<usize>n << 2), <u32>row);
        n++;
      }
      continue;
    }
    const slot = firstSlot(S);
    const time = slot == OVERDUE ? LAST : timeOfSlot(S, slot);
    if (slot == OVERDUE || time > target) {
      if (target > load<u64>(S, SESSION_TABLE_NOW)) store<u64>(S, target, SESSION_TABLE_NOW);
      break;
    }
    // The whole slot at once: its sessions lie before any on a lower level.
    store<u64>(S, time, SESSION_TABLE_NOW);
    const bits = wheel + BITS + (<usize>(slot >>> 6) << 3);
    store<u64>(bits, load<u64>(bits) & ~(<u64>1 << (slot & 63)));
    let ref = load<u32>(wheel + (<usize>slot << 2));
    store<u32>(wheel + (<usize>slot << 2), 0);
    while (ref) {
      const own = ref;
      const row = rowAt(pool, own);
      ref = load<u32>(row, AFTER);
      let due = load<i64>(row, END);
      if (image && <u64>(due + BIAS) <= time && load<u32>(flagsOf(row, image)) & EMITTED) due += late;
      file(S, row, own, due);
    }
  }
  return n;
}

/** Sessions that came due have been told: they are freed, or stay `lateness` for rows that may still reach them. */
export function sessions_fired(S: usize, watermark: f64, lateness: f64, ats: usize, n: u32): void {
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  const target = biased(watermark);
  for (let i: u32 = 0; i < n; i++) {
    const row = <usize>load<u32>(ats + (<usize>i << 2));
    const gone = load<i64>(row, END) + <i64>lateness;
    if (<u64>(gone + BIAS) <= target) {
      unlink(S, row);
      release(S, row);
      continue;
    }
    memory.copy(row + START + image, row + START, image);
    store<u32>(flagsOf(row, image), EMITTED);
    file(S, row, refOf(load<u32>(S, SESSION_TABLE_POOL), row), gone);
  }
}

/**
 * Addresses of sessions that the step's rows have touched, to out (u32[max]), from `cursor` (u32, 0 at first, moved on) on, but
 * for those that are merged into others. Returns how many; 0: no more.
 */
export function sessions_touched(S: usize, cursor: usize, out: usize, max: u32): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  // The cursor is the session to go on from: DONE at the end of the list.
  let ref = load<u32>(cursor);
  if (!ref) ref = load<u32>(S, SESSION_TABLE_TOUCHED);
  else if (ref == DONE) return 0;
  let n: u32 = 0;
  while (ref && n < max) {
    const row = rowAt(pool, ref);
    const at = flagsOf(row, image);
    if (!(load<u32>(at) & (DEAD | RETIRED))) {
      store<u32>(out + (<usize>n << 2), <u32>row);
      n++;
    }
    ref = load<u32>(at, 4);
  }
  store<u32>(cursor, ref ? ref : DONE);
  return n;
}

/**
 * What the step's rows have changed of sessions that were told before and, with `updates`, of those that are open:
 * rows' addresses to `ats`, those of the images or the sessions to be told to `told` (an address less START leads to either's
 * bounds and accumulators alike), operations to `ops`. Returns how many; 0 when there are no more. -U and its +U are neighbours.
 */
export function sessions_changes(S: usize, watermark: f64, updates: u32, ats: usize, told: usize, ops: usize, max: u32): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  const target = biased(watermark);
  let n: u32 = 0;
  // Sessions that are in others now come first: a key's results never overlap on the way.
  while (n < max) {
    const ref = load<u32>(S, SESSION_TABLE_RETIRED);
    if (!ref) break;
    const row = rowAt(pool, ref);
    store<u32>(S, load<u32>(row, NEXT), SESSION_TABLE_RETIRED);
    store<u32>(ats + (<usize>n << 2), <u32>row);
    store<u32>(told + (<usize>n << 2), <u32>(row + image));
    store<u8>(ops + n, DELETE);
    n++;
  }
  while (n < max) {
    const ref = load<u32>(S, SESSION_TABLE_TOUCHED);
    if (!ref) break;
    const row = rowAt(pool, ref);
    const at = flagsOf(row, image);
    const flags = load<u32>(at);
    let op = INSERT;
    let over = true;
    let tells = true;
    let rest = flags & ~TOUCHED;
    if (flags & (DEAD | RETIRED)) {
      tells = false;
    } else if (flags & EMITTED) {
      const moved = load<i64>(row, START) != load<i64>(row + image, START) || load<i64>(row, END) != load<i64>(row + image, END);
      if (moved) {
        op = DELETE;
        over = false;
        rest = TOUCHED;
        unfile(S, row);
        file(S, row, ref, load<i64>(row, END));
      } else if (flags & HALF) {
        op = UPDATE_AFTER;
        rest = EMITTED;
      } else if (memory.compare(row + START, row + START + image, image) == 0) {
        tells = false;
      } else {
        op = UPDATE_BEFORE;
        over = false;
        rest = flags | HALF;
      }
    } else if (updates && <u64>(load<i64>(row, END) + BIAS) > target) {
      rest = EMITTED;
    } else {
      tells = false;
    }
    if (over) {
      store<u32>(S, load<u32>(at, 4), SESSION_TABLE_TOUCHED);
      store<u32>(at, 0, 4);
    }
    store<u32>(at, rest);
    if (flags & DEAD) release(S, row);
    if (!tells) continue;
    store<u32>(ats + (<usize>n << 2), <u32>row);
    store<u32>(told + (<usize>n << 2), <u32>(op == UPDATE_BEFORE || op == DELETE ? row + image : row));
    store<u8>(ops + n, op);
    n++;
  }
  return n;
}

/** Those changes are out: what was told is what there is, and what was taken back for good is free. */
export function sessions_changed(S: usize, ats: usize, ops: usize, n: u32): void {
  const image = load<u32>(S, SESSION_TABLE_IMAGE);
  for (let i: u32 = 0; i < n; i++) {
    const row = <usize>load<u32>(ats + (<usize>i << 2));
    const op = load<u8>(ops + i);
    if (op == INSERT || op == UPDATE_AFTER) memory.copy(row + START + image, row + START, image);
    else if (op == DELETE && load<u32>(flagsOf(row, image)) & RETIRED) {
      if (load<u32>(flagsOf(row, image)) & TOUCHED) store<u32>(flagsOf(row, image), TOUCHED | DEAD);
      else release(S, row);
    }
  }
}

/** When the next session may come due, not later than it does; Infinity when there is none. */
export function sessions_next(S: usize): f64 {
  const wheel = <usize>load<u32>(S, SESSION_TABLE_WHEEL);
  if (load<u32>(wheel + (<usize>OVERDUE << 2))) return <f64>(<i64>load<u64>(S, SESSION_TABLE_NOW) - BIAS);
  const slot = firstSlot(S);
  return slot == OVERDUE ? Infinity : <f64>(<i64>timeOfSlot(S, slot) - BIAS);
}

/** Addresses of the pool's sessions from row `cursor` (u32, moved on) on, to out (u32[max]). Returns how many; 0: no more. */
export function sessions_list(pool: usize, cursor: usize, out: usize, max: u32): u32 {
  const used = load<u32>(pool, GROUP_TABLE_USED);
  const stride = load<u32>(pool, GROUP_TABLE_STRIDE);
  let i = load<u32>(cursor);
  let row = <usize>load<u32>(pool, GROUP_TABLE_ROWS) + <usize>i * stride;
  let n: u32 = 0;
  for (; i < used && n < max; i++, row += stride) {
    if (!load<u32>(row, GROUP)) continue;
    store<u32>(out + (<usize>n << 2), <u32>row);
    n++;
  }
  store<u32>(cursor, i);
  return n;
}

/** The rows of the sessions' keys (u32[n]) in the table of keys. */
export function sessions_keys(keys: usize, ats: usize, n: u32, out: usize): void {
  const stride = load<u32>(keys, GROUP_TABLE_STRIDE);
  const rows = <usize>load<u32>(keys, GROUP_TABLE_ROWS) - stride;
  for (let i: u32 = 0; i < n; i++) {
    const group = load<u32>(<usize>load<u32>(ats + (<usize>i << 2)));
    store<u32>(out + (<usize>i << 2), <u32>(rows + <usize>group * stride));
  }
}

/** Keys have moved: remap[old number] (u32) is the new one. */
export function sessions_regroup(S: usize, remap: usize): void {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const stride = load<u32>(pool, GROUP_TABLE_STRIDE);
  let row = <usize>load<u32>(pool, GROUP_TABLE_ROWS);
  for (const end = row + <usize>load<u32>(pool, GROUP_TABLE_USED) * stride; row < end; row += stride) {
    const group = load<u32>(row, GROUP);
    if (group) store<u32>(row, load<u32>(remap + (<usize>(group - 1) << 2)) + 1, GROUP);
  }
}

/** Forgets all sessions, whose keys stay: an empty pool and wheel. */
export function sessions_clear(S: usize): void {
  const keys = <usize>load<u32>(S, SESSION_TABLE_KEYS);
  const stride = load<u32>(keys, GROUP_TABLE_STRIDE);
  let head = <usize>load<u32>(keys, GROUP_TABLE_ROWS) + load<u32>(S, SESSION_TABLE_HEAD);
  for (let g: u32 = 0, used = load<u32>(keys, GROUP_TABLE_USED); g < used; g++, head += stride) store<u64>(head, 0);
  memory.fill(load<u32>(S, SESSION_TABLE_WHEEL), 0, BITS + 224);
  store<u32>(S, 0, SESSION_TABLE_FREE);
  store<u32>(S, 0, SESSION_TABLE_FREE_ROWS);
  store<u32>(S, 0, SESSION_TABLE_LIVE);
  store<u32>(S, 0, SESSION_TABLE_LIVE_KEYS);
  store<u32>(S, 0, SESSION_TABLE_TOUCHED);
  store<u32>(S, 0, SESSION_TABLE_RETIRED);
  store<u32>(S, 0, SESSION_TABLE_BARRIER);
}

/** Reads a word of each key's first session, so that rows far apart come into the cache side by side. */
export function sessions_touch(S: usize, groups: usize, from: u32, to: u32): u32 {
  const pool = <usize>load<u32>(S, SESSION_TABLE_POOL);
  const stride = load<u32>(pool, GROUP_TABLE_STRIDE);
  const rows = <usize>load<u32>(pool, GROUP_TABLE_ROWS);
  const first = <usize>load<u32>(S, SESSION_TABLE_HEAD);
  let sink: u32 = 0;
  for (let i = from; i < to; i++) {
    const head = load<u32>(<usize>load<u32>(groups + (<usize>i << 2)) + first);
    // Without a branch: a key without a session reads the first row.
    sink |= load<u32>(rows + <usize>(head - <u32>(head != 0)) * stride, END);
  }
  return sink;
}

/** ends[i] = starts[i] + gaps[i], i64[n]. */
export function sessions_ends(starts: usize, gaps: usize, n: u32, out: usize): void {
  for (let i: usize = 0, bytes = <usize>n << 3; i < bytes; i += 8) store<i64>(out + i, load<i64>(starts + i) + load<i64>(gaps + i));
}

/** A result's time is its session's last millisecond: out[i] = ends[i] - 1, i64[n]. */
export function sessions_result_times(ends: usize, n: u32, out: usize): void {
  for (let i: usize = 0, bytes = <usize>n << 3; i < bytes; i += 8) store<i64>(out + i, load<i64>(ends + i) - 1);
}

/** The first row whose gap is null, below 1 or above `most`; n: none. */
export function sessions_bad_gap(gaps: usize, validity: usize, n: u32, most: f64): u32 {
  const limit = <u64>most;
  for (let i: u32 = 0; i < n; i++) {
    if (<u64>(load<i64>(gaps + (<usize>i << 3)) - 1) >= limit) return i;
    if (validity && !((load<u8>(validity + (i >>> 3)) >>> (i & 7)) & 1)) return i;
  }
  return n;
}

/**
 * Rows that are late, each judged as a session of its own: its end - 1 + lateness <= clock, as a stable split. `gaps` i64[n], or 0:
 * `gap` for every row; clocks and out as in window_late.
 */
export function sessions_late(times: usize, gaps: usize, gap: f64, clocks: usize, clock: f64, n: u32, lateness: f64, out: usize): u32 {
  const reach = <i64>lateness - 1;
  const g = <i64>gap;
  const e = <i64>clock; // saturates at ±infinity
  let inTime: u32 = 0;
  let late: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>i << 3;
    const end = load<i64>(times + at) + (gaps ? load<i64>(gaps + at) : g);
    if (end + reach <= (clocks ? load<i64>(clocks + at) : e)) {
      late++;
      store<u32>(out + (<usize>(n - late) << 2), i);
    } else {
      store<u32>(out + (<usize>inTime << 2), i);
      inTime++;
    }
  }
  for (let a = out + (<usize>inTime << 2), b = out + (<usize>n << 2) - 4; late && a < b; a += 4, b -= 4) {
    const x = load<u32>(a);
    store<u32>(a, load<u32>(b));
    store<u32>(b, x);
  }
  return inTime;
}
