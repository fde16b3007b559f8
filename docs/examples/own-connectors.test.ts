import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from 'millrace';
import ownConnectors, { told } from './own-connectors.js';

test('a source and a sink of one’s own', async () => {
  const handle = await run(ownConnectors, { lanes: 2, threads: false, params: { readings: 2500 } });
  await handle.done;
  const high = Array.from({ length: 2500 }, (_, n) => n).filter((n) => n % 7 === 6);
  assert.deepEqual(
    told,
    high.map((n) => `${n * 1000}: 6`),
  );
});

test('the page on connectors shows the code that runs', () => {
  const page = readFileSync('docs/connectors.md', 'utf8');
  const code = readFileSync('docs/examples/own-connectors.ts', 'utf8');
  const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 2);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
