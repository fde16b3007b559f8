import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClosed, isLate, windowPolicy } from './window-policy.js';

test('slices round down, for negative times and offsets too', () => {
  const starts = (sizeMs: number, offsetMs: number, times: readonly number[]): number[] => {
    const policy = windowPolicy({ kind: 'tumbling', sizeMs, offsetMs });
    return times.map((t) => policy.sliceStart(t));
  };
  assert.deepEqual(starts(10, 0, [-11, -10, -1, 0, 9, 10]), [-20, -10, -10, 0, 0, 10]);
  assert.deepEqual(starts(10, 3, [-8, -7, 2, 3, 12, 13]), [-17, -7, -7, 3, 3, 13]);
  assert.deepEqual(starts(10, -3, [-4, -3, 6, 7]), [-13, -3, -3, 7]);
  assert.deepEqual(starts(86_400_000, 0, [-8_640_000_000_000_000, 8_640_000_000_000_000]), [-8_640_000_000_000_000, 8_640_000_000_000_000]);
});

test('a window closes with its last millisecond, and is late when its lateness is used up', () => {
  assert.deepEqual(
    [8, 9].map((w) => isClosed(10, w)),
    [false, true],
  );
  assert.deepEqual(
    [13, 14].map((e) => isLate(10, 5, e)),
    [false, true],
  );
  assert.deepEqual([isClosed(10, -Infinity), isClosed(10, Infinity)], [false, true]);
});
