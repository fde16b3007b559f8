// Blocks of a group table's heap (group-table.ts), in sizes of powers of two from 8 bytes on. One that is given back serves the
// next that asks for its size: `free[k]` of the table is the first free block of 2^k bytes, each block's first word the next
// one, 0 at the end.
import {
  GROUP_TABLE_FREE, GROUP_TABLE_HEAP_END, GROUP_TABLE_HEAP_TOP, GROUP_TABLE_NEED_BYTES, GROUP_TABLE_REASON,
} from "../memory/generated/layouts";
import { sameBytes } from "./hash";

const TOO_LARGE: u32 = 5; // one block would be larger than any may be
const NO_BLOCK: u32 = 6; // give the heap needBytes, or a free block of that size
const LARGEST_BITS: u32 = 28;

/** k of the smallest block of 2^k bytes that holds so many. */
// @ts-ignore: decorator
@inline
export function blockBits(bytes: u32): u32 {
  return bytes <= 8 ? 3 : 32 - clz(bytes - 1);
}

/** A block of 2^bits bytes; 0 when the host must act first. */
export function allocBlock(T: usize, bits: u32): usize {
  if (bits > LARGEST_BITS) {
    store<u32>(T, TOO_LARGE, GROUP_TABLE_REASON);
    return 0;
  }
  const list = T + (<usize>bits << 2);
  const known = load<u32>(list, GROUP_TABLE_FREE);
  if (known) {
    store<u32>(list, load<u32>(known), GROUP_TABLE_FREE);
    return known;
  }
  const top = load<u32>(T, GROUP_TABLE_HEAP_TOP);
  const bytes: u32 = 1 << bits;
  if (bytes > load<u32>(T, GROUP_TABLE_HEAP_END) - top) {
    store<u32>(T, bytes, GROUP_TABLE_NEED_BYTES);
    store<u32>(T, NO_BLOCK, GROUP_TABLE_REASON);
    return 0;
  }
  store<u32>(T, top + bytes, GROUP_TABLE_HEAP_TOP);
  return top;
}

export function freeBlock(T: usize, at: usize, bits: u32): void {
  const list = T + (<usize>bits << 2);
  store<u32>(at, load<u32>(list, GROUP_TABLE_FREE));
  store<u32>(list, <u32>at, GROUP_TABLE_FREE);
}

/** A copy of bytes (a word: address and length), as a word; 0 when the host must act first. Up to 7 bytes after it may be read. */
export function copyBytes(T: usize, word: u64): u64 {
  const length = <u32>(word >>> 32);
  const at = allocBlock(T, blockBits(length));
  if (!at) return 0;
  memory.copy(at, <usize>(<u32>word), length);
  return (<u64>length << 32) | <u64>at;
}

/** `copyBytes` in the place of an older copy (0: none), which goes; 0 when the host must act first, and nothing has changed. */
export function replaceBytes(T: usize, old: u64, word: u64): u64 {
  const length = <u32>(word >>> 32);
  let at = <usize>(<u32>old);
  if (!at || blockBits(<u32>(old >>> 32)) != blockBits(length)) {
    const fresh = allocBlock(T, blockBits(length));
    if (!fresh) return 0;
    if (at) freeBytes(T, old);
    at = fresh;
  }
  memory.copy(at, <usize>(<u32>word), length);
  return (<u64>length << 32) | <u64>at;
}

/** Gives back what copyBytes gave. */
export function freeBytes(T: usize, word: u64): void {
  freeBlock(T, <usize>(<u32>word), blockBits(<u32>(word >>> 32)));
}

/** Equal bytes of two words of bytes. */
// @ts-ignore: decorator
@inline
export function equalBytes(a: u64, b: u64): bool {
  return a >>> 32 == b >>> 32 && sameBytes(<usize>(<u32>a), <usize>(<u32>b), <u32>(a >>> 32));
}
