// Aggregates of fixed state over changing input: what one aggregation takes back, another by another key takes out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import {
  avg,
  bitAnd,
  bitOr,
  bitXor,
  bool,
  boolAnd,
  boolOr,
  count,
  first,
  float64,
  int32,
  int64,
  job,
  last,
  max,
  maxBy,
  memory,
  min,
  minBy,
  outOfOrder,
  seconds,
  stddev,
  sum,
  timestamp,
  tumbling,
  utf8,
  variance,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import type { KeyValue } from '../twins/hash.js';
import { twinAggregate, type TwinRow } from '../twins/windowed.js';

interface Sighting {
  readonly bird: string;
  readonly site: string;
  readonly n: bigint;
  readonly i: number;
  readonly x: number;
  readonly s: string;
  readonly b: boolean;
  readonly at: number;
}

const NAMES = ['bird', 'site', 'n', 'i', 'x', 's', 'b'] as const;
const KINDS: readonly Kind[] = ['utf8', 'utf8', 'int64', 'int32', 'float64', 'utf8', 'bool'];

const birds = job(import.meta, 'birds', (env) => {
  const rows = env.from(memory<Sighting>([]), {
    schema: { bird: utf8(), site: utf8(), n: int64(), i: int32(), x: float64(), s: utf8(), b: bool(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const seen = rows.keyBy('bird').aggregate((c) => ({
    site: last(c.site),
    n: last(c.n),
    i: last(c.i),
    x: last(c.x),
    s: last(c.s),
    b: last(c.b),
  }));
  const perSite = seen.keyBy('site').aggregate((c) => ({
    count_n: count(),
    sum_n: sum(c.n),
    sum_x: sum(c.x),
    avg_i: avg(c.i),
    avg_x: avg(c.x),
    min_n: min(c.n),
    max_x: max(c.x),
    min_s: min(c.s),
    max_s: max(c.s),
    variance_n: variance(c.n),
    stddev_x: stddev(c.x),
    minBy_s_x: minBy(c.s, c.x),
    maxBy_n_bird: maxBy(c.n, c.bird),
    bitAnd_i: bitAnd(c.i),
    bitOr_n: bitOr(c.n),
    bitXor_n: bitXor(c.n),
    boolAnd_b: boolAnd(c.b),
    boolOr_b: boolOr(c.b),
  }));
  const perWindow = rows.keyBy('site').window(tumbling(seconds(3)), { emit: 'updates' });
  const overWindows = perWindow
    .aggregate((c) => ({ n: count(), high: max(c.s) }))
    .keyBy('site')
    .aggregate((c) => ({ first: first(c.high), last: last(c.high), lastN: last(c.n), busiest: maxBy(c.high, c.n) }));
  return { rows, perSite, overWindows };
});

function held(changes: readonly Record<string, unknown>[], what: string): Map<unknown, Record<string, unknown>> {
  const rows = new Map<unknown, Record<string, unknown>>();
  for (const { op, ...row } of changes) {
    if (op === '+I') assert.ok(!rows.has(row['site']), `${what}: +I of a row that is there`);
    if (op === '-U' || op === '-D') assert.deepEqual(row, rows.get(row['site']), `${what}: ${String(op)} of what was told`);
    if (op === '-D') rows.delete(row['site']);
    else rows.set(row['site'], row);
  }
  return rows;
}

function close(found: unknown, wanted: KeyValue): boolean {
  if (typeof found === 'number' && typeof wanted === 'number') return Math.abs(found - wanted) <= 1e-8 * Math.max(1, Math.abs(wanted));
  return found === wanted;
}

/** Of what is left of the rows: the last of each bird, in order of time and place, by site. */
function checkSites(found: ReadonlyMap<unknown, Record<string, unknown>>, all: readonly Sighting[], what: string): void {
  const latest = new Map<string, Sighting>();
  for (const row of all) if (row.at >= (latest.get(row.bird)?.at ?? -Infinity)) latest.set(row.bird, row);
  const sites = new Set([...latest.values()].map(({ site }) => site));
  assert.deepEqual([...found.keys()].sort(), [...sites].sort(), what);
  for (const [site, { site: _, ...values }] of found) {
    const rows = [...latest.values()]
      .filter((r) => r.site === site)
      .map((r): TwinRow => ({ time: 0, values: NAMES.map((name) => r[name]) }));
    for (const [name, value] of Object.entries(values)) {
      const [fn = '', of, by] = name.split('_') as [string, (typeof NAMES)[number], (typeof NAMES)[number]?];
      const column = NAMES.indexOf(of);
      const wanted = twinAggregate(
        { fn, kind: KINDS[column], argument: column, by: by === undefined ? undefined : NAMES.indexOf(by) },
        rows,
      );
      assert.ok(close(value, wanted), `${what}: ${name} of ${String(site)}: ${String(value)}, not ${String(wanted)}`);
    }
  }
}

function checkWindows(found: ReadonlyMap<unknown, Record<string, unknown>>, all: readonly Sighting[], what: string): void {
  for (const [site, { site: _, ...values }] of found) {
    const windows = new Map<number, Sighting[]>();
    for (const r of all) if (r.site === site) windows.set(Math.floor(r.at / 3000), [...(windows.get(Math.floor(r.at / 3000)) ?? []), r]);
    const results = [...windows]
      .sort(([a], [b]) => a - b)
      .map(([, rows]) => ({
        n: BigInt(rows.length),
        high: rows.map((r) => r.s).reduce((a, b) => (Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 ? b : a)),
      }));
    const busiest = results.reduce((a, b) => (b.n > a.n ? b : a));
    const end = results.at(-1);
    assert.deepEqual(
      values,
      { first: results[0]?.high, last: end?.high, lastN: end?.n, busiest: busiest.high },
      `${what}: ${String(site)}`,
    );
  }
}

test('aggregates over changes agree with their twins over what is left, at any number of lanes, over restores', async () => {
  for (const lanes of [1, 2, 3]) {
    const random = new Random(20 + lanes);
    const driver = await testDriver(birds, { lanes });
    const all: Sighting[] = [];
    const told: { perSite: Record<string, unknown>[]; overWindows: Record<string, unknown>[] } = { perSite: [], overWindows: [] };
    for (let step = 0; step < 25; step++) {
      const rows = Array.from(
        { length: random.pick([0, 1, 30, 90]) },
        (): Sighting => ({
          bird: `bird ${random.int(0, 25)}`,
          site: `site ${random.int(0, 4)}`,
          n: random.bool(0.1) ? -(2n ** 56n) : BigInt(random.int(-50, 50)),
          i: random.int(-1000, 1000),
          x: random.int(-100_000, 100_000) / 8,
          s: 'a long name of '.repeat(random.int(0, 3)) + random.int(0, 1_000_000),
          b: random.bool(0.8),
          at: step * 500 + random.int(0, 900),
        }),
      );
      all.push(...rows);
      await driver.send('rows', rows);
      if (step % 6 === 2) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
      told.perSite.push(...driver.take('perSite'));
      told.overWindows.push(...driver.take('overWindows'));
      checkSites(held(told.perSite, 'sites'), all, `${lanes} lanes, step ${step}`);
      checkWindows(held(told.overWindows, 'windows'), all, `${lanes} lanes, step ${step}`);
    }
    await driver.close();
  }
});
