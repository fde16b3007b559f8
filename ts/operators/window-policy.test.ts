import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { isClosed, isLate, windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';

test('slices round down, for negative times and offsets too', () => {
  const starts = (sizeMs: number, offsetMs: number, times: readonly number[]): number[] => {
    const policy = windowPolicy({ kind: 'tumbling', sizeMs, offsetMs });
    return times.map((t) => policy.span(t).start);
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

/** Every window that holds t, in order of ends, by trying them. */
function windowsAt(shape: WindowShape, t: number): [number, number][] {
  const found: [number, number][] = [];
  for (let k = -150; k < 150; k++) {
    if (shape.kind === 'hopping') found.push([shape.offsetMs + k * shape.slideMs, shape.offsetMs + k * shape.slideMs + shape.sizeMs]);
    if (shape.kind !== 'cumulating') continue;
    const start = shape.offsetMs + k * shape.maxMs;
    for (let end = start + shape.stepMs; end <= start + shape.maxMs; end += shape.stepMs) found.push([start, end]);
  }
  return found.filter(([start, end]) => start <= t && t < end).sort((a, b) => a[1] - b[1]);
}

function endsOf(policy: WindowPolicy, t: number): number[] {
  const { start } = policy.span(t);
  const ends: number[] = [];
  for (let end = policy.firstEnd(start); end <= policy.lastEnd(start); end = policy.nextEnd(end)) ends.push(end);
  return ends;
}

test('a slice is in the windows of each of its times, whatever the size, the slide and the offset', () => {
  const random = new Random(1);
  for (let round = 0; round < 400; round++) {
    const [step, offsetMs] = [random.int(1, 9), random.int(-20, 20)];
    const shape: WindowShape = random.bool()
      ? { kind: 'hopping', sizeMs: random.int(1, 40), slideMs: step, offsetMs }
      : { kind: 'cumulating', maxMs: step * random.int(1, 5), stepMs: step, offsetMs };
    const policy = windowPolicy(shape);
    for (let t = -30; t < 30; t++) {
      const windows = windowsAt(shape, t);
      const { start, end } = policy.span(t);
      assert.ok(start <= t && t < end, JSON.stringify({ shape, t, start, end }));
      if (windows.length === 0) continue; // between two windows
      assert.deepEqual(
        endsOf(policy, t),
        windows.map(([, e]) => e),
        JSON.stringify({ shape, t }),
      );
      for (const [s, e] of windows) {
        assert.equal(policy.windowStart(e), s);
        assert.ok(s <= start && end <= e, 'no edge within a slice');
      }
      assert.equal(policy.overlapping, shape.kind === 'hopping' ? shape.sizeMs > shape.slideMs : shape.maxMs > shape.stepMs);
    }
  }
});
