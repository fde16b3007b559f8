// Law 1: headers determine results. A job with two keyed stages is run over recorded steps at 1, 2 and 3 lanes, with lanes
// taking turns at random, with tiny bounds, and with snapshot and restore between steps; and over the same rows cut anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob, type Job } from '../../ts/api/job.js';
import { count, job, max, min, outOfOrder, seconds, sum, timestamp, tumbling, utf8, int64, avg, float64 } from '../../ts/index.js';
import { Random } from '../../ts/core/random.js';
import { memory } from '../../ts/index.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { ManualJob, type ManualRows } from '../../ts/testing/manual-job.js';

const BOUND_MS = 2_000;

const twoStages = job(import.meta, 'two-stages', (env) => {
  const orders = env.from(memory<{ user: string; shop: bigint; amount: number; at: number }>([]), {
    schema: { user: utf8(), shop: int64(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(2)) },
  });
  const perUser = orders
    .where((c) => c.amount.ge(0))
    .keyBy('user', 'shop')
    .window(tumbling(seconds(5)))
    .aggregate((c) => ({
      orders: count(),
      total: sum(c.amount),
      most: max(c.amount),
      least: min(c.at),
      big: count().where(c.amount.gt(50)),
    }));
  const perShop = perUser
    .keyBy('shop')
    .window(tumbling(seconds(20)))
    .aggregate((c) => ({ users: count(), orders: sum(c.orders), total: sum(c.total), mean: avg(c.most) }));
  return { orders, perUser, perShop, late: perUser.late };
});

interface Order {
  readonly user: string;
  readonly shop: bigint;
  readonly amount: number;
  readonly at: number;
}

/** Rows of two splits, mostly in order, some late at every bound. Amounts are whole, so that sums are exact. */
function randomOrders(random: Random, n: number): Order[][] {
  return [0, 1].map((split) => {
    let now = 1_000_000 + split * 700;
    return Array.from({ length: n }, () => {
      now += random.int(0, 120);
      const behind = random.bool(0.2) ? random.pick([0, BOUND_MS - 1, BOUND_MS, BOUND_MS + 1, 5_000, 7_000, 12_000]) : random.int(0, 900);
      return { user: `user ${random.int(0, 12)}`, shop: BigInt(random.int(-2, 3)), amount: random.int(-10, 100), at: now - behind };
    });
  });
}

type Steps = { readonly rows: ManualRows[] }[];

function cut(random: Random, source: string, splits: readonly Order[][]): Steps {
  const at = splits.map(() => 0);
  const steps: Steps = [];
  while (splits.some((rows, i) => (at[i] as number) < rows.length)) {
    const rows: ManualRows[] = [];
    for (let blocks = random.int(0, 4); blocks > 0; blocks--) {
      const split = random.int(0, splits.length - 1);
      const from = at[split] as number;
      const to = Math.min((splits[split] as Order[]).length, from + random.int(0, random.pick([1, 5, 80])));
      at[split] = to;
      rows.push({ source, split: String(split), rows: (splits[split] as Order[]).slice(from, to) as unknown as ManualRows['rows'] });
    }
    steps.push({ rows });
  }
  return steps;
}

interface RunOptions {
  readonly lanes: number;
  readonly random: Random;
  readonly hostile: boolean;
  readonly restore: boolean;
}

async function runSteps(steps: Steps, options: RunOptions): Promise<Record<string, string[]>> {
  const { random } = options;
  const built = buildJob(twoStages as unknown as Job<unknown, never>);
  const manual = await ManualJob.start(built, {
    host: nodeHost,
    lanes: options.lanes,
    taps: ['perUser', 'perShop', 'late'],
    splits: { orders: ['0', '1'] },
    tuning: options.hostile ? { room: random.int(1, 7), messageBytes: random.int(1, 2_000) } : undefined,
    turns: options.hostile
      ? (lanes) => random.shuffle(Array.from({ length: lanes }, (_, i) => i)).slice(0, random.int(1, lanes))
      : undefined,
  });
  const found: Record<string, string[]> = { perUser: [], perShop: [], late: [] };
  const gather = () => {
    for (const [name, rows] of Object.entries(found)) {
      for (const row of manual.take(name)) rows.push(JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)));
    }
  };
  for (const step of steps) {
    await manual.step(step.rows);
    gather();
    if (options.restore && random.bool(0.4)) await manual.checkpointAndRestore(random.int(1, 4));
  }
  await manual.drain();
  gather();
  await manual.close();
  for (const rows of Object.values(found)) rows.sort();
  return found;
}

for (let seed = 1; seed <= 3; seed++) {
  test(`the same steps give the same results, however they are run (seed ${seed})`, async () => {
    const random = new Random(seed);
    const splits = randomOrders(random, 200);
    const steps = cut(random, 'orders', splits);
    const expected = await runSteps(steps, { lanes: 1, random, hostile: false, restore: false });
    assert.ok((expected['perShop'] as string[]).length > 5, 'the job gives results');
    assert.ok((expected['late'] as string[]).length > 5, 'some rows are late');
    for (const lanes of [1, 2, 3]) {
      for (const hostile of [false, true]) {
        for (const restore of [false, true]) {
          const found = await runSteps(steps, { lanes, random, hostile, restore });
          assert.deepEqual(found, expected, `lanes ${lanes}, hostile ${hostile}, restore ${restore}`);
        }
      }
    }
  });

  test(`the same rows cut anew give the same results (seed ${seed})`, async () => {
    const random = new Random(1000 + seed);
    const splits = randomOrders(random, 200);
    const expected = await runSteps(cut(random, 'orders', splits), { lanes: 1, random, hostile: false, restore: false });
    for (let round = 0; round < 4; round++) {
      const found = await runSteps(cut(random, 'orders', splits), {
        lanes: random.int(1, 3),
        random,
        hostile: round % 2 === 1,
        restore: round >= 2,
      });
      assert.deepEqual(found, expected);
    }
  });
}
