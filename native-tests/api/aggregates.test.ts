// Aggregates of fixed state through the API: over lanes, with restores at other numbers of lanes, with and without changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import {
  bitAnd,
  bitOr,
  bitXor,
  bool,
  boolAnd,
  boolOr,
  first,
  float64,
  int32,
  int64,
  job,
  last,
  max,
  maxBy,
  memory,
  minBy,
  outOfOrder,
  seconds,
  stddev,
  timestamp,
  tumbling,
  utf8,
  variance,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import type { KeyValue } from '../twins/hash.js';
import { twinAggregate, type TwinRow } from '../twins/windowed.js';

interface Reading {
  readonly site: string;
  readonly n: bigint | null;
  readonly i: number | null;
  readonly x: number;
  readonly s: string | null;
  readonly b: boolean | null;
  readonly at: number;
}

const KINDS: readonly Kind[] = ['utf8', 'int64', 'int32', 'float64', 'utf8', 'bool'];
const NAMES = ['site', 'n', 'i', 'x', 's', 'b'] as const;
type Name = (typeof NAMES)[number];

const readings = job(import.meta, 'readings', (env) => {
  const rows = env.from(memory<Reading>([]), {
    schema: {
      site: utf8(),
      n: int64().nullable(),
      i: int32().nullable(),
      x: float64(),
      s: utf8().nullable(),
      b: bool().nullable(),
      at: timestamp(),
    },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const windows = rows.keyBy('site').window(tumbling(seconds(10)));
  const updates = rows.keyBy('site').window(tumbling(seconds(10)), { emit: 'updates', allowedLateness: seconds(5) });
  return {
    rows,
    final: windows.aggregate((c) => ({
      variance_n: variance(c.n),
      stddev_x: stddev(c.x).where(c.b),
      first_s: first(c.s),
      last_n: last(c.n).where(c.b),
      minBy_s_x: minBy(c.s, c.x),
      maxBy_n_s: maxBy(c.n, c.s),
      bitAnd_i: bitAnd(c.i),
      bitOr_n: bitOr(c.n),
      bitXor_i: bitXor(c.i),
      boolAnd_b: boolAnd(c.b),
      boolOr_b: boolOr(c.b),
    })),
    changing: updates.aggregate((c) => ({ max_s: max(c.s), last_s: last(c.s), maxBy_x_n: maxBy(c.x, c.n), bitOr_i: bitOr(c.i) })),
  };
});

function made(random: Random, count: number, from: number): Reading[] {
  return Array.from({ length: count }, () => ({
    site: `site ${random.int(0, 5)}`,
    n: random.bool(0.2) ? null : BigInt(random.int(-99, 99)),
    i: random.bool(0.2) ? null : random.int(-1000, 1000),
    x: random.int(0, 20) / 4,
    s: random.bool(0.2) ? null : 'a long name of '.repeat(random.int(0, 3)) + random.int(0, 30),
    b: random.pick([null, true, true, false]),
    at: from + random.int(0, 9) * 100,
  }));
}

/** `maxBy_n_s` as the twin's aggregate. */
function wantedOf(name: string, rows: readonly Reading[], where: boolean): KeyValue {
  const [fn = '', of, by] = name.split('_') as [string, Name, Name?];
  const twins = rows.map((r): TwinRow => ({ time: r.at, values: NAMES.map((column) => r[column]) }));
  const at = (column: Name | undefined): number | undefined => (column === undefined ? undefined : NAMES.indexOf(column));
  return twinAggregate(
    { fn, kind: KINDS[NAMES.indexOf(of)], argument: at(of), by: at(by), where: where ? NAMES.indexOf('b') : undefined },
    twins,
  );
}

function close(found: unknown, wanted: KeyValue): boolean {
  return typeof found === 'number' && typeof wanted === 'number' ? Math.abs(found - wanted) <= 1e-9 * Math.abs(wanted) : found === wanted;
}

function checkRows(found: readonly Record<string, unknown>[], all: readonly Reading[], what: string): void {
  const groups = new Map<string, Reading[]>();
  for (const r of all) {
    const id = `${r.site} ${Math.floor(r.at / 10_000) * 10_000}`;
    groups.set(id, [...(groups.get(id) ?? []), r]);
  }
  assert.equal(found.length, groups.size, what);
  for (const { site, windowStart, windowEnd: _, ...values } of found) {
    const id = `${String(site)} ${String(windowStart)}`;
    for (const [name, value] of Object.entries(values)) {
      const wanted = wantedOf(name, groups.get(id) ?? [], ['stddev_x', 'last_n'].includes(name));
      assert.ok(close(value, wanted), `${what}: ${name} of ${id}: ${String(value)}, not ${String(wanted)}`);
    }
  }
}

test('aggregates of fixed state agree with their twins at any number of lanes, over restores', async () => {
  for (const lanes of [1, 2, 3]) {
    const random = new Random(8);
    const driver = await testDriver(readings, { lanes });
    const all: Reading[] = [];
    for (let step = 0; step < 30; step++) {
      const rows = made(random, random.pick([0, 1, 40, 120]), step * 1000);
      all.push(...rows);
      await driver.send('rows', rows);
      if (step % 7 === 3) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
    }
    await driver.end();
    checkRows(driver.take('final'), all, `${lanes} lanes`);
    const held = new Map<string, Record<string, unknown>>();
    for (const { op, ...row } of driver.take('changing')) {
      const id = `${row.site} ${row.windowStart}`;
      if (op === '-U') assert.deepEqual(row, held.get(id), 'what is taken back was told');
      else held.set(id, row);
      if (op === '+U') assert.ok(held.has(id));
    }
    checkRows([...held.values()], all, `${lanes} lanes, changes`);
    await driver.close();
  }
});
