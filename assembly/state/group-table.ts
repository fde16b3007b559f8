// A hash table of groups: keys of one or more words (kernels/words.ts) over dense rows in order of arrival.
//
//   index   u32[2^bits]: 0 when empty, else (tag << bits) | group + 1; the slot is the hash's top `bits` bits, the tag its
//           lowest 32 - bits, so that slot, tag and lane (which has a hash of its own) never share bits
//           While the keys, each one plain word, lie close together, the table is dense: u32[slots], where slot key - base is 0
//           when empty, else (group + 1) * stride. There is nothing to hash or to compare: half of a find's time less.
//   rows    group g at rows + g * stride:
//             | word 0 | ... | word W-1 | accumulators ... |      8 bytes a word; new accumulators are all zero bytes
//           a word of bytes is (address, length) of a copy in the table's heap
//   heap    [heapTop, heapEnd): room for copied bytes, padded to 8 each, and for blocks of powers of two (heap.ts)
//
// The struct at T (generated/layouts.ts): seed, base u64; index, bits, slots, rows, used, limit, stride, words, references,
// heapTop, heapEnd, needBytes, reason: u32; free: u32[32]; valueSeed u64. `used` groups exist; `limit` may, before the host must grow index or rows.
// `slots` is 0 in a hashed table.
// `references` has bit i set when word i stands for bytes. Where accumulators hash, it is with `valueSeed`,
// which stays when the table takes another seed.
//
// Finding kernels take rows [from, to) of a batch, or of `selection` (u32 row numbers), and write each row's group's
// address to `ats + 4 * row`. They return how far they came; short of `to`, `reason` says what the host must do first.
import {
  GROUP_TABLE_BASE, GROUP_TABLE_BITS, GROUP_TABLE_HEAP_END, GROUP_TABLE_HEAP_TOP, GROUP_TABLE_INDEX, GROUP_TABLE_LIMIT,
  GROUP_TABLE_NEED_BYTES, GROUP_TABLE_REASON, GROUP_TABLE_REFERENCES, GROUP_TABLE_ROWS, GROUP_TABLE_SEED, GROUP_TABLE_SLOTS,
  GROUP_TABLE_STRIDE, GROUP_TABLE_USED, GROUP_TABLE_WORDS,
} from "../memory/generated/layouts";
import { hashReference, hashWord, mix, sameBytes } from "./hash";

const FULL: u32 = 1; // grow the index or the rows
const NO_HEAP: u32 = 2; // give the heap at least needBytes
const LONG_PROBE: u32 = 3; // take another seed
const TOO_FAR: u32 = 4; // widen the dense index, or hash
const MAX_PROBE: u32 = 128;

/** A new row with zeroed accumulators; its words are still to be written. The caller has seen that used < limit. */
// @ts-ignore: decorator
@inline
function newRow(T: usize): usize {
  const used = load<u32>(T, GROUP_TABLE_USED);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const row = <usize>load<u32>(T, GROUP_TABLE_ROWS) + <usize>used * stride;
  store<u32>(T, used + 1, GROUP_TABLE_USED);
  for (let p = row + (load<u32>(T, GROUP_TABLE_WORDS) << 3), end = row + stride; p < end; p += 8) store<u64>(p, 0);
  return row;
}

/** The row of a key of one plain word, found or made; 0 when the host must act first. */
function upsertWord(T: usize, k: u64, h: u64): usize {
  const bits = load<u32>(T, GROUP_TABLE_BITS);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const mask: u32 = (1 << bits) - 1;
  const tag = <u32>h << bits;
  let slot = <u32>(h >>> (64 - bits));
  for (let probe: u32 = 0; probe < MAX_PROBE; probe++) {
    const at = index + (<usize>slot << 2);
    const entry = load<u32>(at);
    if (!entry) {
      if (load<u32>(T, GROUP_TABLE_USED) >= load<u32>(T, GROUP_TABLE_LIMIT)) {
        store<u32>(T, FULL, GROUP_TABLE_REASON);
        return 0;
      }
      const row = newRow(T);
      store<u64>(row, k);
      store<u32>(at, tag | load<u32>(T, GROUP_TABLE_USED));
      return row;
    }
    const x = entry ^ tag;
    if (x - 1 < mask) {
      const row = rows + <usize>(x - 1) * stride;
      if (load<u64>(row) == k) return row;
    }
    slot = (slot + 1) & mask;
  }
  store<u32>(T, LONG_PROBE, GROUP_TABLE_REASON);
  return 0;
}

// SELECTED is i32 with a selection, f64 without: the compiler then leaves the other case out.
// @ts-ignore: decorator
@inline
function findWord<SELECTED>(T: usize, column: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  const seed = load<u64>(T, GROUP_TABLE_SEED);
  const bits = load<u32>(T, GROUP_TABLE_BITS);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS) - stride;
  const mask: u32 = (1 << bits) - 1;
  const shift: u64 = 64 - bits;
  for (let i = from; i < to; i++) {
    const r: usize = isInteger<SELECTED>() ? load<u32>(selection + (<usize>i << 2)) : i;
    const k = load<u64>(column + (r << 3));
    const h = hashWord(seed, k);
    const slot = <u32>(h >>> shift);
    const tag = <u32>h << bits;
    // First or second slot, without a branch; anything else is out of line.
    const x0 = load<u32>(index + (<usize>slot << 2)) ^ tag;
    const x1 = load<u32>(index + (<usize>((slot + 1) & mask) << 2)) ^ tag;
    const x = select<u32>(x0, x1, x0 - 1 < mask);
    const row = rows + <usize>x * stride;
    if (x - 1 < mask && load<u64>(row) == k) {
      store<u32>(ats + (r << 2), <u32>row);
    } else {
      const made = upsertWord(T, k, h);
      if (!made) return i;
      store<u32>(ats + (r << 2), <u32>made);
    }
  }
  return to;
}

/** Keys of one plain word. */
export function groups_find_word(T: usize, column: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  return selection ? findWord<i32>(T, column, selection, from, to, ats) : findWord<f64>(T, column, selection, from, to, ats);
}

/** A new group of the key k in a dense table; 0 when the host must act first. */
function insertDense(T: usize, k: u64): usize {
  const slot = k - load<u64>(T, GROUP_TABLE_BASE);
  if (slot >= load<u32>(T, GROUP_TABLE_SLOTS)) {
    store<u32>(T, TOO_FAR, GROUP_TABLE_REASON);
    return 0;
  }
  if (load<u32>(T, GROUP_TABLE_USED) >= load<u32>(T, GROUP_TABLE_LIMIT)) {
    store<u32>(T, FULL, GROUP_TABLE_REASON);
    return 0;
  }
  const row = newRow(T);
  store<u64>(row, k);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  store<u32>(index + (<usize>slot << 2), load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE));
  return row;
}

// @ts-ignore: decorator
@inline
function findDense<SELECTED>(T: usize, column: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  const base = load<u64>(T, GROUP_TABLE_BASE);
  const slots = <u64>load<u32>(T, GROUP_TABLE_SLOTS);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  const rows = load<u32>(T, GROUP_TABLE_ROWS) - load<u32>(T, GROUP_TABLE_STRIDE);
  let i = from;
  while (i < to) {
    // Four known keys at a time: `slots` is a power of two, so that one comparison does for all four.
    if (!isInteger<SELECTED>()) {
      for (; i + 4 <= to; i += 4) {
        const p = column + (<usize>i << 3);
        const a = load<u64>(p) - base;
        const b = load<u64>(p, 8) - base;
        const c = load<u64>(p, 16) - base;
        const d = load<u64>(p, 24) - base;
        if ((a | b | c | d) >= slots) break;
        const w = load<u32>(index + (<usize>a << 2));
        const x = load<u32>(index + (<usize>b << 2));
        const y = load<u32>(index + (<usize>c << 2));
        const z = load<u32>(index + (<usize>d << 2));
        if (!w || !x || !y || !z) break;
        const at = ats + (<usize>i << 2);
        store<u32>(at, rows + w);
        store<u32>(at, rows + x, 4);
        store<u32>(at, rows + y, 8);
        store<u32>(at, rows + z, 12);
      }
      if (i == to) break;
    }
    const r: usize = isInteger<SELECTED>() ? load<u32>(selection + (<usize>i << 2)) : i;
    const k = load<u64>(column + (r << 3));
    const slot = k - base;
    const entry = slot < slots ? load<u32>(index + (<usize>slot << 2)) : 0;
    if (entry) {
      store<u32>(ats + (r << 2), rows + entry);
    } else {
      const made = insertDense(T, k);
      if (!made) return i;
      store<u32>(ats + (r << 2), <u32>made);
    }
    i++;
  }
  return to;
}

/** Keys of one plain word, in a dense table. */
export function groups_find_dense(T: usize, column: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  return selection ? findDense<i32>(T, column, selection, from, to, ats) : findDense<f64>(T, column, selection, from, to, ats);
}

/** Reads a word of each group's row, so that rows far apart come into the cache side by side, not one after the other. */
export function groups_touch(ats: usize, from: u32, to: u32): u32 {
  let sink: u32 = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const p = ats + (<usize>i << 2);
    sink |= load<u32>(load<u32>(p)) | load<u32>(load<u32>(p, 4)) | load<u32>(load<u32>(p, 8)) | load<u32>(load<u32>(p, 12));
  }
  for (; i < to; i++) sink |= load<u32>(load<u32>(ats + (<usize>i << 2)));
  return sink;
}

/** The least and the greatest key, as i64[2], of the table's groups and of rows [from, to); at least one of either is there. */
export function groups_bounds(T: usize, column: usize, selection: usize, from: u32, to: u32, out: usize): void {
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  let low = i64.MAX_VALUE;
  let high = i64.MIN_VALUE;
  let row = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  for (let g: u32 = 0, used = load<u32>(T, GROUP_TABLE_USED); g < used; g++, row += stride) {
    const k = load<i64>(row);
    low = min(low, k);
    high = max(high, k);
  }
  for (let i = from; i < to; i++) {
    const k = load<i64>(column + ((selection ? <usize>load<u32>(selection + (<usize>i << 2)) : <usize>i) << 3));
    low = min(low, k);
    high = max(high, k);
  }
  store<i64>(out, low);
  store<i64>(out, high, 8);
}

/** Keys' hashes under the table's seed, to `hashes + 8 * row`; `columns` is u32[words], the addresses of the columns of words. */
export function groups_hash(T: usize, columns: usize, selection: usize, from: u32, to: u32, hashes: usize): void {
  const words = load<u32>(T, GROUP_TABLE_WORDS);
  const references = load<u32>(T, GROUP_TABLE_REFERENCES);
  const seed = load<u64>(T, GROUP_TABLE_SEED);
  for (let i = from; i < to; i++) {
    const r: usize = selection ? load<u32>(selection + (<usize>i << 2)) : i;
    let h = seed;
    for (let w: u32 = 0; w < words; w++) {
      const word = load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3));
      h = mix(h, (references >>> w) & 1 ? hashReference(word) : word);
    }
    store<u64>(hashes + (r << 3), h);
  }
}

function rowHash(T: usize, row: usize): u64 {
  const words = load<u32>(T, GROUP_TABLE_WORDS);
  const references = load<u32>(T, GROUP_TABLE_REFERENCES);
  let h = load<u64>(T, GROUP_TABLE_SEED);
  if (words == 1 && !references) return hashWord(h, load<u64>(row));
  for (let w: u32 = 0; w < words; w++) {
    const word = load<u64>(row + (<usize>w << 3));
    h = mix(h, (references >>> w) & 1 ? hashReference(word) : word);
  }
  return h;
}

// @ts-ignore: decorator
@inline
function sameKey(row: usize, columns: usize, r: usize, words: u32, references: u32): bool {
  for (let w: u32 = 0; w < words; w++) {
    const stored = load<u64>(row + (<usize>w << 3));
    const wanted = load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3));
    if (stored == wanted) continue;
    if (!((references >>> w) & 1)) return false;
    const length = <u32>(stored >>> 32);
    if (length != <u32>(wanted >>> 32) || !sameBytes(<usize>(<u32>stored), <usize>(<u32>wanted), length)) return false;
  }
  return true;
}

/** Copies row r's key into a new row; 0 when there is no room. */
function newKey(T: usize, columns: usize, r: usize): usize {
  const words = load<u32>(T, GROUP_TABLE_WORDS);
  const references = load<u32>(T, GROUP_TABLE_REFERENCES);
  if (load<u32>(T, GROUP_TABLE_USED) >= load<u32>(T, GROUP_TABLE_LIMIT)) {
    store<u32>(T, FULL, GROUP_TABLE_REASON);
    return 0;
  }
  let top = load<u32>(T, GROUP_TABLE_HEAP_TOP);
  if (references) {
    let need: u64 = 0;
    for (let w: u32 = 0; w < words; w++) {
      if ((references >>> w) & 1) need += (<u64>load<u32>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3), 4) + 7) & ~7;
    }
    if (need > <u64>(load<u32>(T, GROUP_TABLE_HEAP_END) - top)) {
      store<u32>(T, <u32>need, GROUP_TABLE_NEED_BYTES);
      store<u32>(T, NO_HEAP, GROUP_TABLE_REASON);
      return 0;
    }
  }
  const row = newRow(T);
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3));
    if ((references >>> w) & 1) {
      const length = <u32>(word >>> 32);
      memory.copy(top, <usize>(<u32>word), length);
      word = (<u64>length << 32) | <u64>top;
      top += (length + 7) & ~7;
    }
    store<u64>(row + (<usize>w << 3), word);
  }
  store<u32>(T, top, GROUP_TABLE_HEAP_TOP);
  return row;
}

/** Keys of any words, with their hashes (groups_hash). A key of no words has one group. */
export function groups_find_key(T: usize, columns: usize, hashes: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  const words = load<u32>(T, GROUP_TABLE_WORDS);
  if (!words) {
    if (from < to && !load<u32>(T, GROUP_TABLE_USED)) newRow(T);
    const row = load<u32>(T, GROUP_TABLE_ROWS);
    for (let i = from; i < to; i++) store<u32>(ats + ((selection ? <usize>load<u32>(selection + (<usize>i << 2)) : <usize>i) << 2), row);
    return to;
  }
  const references = load<u32>(T, GROUP_TABLE_REFERENCES);
  const bits = load<u32>(T, GROUP_TABLE_BITS);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const mask: u32 = (1 << bits) - 1;
  for (let i = from; i < to; i++) {
    const r: usize = selection ? load<u32>(selection + (<usize>i << 2)) : i;
    const h = load<u64>(hashes + (r << 3));
    const tag = <u32>h << bits;
    let slot = <u32>(h >>> (64 - bits));
    let row: usize = 0;
    for (let probe: u32 = 0; !row; probe++) {
      if (probe == MAX_PROBE) {
        store<u32>(T, LONG_PROBE, GROUP_TABLE_REASON);
        return i;
      }
      const at = index + (<usize>slot << 2);
      const entry = load<u32>(at);
      if (!entry) {
        row = newKey(T, columns, r);
        if (!row) return i;
        store<u32>(at, tag | load<u32>(T, GROUP_TABLE_USED));
        break;
      }
      const x = entry ^ tag;
      if (x - 1 < mask) {
        const candidate = rows + <usize>(x - 1) * stride;
        if (sameKey(candidate, columns, r, words, references)) row = candidate;
      }
      slot = (slot + 1) & mask;
    }
    store<u32>(ats + (r << 2), <u32>row);
  }
  return to;
}

/** Every row becomes a group of its own, without a look at the index: the table may then only be read. */
export function groups_append(T: usize, columns: usize, selection: usize, from: u32, to: u32, ats: usize): u32 {
  for (let i = from; i < to; i++) {
    const r: usize = selection ? load<u32>(selection + (<usize>i << 2)) : i;
    const row = newKey(T, columns, r);
    if (!row) return i;
    store<u32>(ats + (r << 2), <u32>row);
  }
  return to;
}

/** Fills the (new) index from the rows. False when a probe was too long: another seed is needed, or a larger index. */
export function groups_rehash(T: usize): bool {
  const bits = load<u32>(T, GROUP_TABLE_BITS);
  const index = <usize>load<u32>(T, GROUP_TABLE_INDEX);
  const rows = <usize>load<u32>(T, GROUP_TABLE_ROWS);
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  const used = load<u32>(T, GROUP_TABLE_USED);
  const slots = load<u32>(T, GROUP_TABLE_SLOTS);
  if (slots) {
    memory.fill(index, 0, <usize>slots << 2);
    const base = load<u64>(T, GROUP_TABLE_BASE);
    for (let g: u32 = 0; g < used; g++) {
      store<u32>(index + (<usize>(load<u64>(rows + <usize>g * stride) - base) << 2), (g + 1) * stride);
    }
    return true;
  }
  const mask: u32 = (1 << bits) - 1;
  memory.fill(index, 0, <usize>4 << bits);
  if (!load<u32>(T, GROUP_TABLE_WORDS)) return true;
  for (let g: u32 = 0; g < used; g++) {
    const h = rowHash(T, rows + <usize>g * stride);
    let slot = <u32>(h >>> (64 - bits));
    let probe: u32 = 0;
    while (load<u32>(index + (<usize>slot << 2))) {
      slot = (slot + 1) & mask;
      if (++probe == MAX_PROBE) return false;
    }
    store<u32>(index + (<usize>slot << 2), (<u32>h << bits) | (g + 1));
  }
  return true;
}

/** The addresses of groups [from, to), as u32. */
export function groups_addresses(T: usize, from: u32, to: u32, out: usize): void {
  const stride = load<u32>(T, GROUP_TABLE_STRIDE);
  let row = load<u32>(T, GROUP_TABLE_ROWS) + from * stride;
  for (let i = from; i < to; i++, row += stride, out += 4) store<u32>(out, row);
}
