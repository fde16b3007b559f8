import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hours } from 'millrace';
import { testDriver } from 'millrace/testing';
import orderCounts from './order-counts.js';

test('totals of each user, and how many have so many orders', async () => {
  const t = await testDriver(orderCounts, { lanes: 2 });
  const send = (...rows: readonly (readonly [string, number])[]) =>
    t.send(
      'orders',
      rows.map(([user, amount]) => ({ user, amount })),
    );
  const told = () => t.take('totals').map(({ op, user, orders, total }) => `${op} ${user} ${orders} ${total}`);
  const sizes = () => t.take('bySize').map(({ op, orders, users }) => `${op} ${orders} ${users}`);
  await send(['a', 5], ['a', 2]);
  assert.deepEqual(told(), ['+I a 2 7']);
  assert.deepEqual(sizes(), ['+I 2 1']);
  await send(['b', 1]);
  assert.deepEqual(told(), ['+I b 1 1']);
  await send(['a', 1], ['b', -1]);
  assert.deepEqual(told().sort(), ['+U a 3 8', '+U b 2 0', '-U a 2 7', '-U b 1 1']);
  assert.deepEqual(sizes().sort(), ['+I 1 1', '+I 3 1', '-D 1 1']);
  await t.advanceProcessingTime(hours(24));
  await send(['a', 3]);
  assert.deepEqual(told(), ['+I a 1 3']);
  assert.deepEqual(sizes().sort(), ['+I 4 1', '-D 3 1']);
  await t.close();
});

test('the page on aggregates without a window shows the code that runs', () => {
  const page = readFileSync('docs/operators/group-aggregate.md', 'utf8');
  const code = readFileSync('docs/examples/order-counts.ts', 'utf8').replaceAll(/^ {2}/gm, '');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 2);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
