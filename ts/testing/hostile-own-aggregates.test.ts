import { test } from 'node:test';
import { moduleOf, sumOf } from '../../native-tests/support/own-module.js';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { WindowAggregate, type WindowAggregateConfig } from '../operators/window-aggregate.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('chosen', 'bool', true)];
const WINDOW = { kind: 'tumbling', sizeMs: 100, offsetMs: 30 } as const;

/** A multiset, which takes rows in any order, and a sum that the values' own order does not change. */
const functions = {
  init: () => new Map<bigint, number>(),
  add: (counts: Map<bigint, number>, value: bigint) => counts.set(value, (counts.get(value) ?? 0) + 1),
  merge(a: Map<bigint, number>, b: Map<bigint, number>) {
    for (const [value, n] of b) a.set(value, (a.get(value) ?? 0) + n);
    return a;
  },
  result: (counts: Map<bigint, number>) =>
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([value, n]) => `${value}x${n}`)
      .join(' '),
} as unknown as NonNullable<BoundAggregate['functions']>;

const OWN = { fn: 'aggregator', args: [1], kinds: ['int64'], options: { input: 'int64', output: 'utf8' }, functions } as const;
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'all', ...OWN },
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'some', ...OWN, where: 2 },
];
const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('all', 'utf8', true),
  field('rows', 'int64'),
  field('some', 'utf8', true),
  field('sum', 'int64', true),
  field('lessSum', 'int64', true),
];

function script(seed: number): HostileStep[] {
  const random = new Random(seed);
  let watermark = -500;
  return Array.from({ length: 6 }, (_, step): HostileStep => {
    const builder = new BatchBuilder(ROWS);
    for (let row = random.int(0, 60); row >= 0; row--) {
      const user = random.bool(0.1) ? null : `user ${random.int(0, 20)}`;
      const n = random.bool(0.2) ? null : BigInt(random.int(-3, 3));
      builder.appendValues([user, n, random.bool(0.2) ? null : random.bool()], { time: watermark + random.int(1, 300) });
    }
    watermark = step === 5 ? Number.POSITIVE_INFINITY : watermark + random.int(0, 250);
    return { inputs: [builder.finishDetached()], watermark, clockMs: step * 1000 };
  });
}

test('windows of one’s own aggregates', async () => {
  const text = sumOf('i64', 'export function result(state: State): i64 { return <i64>state.sum * 1024 + state.n; }');
  const module = await moduleOf(text, { input: 'int64', output: 'int64' });
  const sum: BoundAggregate = {
    name: 'sum',
    fn: 'wasmAggregator',
    args: [1],
    kinds: ['int64'],
    options: { input: 'int64', output: 'int64' },
    module,
  };
  const config: Omit<WindowAggregateConfig, 'keyGroups' | 'emit' | 'changes' | 'allowedLatenessMs'> = {
    window: WINDOW,
    inputSchema: ROWS,
    keys: [0],
    aggregates: [...AGGREGATES, sum, { ...sum, name: 'lessSum', where: 2 }],
    outputSchema: RESULTS,
    mode: 'rows',
  };
  const variants: readonly Pick<WindowAggregateConfig, 'emit' | 'changes' | 'allowedLatenessMs'>[] = [
    { emit: 'final', changes: false, allowedLatenessMs: 0 },
    { emit: 'updates', changes: true, allowedLatenessMs: 0 },
    { emit: 'final', changes: true, allowedLatenessMs: 120 },
  ];
  for (const [i, variant] of variants.entries()) {
    verifyOperator({
      make: (ws, keyGroups) => new WindowAggregate(ws, { ...config, ...variant, keyGroups }),
      steps: script(i + 1),
      keys: [['user']],
      order: 'any',
      recut: !variant.changes,
    });
  }
});
