// An estimate of how many different values a group has: HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007) with 4,096
// registers, a standard error of 1.04 / sqrt(4096), 1.6 %. The accumulator and its block:
//
//   | at u32 | bits u32 | used u32 | 0 |
//   bits 0        nothing yet
//   bits 3 to 9   u32[2^bits] at `at`: registers that are not 0, hashed by their number: number << 8 | value, 0 where empty
//   bits 12       u8[4096] at `at`: all registers
//
// A value's fixed hash (hash.ts) has its register in the top 12 bits; the register holds the largest rank that came, a rank being
// the place of the first 1 in the other bits. So sketches of any lane, job or release can be merged: the greater of each register.
//
// A partial state is 4 bytes for each register that is not 0, as in the small form, or all 4,096 bytes.
import { GROUP_TABLE_ROWS, GROUP_TABLE_STRIDE, GROUP_TABLE_USED } from "../memory/generated/layouts";
import { FIXED_START, hashReference, mix } from "./hash";
import { allocBlock, freeBlock } from "./heap";

const FIRST_BITS: u32 = 3;
const LAST_BITS: u32 = 9;
const DENSE_BITS: u32 = 12;
const REGISTERS: u32 = 4096;
const RANK_BITS: u32 = 52;

/** All registers from now on; false when the host must act first. */
function makeDense(T: usize, at: usize): bool {
  const bits = load<u32>(at, 4);
  const block = allocBlock(T, DENSE_BITS);
  if (!block) return false;
  memory.fill(block, 0, REGISTERS);
  if (bits) {
    const old = <usize>load<u32>(at);
    for (let p = old, end = old + (<usize>4 << bits); p < end; p += 4) {
      const entry = load<u32>(p);
      if (entry) store<u8>(block + (entry >>> 8), entry);
    }
    freeBlock(T, old, bits + 2);
  }
  store<u32>(at, <u32>block);
  store<u32>(at, DENSE_BITS, 4);
  store<u32>(at, 0, 8);
  return true;
}

function grow(T: usize, at: usize): bool {
  const oldBits = load<u32>(at, 4);
  if (oldBits == LAST_BITS) return makeDense(T, at);
  const bits = oldBits ? oldBits + 1 : FIRST_BITS;
  const block = allocBlock(T, bits + 2);
  if (!block) return false;
  memory.fill(block, 0, <usize>4 << bits);
  if (oldBits) {
    const old = <usize>load<u32>(at);
    const mask: u32 = (1 << bits) - 1;
    for (let p = old, end = old + (<usize>4 << oldBits); p < end; p += 4) {
      const entry = load<u32>(p);
      if (!entry) continue;
      let slot = (entry >>> 8) & mask;
      while (load<u32>(block + (<usize>slot << 2))) slot = (slot + 1) & mask;
      store<u32>(block + (<usize>slot << 2), entry);
    }
    freeBlock(T, old, oldBits + 2);
  }
  store<u32>(at, <u32>block);
  store<u32>(at, bits, 4);
  return true;
}

/** Raises a register to `rank`; false when the host must act first. */
function raise(T: usize, at: usize, register: u32, rank: u32): bool {
  for (;;) {
    const bits = load<u32>(at, 4);
    const block = <usize>load<u32>(at);
    if (bits == DENSE_BITS) {
      if (load<u8>(block + register) < rank) store<u8>(block + register, rank);
      return true;
    }
    if (bits) {
      const mask: u32 = (1 << bits) - 1;
      let slot = register & mask;
      let entry = load<u32>(block + (<usize>slot << 2));
      while (entry && entry >>> 8 != register) {
        slot = (slot + 1) & mask;
        entry = load<u32>(block + (<usize>slot << 2));
      }
      if (entry) {
        if ((entry & 0xff) < rank) store<u32>(block + (<usize>slot << 2), (register << 8) | rank);
        return true;
      }
      const used = load<u32>(at, 8);
      if (used + 1 <= <u32>(3 << (bits - 2))) {
        store<u32>(block + (<usize>slot << 2), (register << 8) | rank);
        store<u32>(at, used + 1, 8);
        return true;
      }
    }
    if (!grow(T, at)) break;
  }
  return false;
}

/** Adds rows' values, of bytes with `bytes` 1. Rows of other tables are passed over; stops where heap is wanted. */
export function distinct_sketch_add(T: usize, ats: usize, offset: u32, words: usize, bytes: u32, bitmap: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const size = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= size || (bitmap && !((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1))) continue;
    const word = load<u64>(words + (<usize>i << 3));
    const hash = mix(FIXED_START, bytes ? hashReference(word) : word);
    const rank = <u32>clz((hash << DENSE_BITS) | (1 << (DENSE_BITS - 1))) + 1;
    if (!raise(T, <usize>row + offset, <u32>(hash >>> RANK_BITS), rank)) return i;
  }
  return to;
}

/** Merges partial states. One that a stop has left half merged is merged again: that changes nothing. */
export function distinct_sketch_merge(T: usize, ats: usize, offset: u32, offsets: usize, values: usize, from: u32, to: u32): u32 {
  const rows = load<u32>(T, GROUP_TABLE_ROWS);
  const size = load<u32>(T, GROUP_TABLE_USED) * load<u32>(T, GROUP_TABLE_STRIDE);
  for (let i = from; i < to; i++) {
    const row = load<u32>(ats + (<usize>i << 2));
    if (row - rows >= size) continue;
    const at = <usize>row + offset;
    let p = values + load<u32>(offsets + (<usize>i << 2));
    const end = values + load<u32>(offsets + (<usize>i << 2), 4);
    if (end - p == REGISTERS) {
      if (load<u32>(at, 4) != DENSE_BITS && !makeDense(T, at)) return i;
      let q = <usize>load<u32>(at);
      if (ASC_FEATURE_SIMD) {
        for (; p < end; p += 16, q += 16) v128.store(q, i8x16.max_u(v128.load(p), v128.load(q)));
      } else {
        for (; p < end; p++, q++) if (load<u8>(p) > load<u8>(q)) store<u8>(q, load<u8>(p));
      }
      continue;
    }
    for (; p < end; p += 4) if (!raise(T, at, load<u32>(p) >>> 8, load<u32>(p) & 0xff)) return i;
  }
  return to;
}

/** Bytes of the groups' partial states together. */
export function distinct_sketch_state_length(ats: usize, offset: u32, n: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    sum += load<u32>(at, 4) == DENSE_BITS ? <f64>REGISTERS : <f64>load<u32>(at, 8) * 4;
  }
  return sum;
}

/** The groups' partial states, as a column of bytes. */
export function distinct_sketch_state(ats: usize, offset: u32, n: u32, offsets: usize, out: usize): void {
  let to = out;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const bits = load<u32>(at, 4);
    const block = <usize>load<u32>(at);
    if (bits == DENSE_BITS) {
      memory.copy(to, block, REGISTERS);
      to += REGISTERS;
    } else if (bits) {
      for (let p = block, end = block + (<usize>4 << bits); p < end; p += 4) {
        const entry = load<u32>(p);
        if (!entry) continue;
        store<u32>(to, entry);
        to += 4;
      }
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(to - out), 4);
  }
}

function sigma(x: f64): f64 {
  if (x == 1) return Infinity;
  let y: f64 = 1;
  let z = x;
  for (let before: f64 = -1; z != before; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(x: f64): f64 {
  if (x == 0 || x == 1) return 0;
  let y: f64 = 1;
  let z = 1 - x;
  for (let before: f64 = -1; z != before; ) {
    x = sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

/**
 * The estimates, rounded, as int64, by Ertl's improved raw estimator (New cardinality estimation algorithms for HyperLogLog
 * sketches, 2017, algorithm 6), which needs neither tables of bias nor thresholds. `room`: 54 words.
 */
export function distinct_sketch_result(ats: usize, offset: u32, n: u32, room: usize, out: usize): void {
  const m = <f64>REGISTERS;
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + offset;
    const bits = load<u32>(at, 4);
    const block = <usize>load<u32>(at);
    memory.fill(room, 0, (RANK_BITS + 2) << 2);
    if (bits == DENSE_BITS) {
      for (let p = block, end = block + REGISTERS; p < end; p++) {
        const count = room + (<usize>load<u8>(p) << 2);
        store<u32>(count, load<u32>(count) + 1);
      }
    } else {
      store<u32>(room, REGISTERS - load<u32>(at, 8));
      if (bits) {
        for (let p = block, end = block + (<usize>4 << bits); p < end; p += 4) {
          const entry = load<u32>(p);
          if (!entry) continue;
          const count = room + (<usize>(entry & 0xff) << 2);
          store<u32>(count, load<u32>(count) + 1);
        }
      }
    }
    let z = m * tau(1 - <f64>load<u32>(room + ((RANK_BITS + 1) << 2)) / m);
    for (let k = RANK_BITS; k > 0; k--) z = 0.5 * (z + <f64>load<u32>(room + (<usize>k << 2)));
    z += m * sigma(<f64>load<u32>(room) / m);
    store<i64>(out + (<usize>i << 3), <i64>nearest(0.7213475204444817 * m * m / z));
  }
}
