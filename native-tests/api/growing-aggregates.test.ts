// Aggregates of growing state through the API: over lanes, with restores at other numbers of lanes, with and without changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { count, countDistinct, float64, int64, job, memory, outOfOrder, seconds, timestamp, tumbling, utf8 } from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

interface Visit {
  readonly site: string;
  readonly user: string | null;
  readonly took: number;
  readonly page: bigint;
  readonly at: number;
}

const visits = job(import.meta, 'visits', (env) => {
  const rows = env.from(memory<Visit>([]), {
    schema: { site: utf8(), user: utf8().nullable(), took: float64(), page: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const windows = rows.keyBy('site').window(tumbling(seconds(10)));
  const updates = rows.keyBy('site').window(tumbling(seconds(10)), { emit: 'updates', allowedLateness: seconds(5) });
  return {
    rows,
    final: windows.aggregate((c) => ({ n: count(), users: countDistinct(c.user), slow: countDistinct(c.page).where(c.took.gt(0.5)) })),
    changing: updates.aggregate((c) => ({ users: countDistinct(c.user), pages: countDistinct(c.page) })),
  };
});

function made(random: Random, count: number, from: number): Visit[] {
  return Array.from({ length: count }, () => ({
    site: `site ${random.int(0, 5)}`,
    user: random.bool(0.1) ? null : `user ${random.int(0, 40)} of a long name`.slice(0, random.int(6, 24)),
    took: random.int(0, 100) / 100,
    page: BigInt(random.int(-30, 30)),
    at: from + random.int(0, 900),
  }));
}

function modelOf(rows: readonly Visit[]): Record<string, unknown>[] {
  const groups = new Map<string, Visit[]>();
  for (const r of rows) {
    const id = `${r.site} ${Math.floor(r.at / 10_000)}`;
    groups.set(id, [...(groups.get(id) ?? []), r]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Visit];
    const start = Math.floor(first.at / 10_000) * 10_000;
    const distinct = (values: readonly unknown[]): bigint => BigInt(new Set(values.filter((v) => v !== null)).size);
    return {
      site: first.site,
      windowStart: start,
      windowEnd: start + 10_000,
      n: BigInt(group.length),
      users: distinct(group.map((r) => r.user)),
      pages: distinct(group.map((r) => r.page)),
      slow: distinct(group.filter((r) => r.took > 0.5).map((r) => r.page)),
    };
  });
}

const sorted = (rows: readonly object[]): string[] =>
  rows.map((r) => JSON.stringify(r, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))).sort();
const pick = (row: Record<string, unknown>, names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, row[name]]));

test('aggregates of growing state agree with a model at any number of lanes, over restores', async () => {
  for (const lanes of [1, 2, 3]) {
    const random = new Random(7);
    const driver = await testDriver(visits, { lanes });
    const all: Visit[] = [];
    const held = new Map<string, object>();
    for (let step = 0; step < 30; step++) {
      const rows = made(random, random.pick([0, 1, 40, 120]), step * 1000);
      all.push(...rows);
      await driver.send('rows', rows);
      if (step % 7 === 3) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
    }
    await driver.end();
    const model = modelOf(all);
    const keys = ['site', 'windowStart', 'windowEnd'];
    assert.deepEqual(sorted(driver.take('final')), sorted(model.map((r) => pick(r, [...keys, 'n', 'users', 'slow']))), `${lanes} lanes`);
    for (const { op, ...row } of driver.take('changing')) {
      const id = JSON.stringify(pick(row, keys));
      if (op === '-U') assert.deepEqual(row, held.get(id));
      else held.set(id, row);
    }
    assert.deepEqual(sorted([...held.values()]), sorted(model.map((r) => pick(r, [...keys, 'users', 'pages']))), `${lanes} lanes, changes`);
    await driver.close();
  }
});
