import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import type { TriggerRule } from '../operators/trigger.js';
import { WindowAggregate } from '../operators/window-aggregate.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true)];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'distinct', fn: 'countDistinct', args: [1], kinds: ['int64'] },
];
const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('distinct', 'int64'),
];

function script(seed: number): HostileStep[] {
  const random = new Random(seed);
  let [watermark, clockMs] = [-500, 0];
  return Array.from({ length: 8 }, (_, step): HostileStep => {
    const builder = new BatchBuilder(ROWS);
    for (let row = random.int(0, 60); row >= 0; row--) {
      const user = random.bool(0.1) ? null : `user ${random.int(0, 15)}`;
      builder.appendValues([user, random.bool(0.2) ? null : BigInt(random.int(-3, 3))], { time: watermark + random.int(1, 300) });
    }
    watermark = step === 7 ? Number.POSITIVE_INFINITY : watermark + random.int(0, 120);
    clockMs += random.int(0, 700);
    return { inputs: [builder.finishDetached()], watermark, clockMs };
  });
}

const RULES: readonly TriggerRule[] = [
  { rows: 3, everyMs: [], watermark: true, purging: false },
  { rows: undefined, everyMs: [1000], watermark: true, purging: false },
  { rows: 2, everyMs: [900, 1000], watermark: false, purging: false },
  { rows: 3, everyMs: [1000], watermark: true, purging: true },
];

test('windows that a trigger tells', () => {
  for (const [i, trigger] of RULES.entries()) {
    verifyOperator({
      make: (ws, keyGroups) =>
        new WindowAggregate(ws, {
          window: { kind: 'tumbling', sizeMs: 100, offsetMs: 30 },
          inputSchema: ROWS,
          keys: [0],
          aggregates: AGGREGATES,
          outputSchema: RESULTS,
          allowedLatenessMs: i === 1 ? 120 : 0,
          emit: 'final',
          changes: true,
          trigger,
          mode: 'rows',
          keyGroups,
        }),
      steps: script(50 + i),
      keys: [['user']],
      order: 'any',
    });
  }
});
