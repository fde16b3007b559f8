import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from 'millrace/testing';
import windowKinds from './window-kinds.js';

const at = (text: string): number => Date.parse(`2024-${text}Z`);
const text = (t: number): string => new Date(t).toISOString().slice(5, 16);

test('windows of several kinds over one stream', async () => {
  const t = await testDriver(windowKinds, { lanes: 2 });
  await t.send('orders', [
    { user: 'ann', amount: 2, at: at('03-30T23:30:00') },
    { user: 'ann', amount: 4, at: at('03-30T23:31:30') },
    { user: 'bob', amount: 8, at: at('03-31T01:10:00') },
  ]);
  await t.end();
  const lately = t.take('lately').filter((row) => row.user === 'ann');
  assert.equal(lately.length, 11);
  assert.deepEqual(
    [lately[0], lately[5]].map((row) => row && [text(row.windowStart), text(row.windowEnd), row.orders, row.mean]),
    [
      ['03-30T23:21', '03-30T23:31', 1n, 2],
      ['03-30T23:26', '03-30T23:36', 2n, 3],
    ],
  );
  assert.deepEqual(
    t.take('today').map((row) => `${text(row.windowStart)} ${text(row.windowEnd)} ${row.orders} ${row.total}`),
    [
      '03-30T00:00 03-31T00:00 2 6',
      ...Array.from({ length: 23 }, (_, i) => `03-31T00:00 ${text(at('03-31T02:00:00') + i * 3_600_000)} 1 8`),
    ],
  );
  // The day on which clocks in Oslo go forward has 23 hours.
  assert.deepEqual(
    t
      .take('daily')
      .map((row) => `${row.user} ${text(row.windowStart)} ${text(row.windowEnd)} ${row.orders} ${row.largest}`)
      .sort(),
    ['ann 03-30T23:00 03-31T22:00 2 4', 'bob 03-30T23:00 03-31T22:00 1 8'],
  );
  await t.close();
});

test('windows of the time at which rows come', async () => {
  const t = await testDriver(windowKinds);
  const row = { user: 'ann', amount: 1, at: at('01-01T00:00:00') };
  await t.advanceProcessingTime(4_000);
  await t.send('orders', [row, row]);
  await t.advanceProcessingTime(5_999);
  assert.deepEqual(t.take('arriving'), []);
  await t.advanceProcessingTime(1);
  assert.deepEqual(t.take('arriving'), [{ windowStart: 0, windowEnd: 10_000, orders: 2n }]);
  await t.close();
});

test('the pages on windows show the code that runs', () => {
  const code = readFileSync('docs/examples/window-kinds.ts', 'utf8').replace(/^ {2}/gm, '');
  for (const name of ['hopping-window', 'cumulating-window', 'calendar-window', 'processing-time']) {
    const blocks = [...readFileSync(`docs/operators/${name}.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      (match) => match[1] as string,
    );
    assert.ok(blocks.length > 0, name);
    for (const block of blocks) assert.ok(code.includes(block), `${name}: ${block}`);
  }
});
