import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareInserts, tableOf } from '../../native-tests/support/hostile-steps.js';
import { drive, orders } from '../../native-tests/support/one-push.js';
import { verifyOperator } from '../testing/hostile.js';
import { createWorkspace } from '../wasm/workspace.js';
import { Merge } from './merge.js';

const ws = createWorkspace({ bytes: 64 << 20 });

test('merge takes any input and holds the watermark at the least', () => {
  const merge = new Merge(ws, 2);
  assert.equal(drive(ws, merge, orders(ws), 2, 1).rows.length, 5);
  assert.equal(drive(ws, merge, orders(ws), 9, 0).rows.length, 5);
  assert.equal(merge.outputWatermark(), -Infinity);
  merge.mark(0, { step: 0, clockMs: 0, watermark: 7 });
  assert.equal(merge.outputWatermark(), -Infinity);
  merge.mark(1, { step: 0, clockMs: 0, watermark: 5 });
  assert.equal(merge.outputWatermark(), 5);
});

test('merge gives the same rows however it is driven', () => {
  verifyOperator({
    make: (w) => new Merge(w, 3),
    order: 'any',
    normalise: bareInserts,
    steps: [
      { inputs: [tableOf(0, 40), tableOf(40, 50), undefined], watermark: [100, 200, -Infinity] },
      { inputs: [undefined, tableOf(50, 60), tableOf(60, 70)], watermark: [300, 200, 250] },
    ],
  });
});
