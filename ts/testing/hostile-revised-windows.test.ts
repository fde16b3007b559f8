import { test } from 'node:test';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { WindowAggregate } from '../operators/window-aggregate.js';
import type { WindowShape } from '../operators/window-policy.js';
import { verifyOperator, type HostileStep } from './hostile.js';

// Windows whose rows are taken back, run as the contract allows.

const SCHEMA: Schema = [field('user', 'utf8'), field('n', 'int64', true)];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [], revocable: true },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'], revocable: true },
  { name: 'most', fn: 'max', args: [1], kinds: ['int64'], revocable: true },
];
const OUTPUT: Schema = [
  field('user', 'utf8'),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('most', 'int64', true),
];
const LATENESS = 40;

/** Rows that come, are replaced and leave again: each operation on one that is there, and late for no window. */
function steps(): HostileStep[] {
  const random = new Random(12);
  const there: { user: string; n: string; time: number }[] = [];
  return Array.from({ length: 6 }, (_, step) => {
    const lines: string[] = [];
    const say = (op: string, { time, user, n }: (typeof there)[number]): void => void lines.push(`${op} ${time} | ${user} | ${n}`);
    const made = (time: number, user = `user${random.int(0, 5)}`) => ({ user, n: random.bool(0.1) ? '.' : `${random.int(-9, 9)}`, time });
    const oldest = step * 15 - LATENESS + 40;
    for (let r = 0; step !== 3 && r < 14; r++) {
      const open = there.filter(({ time }) => time >= oldest);
      const old = open.length > 0 && random.bool(0.6) ? random.pick(open) : undefined;
      if (old === undefined) {
        const row = made(step * 15 + random.int(10, 45));
        there.push(row);
        say('+I', row);
        continue;
      }
      there.splice(there.indexOf(old), 1);
      if (random.bool()) {
        say('-D', old);
        continue;
      }
      const row = made(old.time, old.user);
      there.push(row);
      say('-U', old);
      say('+U', row);
    }
    return { inputs: [['op time | user utf8 | n int64?', ...lines].join('\n')], watermark: step === 5 ? Infinity : step * 15 + 10 };
  });
}

for (const window of [
  { kind: 'tumbling', sizeMs: 10, offsetMs: -3 },
  { kind: 'hopping', sizeMs: 25, slideMs: 10, offsetMs: 0 },
  { kind: 'cumulating', maxMs: 40, stepMs: 10, offsetMs: 0 },
] satisfies WindowShape[])
  for (const emit of ['final', 'updates'] as const)
    test(`${window.kind} windows over changes keep the contract: ${emit}`, () => {
      verifyOperator({
        make: (ws, keyGroups) =>
          new WindowAggregate(ws, {
            window,
            inputSchema: SCHEMA,
            keys: [0],
            aggregates: AGGREGATES,
            presence: 0,
            revises: true,
            outputSchema: OUTPUT,
            allowedLatenessMs: LATENESS,
            emit,
            changes: true,
            mode: 'rows',
            keyGroups,
          }),
        steps: steps(),
        keys: [['user']],
        lanes: [1, 3],
        order: 'any',
      });
    });
