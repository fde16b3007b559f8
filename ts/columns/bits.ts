/** Bitmaps of Arrow's: LSB first; `at` is the byte at which the bitmap begins. */
export function getBit(bytes: Uint8Array, at: number, index: number): boolean {
  return (((bytes[at + (index >>> 3)] as number) >>> (index & 7)) & 1) === 1;
}

export function setBit(bytes: Uint8Array, at: number, index: number, value: boolean): void {
  const byte = at + (index >>> 3);
  const mask = 1 << (index & 7);
  bytes[byte] = value ? (bytes[byte] as number) | mask : (bytes[byte] as number) & ~mask;
}

/** Ones among the bits [0, count). */
export function countBits(bytes: Uint8Array, at: number, count: number): number {
  let ones = 0;
  const whole = count >>> 3;
  for (let i = 0; i < whole; i++) ones += POPCOUNT[bytes[at + i] as number] as number;
  const rest = count & 7;
  if (rest > 0) ones += POPCOUNT[(bytes[at + whole] as number) & ((1 << rest) - 1)] as number;
  return ones;
}

/** Copies `count` bits that begin at bit `from` of a bitmap to bit 0 of another; bits beyond `count` become 0. */
export function shiftBits(bytes: Uint8Array, from: number, count: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(count / 64) * 8);
  const shift = from & 7;
  const first = from >>> 3;
  const used = (count + 7) >>> 3;
  for (let i = 0; i < used; i++) {
    const low = (bytes[first + i] ?? 0) >>> shift;
    out[i] = shift === 0 ? low : low | ((bytes[first + i + 1] ?? 0) << (8 - shift));
  }
  const rest = count & 7;
  if (rest > 0) out[used - 1] = (out[used - 1] as number) & ((1 << rest) - 1);
  return out;
}

const POPCOUNT: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let b = byte; b !== 0; b &= b - 1) ones++;
  return ones;
});
