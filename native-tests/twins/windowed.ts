import type { Kind } from '../../ts/columns/schema.js';
import type { KeyValue } from './hash.js';

/** A slow, obvious windowed aggregate over rows as values. */
export interface TwinAggregate {
  readonly fn: string;
  readonly kind?: Kind | undefined;
  readonly argument?: number | undefined;
  /** What decides, of minBy and maxBy. */
  readonly by?: number | undefined;
  readonly where?: number | undefined;
}

export interface TwinRow {
  readonly time: number;
  readonly values: readonly KeyValue[];
}

/** Key as text: -0 and 0 are one key, all NaN are one. */
export function keyText(key: readonly KeyValue[]): string {
  return key.map((v) => (v instanceof Uint8Array ? `b${v.join()}` : `${typeof v} ${typeof v === 'number' && v === 0 ? 0 : v}`)).join('|');
}

export function twinWindows(
  rows: readonly TwinRow[],
  keys: readonly number[],
  aggregates: readonly TwinAggregate[],
  sizeMs: number,
  offsetMs = 0,
): Map<string, KeyValue[]> {
  const groups = new Map<string, { key: KeyValue[]; start: number; rows: TwinRow[] }>();
  for (const row of rows) {
    const { time, values } = row;
    const start = Math.floor((time - offsetMs) / sizeMs) * sizeMs + offsetMs;
    const key = keys.map((k) => values[k] ?? null);
    const id = `${start} ${keyText(key)}`;
    const group = groups.get(id) ?? { key, start, rows: [] };
    groups.set(id, group);
    group.rows.push(row);
  }
  return new Map(
    [...groups].map(([id, g]) => [
      id,
      [...g.key, BigInt(g.start), BigInt(g.start + sizeMs), ...aggregates.map((a) => twinAggregate(a, g.rows))],
    ]),
  );
}

export function twinAggregate(a: TwinAggregate, rows: readonly TwinRow[]): KeyValue {
  const at = ({ values }: TwinRow, column: number | undefined): KeyValue => (column === undefined ? true : (values[column] ?? null));
  const counted = rows.filter((r) => at(r, a.where) === true && at(r, a.argument) !== null && at(r, a.by) !== null);
  if (a.fn === 'count') return BigInt(counted.length);
  if (counted.length === 0) return null;
  const values = counted.map((r) => at(r, a.argument) as NonNullable<KeyValue>);
  switch (a.fn) {
    case 'min':
      return values.reduce((x, y) => (compare(y, x) < 0 ? y : x));
    case 'max':
      return values.reduce((x, y) => (compare(y, x) > 0 ? y : x));
    case 'boolAnd':
      return values.every((v) => v === true);
    case 'boolOr':
      return values.includes(true);
    case 'first':
      return at(
        best(counted, (x, y) => x.time - y.time),
        a.argument,
      );
    case 'last':
      return at(
        best([...counted].reverse(), (x, y) => y.time - x.time),
        a.argument,
      );
    case 'minBy':
      return at(
        best(counted, (x, y) => compare(at(x, a.by), at(y, a.by)) || x.time - y.time),
        a.argument,
      );
    case 'maxBy':
      return at(
        best(counted, (x, y) => compare(at(y, a.by), at(x, a.by)) || x.time - y.time),
        a.argument,
      );
    default:
      return a.kind === 'float64'
        ? ofFloats(a.fn, values as number[])
        : ofIntegers(
            a,
            values.map((v) => BigInt(v as bigint | number)),
          );
  }
}

/** The first of the rows than which none is better. */
function best(rows: readonly TwinRow[], order: (x: TwinRow, y: TwinRow) => number): TwinRow {
  return rows.reduce((x, y) => (order(y, x) < 0 ? y : x));
}

function ofFloats(fn: string, values: readonly number[]): KeyValue {
  const sum = values.reduce((x, y) => x + y, 0);
  const mean = sum / values.length;
  if (fn === 'sum') return sum;
  if (fn === 'avg') return mean;
  if (values.length < 2) return null;
  const variance = values.reduce((x, y) => x + (y - mean) ** 2, 0) / (values.length - 1);
  if (fn === 'variance') return variance;
  if (fn === 'stddev') return Math.sqrt(variance);
  throw new Error(`the twin does not know the aggregate ${fn} of float64`);
}

function ofIntegers({ fn, kind }: TwinAggregate, values: readonly bigint[]): KeyValue {
  const n = BigInt(values.length);
  const sum = values.reduce((x, y) => x + y, 0n);
  const bits = (of: (x: bigint, y: bigint) => bigint): KeyValue => (kind === 'int32' ? Number(values.reduce(of)) : values.reduce(of));
  switch (fn) {
    case 'sum':
      return sum;
    case 'avg':
      return Number(sum) / values.length;
    case 'variance':
    case 'stddev': {
      if (n < 2n) return null;
      const squares = values.reduce((x, y) => x + y * y, 0n);
      const variance = Number(n * squares - sum * sum) / Number(n * (n - 1n));
      return fn === 'variance' ? variance : Math.sqrt(variance);
    }
    case 'bitAnd':
      return bits((x, y) => x & y);
    case 'bitOr':
      return bits((x, y) => x | y);
    case 'bitXor':
      return bits((x, y) => x ^ y);
    default:
      throw new Error(`the twin does not know the aggregate ${fn} of ${kind}`);
  }
}

export function compare(a: KeyValue, b: KeyValue): number {
  if (typeof a === 'string' || a instanceof Uint8Array) {
    return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  }
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  }
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
}
