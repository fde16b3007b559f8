import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.js';
import { checkTrigger, describeTrigger, triggerRule, type TriggerSpec } from './triggers.js';

const COUNT: TriggerSpec = { kind: 'count', rows: 10 };
const CLOCK: TriggerSpec = { kind: 'processing-time', everyMs: 60_000 };

test('nested triggers come down to conditions', () => {
  const early: TriggerSpec = { kind: 'early', everyMs: 5000 };
  const nested: TriggerSpec = {
    kind: 'purging',
    of: { kind: 'or', of: [CLOCK, early, { kind: 'or', of: [COUNT, { ...COUNT, rows: 3 }] }] },
  };
  checkTrigger('globalWindow', nested);
  assert.deepEqual(triggerRule(nested), { rows: 3, everyMs: [5000, 60_000], watermark: true, purging: true });
  assert.equal(describeTrigger(nested), 'purging(or(onProcessingTime(1 min), early(5 s), or(onCount(10), onCount(3))))');
  assert.deepEqual(triggerRule(COUNT), { rows: 10, everyMs: [], watermark: false, purging: false });
  assert.deepEqual(triggerRule({ kind: 'watermark' }), { rows: undefined, everyMs: [], watermark: true, purging: false });
});

test('triggers that cannot be are refused', () => {
  const refused: readonly (readonly [TriggerSpec, RegExp])[] = [
    [{ kind: 'count', rows: 0 }, /onCount\(0\): give a whole number of rows/],
    [{ kind: 'count', rows: 1.5 }, /onCount\(1.5\)/],
    [{ kind: 'processing-time', everyMs: 0 }, /the time of onProcessingTime is 0 ms; it must be above 0/],
    [{ kind: 'early', everyMs: Number.NaN }, /the time of early is NaN ms/],
    [{ kind: 'or', of: [] }, /give at least one trigger/],
    [{ kind: 'or', of: [COUNT, { kind: 'purging', of: CLOCK }] }, /some of these purge and some do not/],
    [{ kind: 'purging', of: { kind: 'count', rows: -1 } }, /onCount\(-1\)/],
  ];
  for (const [trigger, message] of refused) {
    assert.throws(
      () => checkTrigger('globalWindow', trigger),
      (error: unknown) => error instanceof MillraceError && error.code === 'plan.invalid' && message.test(error.message),
    );
  }
  checkTrigger('globalWindow', {
    kind: 'or',
    of: [
      { kind: 'purging', of: COUNT },
      { kind: 'purging', of: CLOCK },
    ],
  });
});
