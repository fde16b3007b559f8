import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Field, type Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { WindowAggregate, type WindowAggregateConfig } from '../operators/window-aggregate.js';
import { aggregateType } from '../plan/aggregate-signatures.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [
  field('user', 'utf8', true),
  field('n', 'int64', true),
  field('score', 'float64'),
  field('name', 'utf8', true),
  field('ok', 'bool', true),
];

const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'variance', fn: 'variance', args: [1], kinds: ['int64'] },
  { name: 'spread', fn: 'stddev', args: [1], kinds: ['int64'], where: 4 },
  { name: 'least', fn: 'min', args: [3], kinds: ['utf8'] },
  { name: 'first', fn: 'first', args: [3], kinds: ['utf8'] },
  { name: 'last', fn: 'last', args: [1], kinds: ['int64'], where: 4 },
  { name: 'nearest', fn: 'minBy', args: [3, 2], kinds: ['utf8', 'float64'] },
  { name: 'farthest', fn: 'maxBy', args: [1, 3], kinds: ['int64', 'utf8'] },
  { name: 'bits', fn: 'bitAnd', args: [1], kinds: ['int64'] },
  { name: 'odd', fn: 'bitXor', args: [1], kinds: ['int64'] },
  { name: 'all', fn: 'boolAnd', args: [4], kinds: ['bool'] },
];

function steps(seed: number): HostileStep[] {
  const random = new Random(seed);
  let watermark = -500;
  return Array.from({ length: 6 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    for (let r = random.pick([0, 1, 90, random.int(0, 90)]); r > 0; r--) {
      const n = random.int(-20, 20);
      const name = random.bool(0.2) ? null : 'name '.repeat(Math.abs(n) % 5) + n;
      const values = [
        random.bool(0.1) ? null : `user ${random.int(0, 12)}`,
        random.bool(0.1) ? null : BigInt(n),
        n / 4,
        name,
        random.bool(),
      ];
      builder.appendValues(values, { time: watermark + 1 + random.int(0, 60) * 5, position: BigInt(step * 1000 + r) });
    }
    watermark = step === 5 ? Infinity : watermark + random.int(0, 250);
    return { inputs: [builder.finishDetached()], watermark, clockMs: step * 1000 };
  });
}

function resultField({ name, fn, args, where, options }: BoundAggregate): Field {
  const of = args.map((i) => must(ROWS[i], 'an argument'));
  const type = aggregateType(fn, of, where !== undefined, options);
  if ('refusal' in type) throw new Error(type.refusal);
  return { name, ...type };
}

const VARIANTS: readonly Pick<WindowAggregateConfig, 'emit' | 'changes' | 'allowedLatenessMs'>[] = [
  { emit: 'final', changes: false, allowedLatenessMs: 0 },
  { emit: 'updates', changes: true, allowedLatenessMs: 0 },
  { emit: 'final', changes: true, allowedLatenessMs: 120 },
];

for (const [i, variant] of VARIANTS.entries()) {
  test(`aggregates of fixed state: ${variant.emit}, lateness ${variant.allowedLatenessMs} ms`, () => {
    const outputSchema = [
      must(ROWS[0], 'a key'),
      field('windowStart', 'timestamp'),
      field('windowEnd', 'timestamp'),
      ...AGGREGATES.map(resultField),
    ];
    const common = {
      window: { kind: 'tumbling', sizeMs: 100, offsetMs: 30 },
      inputSchema: ROWS,
      keys: [0],
      aggregates: AGGREGATES,
      outputSchema,
      mode: 'rows',
    } as const;
    verifyOperator({
      make: (ws, keyGroups) => new WindowAggregate(ws, { ...common, ...variant, keyGroups }),
      steps: steps(40 + i),
      keys: [['user']],
      order: 'any',
      recut: !variant.changes,
    });
  });
}
