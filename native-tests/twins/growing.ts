import type { Kind } from '../../ts/columns/schema.js';
import { fixedHash, type KeyValue } from './hash.js';
import { compare as compareValues, keyText } from './windowed.js';

type Value = Exclude<KeyValue, null>;
type Options = Readonly<Record<string, string | number>>;

/** A row that counts, as an aggregate of growing state sees it. */
export interface TwinValue {
  readonly value: Value;
  readonly kind: Kind;
  /** The second argument. */
  readonly by?: Value;
  readonly time: number;
}

/** A list as a column holds it. */
function pack(values: readonly Value[], kind: Kind | undefined): Uint8Array {
  const parts = values.map((value): Uint8Array => {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      const bytes = Buffer.from(value as string);
      return Buffer.concat(
        [Uint32Array.of(bytes.length).map((n) => n), bytes].map((b) => new Uint8Array(b.buffer, b.byteOffset, b.byteLength)),
      );
    }
    if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
    if (typeof value === 'bigint') return new Uint8Array(BigInt64Array.of(value).buffer);
    return new Uint8Array((kind === 'int32' ? Int32Array.of(value) : Float64Array.of(value)).buffer);
  });
  return new Uint8Array(Buffer.concat(parts));
}

function distinct(rows: readonly TwinValue[]): Value[] {
  return [...new Map(rows.map(({ value }) => [keyText([value]), typeof value === 'number' ? value + 0 : value])).values()];
}

function byTime(rows: readonly TwinValue[]): TwinValue[] {
  return [...rows].sort((a, b) => a.time - b.time || compareValues(a.value, b.value));
}

function quantile(rows: readonly TwinValue[], q: number): number | null {
  const values = rows.map(({ value }) => Number(value)).sort(compareValues);
  const place = (values.length - 1) * q;
  const [low, high] = [values[Math.floor(place)], values[Math.ceil(place)]];
  if (low === undefined || high === undefined) return null;
  return low === high || Math.floor(place) === place ? low : low + (high - low) * (place - Math.floor(place));
}

/** HyperLogLog over the fixed hash, with the estimator written out as in Ertl's paper. */
function hyperLogLog(values: readonly Value[]): bigint {
  const registers = new Map<number, number>();
  for (const value of values) {
    const hash = fixedHash([value]);
    const bits = (hash & ((1n << 52n) - 1n)).toString(2).padStart(52, '0');
    const rank = bits.includes('1') ? bits.indexOf('1') + 1 : 53;
    const register = Number(hash >> 52n);
    registers.set(register, Math.max(registers.get(register) ?? 0, rank));
  }
  const counts = new Array<number>(54).fill(0);
  counts[0] = 4096 - registers.size;
  for (const rank of registers.values()) counts[rank] = (counts[rank] ?? 0) + 1;
  const sigma = (x: number): number => {
    if (x === 1) return Infinity;
    let [y, z, before] = [1, x, -1];
    while (z !== before) [x, before] = [x * x, z, (z += x * x * y), (y += y)];
    return z;
  };
  const tau = (x: number): number => {
    if (x === 0 || x === 1) return 0;
    let [y, z, before] = [1, 1 - x, -1];
    while (z !== before) {
      x = Math.sqrt(x);
      before = z;
      y *= 0.5;
      z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
  };
  let z = 4096 * tau(1 - (counts[53] ?? 0) / 4096);
  for (let k = 52; k > 0; k--) z = 0.5 * (z + (counts[k] ?? 0));
  z += 4096 * sigma((counts[0] ?? 0) / 4096);
  return BigInt(Math.round((4096 * 4096) / (2 * Math.LN2) / z));
}

/** Aggregates of growing state, slow and obvious: from the rows that count to the result. */
export const GROWING: Readonly<Record<string, (rows: readonly TwinValue[], options: Options) => KeyValue>> = {
  countDistinct: (rows) => BigInt(distinct(rows).length),
  approxCountDistinct: (rows) => hyperLogLog(distinct(rows).map((v) => (rows[0]?.kind === 'int32' ? BigInt(v as number) : v))),
  median: (rows) => quantile(rows, 0.5),
  quantile: (rows, { q }) => quantile(rows, Number(q)),
  approxQuantile(rows, { q }) {
    const values = rows.map(({ value }) => Number(value)).sort(compareValues);
    return values[Math.floor((values.length - 1) * Number(q))] ?? null;
  },
  stringJoin: (rows, { separator }) =>
    rows.length === 0
      ? null
      : byTime(rows)
          .map((r) => r.value)
          .join(String(separator)),
  collectList: (rows) =>
    pack(
      byTime(rows).map((r) => r.value),
      rows[0]?.kind,
    ),
  collectSet: (rows) => pack(distinct(rows).sort(compareValues), rows[0]?.kind),
  topN(rows, { n, descending }) {
    const sign = descending === 1 ? -1 : 1;
    const best = byTime(rows).sort((a, b) => sign * compareValues(a.by as Value, b.by as Value));
    return pack(
      best.slice(0, Number(n)).map((r) => r.value),
      rows[0]?.kind,
    );
  },
};
