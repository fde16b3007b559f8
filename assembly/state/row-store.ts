// Rows that are kept one by one: each at an address of its own for as long as it is kept, given back when it is not.
//
//   row     | next u32 | flags u32 | word 0 | ... | word W-1 |        a word of bytes is (address, length) of a block of the heap
//   free    rows given back, chained by `next`; else a new one at [top, end)
//   heap    blocks of 8, 16, ... 128 bytes, then of powers of two; those given back chained by class (u32 in their first word), new
//           ones at [heapTop, heapEnd)
//
// The struct at R (generated/layouts.ts): stride, words, references (u8[words]: 1 where a word stands for bytes), free, top, end,
// live, heapTop, heapEnd, needBytes, reason, heapUsed: u32; then classes: u32[48].
//
// What a kernel cannot place it leaves; `reason` says what the host must add first, and the kernel is called again from that row.
import {
  ROW_STORE_BYTES, ROW_STORE_END, ROW_STORE_FREE, ROW_STORE_HEAP_END, ROW_STORE_HEAP_TOP, ROW_STORE_HEAP_USED, ROW_STORE_LIVE,
  ROW_STORE_NEED_BYTES, ROW_STORE_REASON, ROW_STORE_REFERENCES, ROW_STORE_STRIDE, ROW_STORE_TOP, ROW_STORE_WORDS,
} from "../memory/generated/layouts";
import { sameBytes } from "./hash";

const NO_ROWS: u32 = 1; // a chunk of rows
const NO_HEAP: u32 = 2; // a chunk of at least needBytes
export const ROW_HEAD: usize = 8;

// Blocks' classes: 1..16 are that many words, 17.. are powers of two from 256 bytes on.
// @ts-ignore: decorator
@inline
function classOf(bytes: u32): u32 {
  return bytes <= 128 ? (bytes + 7) >>> 3 : 41 - clz(bytes - 1);
}

// @ts-ignore: decorator
@inline
function bytesOfClass(c: u32): u32 {
  return c <= 16 ? c << 3 : <u32>1 << (c - 9);
}

// @ts-ignore: decorator
@inline
function classAt(R: usize, c: u32): usize {
  return R + ROW_STORE_BYTES + (<usize>c << 2);
}

/** A block of at least `bytes` > 0; 0 when the host must act first. */
export function takeBlock(R: usize, bytes: u32): usize {
  const c = classOf(bytes);
  const list = classAt(R, c);
  const free = <usize>load<u32>(list);
  const size = bytesOfClass(c);
  if (free) {
    store<u32>(list, load<u32>(free));
    store<u32>(R, load<u32>(R, ROW_STORE_HEAP_USED) + size, ROW_STORE_HEAP_USED);
    return free;
  }
  const top = load<u32>(R, ROW_STORE_HEAP_TOP);
  if (size > load<u32>(R, ROW_STORE_HEAP_END) - top) {
    store<u32>(R, size, ROW_STORE_NEED_BYTES);
    store<u32>(R, NO_HEAP, ROW_STORE_REASON);
    return 0;
  }
  store<u32>(R, top + size, ROW_STORE_HEAP_TOP);
  store<u32>(R, load<u32>(R, ROW_STORE_HEAP_USED) + size, ROW_STORE_HEAP_USED);
  return top;
}

/** `bytes` as they were asked for. */
export function giveBlock(R: usize, at: usize, bytes: u32): void {
  const c = classOf(bytes);
  const list = classAt(R, c);
  store<u32>(at, load<u32>(list));
  store<u32>(list, <u32>at);
  store<u32>(R, load<u32>(R, ROW_STORE_HEAP_USED) - bytesOfClass(c), ROW_STORE_HEAP_USED);
}

/** A row whose words are still to be written; next and flags are 0. 0 when the host must act first. */
export function takeRow(R: usize): usize {
  let row = <usize>load<u32>(R, ROW_STORE_FREE);
  if (row) {
    store<u32>(R, load<u32>(row), ROW_STORE_FREE);
  } else {
    row = load<u32>(R, ROW_STORE_TOP);
    const next = row + load<u32>(R, ROW_STORE_STRIDE);
    if (next > <usize>load<u32>(R, ROW_STORE_END)) {
      store<u32>(R, NO_ROWS, ROW_STORE_REASON);
      return 0;
    }
    store<u32>(R, <u32>next, ROW_STORE_TOP);
  }
  store<u32>(R, load<u32>(R, ROW_STORE_LIVE) + 1, ROW_STORE_LIVE);
  store<u64>(row, 0);
  return row;
}

// @ts-ignore: decorator
@inline
function giveRow(R: usize, row: usize): void {
  store<u32>(row, load<u32>(R, ROW_STORE_FREE));
  store<u32>(R, <u32>row, ROW_STORE_FREE);
  store<u32>(R, load<u32>(R, ROW_STORE_LIVE) - 1, ROW_STORE_LIVE);
}

/** Gives a row and its bytes back. */
export function dropRow(R: usize, row: usize): void {
  const references = <usize>load<u32>(R, ROW_STORE_REFERENCES);
  for (let w: u32 = 0, words = load<u32>(R, ROW_STORE_WORDS); w < words; w++) {
    if (!load<u8>(references + w)) continue;
    const word = load<u64>(row + ROW_HEAD + (<usize>w << 3));
    if (<u32>(word >>> 32)) giveBlock(R, <usize>(<u32>word), <u32>(word >>> 32));
  }
  giveRow(R, row);
}

/** Copies row r of a batch, whose columns of words begin at the addresses in `columns`; 0 when the host must act first. */
export function keepRow(R: usize, columns: usize, r: usize): usize {
  const row = takeRow(R);
  if (!row) return 0;
  const words = load<u32>(R, ROW_STORE_WORDS);
  const references = <usize>load<u32>(R, ROW_STORE_REFERENCES);
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3));
    if (load<u8>(references + w)) {
      const length = <u32>(word >>> 32);
      if (length) {
        const block = takeBlock(R, length);
        if (!block) {
          for (let v: u32 = 0; v < w; v++) {
            if (!load<u8>(references + v)) continue;
            const taken = load<u64>(row + ROW_HEAD + (<usize>v << 3));
            if (<u32>(taken >>> 32)) giveBlock(R, <usize>(<u32>taken), <u32>(taken >>> 32));
          }
          giveRow(R, row);
          return 0;
        }
        memory.copy(block, <usize>(<u32>word), length);
        word = (<u64>length << 32) | <u64>block;
      } else word = 0;
    }
    store<u64>(row + ROW_HEAD + (<usize>w << 3), word);
  }
  return row;
}

// @ts-ignore: decorator
@inline
function sameWord(a: u64, b: u64, bytes: bool): bool {
  if (a == b) return true;
  if (!bytes) return false;
  const length = <u32>(a >>> 32);
  return length == <u32>(b >>> 32) && sameBytes(<usize>(<u32>a), <usize>(<u32>b), length);
}

/** Whether words from `first` on are equal in two rows. */
export function sameRows(R: usize, a: usize, b: usize, first: u32): bool {
  const references = <usize>load<u32>(R, ROW_STORE_REFERENCES);
  for (let w = first, words = load<u32>(R, ROW_STORE_WORDS); w < words; w++) {
    const at = ROW_HEAD + (<usize>w << 3);
    if (!sameWord(load<u64>(a + at), load<u64>(b + at), load<u8>(references + w) != 0)) return false;
  }
  return true;
}

/** Whether words from `first` on are equal in a row and in row r of a batch. */
export function sameAsRow(R: usize, row: usize, columns: usize, r: usize, first: u32): bool {
  const references = <usize>load<u32>(R, ROW_STORE_REFERENCES);
  for (let w = first, words = load<u32>(R, ROW_STORE_WORDS); w < words; w++) {
    const word = load<u64>(<usize>load<u32>(columns + (<usize>w << 2)) + (r << 3));
    if (!sameWord(load<u64>(row + ROW_HEAD + (<usize>w << 3)), word, load<u8>(references + w) != 0)) return false;
  }
  return true;
}

/** Exchanges the words of two rows, but for word `but`. */
export function swapRows(R: usize, a: usize, b: usize, but: u32): void {
  for (let w: u32 = 0, words = load<u32>(R, ROW_STORE_WORDS); w < words; w++) {
    if (w == but) continue;
    const at = ROW_HEAD + (<usize>w << 3);
    const word = load<u64>(a + at);
    store<u64>(a + at, load<u64>(b + at));
    store<u64>(b + at, word);
  }
}
