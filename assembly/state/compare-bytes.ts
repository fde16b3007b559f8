/** Two words of bytes (address, length), as memcmp; a shorter value before a longer one that begins with it. */
export function compareBytes(a: u64, b: u64): i32 {
  const n = min(<u32>(a >>> 32), <u32>(b >>> 32));
  let p = <usize>(<u32>a);
  let q = <usize>(<u32>b);
  const whole = p + (n & ~7);
  for (; p < whole; p += 8, q += 8) {
    const x = load<u64>(p);
    const y = load<u64>(q);
    if (x != y) return bswap(x) < bswap(y) ? -1 : 1;
  }
  for (const end = p + (n & 7); p < end; p++, q++) {
    const d = <i32>load<u8>(p) - <i32>load<u8>(q);
    if (d) return d;
  }
  return <i32>((a >>> 32) > (b >>> 32)) - <i32>((a >>> 32) < (b >>> 32));
}
