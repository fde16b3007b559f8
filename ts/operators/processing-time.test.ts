import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyOperator } from '../testing/hostile.js';
import { createWorkspace } from '../wasm/workspace.js';
import { ProcessingTime, wokenByClock } from './processing-time.js';

const rows = (...names: string[]): string => ['user utf8', ...names].join('\n');

test('rows get the clock of their step, which never goes back', () => {
  verifyOperator({
    make: (ws) => new ProcessingTime(ws),
    byClock: true,
    steps: [
      { inputs: [rows('a', 'b')], watermark: -Infinity, clockMs: 1000 },
      { inputs: [rows('c')], watermark: -Infinity, clockMs: 2000 },
      { inputs: [rows('d', 'e', 'f')], watermark: -Infinity, clockMs: 1500 },
      { inputs: [rows()], watermark: -Infinity, clockMs: 1600 },
      { inputs: [rows('g')], watermark: Infinity, clockMs: 2500 },
    ],
    expected: [
      ['time | user utf8\n1000 | a\n1000 | b'],
      ['time | user utf8\n2000 | c'],
      ['time | user utf8\n2000 | d\n2000 | e\n2000 | f'],
      [],
      ['time | user utf8\n2500 | g'],
    ],
  });
});

test('its watermark is just behind the clock, and infinite at the end', () => {
  const clock = new ProcessingTime(createWorkspace({ bytes: 8 << 20 }));
  assert.equal(clock.outputWatermark(), -Infinity);
  clock.begin({ step: 0, clockMs: 1000 });
  clock.mark(0, { step: 0, clockMs: 1000, watermark: -Infinity });
  assert.equal(clock.outputWatermark(), 999);
  clock.mark(0, { step: 1, clockMs: 1000, watermark: Infinity });
  assert.equal(clock.outputWatermark(), Infinity);
});

test('what is due by its time is asked for by the clock', () => {
  const clock = new ProcessingTime(createWorkspace({ bytes: 8 << 20 }));
  assert.deepEqual(wokenByClock(clock).nextWakeup(), {});
  const due = Object.assign(Object.create(clock) as ProcessingTime, { nextWakeup: () => ({ event: 9 }) });
  assert.deepEqual(wokenByClock(due).nextWakeup(), { clock: 10 });
  const both = Object.assign(Object.create(clock) as ProcessingTime, { nextWakeup: () => ({ event: 9, clock: 4 }) });
  assert.deepEqual(wokenByClock(both).nextWakeup(), { clock: 4 });
});
