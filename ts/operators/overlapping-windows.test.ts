import { test } from 'node:test';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { verifyOperator, type HostileStep } from '../testing/hostile.js';
import { partialSchemaOf, type BoundAggregate } from './group-layout.js';
import { LateGate } from './late-gate.js';
import { PreAggregate } from './pre-aggregate.js';
import { WindowAggregate } from './window-aggregate.js';
import { windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';
import type { WindowAggregateConfig } from './window-store.js';

// Windows that share slices, run as the contract allows: cut, crowded, snapshotted and restored on other lanes.

const SCHEMA: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('ok', 'bool', true)];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'], where: 2 },
  { name: 'first', fn: 'min', args: [0], kinds: ['utf8'] },
  { name: 'mean', fn: 'avg', args: [1], kinds: ['int64'] },
];
const OUTPUT: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('first', 'utf8', true),
  field('mean', 'float64', true),
];

const SHAPES: Readonly<Record<string, WindowShape>> = {
  'an aligned hop': { kind: 'hopping', sizeMs: 40, slideMs: 10, offsetMs: -3 },
  'an unaligned hop': { kind: 'hopping', sizeMs: 25, slideMs: 10, offsetMs: 4 },
  'a hop of many slides': { kind: 'hopping', sizeMs: 50, slideMs: 4, offsetMs: 0 },
  'growing windows': { kind: 'cumulating', maxMs: 50, stepMs: 10, offsetMs: 1 },
};

/**
 * Rows whose clocks are those of one split, out of order by `boundMs` and some by more; of those that are late for all their
 * windows none. Marks are the watermark at each step's end, so that steps may be cut anew.
 */
function steps(policy: WindowPolicy, seed: number, latenessMs: number): HostileStep[] {
  const random = new Random(seed);
  let [split, now] = [-Infinity, 0];
  return Array.from({ length: 6 }, (_, step) => {
    const lines: string[] = [];
    for (let r = 0; step !== 3 && r < 10; r++) {
      now += random.int(0, 5);
      const time = now - (random.bool(0.3) ? random.int(0, 60) : 0);
      const clock = split;
      split = Math.max(split, time - 6);
      if (policy.lastEnd(policy.span(time).start) - 1 + latenessMs <= clock) continue;
      const user = random.bool(0.1) ? '.' : `user${random.int(0, 9)}`;
      const values = [
        `${time} ${Math.max(clock, -1e9)}`,
        user,
        random.bool(0.1) ? '.' : random.int(-9, 9),
        random.pick(['true', 'false', '.']),
      ];
      lines.push(values.join(' | '));
    }
    return { inputs: [['time clock | user utf8? | n int64? | ok bool?', ...lines].join('\n')], watermark: step === 5 ? Infinity : split };
  });
}

function config(window: WindowShape, more: Partial<WindowAggregateConfig>): Omit<WindowAggregateConfig, 'keyGroups'> {
  return {
    window,
    inputSchema: SCHEMA,
    keys: [0],
    aggregates: AGGREGATES,
    outputSchema: OUTPUT,
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
    ...more,
  };
}

for (const [name, window] of Object.entries(SHAPES)) {
  const policy = windowPolicy(window);
  for (const [manner, more] of [
    ['results that are final', {}],
    ['late rows', { allowedLatenessMs: 30, changes: true }],
    ['updates', { emit: 'updates', changes: true }],
    ['updates and late rows', { emit: 'updates', allowedLatenessMs: 15, changes: true }],
  ] as const) {
    if (manner.startsWith('updates') && name !== 'an unaligned hop') continue;
    test(`${name} keeps the contract: ${manner}`, () => {
      const settings = config(window, more);
      verifyOperator({
        make: (ws, keyGroups) => new WindowAggregate(ws, { ...settings, keyGroups }),
        steps: steps(policy, 17, settings.allowedLatenessMs),
        keys: [['user']],
        lanes: [1, 3],
        order: 'any',
        recut: !settings.changes,
      });
    });
  }

  test(`${name} keeps the contract: the late gate`, () => {
    const made = steps(policy, 5, 1000);
    verifyOperator({ make: (ws) => new LateGate(ws, { window, allowedLatenessMs: 2 }), steps: made, normalise: withoutClocks });
  });

  test(`${name} keeps the contract: pre-aggregation`, () => {
    const settings = { window, inputSchema: SCHEMA, keys: [0], aggregates: AGGREGATES.slice(0, 1), maxGroups: 16 };
    const schema = partialSchemaOf(SCHEMA, settings.keys, settings.aggregates, true);
    verifyOperator({
      make: (ws) => new PreAggregate(ws, settings),
      steps: steps(policy, 6, 0),
      order: 'any',
      normalise: (lines) => mergeCounts(lines, schema.length),
    });
  });
}

/** Clocks stay only on batches that hold a row that is late for some of its windows. */
function withoutClocks(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/^(\S+) [^|]*\|/, '$1 |'));
}

/** Partial counts of one slice and key as one line: their form depends on how rows were cut into batches. */
function mergeCounts(lines: readonly string[], columns: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const cells = line.split('|').map((c) => c.trim());
    const id = cells.slice(-columns, -1).join(' ');
    counts.set(id, (counts.get(id) ?? 0) + Number(cells.at(-1)));
  }
  return [...counts].map(([id, n]) => `${id} ${n}`);
}
