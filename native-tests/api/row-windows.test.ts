// Windows over rows through the API, against slow models: over lanes, with restores at other numbers of lanes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import {
  count,
  countDistinct,
  countWindow,
  globalWindow,
  int64,
  job,
  max,
  memory,
  onCount,
  onProcessingTime,
  onWatermark,
  or,
  outOfOrder,
  purging,
  run,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import { bidsOf, counted } from '../support/group-jobs.js';
import { TwinGroups } from '../twins/groups.js';

interface Bid {
  readonly user: string | null;
  readonly item: string;
  readonly price: bigint;
  readonly at: number;
}

const CUTS = [
  [1, 1],
  [3, 3],
  [6, 4],
  [5, 1],
  [2, 7],
] as const;

const JOB = job(import.meta, 'row-windows', (env) => {
  const bids = env.from(memory<Bid>([]), {
    schema: { user: utf8().nullable(), item: utf8(), price: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const of = (rows: number, slide: number) =>
    bids
      .keyBy('user')
      .window(countWindow(rows, slide))
      .aggregate((c) => ({ n: count(), total: sum(c.price), top: max(c.item), items: countDistinct(c.item) }));
  const all = bids.window(countWindow(10)).aggregate((c) => ({ total: sum(c.price) }));
  return {
    bids,
    w0: of(...CUTS[0]),
    w1: of(...CUTS[1]),
    w2: of(...CUTS[2]),
    w3: of(...CUTS[3]),
    w4: of(...CUTS[4]),
    all,
    again: of(3, 3)
      .window(tumbling(seconds(2)))
      .aggregate((c) => ({ windows: count(), rows: sum(c.n) })),
  };
});

const lineOf = (row: object): string => Object.values(row).map(String).join(' ');

test('windows of so many rows, over keys and without, at any number of lanes and across restores', async () => {
  for (const lanes of [1, 3]) {
    for (let seed = 0; seed < 3; seed++) {
      const random = new Random(seed);
      const t = await testDriver(JOB, { lanes });
      const byUser = new Map<string | null, Bid[]>();
      const all: Bid[] = [];
      const tumbled: { time: number; rows: number }[] = [];
      for (let step = 0; step < 8; step++) {
        const sent = Array.from(
          { length: random.pick([0, 1, 30, 120]) },
          (): Bid => ({
            user: random.bool(0.1) ? null : `user ${random.pick([0, 0, 0, 1, 2, random.int(0, 30)])}`,
            item: `item ${random.int(0, 6)}`,
            price: BigInt(random.int(-20, 20)),
            at: step * 700 + random.int(0, 900),
          }),
        );
        const expected = CUTS.map((): string[] => []);
        const whole: string[] = [];
        for (const bid of sent) {
          const rows = byUser.get(bid.user) ?? [];
          byUser.set(bid.user, rows);
          rows.push(bid);
          CUTS.forEach(([size, slide], i) => {
            if (rows.length % slide !== 0) return;
            const window = rows.slice(-size);
            const items = window.map(({ item }) => item);
            const total = window.reduce((a, { price }) => a + price, 0n);
            expected[i]?.push([bid.user, window.length, total, [...items].sort().at(-1), new Set(items).size].map(String).join(' '));
            if (size === 3) tumbled.push({ time: Math.max(...window.map(({ at }) => at)), rows: 3 });
          });
          all.push(bid);
          if (all.length % 10 === 0) whole.push(String(all.slice(-10).reduce((a, { price }) => a + price, 0n)));
        }
        await t.send('bids', sent);
        const what = `step ${step} of seed ${seed} at ${lanes} lanes`;
        const found = [t.take('w0'), t.take('w1'), t.take('w2'), t.take('w3'), t.take('w4')];
        for (const [i, lines] of expected.entries())
          assert.deepEqual((found[i] as object[]).map(lineOf).sort(), lines.sort(), `${what}, windows of ${CUTS[i]?.join(', ')}`);
        assert.deepEqual(t.take('all').map(lineOf), whole, what);
        if (random.bool(0.4)) await t.checkpointAndRestore({ lanes: random.int(1, 3) });
      }
      await t.end();
      const windows = new Map<number, number>();
      for (const { time } of tumbled) windows.set(Math.floor(time / 2000), (windows.get(Math.floor(time / 2000)) ?? 0) + 1);
      assert.deepEqual(
        t.take('again').map(({ windowStart, windows: n, rows }) => [windowStart / 2000, Number(n), Number(rows)]),
        [...windows].sort(([a], [b]) => a - b).map(([at, n]) => [at, n, n * 3]),
        'results carry the latest time of their rows',
      );
      await t.close();
    }
  }
});

const GLOBAL = job(import.meta, 'global-windows', (env) => {
  const bids = env.from(memory<Bid>([]), { schema: { user: utf8().nullable(), item: utf8(), price: int64(), at: timestamp() } });
  const keyed = bids.keyBy('user');
  const total = { n: count() };
  return {
    bids,
    counted: keyed.window(globalWindow(onCount(5))).aggregate((c) => ({ ...total, total: sum(c.price), top: max(c.item) })),
    purged: keyed.window(globalWindow(purging(onCount(5)))).aggregate((c) => ({ ...total, total: sum(c.price), top: max(c.item) })),
    timed: keyed
      .window(globalWindow(or(onProcessingTime(seconds(2)), onWatermark())))
      .aggregate((c) => ({ ...total, total: sum(c.price) })),
    last: bids.window(globalWindow(onWatermark())).aggregate((c) => ({ ...total, total: sum(c.price) })),
  };
});

const TOTALS = [{ fn: 'count' }, { fn: 'sum', kind: 'int64' as const, argument: 2 }];
const WITH_TOP = [...TOTALS, { fn: 'max', kind: 'utf8' as const, argument: 1 }];

test('global windows are told when their triggers say so', async () => {
  const linesOf = (rows: readonly object[]): string[] =>
    rows
      .map((row) => {
        const { op = '+I', ...rest } = row as Record<string, unknown>;
        return `${String(op)} ${lineOf(rest)}`;
      })
      .sort();
  for (const lanes of [1, 2]) {
    for (let seed = 20; seed < 23; seed++) {
      const random = new Random(seed);
      const t = await testDriver(GLOBAL, { lanes });
      const twins = {
        counted: new TwinGroups([0], WITH_TOP, { wantedRows: 5 }),
        purged: new TwinGroups([0], WITH_TOP, { wantedRows: 5, purging: true }),
        timed: new TwinGroups([0], TOTALS),
        last: new TwinGroups([], TOTALS),
      };
      let clock = 0;
      for (let step = 0; step < 10; step++) {
        const sent = Array.from(
          { length: random.pick([0, 1, 40]) },
          (): Bid => ({
            user: random.bool(0.1) ? null : `user ${random.int(0, 12)}`,
            item: `item ${random.int(0, 9)}`,
            price: BigInt(random.int(-20, 20)),
            at: 0,
          }),
        );
        for (const { user, item, price } of sent)
          for (const twin of Object.values(twins)) twin.add({ comes: true, values: [user, item, price] }, clock);
        await t.send('bids', sent);
        const what = `step ${step} of seed ${seed} at ${lanes} lanes`;
        assert.deepEqual(linesOf(t.take('counted')), twins.counted.tell(false).sort(), what);
        assert.deepEqual(linesOf(t.take('purged')), twins.purged.tell(false).sort(), what);
        assert.deepEqual(t.take('timed'), [], what);
        if (random.bool(0.3)) await t.checkpointAndRestore({ lanes: random.int(1, 3) });
        const before = clock;
        clock += random.pick([0, 700, 1300, 2000]);
        if (clock > before) await t.advanceProcessingTime(clock - before);
        const passed = Math.floor(clock / 2000) > Math.floor(before / 2000);
        assert.deepEqual(linesOf(t.take('timed')), passed ? twins.timed.tell().sort() : [], what);
      }
      await t.end();
      assert.deepEqual(linesOf(t.take('timed')), twins.timed.tell().sort());
      assert.deepEqual(linesOf(t.take('last')), twins.last.tell().sort());
      await t.close();
    }
  }
});

test('windows of so many rows in worker threads', async () => {
  const rows = 20_000;
  const byUser = new Map<string, bigint[]>();
  for (const { user, price } of bidsOf(rows)) byUser.set(user, [...(byUser.get(user) ?? []), price]);
  const expected = [...byUser].flatMap(([user, prices]) =>
    Array.from({ length: Math.floor(prices.length / 10) }, (_, i) => {
      const window = prices.slice(Math.max(0, (i + 1) * 10 - 25), (i + 1) * 10);
      return [user, window.length, window.reduce((a, b) => a + b, 0n)].join(' ');
    }),
  );
  const handle = await run(counted, { lanes: 2, params: { rows } });
  await handle.done;
  assert.deepEqual(handle.take('windows').map(lineOf).sort(), expected.sort());
});
