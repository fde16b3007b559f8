// Aggregates without a window through the API: over lanes, with restores at other numbers of lanes, over rows and over changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { avg, count, countDistinct, int64, job, max, memory, run, seconds, sum, utf8 } from '../../ts/index.js';
import { buildJob } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { ManualJob } from '../../ts/testing/manual-job.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import { bidsOf, totals } from '../support/group-jobs.js';
import { TwinGroups } from '../twins/groups.js';
import type { KeyValue } from '../twins/hash.js';

interface Bid {
  readonly user: string | null;
  readonly item: string;
  readonly price: bigint;
}

const schema = { user: utf8().nullable(), item: utf8(), price: int64() };

const GROUPS = job(import.meta, 'groups', (env) => {
  const bids = env.from(memory<Bid>([]), { schema });
  const byUser = bids.keyBy('user');
  return {
    bids,
    plain: byUser.aggregate((c) => ({ n: count(), total: sum(c.price), top: max(c.item) })),
    living: byUser.aggregate((c) => ({ n: count(), mean: avg(c.price) }), { ttl: seconds(2) }),
    items: byUser.aggregate((c) => ({ items: countDistinct(c.item) })),
  };
});

const PRICE = 2;
const TWINS = {
  plain: () =>
    new TwinGroups([0], [{ fn: 'count' }, { fn: 'sum', kind: 'int64', argument: PRICE }, { fn: 'max', kind: 'utf8', argument: 1 }]),
  living: () => new TwinGroups([0], [{ fn: 'count' }, { fn: 'avg', kind: 'int64', argument: PRICE }], { ttlMs: 2000 }),
};

function randomBids(random: Random, count: number): Bid[] {
  return Array.from({ length: count }, () => ({
    user: random.bool(0.1) ? null : `user ${random.int(0, 25)}`,
    item: `item ${random.int(0, 9)}`,
    price: BigInt(random.int(-20, 20)),
  }));
}

const linesOf = (rows: readonly object[]): string[] =>
  rows
    .map((row) => {
      const { op, ...rest } = row as Record<string, unknown>;
      return [op, ...Object.values(rest)].map(String).join(' ');
    })
    .sort();

/** What a stream of changes comes to. Throws where one does not follow from those before. */
function fold(rows: readonly object[]): string[] {
  const held = new Map<string, number>();
  for (const row of rows) {
    const { op, ...rest } = row as Record<string, unknown>;
    const line = Object.values(rest).map(String).join(' ');
    const n = (held.get(line) ?? 0) + (op === '+I' || op === '+U' ? 1 : -1);
    assert.ok(n >= 0, `${String(op)} ${line} takes back what is not there`);
    held.set(line, n);
  }
  return [...held].flatMap(([line, n]) => Array<string>(n).fill(line)).sort();
}

test('each step tells what it changed, at any number of lanes and across restores', async () => {
  for (const lanes of [1, 2, 3]) {
    for (let seed = 0; seed < 2; seed++) {
      const random = new Random(seed);
      const t = await testDriver(GROUPS, { lanes });
      const twins = { plain: TWINS.plain(), living: TWINS.living() };
      let clock = 0;
      const seen = new Map<string, Set<string>>();
      for (let step = 0; step < 10; step++) {
        const sent = randomBids(random, random.pick([0, 1, 40]));
        for (const { user, item, price } of sent) {
          const values: KeyValue[] = [user, item, price];
          for (const twin of Object.values(twins)) twin.add({ comes: true, values }, clock);
          seen.set(String(user), (seen.get(String(user)) ?? new Set()).add(item));
        }
        await t.send('bids', sent);
        const what = `step ${step} of seed ${seed} at ${lanes} lanes`;
        assert.deepEqual(linesOf(t.take('plain')), twins.plain.tell().sort(), what);
        assert.deepEqual(linesOf(t.take('living')), twins.living.tell().sort(), what);
        if (random.bool(0.3)) await t.checkpointAndRestore({ lanes: random.int(1, 3) });
        const ms = random.pick([0, 500, 1500, 2000]);
        if (ms > 0) await t.advanceProcessingTime(ms);
        clock += ms;
      }
      assert.deepEqual(fold(t.take('items')), [...seen].map(([user, items]) => `${user} ${items.size}`).sort());
      await t.close();
    }
  }
});

const NESTED = job(import.meta, 'nested-groups', (env) => {
  const bids = env.from(memory<Bid>([]), { schema });
  const best = bids.keyBy('user', 'item').aggregate((c) => ({ price: max(c.price), n: count() }));
  const perItem = best
    .where((c) => c.n.gt(1))
    .keyBy('item')
    .aggregate((c) => ({ users: count(), mean: avg(c.price), total: sum(c.price), top: max(c.price), named: count(c.user) }));
  const byUsers = perItem.keyBy('users').aggregate((c) => ({ items: count(), total: sum(c.total), tops: countDistinct(c.top) }));
  return { bids, perItem, byUsers };
});

interface PerItem {
  readonly prices: bigint[];
  named: number;
}

/** What is left of all rows so far, worked out from scratch. */
function nestedModel(rows: readonly Bid[]): { perItem: string[]; byUsers: string[] } {
  const best = new Map<string, { bid: Bid; n: number }>();
  for (const bid of rows) {
    const id = `${bid.user}/${bid.item}`;
    const known = best.get(id);
    best.set(id, { bid: known === undefined || bid.price > known.bid.price ? bid : known.bid, n: (known?.n ?? 0) + 1 });
  }
  const items = new Map<string, PerItem>();
  for (const { bid, n } of best.values()) {
    if (n < 2) continue;
    const item = items.get(bid.item) ?? { prices: [], named: 0 };
    items.set(bid.item, item);
    item.prices.push(bid.price);
    if (bid.user !== null) item.named++;
  }
  const sumOf = (prices: readonly bigint[]): bigint => prices.reduce((a, b) => a + b, 0n);
  const topOf = (prices: readonly bigint[]): bigint => prices.reduce((a, b) => (a > b ? a : b));
  const sizes = new Map<number, bigint[][]>();
  for (const { prices } of items.values()) sizes.set(prices.length, [...(sizes.get(prices.length) ?? []), prices]);
  return {
    perItem: [...items]
      .map(([item, { prices, named }]) => {
        const total = sumOf(prices);
        return [item, prices.length, Number(total) / prices.length, total, topOf(prices), named].join(' ');
      })
      .sort(),
    byUsers: [...sizes].map(([n, all]) => [n, all.length, sumOf(all.flat()), new Set(all.map(topOf)).size].join(' ')).sort(),
  };
}

test('aggregates over the changes of aggregates, two levels deep', async () => {
  for (const lanes of [1, 2, 3]) {
    for (let seed = 10; seed < 12; seed++) {
      const random = new Random(seed);
      const t = await testDriver(NESTED, { lanes });
      const all: Bid[] = [];
      const told: Record<'perItem' | 'byUsers', object[]> = { perItem: [], byUsers: [] };
      for (let step = 0; step < 10; step++) {
        const sent = randomBids(random, random.pick([0, 1, 5, 60]));
        all.push(...sent);
        await t.send('bids', sent);
        told.perItem.push(...t.take('perItem'));
        told.byUsers.push(...t.take('byUsers'));
        const model = nestedModel(all);
        const what = `step ${step} of seed ${seed} at ${lanes} lanes`;
        assert.deepEqual(fold(told.perItem), model.perItem, what);
        assert.deepEqual(fold(told.byUsers), model.byUsers, what);
        if (random.bool(0.4)) await t.checkpointAndRestore({ lanes: random.int(1, 3) });
      }
      await t.close();
    }
  }
});

test('lanes in worker threads give the same', async () => {
  const rows = 20_000;
  const model = new Map<string, { n: number; total: bigint; top: string }>();
  for (const { user, item, price } of bidsOf(rows)) {
    const known = model.get(user) ?? { n: 0, total: 0n, top: item };
    model.set(user, { n: known.n + 1, total: known.total + price, top: item > known.top ? item : known.top });
  }
  const sizes = new Map<number, bigint[]>();
  for (const { n, total } of model.values()) sizes.set(n, [...(sizes.get(n) ?? []), total]);
  for (const threads of [true, false]) {
    const handle = await run(totals, { lanes: 2, threads, params: { rows } });
    await handle.done;
    assert.deepEqual(fold(handle.take('perUser')), [...model].map(([user, g]) => [user, g.n, g.total, g.top].join(' ')).sort());
    assert.deepEqual(
      fold(handle.take('bySize')),
      [...sizes].map(([n, all]) => [n, all.length, Number(all.reduce((a, b) => a + b, 0n)) / all.length].join(' ')).sort(),
    );
  }
});

const PASSING = job(import.meta, 'passing', (env) => {
  const bids = env.from(memory<Bid>([]), { schema });
  return { bids, living: bids.keyBy('user').aggregate(() => ({ n: count() }), { ttl: seconds(1) }) };
});

test('groups whose ttl is over go while new ones keep coming', async () => {
  const manual = await ManualJob.start(buildJob(PASSING as never), { host: nodeHost, lanes: 1, taps: ['living'] });
  const [steps, each] = [10, 6000];
  for (let step = 0; step < steps; step++) {
    // In one step with the rows: only they make the operator look.
    manual.clockMs += 5000;
    const rows = Array.from({ length: each }, (_, i) => ({ user: `user ${step * each + i}`, item: '', price: 0n }));
    await manual.step([{ source: 'bids', rows }]);
  }
  const held = manual.metrics()['living.groups'] as number;
  assert.ok(held <= 4 * each, `${held} groups are held`);
  await manual.close();
});
