// Updates whose before and after are the same are not told. Rows of changes, where each update's before (op 1) stands right
// above its after (op 2), are marked in `pairs`, u8 a row: 1 a before, 2 its after, 0 any other row. A kernel for each layout of
// a column clears the marks of pairs that differ in it; the rows that still have marks are those to leave out.

export function changed_pairs(ops: usize, n: u32, pairs: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const op = load<u8>(ops + i);
    store<u8>(pairs + i, op == 1 ? 1 : op == 2 ? 2 : 0);
  }
}

// @ts-ignore: decorator
@inline
function bit(bits: usize, i: u32): u32 {
  return (load<u8>(bits + (i >>> 3)) >>> (i & 7)) & 1;
}

/** 0: both values are there; 1: neither; 2: one of them. */
// @ts-ignore: decorator
@inline
function nulls(validity: usize, i: u32): u32 {
  if (!validity) return 0;
  const a = bit(validity, i);
  return a != bit(validity, i + 1) ? 2 : a ? 0 : 1;
}

// @ts-ignore: decorator
@inline
function differ<T>(values: usize, validity: usize, n: u32, pairs: usize): void {
  for (let i: u32 = 0; i + 1 < n; i++) {
    if (load<u8>(pairs + i) != 1) continue;
    const none = nulls(validity, i);
    const p = values + (<usize>i << alignof<T>());
    if (none == 1 || (none == 0 && load<T>(p) == load<T>(p + sizeof<T>()))) continue;
    store<u16>(pairs + i, 0);
  }
}

export function changed_pairs_32(values: usize, validity: usize, n: u32, pairs: usize): void {
  differ<u32>(values, validity, n, pairs);
}

export function changed_pairs_64(values: usize, validity: usize, n: u32, pairs: usize): void {
  differ<u64>(values, validity, n, pairs);
}

export function changed_pairs_bits(values: usize, validity: usize, n: u32, pairs: usize): void {
  for (let i: u32 = 0; i + 1 < n; i++) {
    if (load<u8>(pairs + i) != 1) continue;
    const none = nulls(validity, i);
    if (none == 1 || (none == 0 && bit(values, i) == bit(values, i + 1))) continue;
    store<u16>(pairs + i, 0);
  }
}

export function changed_pairs_bytes(offsets: usize, values: usize, validity: usize, n: u32, pairs: usize): void {
  for (let i: u32 = 0; i + 1 < n; i++) {
    if (load<u8>(pairs + i) != 1) continue;
    const none = nulls(validity, i);
    if (none == 1) continue;
    const at = offsets + (<usize>i << 2);
    const a = load<u32>(at);
    const b = load<u32>(at, 4);
    const length = b - a;
    if (none == 0 && load<u32>(at, 8) - b == length && memory.compare(values + a, values + b, length) == 0) continue;
    store<u16>(pairs + i, 0);
  }
}

/** The rows without a mark. Returns how many. */
export function changed_pairs_kept(pairs: usize, n: u32, selection: usize): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(selection + (<usize>kept << 2), i);
    kept += <u32>(load<u8>(pairs + i) == 0);
  }
  return kept;
}
