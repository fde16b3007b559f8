import { test } from 'node:test';
import { bindExpression } from '../build/expressions.js';
import { BatchBuilder } from '../columns/builder.js';
import type { DetachedBatch } from '../columns/detached.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { LateGate } from '../operators/late-gate.js';
import { Merge } from '../operators/merge.js';
import { PreAggregate } from '../operators/pre-aggregate.js';
import { BranchRows, FilterRows, FlatMapRows, MapRows, PeekRows } from '../operators/row-functions.js';
import { Select } from '../operators/select.js';
import { Where } from '../operators/where.js';
import { WindowAggregate } from '../operators/window-aggregate.js';
import type { WindowAggregateConfig } from '../operators/window-store.js';
import type { Expression } from '../plan/expression.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [
  field('user', 'utf8', true),
  field('n', 'int64', true),
  field('score', 'float64'),
  field('ok', 'bool', true),
  field('small', 'int32'),
  field('at', 'timestamp'),
];
/** Enough for most key groups to have one. */
const USERS = ['', 'a user with a longer name', ...Array.from({ length: 40 }, (_, i) => `user ${i}`)];
const WINDOW = { kind: 'tumbling', sizeMs: 100, offsetMs: 30 } as const;

interface Script {
  readonly seed: number;
  readonly steps?: number;
  readonly rows?: number;
  readonly inputs?: number;
  /** Rows may lie behind the watermark, by up to this. */
  readonly lateMs?: number;
  /** Each row carries the clock that judges it. */
  readonly clocks?: boolean;
  readonly ops?: boolean;
}

/** Rows of many users whose event times advance with the watermark; the last mark ends all windows. */
function script({ seed, steps = 6, rows = 60, inputs = 1, lateMs = 0, clocks = lateMs > 0, ops = false }: Script): HostileStep[] {
  const random = new Random(seed);
  let watermark = -500;
  const made: HostileStep[] = [];
  for (let step = 0; step < steps; step++) {
    const batches: (DetachedBatch | undefined)[] = [];
    for (let input = 0; input < inputs; input++) {
      const builder = new BatchBuilder(ROWS);
      const count = random.pick([0, 1, rows, random.int(0, rows)]);
      let clock = watermark;
      for (let r = 0; r < count; r++) {
        const time = watermark + 1 + random.int(-lateMs, 300);
        clock = Math.max(clock, time - 250);
        const meta = { time, position: BigInt(step * 1000 + r), ...(clocks ? { clock } : {}), ...(ops ? { op: random.int(0, 3) } : {}) };
        builder.appendValues(randomValues(random, time), meta);
      }
      batches.push(step > 0 && count === 0 ? undefined : builder.finishDetached());
    }
    watermark = step === steps - 1 ? Infinity : watermark + random.int(0, 250);
    made.push({ inputs: batches, watermark, clockMs: step * 1000 });
  }
  return made;
}

function randomValues(random: Random, time: number): unknown[] {
  return [
    random.bool(0.1) ? null : random.pick(USERS),
    random.bool(0.1) ? null : BigInt(random.int(-50, 50)),
    random.int(-8, 8) / 4,
    random.bool(0.2) ? null : random.bool(),
    random.int(-3, 3),
    time,
  ];
}

const column = (name: string): Expression => ({ op: 'column', name });
const literal = (value: string): Expression => ({ op: 'literal', kind: 'int64', value });
const call = (fn: string, ...args: Expression[]): Expression => ({ op: 'call', fn, args });

test('where', () => {
  verifyOperator({
    make: (ws) => new Where(ws, bindExpression(call('lt', column('n'), literal('10')), ROWS)),
    steps: script({ seed: 1, ops: true, lateMs: 40 }),
  });
});

test('select', () => {
  const schema: Schema = [field('user', 'utf8', true), field('twice', 'int64', true), field('less', 'bool', true)];
  const columns = [column('user'), call('add', column('n'), column('n')), call('lt', column('n'), literal('0'))];
  verifyOperator({
    make: (ws) =>
      new Select(
        ws,
        schema,
        columns.map((of) => bindExpression(of, ROWS)),
      ),
    steps: script({ seed: 2, ops: true, lateMs: 40 }),
  });
});

test('merge', () => {
  verifyOperator({ make: (ws) => new Merge(ws, 3), steps: script({ seed: 3, inputs: 3, rows: 30 }), order: 'any' });
});

test('row functions', () => {
  const schema: Schema = [field('user', 'utf8', true), field('times', 'int32')];
  const steps = script({ seed: 4, ops: true, lateMs: 40, rows: 30 });
  verifyOperator({ make: (ws) => new MapRows(ws, schema, (r) => ({ user: r['user'], times: (r['small'] as number) * 2 })), steps });
  verifyOperator({ make: (ws) => new FilterRows(ws, (r) => (r['n'] as bigint) > 0n), steps });
  verifyOperator({ make: (ws) => new PeekRows(ws, (r) => void r['user']), steps });
  verifyOperator({ make: (ws) => new BranchRows(ws, [(r) => r['user'] === 'ann', (r) => r['ok'] === true]), steps });
  verifyOperator({
    make: (ws) =>
      new FlatMapRows(ws, schema, function* (r) {
        for (let i = 0; i <= Math.abs(r['small'] as number) * 3; i++) yield { user: r['user'], times: i };
      }),
    steps,
  });
});

test('late gate', () => {
  for (const allowedLatenessMs of [0, 60]) {
    for (const clocks of [true, false]) {
      verifyOperator({
        make: (ws) => new LateGate(ws, { window: WINDOW, allowedLatenessMs }),
        steps: script({ seed: 5 + allowedLatenessMs, lateMs: 300, clocks, ops: true }),
        recut: clocks,
      });
    }
  }
});

const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'least', fn: 'min', args: [2], kinds: ['float64'] },
  { name: 'most', fn: 'max', args: [4], kinds: ['int32'] },
  { name: 'good', fn: 'count', args: [], kinds: [], where: 3 },
  { name: 'mean', fn: 'avg', args: [1], kinds: ['int64'] },
];

const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('least', 'float64', true),
  field('most', 'int32', true),
  field('good', 'int64'),
  field('mean', 'float64', true),
];

test('pre-aggregation', () => {
  for (const maxGroups of [2, 1000]) {
    verifyOperator({
      make: (ws) => new PreAggregate(ws, { window: WINDOW, inputSchema: ROWS, keys: [0], aggregates: AGGREGATES.slice(0, 1), maxGroups }),
      steps: script({ seed: 7 }),
      order: 'any',
      normalise: sumLast,
    });
  }
});

/** Lines that differ only in their last cell, as one with the sum. */
function sumLast(lines: readonly string[]): string[] {
  const sums = new Map<string, bigint>();
  for (const line of lines) {
    const cut = line.lastIndexOf(' | ');
    const key = line.slice(0, cut);
    sums.set(key, (sums.get(key) ?? 0n) + BigInt(line.slice(cut + 3)));
  }
  return [...sums].map(([key, sum]) => `${key} | ${sum}`);
}

test('windowed aggregates', () => {
  const common = { window: WINDOW, inputSchema: ROWS, aggregates: AGGREGATES, mode: 'rows' } as const;
  const variants: readonly Pick<WindowAggregateConfig, 'emit' | 'changes' | 'allowedLatenessMs'>[] = [
    { emit: 'final', changes: false, allowedLatenessMs: 0 },
    { emit: 'updates', changes: true, allowedLatenessMs: 0 },
    { emit: 'final', changes: true, allowedLatenessMs: 120 },
  ];
  for (const [i, variant] of variants.entries()) {
    verifyOperator({
      make: (ws, keyGroups) => new WindowAggregate(ws, { ...common, ...variant, keys: [0], outputSchema: RESULTS, keyGroups }),
      steps: script({ seed: 20 + i }),
      keys: [['user']],
      order: 'any',
      recut: !variant.changes,
    });
  }
});

test('windowed aggregates by two keys', () => {
  const outputSchema = [field('small', 'int32'), ...RESULTS];
  verifyOperator({
    make: (ws, keyGroups) =>
      new WindowAggregate(ws, {
        window: WINDOW,
        inputSchema: ROWS,
        keys: [4, 0],
        aggregates: AGGREGATES,
        outputSchema,
        allowedLatenessMs: 0,
        emit: 'final',
        changes: false,
        mode: 'rows',
        keyGroups,
      }),
    steps: script({ seed: 31, rows: 200 }),
    keys: [['small', 'user']],
    order: 'any',
    recut: true,
  });
});
