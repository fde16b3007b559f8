// One's own aggregates where rows are taken back, windows overlap and sessions merge: beside aggregates that ship with us and
// must say the same, over lanes and restores.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import {
  aggregator,
  count,
  float64,
  hopping,
  int64,
  job,
  max,
  memory,
  min,
  outOfOrder,
  seconds,
  session,
  sum,
  timestamp,
  utf8,
  wasmAggregator,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/index.js';

const own = { input: int64(), output: int64() };
const total = aggregator({
  ...own,
  init: () => ({ sum: 0n }),
  add: (s, value) => ({ sum: s.sum + value }),
  merge: (a, b) => ({ sum: a.sum + b.sum }),
  result: (s) => s.sum,
  retract: (s, value) => ({ sum: s.sum - value }),
});
const totalToo = wasmAggregator('../support/net-sum.as.ts', { ...own, retract: true });
const spread = wasmAggregator('../../docs/examples/spread.as.ts', { input: int64(), output: float64() });

const everywhere = job(import.meta, 'everywhere', (env) => {
  const rows = env.from(memory([]), {
    schema: { key: utf8(), n: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(2)) },
  });
  const keyed = rows.keyBy('key');
  const hops = keyed
    .window(hopping(seconds(10), seconds(3)))
    .aggregate((c) => ({ all: sum(c.n), own: total(c.n), too: totalToo(c.n), least: min(c.n), most: max(c.n), spread: spread(c.n) }));
  const sessions = keyed
    .window(session(seconds(2)))
    .aggregate((c) => ({ all: sum(c.n), own: total(c.n), too: totalToo(c.n), least: min(c.n), most: max(c.n), spread: spread(c.n) }));
  const perKey = keyed.aggregate((c) => ({ rows: count(), all: sum(c.n) }));
  // Each key's sum is taken back from the group it was in, and added to the one it is in now.
  const perRows = perKey.keyBy('rows').aggregate((c) => ({ all: sum(c.all), own: total(c.all), too: totalToo(c.all) }));
  return { rows, hops, sessions, perRows };
});

test('they say what the others say: sliding windows, sessions, and aggregates over changes', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Random(seed);
    const driver = await testDriver(everywhere, { lanes: random.int(1, 3) });
    const groups = new Map<bigint, bigint>();
    const seen = { hops: 0, sessions: 0, changes: 0 };
    const check = (): void => {
      for (const name of ['hops', 'sessions'] as const) {
        for (const { all, own: js, too, least, most, spread: between } of driver.take(name)) {
          assert.deepEqual([js, too, between], [all, all, Number(most - least)], `seed ${seed}, ${name}`);
          seen[name]++;
        }
      }
      for (const { op, rows, all, own: js, too } of driver.take('perRows')) {
        assert.deepEqual([js, too], [all, all], `seed ${seed}, ${op} of ${rows}`);
        if (op === '+I' || op === '+U') groups.set(rows, js);
        else if (op === '-D') groups.delete(rows);
        seen.changes++;
      }
    };
    const sums = new Map<string, { rows: bigint; sum: bigint }>();
    for (let step = 0; step < 12; step++) {
      const rows = Array.from({ length: random.pick([0, 5, 60]) }, () => ({
        key: `k${random.int(0, 12)}`,
        n: BigInt(random.int(-9, 9)),
        at: step * 4000 + random.int(0, 3900),
      }));
      await driver.send('rows', rows);
      for (const { key, n } of rows) {
        const before = sums.get(key) ?? { rows: 0n, sum: 0n };
        sums.set(key, { rows: before.rows + 1n, sum: before.sum + n });
      }
      if (random.bool(0.3)) await driver.checkpointAndRestore({ lanes: random.int(1, 3) });
      check();
      const expected = new Map<bigint, bigint>();
      for (const { rows: of, sum: n } of sums.values()) expected.set(of, (expected.get(of) ?? 0n) + n);
      assert.deepEqual([...groups].sort(), [...expected].sort(), `seed ${seed}, step ${step}`);
    }
    await driver.end();
    check();
    assert.ok(seen.hops > 50 && seen.sessions > 20 && seen.changes > 50, JSON.stringify(seen));
    await driver.close();
  }
});

test('without a way to take rows back, changes are refused', async () => {
  const refused = async (aggregate: (column: never) => unknown, message: RegExp): Promise<void> => {
    const over = job(import.meta, `refused ${message}`, (env) => {
      const rows = env.from(memory([]), { schema: { key: utf8(), n: int64() } });
      const perKey = rows.keyBy('key').aggregate((c) => ({ all: sum(c.n) }));
      return { x: perKey.keyBy('all').aggregate((c) => ({ x: aggregate(c.all as never) as ReturnType<typeof count> })) };
    });
    await assert.rejects(testDriver(over as never), { code: 'plan.invalid', message });
  };
  const parts = {
    ...own,
    init: () => 0n,
    add: (s: bigint) => s,
    merge: (s: bigint) => s,
    result: (s: bigint) => s,
  };
  await refused(aggregator(parts) as never, /an aggregator\(\) can take back only with a function `retract`; give it one$/);
  await refused(
    wasmAggregator('./x.as.ts', own) as never,
    /a wasmAggregator\(\) can take back only .* give it one, with \{ retract: true \}$/,
  );
});
