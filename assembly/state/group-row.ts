// What kernels over groups' rows share (kernels/accumulate*.ts): which rows count, where a row's group is, how words compare.

// @ts-ignore: decorator
@inline
export function counts(bitmap: usize, i: u32): bool {
  return !bitmap || ((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function groupOf(ats: usize, i: u32, offset: u32): usize {
  return <usize>load<u32>(ats + (<usize>i << 2)) + offset;
}

// @ts-ignore: decorator
@inline
export function wordOf(words: usize, i: u32): u64 {
  return load<u64>(words + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function compareWords(a: i64, b: i64): i32 {
  return <i32>(a > b) - <i32>(a < b);
}
