import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lanesInOrder, runOfLane, type StepHeader } from './messages.js';

function headerOf(step: number, blocks: number): StepHeader {
  const refs = Array.from({ length: blocks }, (_, no) => ({ source: 0, split: 's', from: no, to: no + 1, no }));
  return { step, attempt: 0, clockMs: 0, blocks: refs, idle: [], ended: [], raised: [], kind: 'rows', snapshot: false, report: false };
}

test('the lanes share the blocks of a step: each has one run, none is left out, none is dealt twice', () => {
  for (let lanes = 1; lanes <= 7; lanes++) {
    for (let blocks = 0; blocks <= 20; blocks++) {
      for (let step = 0; step < 100; step += 9) {
        const header = headerOf(step, blocks);
        const order = lanesInOrder(step, lanes);
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          Array.from({ length: lanes }, (_, i) => i),
        );
        const dealt = order.flatMap((lane) => runOfLane(header, lane, lanes).map((block) => block.no));
        assert.deepEqual(
          dealt,
          header.blocks.map((block) => block.no),
          `${blocks} blocks over ${lanes} lanes in step ${step}, in the lanes' order`,
        );
        for (const lane of order) {
          const share = runOfLane(header, lane, lanes).length;
          assert.ok(share >= Math.floor(blocks / lanes) && share <= Math.ceil(blocks / lanes), 'shares are even');
        }
      }
    }
  }
});

test('small steps use all lanes in turn', () => {
  const lanes = 3;
  const used = new Set<number>();
  for (let step = 0; step < 100; step++)
    for (let lane = 0; lane < lanes; lane++) if (runOfLane(headerOf(step, 1), lane, lanes).length > 0) used.add(lane);
  assert.equal(used.size, lanes);
});
