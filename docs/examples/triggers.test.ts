import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from '../../ts/testing/index.js';
import shops from './triggers.js';

test('a window that tells early, and its end', async () => {
  const driver = await testDriver(shops, { lanes: 2 });
  const told = (): string[] => driver.take('told').map(({ op, shop, orders, total }) => `${op} ${shop}: ${orders} ${total}`);
  const order = (shop: string, amount: number) => ({ shop, amount, at: 1_000 });
  await driver.send('orders', [order('a', 1), order('a', 2)]);
  assert.deepEqual(told(), []);
  await driver.send('orders', [order('a', 3)]);
  assert.deepEqual(told(), ['+I a: 3 6']);
  await driver.send('orders', [order('b', 4)]);
  await driver.advanceProcessingTime(59_999);
  assert.deepEqual(told(), []);
  await driver.advanceProcessingTime(1);
  assert.deepEqual(told(), ['+I b: 1 4']);
  await driver.advanceProcessingTime(60_000);
  assert.deepEqual(told(), []);
  await driver.send('orders', [order('b', 5)]);
  await driver.end();
  assert.deepEqual(told(), ['-U b: 1 4', '+U b: 2 9']);
  await driver.close();
});

test('the page on triggers shows the code that runs', () => {
  const page = readFileSync('docs/operators/triggers.md', 'utf8');
  const code = readFileSync('docs/examples/triggers.ts', 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 1);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
