import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { OffLanes } from './off-lanes.js';

test('tasks run in threads of their own, several at once, and give what they made', async () => {
  const offLanes = new OffLanes();
  const inputs = Array.from({ length: 9 }, (_, i) => new TextEncoder().encode(`row ${i}\n`.repeat(i * 1_000)));
  const packed = await Promise.all(inputs.map((bytes) => offLanes.run('gzip', bytes)));
  assert.deepEqual(
    packed.map((bytes) => new Uint8Array(gunzipSync(bytes))),
    inputs,
  );
  assert.deepEqual(new Uint8Array(gunzipSync(Buffer.concat(packed))), new Uint8Array(Buffer.concat(inputs)), 'members are a file');
  await offLanes.close();
  await offLanes.close();
});

test('a pool that was never asked has nothing to close', async () => {
  await new OffLanes().close();
});
