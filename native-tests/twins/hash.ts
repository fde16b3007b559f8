/** The slow, obvious twin of assembly/state/hash.ts, over values instead of memory. */
export type KeyValue = bigint | number | boolean | string | Uint8Array | null;

const MASK = (1n << 64n) - 1n;
export const FIXED_START = 0x6d696c6c72616365n;

export function mix(h: bigint, w: bigint): bigint {
  let x = (((h ^ w) & MASK) * 0x9e3779b97f4a7c15n) & MASK;
  x ^= x >> 32n;
  x = (x * 0xd6e8feb86659fd93n) & MASK;
  return x ^ (x >> 32n);
}

/** The word for which mix(h, word) is `result`: how tests make keys that collide. */
export function unmix(h: bigint, result: bigint): bigint {
  let x = result ^ (result >> 32n);
  x = (x * inverse(0xd6e8feb86659fd93n)) & MASK;
  x ^= x >> 32n;
  x = (x * inverse(0x9e3779b97f4a7c15n)) & MASK;
  return x ^ h;
}

/** The key of one plain word whose product in a table of that seed is `result`. */
export function unword(seed: bigint, result: bigint): bigint {
  return BigInt.asIntN(64, ((result * inverse(0x9e3779b97f4a7c15n)) & MASK) ^ seed);
}

function inverse(odd: bigint): bigint {
  let x = odd;
  for (let i = 0; i < 6; i++) x = (x * ((2n - odd * x) & MASK)) & MASK;
  return x;
}

export function hashBytes(bytes: Uint8Array): bigint {
  let h = BigInt(bytes.length);
  for (let i = 0; i < bytes.length; i += 8) {
    let piece = 0n;
    for (let j = Math.min(i + 8, bytes.length) - 1; j >= i; j--) piece = (piece << 8n) | BigInt(bytes[j] ?? 0);
    h = mix(h, piece);
  }
  return h;
}

export function fixedHash(key: readonly KeyValue[]): bigint {
  let h = FIXED_START;
  let mask = 0n;
  key.forEach((value, i) => {
    if (value === null) mask |= 1n << BigInt(i);
    h = mix(h, wordOf(value));
  });
  return mask === 0n ? h : mix(h, mask);
}

function wordOf(value: KeyValue): bigint {
  if (value === null) return 0n;
  if (typeof value === 'bigint') return value & MASK;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') return hashBytes(new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return hashBytes(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  return Number.isNaN(value) ? 0x7ff8000000000000n : view.getBigUint64(0);
}

export function keyGroup(key: readonly KeyValue[], groups: number): number {
  return Number((fixedHash(key) >> 32n) % BigInt(groups));
}
