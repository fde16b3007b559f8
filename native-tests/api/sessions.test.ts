// Session windows through the API: over lanes, with restores at other numbers of lanes, with gaps fixed and by row, and in threads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import {
  count,
  countDistinct,
  int32,
  int64,
  job,
  max,
  memory,
  milliseconds,
  min,
  outOfOrder,
  run,
  session,
  sum,
  timestamp,
  utf8,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import { Q11_GAP_MS, userSessions } from './session-jobs.js';

interface Click {
  readonly user: string | null;
  readonly amount: bigint;
  readonly gap: number;
  readonly at: number;
}

const FIXED = 70;
const LATENESS = 150;

const clicks = job(import.meta, 'clicks', (env) => {
  const rows = env.from(memory<Click>([]), {
    schema: { user: utf8().nullable(), amount: int64(), gap: int32().nullable(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(milliseconds(100)) },
  });
  const fixed = session(milliseconds(FIXED));
  return {
    rows,
    fixed: rows
      .keyBy('user')
      .window(fixed)
      .aggregate((c) => ({ n: count(), total: sum(c.amount), users: countDistinct(c.user) })),
    own: rows
      .keyBy('user')
      .window((c) => session(c.gap))
      .aggregate((c) => ({ n: count(), least: min(c.amount), most: max(c.amount) })),
    all: rows.window(fixed).aggregate(() => ({ n: count() })),
    patient: rows
      .keyBy('user')
      .window(fixed, { allowedLateness: milliseconds(LATENESS) })
      .aggregate(() => ({ n: count() })),
    changing: rows
      .keyBy('user')
      .window(fixed, { allowedLateness: milliseconds(LATENESS), emit: 'updates' })
      .aggregate((c) => ({ n: count(), total: sum(c.amount) })),
  };
});

interface Span {
  start: number;
  end: number;
  rows: Click[];
}

/** All rows of a key as spans, sorted; the union of those that touch. Of rows that are in time for every session. */
function spansOf(rows: readonly Click[], gapOf: (row: Click) => number): Span[] {
  const out: Span[] = [];
  for (const row of [...rows].sort((a, b) => a.at - b.at)) {
    const last = out.findLast((s) => row.at <= s.end);
    const end = row.at + gapOf(row);
    if (last === undefined) out.push({ start: row.at, end, rows: [row] });
    else {
      last.rows.push(row);
      last.end = Math.max(last.end, end);
    }
  }
  return out;
}

function byUser(rows: readonly Click[]): [string | null, Click[]][] {
  const users = [...new Set(rows.map((r) => r.user))];
  return users.map((user) => [user, rows.filter((r) => r.user === user)]);
}

const text = (row: object): string => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
const sorted = (rows: readonly object[]): string[] => rows.map(text).sort();

/** Rows out of order by less than the watermark's bound, so that none is behind its clock. */
function made(random: Random, rows: number, from: number): Click[] {
  return Array.from({ length: rows }, (_, i) => ({
    user: random.bool(0.1) ? null : `user ${random.int(0, 30)}`,
    amount: BigInt(random.int(-9, 9)),
    gap: random.pick([1, 20, 100, 400]),
    at: from + i * 3 + random.int(0, 95),
  }));
}

for (const lanes of [1, 2, 3]) {
  test(`sessions are the unions of their rows' spans, from ${lanes} lanes on`, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed);
      const driver = await testDriver(clicks, { lanes });
      const rows: Click[] = [];
      for (let step = 0; step < 5; step++) {
        const more = made(random, random.int(0, 150), rows.length * 3);
        rows.push(...more);
        await driver.send('rows', more);
        if (random.bool()) await driver.checkpointAndRestore({ lanes: random.int(1, 4) });
      }
      await driver.end();
      const bounds = ({ start, end }: Span) => ({ windowStart: start, windowEnd: end });
      const total = (s: Span): bigint => s.rows.reduce((all, r) => all + r.amount, 0n);
      const fixed = byUser(rows).flatMap(([user, own]) =>
        spansOf(own, () => FIXED).map((s) => ({
          user,
          ...bounds(s),
          n: BigInt(s.rows.length),
          total: total(s),
          users: user === null ? 0n : 1n,
        })),
      );
      assert.deepEqual(sorted(driver.take('fixed')), sorted(fixed), `seed ${seed}`);
      const own = byUser(rows).flatMap(([user, mine]) =>
        spansOf(mine, (r) => r.gap).map((s) => {
          const amounts = s.rows.map((r) => Number(r.amount));
          return { user, ...bounds(s), n: BigInt(s.rows.length), least: BigInt(Math.min(...amounts)), most: BigInt(Math.max(...amounts)) };
        }),
      );
      assert.deepEqual(sorted(driver.take('own')), sorted(own), `seed ${seed}`);
      const all = spansOf(rows, () => FIXED).map((s) => ({ ...bounds(s), n: BigInt(s.rows.length) }));
      assert.deepEqual(sorted(driver.take('all')), sorted(all), `seed ${seed}`);
      const changing = new Map<string, object>();
      for (const { op, ...row } of driver.take('changing')) {
        const id = `${row.user} ${row.windowStart} ${row.windowEnd}`;
        if (op === '+I' || op === '+U') {
          assert.ok(!changing.has(id), `seed ${seed}: ${op} of what is there`);
          changing.set(id, row);
        } else {
          assert.equal(text(changing.get(id) ?? {}), text(row), `seed ${seed}: ${op} of what was told`);
          changing.delete(id);
        }
      }
      assert.deepEqual(sorted([...changing.values()]), sorted(fixed.map(({ users: _, ...row }) => row)), `seed ${seed}`);
      await driver.close();
    }
  });
}

test('late rows change what was told; bridged sessions are taken back', async () => {
  const driver = await testDriver(clicks);
  const at = (...times: number[]): Click[] => times.map((time) => ({ user: 'ann', amount: 1n, gap: 1, at: time }));
  const told = (): string[] =>
    driver.take('changing').map(({ op, windowStart, windowEnd, n }) => `${op} [${windowStart}, ${windowEnd}) ${n}`);
  await driver.send('rows', at(0, 100));
  assert.deepEqual(told(), ['+I [0, 70) 1', '+I [100, 170) 1'].reverse());
  await driver.watermark('rows', 180);
  assert.deepEqual(told(), []);
  await driver.send('rows', at(120, 30));
  assert.deepEqual(told(), ['-D [100, 170) 1', '-D [0, 70) 1', '+I [0, 190) 4']);
  await driver.send('rows', at(60));
  assert.deepEqual(told(), ['-U [0, 190) 4', '+U [0, 190) 5']);
  await driver.watermark('rows', 190);
  await driver.send('rows', at(110));
  assert.deepEqual(told(), ['-U [0, 190) 5', '+U [0, 190) 6']);
  await driver.watermark('rows', 340);
  await driver.send('rows', at(190, 300));
  // [0, 190) is over for good, though the row at its end is not late.
  assert.deepEqual(told(), ['+I [300, 370) 1', '+I [190, 260) 1']);
  await driver.close();
});

test('a session that a late row has made longer fires when the watermark is at its new end', async () => {
  const driver = await testDriver(clicks, { lanes: 2 });
  const at = (time: number): Click => ({ user: 'ann', amount: 1n, gap: 1, at: time });
  const told = (): string[] =>
    driver.take('patient').map(({ op, windowStart, windowEnd, n }) => `${op} [${windowStart}, ${windowEnd}) ${n}`);
  await driver.send('rows', [at(0)]);
  await driver.watermark('rows', 69);
  assert.deepEqual(told(), []);
  await driver.watermark('rows', 70);
  assert.deepEqual(told(), ['+I [0, 70) 1']);
  await driver.checkpointAndRestore({ lanes: 3 });
  await driver.watermark('rows', 100);
  await driver.send('rows', [at(60)]);
  assert.deepEqual(told(), ['-D [0, 70) 1']);
  await driver.watermark('rows', 129);
  assert.deepEqual(told(), []);
  await driver.watermark('rows', 130);
  assert.deepEqual(told(), ['+I [0, 130) 2']);
  assert.equal(driver.metrics()['patient.openWindows'], 1);
  await driver.watermark('rows', 130 + LATENESS);
  assert.equal(driver.metrics()['patient.openWindows'], 0);
  await driver.close();
});

test('a row joins no session that is over by its own clock', async () => {
  const driver = await testDriver(clicks);
  const at = (user: string, time: number): Click => ({ user, amount: 1n, gap: 1, at: time });
  // Bob's row at 300 puts the split's watermark at 199, where Ann's [100, 170) is over though it has not fired yet.
  await driver.send('rows', [at('ann', 100), at('bob', 300), at('ann', 165)]);
  await driver.end();
  const ann = driver.take('fixed').filter((r) => r.user === 'ann');
  assert.deepEqual(
    ann.map((r) => [r.windowStart, r.windowEnd]),
    [
      [100, 170],
      [165, 235],
    ],
  );
  await driver.close();
});

test('a gap that is null or not above 0 stops the job, in the words of its column', async () => {
  for (const [gap, said] of [
    [null, 'null'],
    [0, '0 ms'],
    [-5, '-5 ms'],
  ] as const) {
    const driver = await testDriver(clicks);
    await assert.rejects(
      driver.send('rows', [{ user: 'ann', amount: 1n, gap, at: 0 } as never]),
      (error: Error & { code?: string }) =>
        error.code === 'value.invalid' && error.message.includes(`session(gap)): the gap of a row is ${said};`),
    );
    await driver.close().catch(() => undefined);
  }
});

test('Nexmark question 11, in threads and on the calling thread, at several lanes', async () => {
  for (const [splits, group] of [
    [1, 1],
    [3, 50],
  ] as const) {
    for (const [lanes, threads] of [
      [1, false],
      [3, false],
      [2, true],
    ] as const) {
      const handle = await run(userSessions, { lanes, threads, params: { events: 60_000, splits, group } });
      await handle.done;
      const bids = handle.take('bids');
      const ofBidder = new Map<bigint, number[]>();
      for (const { bidder, at } of bids) ofBidder.set(bidder, [...(ofBidder.get(bidder) ?? []), at]);
      const wanted = [...ofBidder].flatMap(([bidder, times]) => {
        const sessions: { bidder: bigint; windowStart: number; windowEnd: number; bids: bigint }[] = [];
        for (const at of times.sort((a, b) => a - b)) {
          const last = sessions.at(-1);
          if (last !== undefined && at <= last.windowEnd) {
            last.windowEnd = at + Q11_GAP_MS;
            last.bids++;
          } else sessions.push({ bidder, windowStart: at, windowEnd: at + Q11_GAP_MS, bids: 1n });
        }
        return sessions;
      });
      assert.ok(wanted.length > 5_000 && wanted.some((s) => s.bids > 3n));
      assert.deepEqual(sorted(handle.take('sessions')), sorted(wanted), `${splits} splits, ${lanes} lanes`);
    }
  }
});
