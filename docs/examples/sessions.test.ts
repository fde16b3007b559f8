import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from 'millrace/testing';
import sessions from './sessions.js';

const MINUTE = 60_000;
const NO_FILES = { clicks: 'clicks.ndjson', rides: 'rides.ndjson', trips: 'trips.ndjson' };

test('visits of a shop', async () => {
  const driver = await testDriver(sessions, { lanes: 2, params: NO_FILES });
  const click = (user: string, minute: number): { user: string; amount: bigint; at: number } => ({ user, amount: 5n, at: minute * MINUTE });
  await driver.send('clicks', [click('ann', 0), click('bob', 1), click('ann', 10), click('bob', 12)]);
  await driver.watermark('clicks', 20 * MINUTE);
  const visit = (user: string, from: number, to: number, clicks: number) => ({
    user,
    windowStart: from * MINUTE,
    windowEnd: to * MINUTE,
    clicks: BigInt(clicks),
    spent: BigInt(5 * clicks),
  });
  assert.deepEqual(driver.take('visits'), [
    { ...visit('bob', 1, 11, 1), op: '+I' },
    { ...visit('ann', 0, 20, 2), op: '+I' },
  ]);
  // Ann's visit is over, but for another minute late rows may change it; Bob's second is not.
  await driver.send('clicks', [click('ann', 15), click('bob', 13)]);
  assert.deepEqual(driver.take('visits'), [{ ...visit('ann', 0, 20, 2), op: '-D' }]);
  await driver.end();
  assert.deepEqual(driver.take('visits'), [
    { ...visit('bob', 12, 23, 2), op: '+I' },
    { ...visit('ann', 0, 25, 3), op: '+I' },
  ]);
  await driver.close();
});

test('the page on session windows shows the code that runs', () => {
  const page = readFileSync('docs/operators/session-window.md', 'utf8');
  const code = readFileSync('docs/examples/sessions.ts', 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 2);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
