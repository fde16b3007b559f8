import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../ts/plan/explain.js';
import { describeDuration } from '../../ts/plan/windows.js';
import { buildJob } from '../../ts/api/job.js';
import { count, file, float64, job, minutes, outOfOrder, print, seconds, sum, timestamp, tumbling, utf8 } from '../../ts/index.js';

const orders = job(import.meta, 'orders-per-user', (env) => {
  const read = env.from(file('orders.ndjson'), {
    schema: { user: utf8(), amount: float64().nullable(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(10)), idleAfter: minutes(1) },
  });
  const totals = read
    .where((c) => c.amount.isNotNull())
    .keyBy('user')
    .window(tumbling(minutes(5)), { allowedLateness: minutes(1.5) })
    .aggregate((c) => ({ orders: count(), total: sum(c.amount).where(c.amount.gt(100)) }));
  return { read, totals: totals.to(print()), late: totals.late.to(file('late.ndjson')) };
});

test('explain draws the tree from what leaves the job to its sources', () => {
  assert.equal(
    explain(buildJob(orders).plan),
    [
      'job orders-per-user',
      'totals-sink  to print()',
      '└─ totals       tumbling 5 min by user: orders = count(), total = sum(amount) where amount > 100; allowed lateness 1 min 30 s' +
        '  [depends on arrival: which changes come before the last one]',
      '   └─ where-1      where amount is not null',
      '      └─ read         from file(path: "orders.ndjson") (user utf8, amount float64?, at timestamp);' +
        ' event time at, out of order by up to 10 s, idle after 1 min; malformed: fail',
      'late         to file(path: "late.ndjson")',
      '└─ totals.late  (see above)',
      'returns read = read, totals = totals, late = totals.late',
    ].join('\n'),
  );
});

test('durations are written in whole units', () => {
  assert.equal(describeDuration(90_061_001), '1 d 1 h 1 min 1 s 1 ms');
  assert.equal(describeDuration(0), '0 ms');
  assert.equal(describeDuration(-5000), '-5 s');
});
