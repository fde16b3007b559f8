// Windows over the changes of other windows: what is taken back above is taken back below, late changes too, whatever the window,
// the number of lanes, the steps and the restores.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import {
  ascending,
  avg,
  calendar,
  count,
  countDistinct,
  cumulating,
  from,
  hopping,
  int64,
  job,
  max,
  memory,
  milliseconds,
  min,
  processingTime,
  session,
  sum,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

const ms = milliseconds;
const schema = { user: utf8(), item: utf8(), n: int64(), at: timestamp() };
const eventTime = { column: 'at', watermark: ascending() } as const;

/** Rows may be 60 ms late; the sums of items of 10 ms are told again and again, and windows are made of those sums. */
const twice = job(import.meta, 'twice', (env) => {
  const rows = env.from(memory([]), { schema, eventTime });
  const items = rows
    .keyBy('user', 'item')
    .window(tumbling(ms(10)), { allowedLateness: ms(60), emit: 'updates' })
    .aggregate((c) => ({ total: sum(c.n) }))
    .select(({ user, total }) => ({ user, total }));
  const big = items.where((c) => c.total.gt(0));
  const results = (c: Parameters<Parameters<ReturnType<typeof items.window>['aggregate']>[0]>[0]) => ({
    items: count(),
    sum: sum(c.total),
    most: max(c.total),
    least: min(c.total),
    mean: avg(c.total),
    different: countDistinct(c.total),
  });
  return {
    rows,
    side: items
      .keyBy('user')
      .window(tumbling(ms(30), { offset: ms(7) }))
      .aggregate(results),
    sliding: items
      .keyBy('user')
      .window(hopping(ms(40), ms(15)))
      .aggregate(results),
    growing: items.window(cumulating(ms(60), ms(20)), { emit: 'updates' }).aggregate(results),
    daily: items
      .keyBy('user')
      .window(calendar('day', { timeZone: 'Europe/Oslo' }))
      .aggregate(results),
    bigOnes: big
      .keyBy('user')
      .window(tumbling(ms(20)))
      .aggregate(() => ({ items: count() })),
  };
});

interface Given {
  readonly user: string;
  readonly item: string;
  readonly n: bigint;
  readonly at: number;
}

interface Window {
  readonly start: number;
  readonly end: number;
}

const floor = (t: number, size: number, offset = 0): number => Math.floor((t - offset) / size) * size + offset;
const PARTS: Readonly<Record<string, { keyed: boolean; big?: boolean; windows: (t: number) => Window[] }>> = {
  side: { keyed: true, windows: (t) => [{ start: floor(t, 30, 7), end: floor(t, 30, 7) + 30 }] },
  sliding: {
    keyed: true,
    windows: (t) => [0, 1, 2].map((k) => floor(t, 15) - 15 * k).flatMap((start) => (t < start + 40 ? [{ start, end: start + 40 }] : [])),
  },
  growing: {
    keyed: false,
    windows: (t) =>
      [20, 40, 60].flatMap((length) => {
        const start = floor(t, 60);
        return t < start + length ? [{ start, end: start + length }] : [];
      }),
  },
  daily: { keyed: true, windows: (t) => [{ start: floor(t, 86_400_000, -3_600_000), end: floor(t, 86_400_000, -3_600_000) + 86_400_000 }] },
  bigOnes: { keyed: true, big: true, windows: (t) => [{ start: floor(t, 20), end: floor(t, 20) + 20 }] },
};

/** The last value of each key and window, by brute force. */
function expected(part: string, rows: readonly Given[]): string[] {
  const { keyed, big = false, windows } = PARTS[part] as (typeof PARTS)[string];
  const sums = new Map<string, { user: string; at: number; total: bigint }>();
  for (const { user, item, n, at } of rows) {
    const end = floor(at, 10) + 10;
    const id = `${user} ${item} ${end}`;
    const known = sums.get(id) ?? { user, at: end - 1, total: 0n };
    sums.set(id, { ...known, total: known.total + n });
  }
  const groups = new Map<string, { key: string; window: Window; totals: bigint[] }>();
  for (const { user, at, total } of sums.values()) {
    if (big && total <= 0n) continue;
    for (const window of windows(at)) {
      const key = keyed ? user : '';
      const id = `${key} ${window.start} ${window.end}`;
      const group = groups.get(id) ?? { key, window, totals: [] };
      groups.set(id, group);
      group.totals.push(total);
    }
  }
  return [...groups.values()]
    .map(({ key, window, totals }) => {
      const sorted = [...totals].sort((a, b) => Number(a - b));
      const all = totals.reduce((a, b) => a + b, 0n);
      const values = [all, sorted.at(-1), sorted[0], Number(all) / totals.length, new Set(totals).size];
      return [key, window.start, window.end, totals.length, ...(big ? [] : values)].join(' ');
    })
    .sort();
}

/** What is left when all changes are made; each must fit what was told before. */
function left(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const told = new Map<string, number>();
  for (const { op, user = '', ...row } of rows) {
    const line = [user, ...Object.values(row)].join(' ');
    const sign = op === '+I' || op === '+U' ? 1 : -1;
    const now = (told.get(line) ?? 0) + sign;
    assert.ok(now >= 0 && now <= 1, `${String(op)} ${line}`);
    told.set(line, now);
  }
  return [...told]
    .filter(([, n]) => n === 1)
    .map(([line]) => line)
    .sort();
}

test('windows over changes of windows end with what the last values give', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const t = await testDriver(twice, { lanes: random.int(1, 4) });
    const given: Given[] = [];
    let now = random.pick([0, -200]);
    for (let step = 0; step < 8; step++) {
      const rows = Array.from({ length: random.int(0, 12) }, (): Given => {
        now += random.int(0, 6);
        // Never more than 40 ms behind: late for nothing.
        const at = now - (random.bool(0.4) ? random.int(0, 40) : 0);
        return { user: random.pick(['ann', 'bob']), item: random.pick(['x', 'y', 'z']), n: BigInt(random.int(-3, 3)), at };
      });
      given.push(...rows);
      await t.send('rows', rows);
      if (random.bool(0.3)) await t.checkpointAndRestore({ lanes: random.int(1, 4) });
    }
    await t.end();
    for (const part of Object.keys(PARTS)) {
      const rows = t.take(part as 'side') as readonly Readonly<Record<string, unknown>>[];
      assert.deepEqual(left(rows), expected(part, given), `seed ${seed}, ${part}`);
    }
    await t.close();
  }
});

test('a group that loses its last row is deleted', async () => {
  const t = await testDriver(twice);
  await t.send('rows', [
    { user: 'ann', item: 'x', n: 2n, at: 5 },
    { user: 'ann', item: 'x', n: 0n, at: 41 },
  ]);
  await t.send('rows', [{ user: 'ann', item: 'x', n: -2n, at: 6 }]);
  await t.send('rows', [{ user: 'ann', item: 'x', n: 7n, at: 7 }]);
  const plain = (rows: readonly object[]) => rows.map((row) => Object.values(row).join(' '));
  assert.deepEqual(plain(t.take('bigOnes')), ['+I ann 0 20 1', '-D ann 0 20 1', '+I ann 0 20 1']);
  await t.close();
});

test('what cannot be over changes is refused', () => {
  const changes = from(memory([]), { schema, eventTime })
    .keyBy('user')
    .window(tumbling(ms(10)), { emit: 'updates' })
    .aggregate((c) => ({ total: sum(c.n) }));
  const refused = (window: unknown, message: RegExp): void => {
    assert.throws(() => changes.window(window as never).aggregate(() => ({ n: count() })), { code: 'plan.invalid', message });
  };
  refused(session(ms(5)), /window\(session\(…\)\): this stream holds changes .* which a session cannot take back/);
  refused(
    processingTime(tumbling(ms(5))),
    /window\(processingTime\(tumbling\(…\)\)\): this stream holds changes, which come at another time/,
  );
});
