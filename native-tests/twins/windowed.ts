import type { Kind } from '../../ts/columns/schema.js';
import type { KeyValue } from './hash.js';

/** A slow, obvious windowed aggregate over rows as values. */
export interface TwinAggregate {
  readonly fn: string;
  readonly kind?: Kind | undefined;
  readonly argument?: number | undefined;
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
  const groups = new Map<string, { key: KeyValue[]; start: number; rows: (readonly KeyValue[])[] }>();
  for (const { time, values } of rows) {
    const start = Math.floor((time - offsetMs) / sizeMs) * sizeMs + offsetMs;
    const key = keys.map((k) => values[k] ?? null);
    const id = `${start} ${keyText(key)}`;
    const group = groups.get(id) ?? { key, start, rows: [] };
    groups.set(id, group);
    group.rows.push(values);
  }
  return new Map(
    [...groups].map(([id, g]) => [
      id,
      [...g.key, BigInt(g.start), BigInt(g.start + sizeMs), ...aggregates.map((a) => twinAggregate(a, g.rows))],
    ]),
  );
}

export function twinAggregate(a: TwinAggregate, rows: readonly (readonly KeyValue[])[]): KeyValue {
  const chosen = a.where === undefined ? rows : rows.filter((r) => r[a.where as number] === true);
  if (a.argument === undefined) return BigInt(chosen.length);
  const values = chosen.map((r) => r[a.argument as number] ?? null).filter((v) => v !== null);
  if (a.fn === 'count') return BigInt(values.length);
  if (values.length === 0) return null;
  if (a.fn === 'min') return values.reduce((x, y) => (compare(y, x) < 0 ? y : x));
  if (a.fn === 'max') return values.reduce((x, y) => (compare(y, x) > 0 ? y : x));
  if (a.fn !== 'sum' && a.fn !== 'avg') throw new Error(`the twin does not know the aggregate ${a.fn}`);
  if (a.kind === 'float64') {
    const sum = values.reduce((x: number, y) => x + Number(y), 0);
    return a.fn === 'sum' ? sum : sum / values.length;
  }
  const sum = values.reduce((x: bigint, y) => x + BigInt(y as bigint | number), 0n);
  return a.fn === 'sum' ? sum : Number(sum) / values.length;
}

function compare(a: KeyValue, b: KeyValue): number {
  if (typeof a === 'string' || a instanceof Uint8Array) {
    return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  }
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  }
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
}
