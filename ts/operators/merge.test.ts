import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, orders } from '../../native-tests/support/one-push.js';
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
