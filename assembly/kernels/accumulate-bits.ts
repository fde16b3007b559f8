// Accumulators of bit and boolean aggregates (see kernels/accumulate.ts for how they are laid out and fed).
//
//   and, or, xor of bits              | value | n |
//   and, or of bits, with taking back | n | how many values have bit 0 | ... bit 31 or 63 |
//   and, or of booleans               | n | hits |       hits: values that are `wanted`, false for and, true for or
//
// With `back`, rows or states are taken back.
import { counts, groupOf, wordOf } from "../state/group-row";

const AND: u32 = 0;
const OR: u32 = 1;

/** Also merges states, whose counts are the words `ns`; 0: each row is one value. */
export function accumulate_bits_i64(
  ats: usize, offset: u32, values: usize, ns: usize, bitmap: usize, op: u32, back: u32, from: u32, to: u32,
): void {
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const n: u64 = ns ? wordOf(ns, i) : 1;
    if (!n) continue;
    const at = groupOf(ats, i, offset);
    const v = wordOf(values, i);
    const old = load<u64>(at);
    const seen = load<u64>(at, 8);
    store<u64>(at, op == AND ? (seen ? old & v : v) : op == OR ? old | v : old ^ v);
    store<u64>(at, back ? seen - n : seen + n, 8);
  }
}

export function accumulate_bit_counts(
  ats: usize, offset: u32, values: usize, bitmap: usize, bits: u32, back: u32, from: u32, to: u32,
): void {
  const step: u64 = back ? <u64>0 - 1 : 1;
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) + step);
    let left = wordOf(values, i);
    if (bits < 64) left &= 0xffffffff;
    for (; left; left &= left - 1) {
      const p = at + 8 + (<usize>ctz(left) << 3);
      store<u64>(p, load<u64>(p) + step);
    }
  }
}

/** Adds `words` counters, a row's value of a column of bytes each, to those of its group. */
export function accumulate_add_counters(ats: usize, offset: u32, offsets: usize, values: usize, words: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const state = values + load<u32>(offsets + (<usize>i << 2));
    const at = groupOf(ats, i, offset);
    for (let w: usize = 0, end = <usize>words << 3; w < end; w += 8) store<u64>(at + w, load<u64>(at + w) + load<u64>(state + w));
  }
}

/** The and (`all`) or the or of what is counted; words of 8 bytes, or 4 for 32 bits. */
export function result_bit_counts(ats: usize, offset: u32, bits: u32, all: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    const wanted: u64 = all ? load<u64>(at) : 1;
    let value: u64 = 0;
    for (let b: u32 = 0; b < bits; b++) value |= <u64>(load<u64>(at + 8 + (<usize>b << 3)) >= wanted) << b;
    if (bits == 64) store<u64>(out + (<usize>i << 3), value);
    else store<u32>(out + (<usize>i << 2), <u32>value);
  }
}

export function accumulate_bools(ats: usize, offset: u32, words: usize, bitmap: usize, wanted: u32, back: u32, from: u32, to: u32): void {
  const step: u64 = back ? <u64>0 - 1 : 1;
  for (let i = from; i < to; i++) {
    if (!counts(bitmap, i)) continue;
    const at = groupOf(ats, i, offset);
    store<u64>(at, load<u64>(at) + step);
    if (<u32>wordOf(words, i) == wanted) store<u64>(at, load<u64>(at, 8) + step, 8);
  }
}

/** A part of each row, `bytes` long, as a column of bytes. */
export function group_rows_fixed(ats: usize, offset: u32, bytes: u32, n: u32, offsets: usize, out: usize): void {
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    memory.copy(out + <usize>i * bytes, groupOf(ats, i, offset), bytes);
    store<u32>(offsets + (<usize>i << 2), (i + 1) * bytes, 4);
  }
}
