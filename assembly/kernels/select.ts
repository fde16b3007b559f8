// Selection: from a bitmap to row numbers, and from row numbers to compact columns.
//
//   condition   bitmap, LSB first, 1 = true      1 0 1 1 0
//   validity    bitmap or 0 (all valid)          1 1 1 0 1
//   selection   int32 row numbers, ascending     0 2
//
// `take` copies the rows that a selection names, in its order; a row may be named more than once. Sources may be read up
// to 64 bytes past their end. Outputs are written exactly, but for `select_take_bytes`, whose caller gives 16 bytes more.

/** Row numbers of the bits that are set in `bits` and in `validity` (0: everywhere), of rows [0, n). Answers how many. */
export function select_from_bits(bits: usize, validity: usize, n: u32, out: usize): u32 {
  let at = out;
  for (let row: u32 = 0; row < n; row += 64) {
    let word = load<u64>(bits + (row >> 3));
    if (validity != 0) word &= load<u64>(validity + (row >> 3));
    if (n - row < 64) word &= (<u64>1 << (n - row)) - 1;
    if (word == 0) continue;
    if (word == ~(<u64>0)) {
      for (let i: u32 = 0; i < 64; i++) store<u32>(at + (<usize>i << 2), row + i);
      at += 256;
      continue;
    }
    while (word != 0) {
      store<u32>(at, row + <u32>ctz(word));
      word &= word - 1;
      at += 4;
    }
  }
  return <u32>((at - out) >> 2);
}

/** 0, 1, 2 … n-1, each plus `first`. */
export function select_range(first: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), first + i);
}

// @ts-ignore: decorator
@inline function take<T>(values: usize, selection: usize, n: u32, out: usize): void {
  let i: u32 = 0;
  for (; i + 4 <= n; i += 4) {
    const s = selection + (<usize>i << 2);
    const o = out + (<usize>i << alignof<T>());
    store<T>(o, load<T>(values + (<usize>load<u32>(s) << alignof<T>())));
    store<T>(o, load<T>(values + (<usize>load<u32>(s, 4) << alignof<T>())), sizeof<T>());
    store<T>(o, load<T>(values + (<usize>load<u32>(s, 8) << alignof<T>())), 2 * sizeof<T>());
    store<T>(o, load<T>(values + (<usize>load<u32>(s, 12) << alignof<T>())), 3 * sizeof<T>());
  }
  for (; i < n; i++) {
    const from = <usize>load<u32>(selection + (<usize>i << 2));
    store<T>(out + (<usize>i << alignof<T>()), load<T>(values + (from << alignof<T>())));
  }
}

export function select_take_8(values: usize, selection: usize, n: u32, out: usize): void {
  take<u8>(values, selection, n, out);
}

export function select_take_32(values: usize, selection: usize, n: u32, out: usize): void {
  take<u32>(values, selection, n, out);
}

export function select_take_64(values: usize, selection: usize, n: u32, out: usize): void {
  take<u64>(values, selection, n, out);
}

/** Writes whole words of 64 rows. */
export function select_take_bits(bits: usize, selection: usize, n: u32, out: usize): void {
  for (let row: u32 = 0; row < n; row += 64) {
    const end = min<u32>(64, n - row);
    const s = selection + (<usize>row << 2);
    let word: u64 = 0;
    for (let i: u32 = 0; i < end; i++) {
      const from = load<u32>(s + (<usize>i << 2));
      word |= <u64>((load<u8>(bits + (from >> 3)) >> <u8>(from & 7)) & 1) << i;
    }
    store<u64>(out + (row >> 3), word);
  }
}

/** Offsets of the named rows, from 0. Answers the bytes they need; beyond 2^31 - 1 the offsets are not usable. */
export function select_take_offsets(offsets: usize, selection: usize, n: u32, out: usize): f64 {
  let total: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = offsets + (<usize>load<u32>(selection + (<usize>i << 2)) << 2);
    total += <u64>(load<u32>(at, 4) - load<u32>(at));
    store<u32>(out + (<usize>i << 2), <u32>total, 4);
  }
  return <f64>total;
}

/** The bytes of the named rows, after `select_take_offsets` has placed them. `out` has 16 bytes more than they need. */
export function select_take_bytes(offsets: usize, values: usize, selection: usize, n: u32, outOffsets: usize, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = offsets + (<usize>load<u32>(selection + (<usize>i << 2)) << 2);
    let from = values + <usize>load<u32>(at);
    const end = values + <usize>load<u32>(at, 4);
    let to = out + <usize>load<u32>(outOffsets + (<usize>i << 2));
    if (end - from > 256) {
      memory.copy(to, from, end - from);
      continue;
    }
    // Rows are short: 16 bytes at a time, past the row's end if need be; the next row overwrites that.
    while (from < end) {
      store<u64>(to, load<u64>(from));
      store<u64>(to, load<u64>(from, 8), 8);
      from += 16;
      to += 16;
    }
  }
}

/** Bits [from, from + n) of a bitmap, moved to begin at bit 0. Writes whole words of 64 rows. */
export function select_slice_bits(bits: usize, from: u32, n: u32, out: usize): void {
  const base = bits + (from >> 3);
  const shift = <u64>(from & 7);
  for (let row: u32 = 0; row < n; row += 64) {
    const at = base + (row >> 3);
    let word = load<u64>(at) >> shift;
    if (shift != 0) word |= <u64>load<u8>(at, 8) << (64 - shift);
    store<u64>(out + (row >> 3), word);
  }
}

/** Sets bits [at, at + n) of `out` to the first n of `bits` (0: to ones); bits before `at` stay, those after may not. */
export function select_append_bits(out: usize, at: u32, bits: usize, n: u32): void {
  const shift = <u64>(at & 7);
  const keep = (<u8>1 << <u8>(at & 7)) - 1;
  let i: u32 = 0;
  for (; i + 32 <= n; i += 32) {
    const word = bits == 0 ? ~(<u32>0) : load<u32>(bits + (i >> 3));
    const to = out + ((at + i) >> 3);
    if (shift == 0) {
      store<u32>(to, word);
      continue;
    }
    const moved = (<u64>word << shift) | <u64>(load<u8>(to) & keep);
    store<u32>(to, <u32>moved);
    store<u8>(to, <u8>(moved >> 32), 4);
  }
  for (; i < n; i++) {
    const bit = bits == 0 ? 1 : (load<u8>(bits + (i >> 3)) >> <u8>(i & 7)) & 1;
    const byte = out + ((at + i) >> 3);
    const mask = <u8>1 << <u8>((at + i) & 7);
    const old = load<u8>(byte);
    store<u8>(byte, bit ? old | mask : old & ~mask);
  }
}

/** n + 1 offsets, moved so that the first of them becomes `base`. */
export function select_rebase_offsets(offsets: usize, n: u32, base: u32, out: usize): void {
  const delta = base - load<u32>(offsets);
  for (let i: u32 = 0; i <= n; i++) store<u32>(out + (<usize>i << 2), load<u32>(offsets + (<usize>i << 2)) + delta);
}

/** `bytes` bytes from `from` to `to`, in the one memory; overlap is allowed. */
export function select_copy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}

/** n copies of the value at `value`. */
export function select_repeat_32(value: usize, n: u32, out: usize): void {
  const v = load<u32>(value);
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), v);
}

export function select_repeat_64(value: usize, n: u32, out: usize): void {
  const v = load<u64>(value);
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (<usize>i << 3), v);
}
