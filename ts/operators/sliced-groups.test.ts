import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { verifyOperator, type HostileStep } from '../testing/hostile.js';
import { partialSchemaOf, type BoundAggregate } from './group-layout.js';
import { LateGate } from './late-gate.js';
import { PreAggregate } from './pre-aggregate.js';
import { WindowAggregate } from './window-aggregate.js';
import type { WindowAggregateConfig } from './window-store.js';

// The operators over sliced groups, run as the contract allows: cut, crowded, snapshotted and restored on other lanes.

const window = { kind: 'tumbling', sizeMs: 10, offsetMs: -3 } as const;
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

function steps(rowsAStep: number, lateMs: number): HostileStep[] {
  const random = new Random(17);
  return Array.from({ length: 5 }, (_, step) => {
    const lines = Array.from({ length: step === 3 ? 0 : rowsAStep }, () => {
      const time = step * 15 + random.int(-lateMs, 25) + 1;
      const user = random.bool(0.1) ? '.' : `user${random.int(0, 9)}`;
      return `${time} | ${user} | ${random.bool(0.1) ? '.' : random.int(-9, 9)} | ${random.pick(['true', 'false', '.'])}`;
    });
    return {
      inputs: [['time | user utf8? | n int64? | ok bool?', ...lines].join('\n')],
      watermark: step === 4 ? Infinity : step * 15 + 10,
    };
  });
}

function config(more: Partial<WindowAggregateConfig>): Omit<WindowAggregateConfig, 'keyGroups'> {
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

for (const [name, more, lateMs] of [
  ['results that are final', {}, 0],
  ['late rows', { allowedLatenessMs: 30, changes: true }, 12],
  ['updates', { emit: 'updates', changes: true }, 0],
] as const) {
  test(`a windowed aggregate keeps the contract: ${name}`, () => {
    const settings = config(more);
    // Rows late for a window that is not kept must not come: those within it are at least 25 ms old.
    const accepted = lateMs === 0 ? steps(40, -10) : steps(40, lateMs);
    verifyOperator({
      make: (ws, keyGroups) => new WindowAggregate(ws, { ...settings, keyGroups }),
      steps: accepted,
      keys: [['user']],
      order: 'any',
    });
  });
}

test('the late gate keeps the contract', () => {
  verifyOperator({ make: (ws) => new LateGate(ws, { window, allowedLatenessMs: 2 }), steps: steps(60, 30) });
});

test('pre-aggregation keeps the contract, whatever it merges', () => {
  const schema = partialSchemaOf(SCHEMA, [0], AGGREGATES);
  assert.deepEqual(
    schema.slice(2).map((f) => f.name),
    ['rows.n', 'total.low', 'total.high', 'first.value', 'mean.low', 'mean.high', 'mean.n'],
  );
  verifyOperator({
    make: (ws) => new PreAggregate(ws, { window, inputSchema: SCHEMA, keys: [0], aggregates: AGGREGATES, maxGroups: 16 }),
    steps: steps(60, -10),
    order: 'any',
    normalise: mergePartials,
  });
});

/** Partials of one window and key as one line: their form depends on how rows were cut into batches. */
function mergePartials(lines: readonly string[]): readonly string[] {
  const merged = new Map<string, { rows: number; low: bigint; n: number; total: bigint }>();
  for (const line of lines) {
    const cells = line.split('|').map((c) => c.trim());
    const [, start, user, rows, total, , , low, , n] = cells;
    const id = `${start} ${user}`;
    const sum = merged.get(id) ?? { rows: 0, low: 0n, n: 0, total: 0n };
    merged.set(id, {
      rows: sum.rows + Number(rows),
      low: sum.low + BigInt(low ?? 0),
      n: sum.n + Number(n),
      total: sum.total + BigInt(total ?? 0),
    });
  }
  return [...merged].map(([id, s]) => `${id} ${s.rows} ${s.low} ${s.n} ${s.total}`);
}
