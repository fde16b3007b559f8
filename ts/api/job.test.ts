import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFromJson, planToJson } from '../plan/json.js';
import { buildJob } from './job.js';
import { count, file, float64, job, minutes, outOfOrder, print, seconds, sum, timestamp, tumbling, utf8 } from '../index.js';

const orders = job(import.meta, 'orders-per-user', (env, params: { least: number }) => {
  const read = env.from(file('orders.ndjson'), {
    schema: { user: utf8(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(10)), idleAfter: minutes(1) },
  });
  const totals = read
    .where((c) => c.amount.gt(params.least))
    .filter((r) => r.amount < 1000)
    .keyBy('user')
    .window(tumbling(minutes(5)), { allowedLateness: minutes(1) })
    .aggregate((c) => ({ orders: count(), total: sum(c.amount), big: sum(c.amount).where(c.amount.gt(100)) }));
  return { orders: read, totals: totals.to(print()), late: totals.late.to(file('late.ndjson')) };
});

test('a job becomes a plan', () => {
  const built = buildJob(orders, { least: 3 });
  assert.deepEqual(
    built.plan.nodes.map((node) => [node.id, node.kind, node.inputs.map((input) => `${input.node}.${input.port}`)]),
    [
      ['orders', 'source', []],
      ['where-1', 'where', ['orders.main']],
      ['filter-1', 'filter', ['where-1.main']],
      ['totals', 'window-aggregate', ['filter-1.main']],
      ['totals-sink', 'sink', ['totals.main']],
      ['late', 'sink', ['totals.late']],
    ],
  );
  assert.deepEqual(built.plan.parts, {
    orders: { node: 'orders', port: 'main' },
    totals: { node: 'totals', port: 'main' },
    late: { node: 'totals', port: 'late' },
  });
  assert.equal(built.functions.length, 1);
  const totals = built.plan.nodes.find((node) => node.id === 'totals');
  assert.deepEqual(
    totals?.schema.map((f) => `${f.name} ${f.kind}${f.nullable ? '?' : ''}`),
    ['user utf8', 'windowStart timestamp', 'windowEnd timestamp', 'orders int64', 'total float64', 'big float64?'],
  );
  assert.equal(totals?.changes, true);
});

test('plans are the same each time, frozen, and go through JSON', () => {
  const one = buildJob(orders, { least: 3 });
  const two = buildJob(orders, { least: 3 });
  assert.equal(one.hash, two.hash);
  assert.notEqual(one.hash, buildJob(orders, { least: 4 }).hash);
  assert.throws(() => Object.assign(one.plan.nodes[0] as object, { id: 'x' }), TypeError);
  assert.deepEqual(planFromJson(planToJson(one.plan)), one.plan);
});
