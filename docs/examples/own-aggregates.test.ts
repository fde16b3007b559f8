import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from 'millrace';
import ownAggregates from './own-aggregates.js';

for (const threads of [false, true]) {
  test(`aggregates of one’s own, ${threads ? 'in worker threads' : 'on the calling thread'}`, async () => {
    const handle = await run(ownAggregates, { lanes: 2, threads });
    await handle.done;
    const rows = handle
      .take('grown')
      .map(({ plant, windowStart, times, site, leaves }) => `${windowStart / 60_000} ${plant} ${times} ${site} ${leaves}`);
    assert.deepEqual(rows.sort(), ['0 fern 3.75 wood 18', '0 moss 0.5 wood 0', '5 fern 0.25 bank 0']);
  });
}

test('the page on one’s own aggregates shows the code that runs', () => {
  const page = readFileSync('docs/operators/own-aggregates.md', 'utf8');
  const code = readFileSync('docs/examples/own-aggregates.ts', 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 4);
  const file = readFileSync('docs/examples/spread.as.ts', 'utf8');
  for (const block of blocks) assert.ok(code.includes(block) || file === block, block);
});
