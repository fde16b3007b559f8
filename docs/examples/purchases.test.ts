import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from 'millrace';
import purchases, { type Purchase } from './purchases.js';

const bought = (at: string, user: string, shop: string, item: string, amount: number | null, gift = false, paid = true): Purchase => ({
  user,
  shop,
  item,
  amount,
  gift,
  paid,
  at: new Date(`2026-01-01T${at}Z`),
});

test('purchases of each user in ten minutes', async () => {
  const rows = [
    bought('10:02:00', 'ann', 'north', 'lamp', 30),
    bought('10:01:30', 'ann', 'south', 'book', null),
    bought('10:05:00', 'bob', 'north', 'cup', 8, true),
    bought('10:06:00', 'ann', 'north', 'desk', 90, true, false),
    bought('10:09:00', 'ann', 'north', 'chair', 90),
    bought('10:11:00', 'bob', 'south', 'pen', 2),
  ];
  for (const lanes of [1, 3]) {
    const handle = await run(purchases, { lanes, threads: false, params: { purchases: rows } });
    await handle.done;
    const found = handle
      .take('perUser')
      .map(({ windowStart, windowEnd: _, ...row }) => ({ ...row, from: new Date(windowStart).toISOString().slice(11, 16) }));
    assert.deepEqual(
      found.sort((a, b) => (a.from + a.user < b.from + b.user ? -1 : 1)),
      [
        {
          user: 'ann',
          orders: 4n,
          spent: 210,
          spread: Math.sqrt(1200),
          began: 'south',
          dearest: 'desk',
          gifts: 1n,
          allPaid: false,
          from: '10:00',
        },
        { user: 'bob', orders: 1n, spent: 8, spread: null, began: 'north', dearest: 'cup', gifts: 1n, allPaid: true, from: '10:00' },
        { user: 'bob', orders: 1n, spent: 2, spread: null, began: 'south', dearest: 'pen', gifts: 0n, allPaid: true, from: '10:10' },
      ],
    );
  }
});

test('the page on aggregates shows the code that runs', () => {
  const page = readFileSync('docs/operators/aggregates.md', 'utf8');
  const code = readFileSync('docs/examples/purchases.ts', 'utf8').replace(/^ {2}/gm, '');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 1);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
