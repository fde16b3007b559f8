import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from '../../ts/testing/test-driver.js';
import { bidsCompared, clicksOnce, topBids } from './ranking.js';

test('the best bids of an auction', async () => {
  const t = await testDriver(topBids, { lanes: 2 });
  const told: string[][] = [];
  for (const prices of [[10], [30], [20, 5], [7]]) {
    await t.send(
      'bids',
      prices.map((price) => ({ auction: 1, bidder: price, price, at: 0 })),
    );
    told.push(t.take('best').map(({ op, price, rank }) => `${op} ${price} rank ${rank}`));
  }
  assert.deepEqual(told, [['+I 10 rank 1'], ['-U 10 rank 1', '+U 30 rank 1', '+I 10 rank 2'], ['-U 10 rank 2', '+U 20 rank 2'], []]);
  assert.deepEqual(
    t.take('worst').map(({ op, price }) => `${op} ${price}`),
    ['+I 10', '-U 10', '+U 5'],
  );
  await t.close();
});

test('clicks without duplicates', async () => {
  const t = await testDriver(clicksOnce, { lanes: 2 });
  const MINUTE = 60_000;
  const click = (at: number) => ({ user: 'ann', page: '/', at: at * MINUTE });
  await t.send('clicks', [0, 4, 9, 10, 15, 22, 13].map(click));
  assert.deepEqual(
    t.take('once').map(({ at }) => at / MINUTE),
    [0, 10, 22],
  );
  assert.deepEqual(
    t.take('latest').map(({ op, at }) => `${op} ${at / MINUTE}`),
    ['+I 22'],
  );
  await t.send('clicks', [11, 2, 30].map(click));
  assert.deepEqual(
    t.take('late').map(({ at }) => at / MINUTE),
    [2],
  );
  assert.deepEqual(
    t.take('latest').map(({ op, at }) => `${op} ${at / MINUTE}`),
    ['-U 22', '+U 30'],
  );
  assert.equal(t.metrics()['once.gate.lateRows'], 1);
  await t.close();
});

test('bids over the bids before', async () => {
  const t = await testDriver(bidsCompared, { lanes: 2 });
  const MINUTE = 60_000;
  const bids = [
    [1, 10],
    [2, 20],
    [2, 30],
    [4, 40],
    [9, 50],
  ] as const;
  await t.send(
    'bids',
    bids.map(([at, price]) => ({ auction: 1, bidder: 1, price, at: at * MINUTE })),
  );
  assert.equal(t.take('recent').length, 4);
  await t.end();
  assert.deepEqual(
    t.take('compared').map(({ mean, before, after }) => [mean, Number(before ?? 0), Number(after ?? 0)]),
    [
      [10, 0, 20],
      [15, 10, 30],
      [20, 20, 40],
      [30, 30, 50],
      [40, 40, 0],
    ],
  );
  assert.deepEqual(
    t.take('recent').map(({ bids: n, highest }) => [Number(n), Number(highest)]),
    [[2, 50]],
  );
  await t.close();
});

for (const page of ['top-n', 'dedup', 'over']) {
  test(`the page ${page} shows the code that runs`, () => {
    const text = readFileSync(`docs/operators/${page}.md`, 'utf8');
    const code = readFileSync('docs/examples/ranking.ts', 'utf8').replace(/^ {2}/gm, '');
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
    assert.ok(blocks.length > 0);
    for (const block of blocks) for (const line of block.split('\n')) assert.ok(code.includes(line.replace(/\s*\/\/.*$/, '')), line);
  });
}
