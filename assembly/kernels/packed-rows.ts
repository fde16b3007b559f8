// Whole rows as bytes, to be kept and read again (ts/state/packed-rows.ts). A packed row, little-endian, a multiple of 8 bytes:
//
//   | mask u64 ... | word u64 ... | bytes ... |      a mask for every 32 columns: bit i of it is set where column i is null
//
// A word is a column's value, or of bytes (length << 32) | where they begin in the row; each value's bytes end in zeros up to 8.

/** sizes[i] += what the bytes that word i refers to take in a packed row. */
export function packed_rows_add_sizes(words: usize, n: u32, sizes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = sizes + (<usize>i << 2);
    store<u32>(at, load<u32>(at) + ((load<u32>(words + (<usize>i << 3), 4) + 7) & ~7));
  }
}

/** Offsets of rows of `fixed` bytes and sizes[i] more (0: none). Answers their sum; beyond 2^31 - 1 the offsets are not usable. */
export function packed_rows_offsets(sizes: usize, n: u32, fixed: u32, offsets: usize): f64 {
  let sum: u64 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    sum += <u64>fixed + (sizes ? <u64>load<u32>(sizes + (<usize>i << 2)) : 0);
    store<u32>(offsets + (<usize>i << 2), <u32>sum, 4);
  }
  return <f64>sum;
}

/** Zeros at byte `at` of each row: a mask. */
export function packed_rows_clear(offsets: usize, n: u32, out: usize, at: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(out + load<u32>(offsets + (<usize>i << 2)) + at, 0);
}

/** Sets a bit of the mask at byte `at` of the rows that are null. */
export function packed_rows_nulls(validity: usize, n: u32, offsets: usize, out: usize, at: u32, bit: u64): void {
  for (let i: u32 = 0; i < n; i++) {
    if ((load<u8>(validity + (i >>> 3)) >>> (i & 7)) & 1) continue;
    const mask = out + load<u32>(offsets + (<usize>i << 2)) + at;
    store<u64>(mask, load<u64>(mask) | bit);
  }
}

/** Words at byte `at` of each row; where the row is null, 0. */
export function packed_rows_words(words: usize, validity: usize, n: u32, offsets: usize, out: usize, at: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const there = !validity || ((load<u8>(validity + (i >>> 3)) >>> (i & 7)) & 1) != 0;
    store<u64>(out + load<u32>(offsets + (<usize>i << 2)) + at, there ? load<u64>(words + (<usize>i << 3)) : 0);
  }
}

/** Bytes (words: addresses and lengths), and at byte `at` where they are. ends[i]: where the next bytes of row i go; moved on. */
export function packed_rows_bytes(words: usize, n: u32, offsets: usize, out: usize, at: u32, ends: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const word = load<u64>(words + (<usize>i << 3));
    const length = <u32>(word >>> 32);
    const row = out + load<u32>(offsets + (<usize>i << 2));
    const end = load<u32>(ends + (<usize>i << 2));
    store<u64>(row + at, (<u64>length << 32) | <u64>end);
    const room = (length + 7) & ~7;
    if (room) {
      store<u64>(row + end + room - 8, 0);
      memory.copy(row + end, <usize>(<u32>word), length);
    }
    store<u32>(ends + (<usize>i << 2), end + room);
  }
}

/** Bytes that the values of the column at byte `at` of the rows `ats` (u32[n], addresses) have together. */
export function packed_rows_read_length(ats: usize, at: u32, n: u32): f64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) sum += load<u32>(<usize>load<u32>(ats + (<usize>i << 2)) + at, 4);
  return <f64>sum;
}

/** Those bytes, as a column. */
export function packed_rows_read_bytes(ats: usize, at: u32, n: u32, offsets: usize, out: usize): void {
  let sum: u32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const row = <usize>load<u32>(ats + (<usize>i << 2));
    const word = load<u64>(row + at);
    const length = <u32>(word >>> 32);
    memory.copy(out + sum, row + <usize>(<u32>word), length);
    sum += length;
    store<u32>(offsets + (<usize>i << 2), sum, 4);
  }
}
