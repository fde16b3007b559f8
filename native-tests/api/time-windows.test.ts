// Windows over time through the public API: late for some windows only, at several lanes, over restores; and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ascending,
  calendar,
  count,
  cumulating,
  from,
  hopping,
  int64,
  job,
  max,
  memory,
  milliseconds,
  sum,
  timestamp,
  tumbling,
  utf8,
  type EventTimeWindow,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

const schema = { user: utf8(), n: int64(), at: timestamp() };
const eventTime = { column: 'at', watermark: ascending() } as const;

const sliding = job(import.meta, 'sliding', (env) => {
  const rows = env.from(memory([]), { schema, eventTime });
  const hops = rows
    .keyBy('user')
    .window(hopping(milliseconds(30), milliseconds(10)))
    .aggregate((c) => ({ rows: count(), total: sum(c.n), most: max(c.n) }));
  const sparse = rows.window(hopping(milliseconds(4), milliseconds(10))).aggregate(() => ({ rows: count() }));
  const changing = rows
    .window(hopping(milliseconds(20), milliseconds(10)), { allowedLateness: milliseconds(20) })
    .aggregate(() => ({ rows: count() }));
  return { rows, hops, late: hops.late, sparse, lateForSparse: sparse.late, changing };
});

for (const lanes of [1, 3]) {
  test(`a row that is late for some windows counts in the others, at ${lanes} lanes and over a restore`, async () => {
    const t = await testDriver(sliding, { lanes });
    const row = (user: string, at: number) => ({ user, n: BigInt(at), at });
    const hops = () =>
      t
        .take('hops')
        .map((r) => `${r.user} ${r.windowStart}: ${r.rows} ${r.total} ${r.most}`)
        .sort();
    await t.send('rows', [row('ann', 5), row('bob', 12), row('ann', 31)]);
    // The watermark is 30: windows that end at 10, 20 and 30 have fired.
    assert.deepEqual(hops(), ['ann -10: 1 5 5', 'ann -20: 1 5 5', 'ann 0: 1 5 5', 'bob -10: 1 12 12', 'bob 0: 1 12 12']);
    await t.checkpointAndRestore({ lanes: 4 - lanes });
    await t.send('rows', [row('bob', 15), row('bob', 29), row('ann', 3)]);
    assert.deepEqual(
      t.take('late').map((r) => r.at),
      [3],
      '15 and 29 are late for some of their windows only',
    );
    await t.checkpointAndRestore({ lanes });
    await t.end();
    assert.deepEqual(hops(), ['ann 10: 1 31 31', 'ann 20: 1 31 31', 'ann 30: 1 31 31', 'bob 10: 3 56 29', 'bob 20: 1 29 29']);
    assert.deepEqual(
      t.take('sparse').map((r) => `${r.windowStart}: ${r.rows}`),
      ['10: 1', '30: 1'],
    );
    assert.deepEqual(
      t.take('lateForSparse').map((r) => r.at),
      [3],
      'rows between windows are not late',
    );
    assert.deepEqual(
      t.take('changing').map((r) => `${r.op} ${r.windowStart}: ${r.rows}`),
      ['+I -10: 1', '+I 0: 2', '+I 10: 1', '-U 0: 2', '+U 0: 4', '-U 10: 1', '+U 10: 3', '+I 20: 2', '+I 30: 1'],
    );
    await t.close();
  });
}

test('rows between windows are counted', async () => {
  const t = await testDriver(sliding);
  await t.send(
    'rows',
    [1, 4, 9, 13, 14].map((at) => ({ user: 'ann', n: 1n, at })),
  );
  assert.equal(t.metrics()['sparse.gate.outsideRows'], 3);
  assert.equal(t.metrics()['hops.gate.outsideRows'], undefined);
  await t.close();
});

test('windows that cannot be are refused in the words of the user', () => {
  const rows = from(memory([]), { schema, eventTime });
  const ms = milliseconds;
  const refused = (window: () => EventTimeWindow, message: RegExp): void => {
    assert.throws(() => rows.window(window()).aggregate(() => ({ n: count() })), { code: 'plan.invalid', message });
  };
  refused(() => hopping(ms(0), ms(1)), /the size of hopping is 0 ms/);
  refused(() => hopping(ms(10), ms(-1)), /the slide of hopping is -1 ms/);
  refused(() => hopping(ms(10), '5 min' as never), /give durations, such as hopping\(/);
  refused(() => hopping(ms(2_000_001), ms(2)), /puts a row into 1000001 windows; give a longer slide/);
  refused(() => hopping(ms(10), ms(1), { offset: 0.5 as never }), /the offset of hopping is 0.5/);
  refused(() => cumulating(ms(25), ms(10)), /cumulating\(25 ms, 10 ms\): the longest window must be a multiple of the step/);
  refused(() => cumulating(ms(10), ms(0)), /the step of cumulating is 0 ms/);
  refused(() => calendar('year' as never, { timeZone: 'UTC' }), /there are calendars of 'day', 'week' and 'month'/);
  refused(() => calendar('day', { timeZone: 'Europe/Nowhere' }), /"Europe\/Nowhere" is no time zone; give an IANA name/);
  refused(() => calendar('day', {} as never), /give a time zone, such as calendar\(/);
  refused(() => tumbling(ms(5), { ofset: ms(1) } as never), /did you mean 'offset'\?/);
});
