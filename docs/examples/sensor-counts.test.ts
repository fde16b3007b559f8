import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from 'millrace/testing';
import sensorCounts from './sensor-counts.js';

test('windows of rows and windows without end', async () => {
  const t = await testDriver(sensorCounts, { lanes: 2 });
  const send = (...values: readonly number[]) =>
    t.send(
      'readings',
      values.map((value) => ({ sensor: 's', value })),
    );
  const sofar = () => t.take('sofar').map(({ op, readings }) => `${op} ${readings}`);
  await send(1, 2, 3, 4);
  assert.deepEqual(sofar(), ['+I 4']);
  assert.deepEqual(t.take('batches'), [{ sensor: 's', readings: 4n, mean: 2.5 }]);
  await send(5, 6, 7);
  assert.deepEqual(sofar(), ['-U 4', '+U 7']);
  assert.deepEqual(t.take('batches'), [{ sensor: 's', readings: 3n, mean: 6 }]);
  await t.end();
  assert.deepEqual(sofar(), []);
  assert.deepEqual(
    t.take('averages').map(({ readings, mean }) => [Number(readings), mean]),
    [
      [2, 1.5],
      [4, 2.5],
      [4, 4.5],
    ],
  );
  await t.close();
});

test('the pages on windows of rows show the code that runs', () => {
  const code = readFileSync('docs/examples/sensor-counts.ts', 'utf8').replaceAll(/^ {2}/gm, '');
  for (const page of ['count-window', 'global-window']) {
    const blocks = [...readFileSync(`docs/operators/${page}.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      (match) => match[1] as string,
    );
    assert.equal(blocks.length, 1);
    for (const block of blocks) assert.ok(code.includes(block), block);
  }
});
