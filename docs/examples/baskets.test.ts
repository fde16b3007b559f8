import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from 'millrace';
import baskets from './baskets.js';
import { readNdjson, writeNdjson } from './inputs.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-baskets-'));
const inFolder = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

test('baskets: all rows of each window at once, in order of event time', async () => {
  const order = (user: string, item: string, price: number, at: string) => ({ user, item, price, at: `2026-05-01T${at}Z` });
  writeNdjson(inFolder('orders.ndjson'), [
    order('ann', 'tea', 3.5, '10:00:01'),
    order('ann', 'ink', 8, '10:00:09'),
    order('bob', 'tea', 3.5, '10:30:00'),
    order('ann', 'jam', 4, '10:00:05'),
    order('ann', 'tea', 3.5, '10:59:59'),
    order('ann', 'ink', 8, '11:00:00'),
  ]);
  for (const lanes of [1, 2]) {
    const params = { orders: inFolder('orders.ndjson'), baskets: inFolder('baskets.ndjson'), means: inFolder('means.ndjson') };
    await (await run(baskets, { lanes, params })).done;
    const found = readNdjson<{ user: string; hour: string; items: string[]; dearest: string }>(inFolder('baskets.ndjson'));
    found.sort((a, b) => (a.hour + a.user < b.hour + b.user ? -1 : 1));
    assert.deepEqual(found, [
      { user: 'ann', hour: '2026-05-01T10:00:00.000Z', items: ['tea', 'jam', 'ink'], dearest: 'ink' },
      { user: 'bob', hour: '2026-05-01T10:00:00.000Z', items: ['tea'], dearest: 'tea' },
      { user: 'ann', hour: '2026-05-01T11:00:00.000Z', items: ['ink'], dearest: 'ink' },
    ]);
    const texts = readNdjson<{ text: string }>(inFolder('means.ndjson')).map((r) => r.text);
    assert.deepEqual(texts.sort(), ['1 for 3.50, 3.50 each', '1 for 8.00, 8.00 each', '4 for 19.00, 4.75 each']);
  }
});

test('the page on apply shows the code that runs', () => {
  const page = readFileSync('docs/operators/apply.md', 'utf8');
  const code = readFileSync('docs/examples/baskets.ts', 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 2);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
