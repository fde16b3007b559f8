// Every aggregate over one input, as one writes it for the engine and as one asks DuckDB for it. A new aggregate is a line here.
import {
  approxCountDistinct,
  approxQuantile,
  avg,
  bitAnd,
  bitOr,
  bitXor,
  bool,
  boolAnd,
  boolOr,
  collect,
  collectList,
  collectSet,
  count,
  countDistinct,
  file,
  first,
  float64,
  int32,
  int64,
  job,
  last,
  max,
  maxBy,
  median,
  min,
  minBy,
  outOfOrder,
  quantile,
  seconds,
  stddev,
  stringJoin,
  sum,
  timestamp,
  topN,
  tumbling,
  utf8,
  variance,
} from '../../ts/index.js';
import type { AnyAggregate, Columns } from '../../ts/index.js';

export const schema = {
  k: int32(),
  n: int64().nullable(),
  i: int32().nullable(),
  x: float64().nullable(),
  s: utf8().nullable(),
  b: bool().nullable(),
  t: timestamp(),
};

export const WINDOW_MS = 250_000;
export const BOUND_MS = 1000;

/** The rows as DuckDB makes them: no two of one time, up to a second out of order. */
export const ROWS_SQL = (rows: number): string => `
  select (hash(r) % 50)::int as k,
    case when r % 11 = 0 then null else (hash(r + 1) % 2000000)::bigint - 1000000 end as n,
    case when r % 7 = 0 then null else (hash(r + 2) % 1000)::int - 500 end as i,
    case when r % 5 = 0 then null else (hash(r + 3) % 1000000) / 7.0 + 1000000 end::double as x,
    case when r % 9 = 0 then null else 'text ' || (hash(r + 4) % 100000) || repeat('é', (r % 4)::int) end as s,
    case when r % 3 = 0 then null else hash(r + 5) % 5 > 0 end as b,
    (r // 512) * 512 + (r * 131) % 512 as t
  from range(${rows}) rows(r)`;

export interface Compared {
  readonly engine: (c: Columns<typeof schema>) => AnyAggregate;
  readonly sql: string;
  /** Relative; 0: equal. */
  readonly tolerance: number;
}

const exact = (engine: Compared['engine'], sql: string): Compared => ({ engine, sql, tolerance: 0 });
const rounded = (engine: Compared['engine'], sql: string): Compared => ({ engine, sql, tolerance: 1e-9 });

/** The value of x with the part q of all others below it. */
const atRank = (q: number): string => `list_sort(list(x) filter (x is not null))[floor(${q} * (count(x) - 1))::int + 1]`;

export const COMPARED: Readonly<Record<string, Compared>> = {
  rows: exact(() => count(), 'count(*)'),
  counted: exact((c) => count(c.s), 'count(s)'),
  chosen: exact((c) => count().where(c.b), 'count(*) filter (b)'),
  sumN: exact((c) => sum(c.n), 'sum(n)'),
  sumI: exact((c) => sum(c.i).where(c.b), 'sum(i) filter (b)'),
  sumX: rounded((c) => sum(c.x), 'sum(x)'),
  avgN: rounded((c) => avg(c.n), 'avg(n)'),
  avgX: rounded((c) => avg(c.x), 'avg(x)'),
  minN: exact((c) => min(c.n), 'min(n)'),
  maxX: exact((c) => max(c.x), 'max(x)'),
  minS: exact((c) => min(c.s), 'min(s)'),
  maxS: exact((c) => max(c.s), 'max(s)'),
  maxB: exact((c) => max(c.b), 'max(b)'),
  varianceN: rounded((c) => variance(c.n), 'var_samp(n)'),
  varianceI: rounded((c) => variance(c.i), 'var_samp(i)'),
  varianceX: rounded((c) => variance(c.x).where(c.b), 'var_samp(x) filter (b)'),
  stddevN: rounded((c) => stddev(c.n), 'stddev_samp(n)'),
  stddevX: rounded((c) => stddev(c.x), 'stddev_samp(x)'),
  firstN: exact((c) => first(c.n), 'arg_min(n, t) filter (n is not null)'),
  firstS: exact((c) => first(c.s).where(c.b), 'arg_min(s, t) filter (b and s is not null)'),
  lastX: exact((c) => last(c.x), 'arg_max(x, t) filter (x is not null)'),
  lastS: exact((c) => last(c.s), 'arg_max(s, t) filter (s is not null)'),
  minBy: exact((c) => minBy(c.s, c.n), 'arg_min(s, {n: n, t: t}) filter (s is not null and n is not null)'),
  maxBy: exact((c) => maxBy(c.n, c.i), 'arg_max(n, {i: i, t: -t}) filter (n is not null and i is not null)'),
  minByS: exact((c) => minBy(c.i, c.s), 'arg_min(i, {s: s, t: t}) filter (i is not null and s is not null)'),
  maxByX: exact((c) => maxBy(c.b, c.x), 'arg_max(b, {x: x, t: -t}) filter (b is not null and x is not null)'),
  bitAndN: exact((c) => bitAnd(c.n).where(c.i.gt(490)), 'bit_and(n) filter (i > 490)'),
  bitOrI: exact((c) => bitOr(c.i).where(c.i.gt(0)), 'bit_or(i) filter (i > 0)'),
  bitXorN: exact((c) => bitXor(c.n), 'bit_xor(n)'),
  bitXorI: exact((c) => bitXor(c.i), 'bit_xor(i)'),
  boolAnd: exact((c) => boolAnd(c.b).where(c.i.gt(498)), 'bool_and(b) filter (i > 498)'),
  boolOr: exact((c) => boolOr(c.b), 'bool_or(b)'),
  distinctN: exact((c) => countDistinct(c.n), 'count(distinct n)'),
  distinctS: exact((c) => countDistinct(c.s).where(c.b), 'count(distinct s) filter (b)'),
  distinctX: exact((c) => countDistinct(c.x), 'count(distinct x)'),
  // Four standard errors.
  nearlyN: { engine: (c) => approxCountDistinct(c.n), sql: 'count(distinct n)', tolerance: 0.065 },
  nearlyS: { engine: (c) => approxCountDistinct(c.s), sql: 'count(distinct s)', tolerance: 0.065 },
  nearlyI: { engine: (c) => approxCountDistinct(c.i), sql: 'count(distinct i)', tolerance: 0.065 },
  medianN: rounded((c) => median(c.n), 'quantile_cont(n, 0.5)'),
  medianI: exact((c) => median(c.i).where(c.b), 'quantile_cont(i, 0.5) filter (b)'),
  quantileX: rounded((c) => quantile(c.x, 0.99), 'quantile_cont(x, 0.99)'),
  quantileI: rounded((c) => quantile(c.i, 0.123), 'quantile_cont(i, 0.123)'),
  nearlyMedianX: { engine: (c) => approxQuantile(c.x, 0.5), sql: atRank(0.5), tolerance: 0.0100001 },
  nearlyQuantileX: { engine: (c) => approxQuantile(c.x, 0.95, { error: 0.001 }), sql: atRank(0.95), tolerance: 0.0010001 },
  joined: exact((c) => stringJoin(c.s, '|').where(c.i.gt(480)), "string_agg(s, '|' order by t) filter (i > 480)"),
  listN: exact((c) => collectList(c.n).where(c.i.gt(490)), 'coalesce(list(n order by t) filter (i > 490 and n is not null), [])'),
  setI: exact((c) => collectSet(c.i), 'coalesce(list_sort(list(distinct i) filter (i is not null)), [])'),
  topS: exact((c) => topN(c.s, 5, c.n.desc()), 'coalesce((list(s order by n desc, t) filter (s is not null and n is not null))[1:5], [])'),
};

export const aggregatesJob = job(import.meta, 'aggregates', (env, params: { path: string }) => {
  const rows = env.from(file(params.path), { schema, eventTime: { column: 't', watermark: outOfOrder(seconds(1)) } });
  const results = rows
    .keyBy('k')
    .window(tumbling(seconds(WINDOW_MS / 1000)))
    .aggregate((c) => Object.fromEntries(Object.entries(COMPARED).map(([name, { engine }]) => [name, engine(c)])));
  return { results: results.to(collect()) };
});
