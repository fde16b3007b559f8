// Every aggregate twice: as one writes it for the engine, and as a plain function of a group's rows (in order of event time).
import {
  avg,
  bitAnd,
  bitOr,
  bitXor,
  boolAnd,
  boolOr,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  maxBy,
  median,
  min,
  minBy,
  stddev,
  sum,
  variance,
  type Columns,
} from '../../ts/index.js';
import type { ModelRow } from './reference.js';
import type { schema } from './jobs.js';

type C = Columns<typeof schema>;

export interface ModelAggregate {
  readonly engine: (c: C) => unknown;
  readonly model: (rows: readonly ModelRow[]) => unknown;
}

const present = <T>(values: readonly (T | null)[]): T[] => values.filter((v): v is T => v !== null);
const ns = (rows: readonly ModelRow[]): bigint[] => present(rows.map((r) => r.n));
const xs = (rows: readonly ModelRow[]): number[] => present(rows.map((r) => r.x));
const ss = (rows: readonly ModelRow[]): string[] => present(rows.map((r) => r.s));
const bs = (rows: readonly ModelRow[]): boolean[] => present(rows.map((r) => r.b));
const rootOf = (x: number | null): number | null => (x === null ? null : Math.sqrt(x));
const varianceOf = (values: readonly number[]): number | null => {
  if (values.length < 2) return null;
  const mean = added(values) / values.length;
  return added(values.map((v) => (v - mean) ** 2)) / (values.length - 1);
};
const orNull = <T>(values: readonly unknown[], result: () => T): T | null => (values.length === 0 ? null : result());
const total = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
const added = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** Smallest first: numbers, and text by its bytes. */
export const ascending = <T extends bigint | number | string>(values: readonly T[]): T[] =>
  [...values].sort((a, b) =>
    typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b as string)) : a < b ? -1 : a > b ? 1 : 0,
  );

export const MODEL_AGGREGATES: Readonly<Record<string, ModelAggregate>> = {
  rows: { engine: () => count(), model: (rows) => BigInt(rows.length) },
  counted: { engine: (c) => count(c.n), model: (rows) => BigInt(ns(rows).length) },
  chosen: { engine: (c) => count().where(c.b), model: (rows) => BigInt(rows.filter((r) => r.b === true).length) },
  total: { engine: (c) => sum(c.n), model: (rows) => orNull(ns(rows), () => total(ns(rows))) },
  totalWhere: {
    engine: (c) => sum(c.n).where(c.b),
    model: (rows) => MODEL_AGGREGATES['total']?.model(rows.filter((r) => r.b === true)),
  },
  sumX: { engine: (c) => sum(c.x), model: (rows) => orNull(xs(rows), () => added(xs(rows))) },
  meanN: { engine: (c) => avg(c.n), model: (rows) => orNull(ns(rows), () => Number(total(ns(rows))) / ns(rows).length) },
  meanX: { engine: (c) => avg(c.x), model: (rows) => orNull(xs(rows), () => added(xs(rows)) / xs(rows).length) },
  leastN: { engine: (c) => min(c.n), model: (rows) => ascending(ns(rows))[0] ?? null },
  mostX: { engine: (c) => max(c.x), model: (rows) => ascending(xs(rows)).at(-1) ?? null },
  leastS: { engine: (c) => min(c.s), model: (rows) => ascending(present(rows.map((r) => r.s)))[0] ?? null },
  mostS: { engine: (c) => max(c.s), model: (rows) => ascending(present(rows.map((r) => r.s))).at(-1) ?? null },
  varianceN: { engine: (c) => variance(c.n), model: (rows) => varianceOf(ns(rows).map(Number)) },
  stddevX: { engine: (c) => stddev(c.x), model: (rows) => rootOf(varianceOf(xs(rows))) },
  allBits: { engine: (c) => bitAnd(c.n), model: (rows) => orNull(ns(rows), () => ns(rows).reduce((a, b) => a & b)) },
  anyBits: { engine: (c) => bitOr(c.n), model: (rows) => orNull(ns(rows), () => ns(rows).reduce((a, b) => a | b)) },
  oddBits: { engine: (c) => bitXor(c.n), model: (rows) => orNull(ns(rows), () => ns(rows).reduce((a, b) => a ^ b)) },
  every: { engine: (c) => boolAnd(c.b), model: (rows) => orNull(bs(rows), () => bs(rows).every((b) => b)) },
  some: { engine: (c) => boolOr(c.b), model: (rows) => orNull(bs(rows), () => bs(rows).some((b) => b)) },
  firstId: { engine: (c) => first(c.id), model: (rows) => rows[0]?.id },
  lastS: { engine: (c) => last(c.s), model: (rows) => ss(rows).at(-1) ?? null },
  lastId: { engine: (c) => last(c.id).where(c.b), model: (rows) => rows.filter((r) => r.b === true).at(-1)?.id ?? null },
  idOfMostN: {
    engine: (c) => maxBy(c.id, c.n),
    model: (rows) => rows.find((r) => r.n === ascending(ns(rows)).at(-1) && r.n !== null)?.id ?? null,
  },
  idOfLeastS: { engine: (c) => minBy(c.id, c.s), model: (rows) => rows.find((r) => r.s === ascending(ss(rows))[0])?.id ?? null },
  lastAt: { engine: (c) => max(c.at), model: (rows) => Math.max(...rows.map((r) => r.at)) },
  distinctS: { engine: (c) => countDistinct(c.s), model: (rows) => BigInt(new Set(ss(rows)).size) },
  distinctN: { engine: (c) => countDistinct(c.n).where(c.b), model: (rows) => BigInt(new Set(ns(rows.filter((r) => r.b === true))).size) },
  middleX: {
    engine: (c) => median(c.x),
    model: (rows) => {
      const sorted = ascending(xs(rows));
      const at = (sorted.length - 1) / 2;
      return orNull(sorted, () => ((sorted[Math.floor(at)] as number) + (sorted[Math.ceil(at)] as number)) / 2);
    },
  },
  listN: { engine: (c) => collectList(c.n), model: ns },
  setS: { engine: (c) => collectSet(c.s), model: (rows) => ascending([...new Set(ss(rows))]) },
};
