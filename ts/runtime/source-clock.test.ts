import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepHeader } from './messages.js';
import { SourceClock } from './source-clock.js';

const SOURCE = 2;

function header(more: Partial<StepHeader> = {}): StepHeader {
  return {
    step: 0,
    attempt: 0,
    clockMs: 0,
    blocks: [],
    idle: [],
    ended: [],
    raised: [],
    kind: 'rows',
    snapshot: false,
    report: false,
    ...more,
  };
}

const ref = (split: string, source = SOURCE) => ({ source, split });

test('the watermark is the least of the splits, and moves at a step end only', () => {
  const clock = new SourceClock(SOURCE, ['a', 'b']);
  assert.equal(clock.watermark, -Infinity);
  clock.raise('a', 10);
  clock.endStep(header());
  assert.equal(clock.watermark, -Infinity, 'a split without rows holds it back');
  clock.raise('b', 5);
  assert.equal(clock.watermark, -Infinity, 'within a step it stands still');
  clock.endStep(header());
  assert.equal(clock.watermark, 5);
  clock.raise('b', 3);
  assert.equal(clock.of('b'), 5, 'a split never goes back');
  clock.raise('b', 20);
  clock.endStep(header());
  assert.equal(clock.watermark, 10);
});

test('idle splits do not hold it back; when they come again it does not go back', () => {
  const clock = new SourceClock(SOURCE, ['a', 'b']);
  clock.raise('a', 100);
  clock.raise('b', 5);
  clock.endStep(header({ idle: [ref('b')] }));
  assert.equal(clock.watermark, 100);
  clock.raise('b', 50);
  clock.endStep(header());
  assert.equal(clock.watermark, 100);
  clock.raise('a', 200);
  clock.endStep(header());
  assert.equal(clock.watermark, 100, 'the split that woke up counts again');
  clock.raise('b', 150);
  clock.endStep(header());
  assert.equal(clock.watermark, 150);
});

test('when all are idle or at their end, the furthest speaks for all', () => {
  const clock = new SourceClock(SOURCE, ['a', 'b', 'c']);
  clock.raise('a', 100);
  clock.raise('b', 300);
  clock.endStep(header({ ended: [ref('b')] }));
  assert.equal(clock.watermark, -Infinity, 'c has said nothing');
  clock.raise('c', 50);
  clock.endStep(header());
  assert.equal(clock.watermark, 50, 'a split at its end does not count while others live');
  clock.endStep(header({ idle: [ref('a'), ref('c')] }));
  assert.equal(clock.watermark, 300);
  clock.endStep(header());
  assert.equal(clock.watermark, 300, 'never back');
});

test('all at their end is not the end of time: the drain step is', () => {
  const clock = new SourceClock(SOURCE, ['a']);
  clock.raise('a', 7);
  clock.endStep(header({ ended: [ref('a')] }));
  assert.equal(clock.watermark, 7);
  clock.endStep(header({ kind: 'drain' }));
  assert.equal(clock.watermark, Infinity);
});

test('what concerns other sources concerns nobody here', () => {
  const clock = new SourceClock(SOURCE, ['a', 'b']);
  clock.raise('a', 100);
  clock.raise('b', 5);
  const raised = [{ source: SOURCE + 1, split: 'b', watermark: 1000 }];
  clock.endStep(header({ idle: [ref('b', 0)], ended: [ref('b', 1)], raised }));
  assert.equal(clock.watermark, 5);
  clock.endStep(header({ raised: [{ source: SOURCE, split: 'b', watermark: 60 }] }));
  assert.equal(clock.watermark, 60);
});

test('a clock goes on from what it was', () => {
  const before = new SourceClock(SOURCE, ['a', 'b']);
  before.raise('a', 10);
  before.raise('b', 20);
  before.endStep(header({ ended: [ref('a')] }));
  const after = new SourceClock(SOURCE, ['a', 'b', 'new'], structuredClone(before.state()));
  assert.deepEqual([after.watermark, after.of('a'), after.of('b'), after.of('new')], [20, 10, 20, -Infinity]);
  after.raise('b', 30);
  after.endStep(header());
  assert.equal(after.watermark, 20, 'a new split holds it back');
  after.raise('new', 25);
  after.endStep(header());
  assert.equal(after.watermark, 25, 'and the one at its end still does not');
});
