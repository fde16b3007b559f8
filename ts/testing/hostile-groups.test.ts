import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Field, type Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import { Random } from '../core/random.js';
import { GroupAggregate, type GroupAggregateConfig, type TellingRule } from '../operators/group-aggregate.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { PreGroup } from '../operators/pre-group.js';
import { aggregateType } from '../plan/aggregate-signatures.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('word', 'utf8', true), field('ok', 'bool', true)];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'least', fn: 'min', args: [2], kinds: ['utf8'] },
  { name: 'good', fn: 'count', args: [], kinds: [], where: 3 },
  { name: 'mean', fn: 'avg', args: [1], kinds: ['int64'] },
  { name: 'words', fn: 'countDistinct', args: [2], kinds: ['utf8'] },
];
const RULE: TellingRule = { rows: undefined, everyMs: [], watermark: false, purging: false };

/** Steps whose clock moves by up to `clockMs`, over few or many groups. */
function steps(seed: number, { rows = 60, clockMs = 1000, users = 30 } = {}): HostileStep[] {
  const random = new Random(seed);
  let clock = 5000;
  return Array.from({ length: 7 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    for (let r = random.pick([0, 1, rows, random.int(0, rows)]); r > 0; r--) {
      const n = random.int(-9, 9);
      builder.appendValues([
        random.bool(0.1) ? null : `user ${random.int(0, users)}`,
        random.bool(0.1) ? null : BigInt(n),
        random.bool(0.2) ? null : 'word '.repeat(Math.abs(n) % 4) + n,
        random.bool(0.2) ? null : random.bool(),
      ]);
    }
    clock += random.int(0, clockMs);
    return { inputs: [builder.finishDetached()], watermark: step === 6 ? Infinity : step, clockMs: clock };
  });
}

function resultField({ name, fn, args, where, options }: BoundAggregate): Field {
  const of = args.map((i) => must(ROWS[i], 'an argument'));
  const type = aggregateType(fn, of, where !== undefined, options);
  if ('refusal' in type) throw new Error(type.refusal);
  return { name, ...type };
}

type Variant = Partial<Pick<GroupAggregateConfig, 'ttlMs' | 'telling'>> & { aggregates?: readonly BoundAggregate[] };

function verify(seed: number, { aggregates = AGGREGATES, ...variant }: Variant, given = steps(seed), keys: readonly number[] = [0]): void {
  const outputSchema = [...keys.map((i) => must(ROWS[i], 'a key')), ...aggregates.map(resultField)];
  verifyOperator({
    make: (ws, keyGroups) =>
      new GroupAggregate(ws, {
        inputSchema: ROWS,
        keys,
        aggregates,
        outputSchema,
        mode: 'rows',
        ttlMs: undefined,
        telling: undefined,
        ...variant,
        keyGroups,
      }),
    steps: given,
    keys: [keys.map((i) => must(ROWS[i], 'a key').name)],
    order: 'any',
  });
}

test('groups told at each step', () => {
  verify(1, {});
  verify(2, { aggregates: AGGREGATES.slice(0, 5) }, steps(2, { rows: 400, users: 100 }), [0, 3]);
});

test('groups that live for a time', () => {
  for (const ttlMs of [1, 700, 1500]) verify(10 + ttlMs, { ttlMs });
});

test('groups told by a rule, and remembered', () => {
  verify(20, { telling: { ...RULE, rows: 4 } });
  verify(21, { telling: { ...RULE, everyMs: [700, 3000], watermark: true } });
  verify(22, { telling: { ...RULE, rows: 3, everyMs: [2000] }, aggregates: AGGREGATES.slice(0, 5) });
});

test('groups told by a rule, and forgotten', () => {
  verify(30, { telling: { ...RULE, rows: 4, purging: true } });
  verify(31, { telling: { ...RULE, everyMs: [1500], watermark: true, purging: true } });
});

/** Rows that come, and rows that came before and are taken back. */
function changes(seed: number): HostileStep[] {
  const random = new Random(seed);
  const held: unknown[][] = [];
  return Array.from({ length: 7 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    for (let r = random.int(0, 70); r > 0; r--) {
      if (held.length > 0 && random.bool(0.45)) {
        const [gone] = held.splice(random.int(0, held.length - 1), 1);
        builder.appendValues(gone as never, { op: random.pick([1, 3]) });
        continue;
      }
      const n = random.int(-9, 9);
      const row = [
        random.bool(0.1) ? null : `user ${random.int(0, 20)}`,
        random.bool(0.1) ? null : BigInt(n),
        random.bool(0.2) ? null : 'word '.repeat(Math.abs(n) % 4) + n,
        random.bool(0.2) ? null : random.bool(),
      ];
      held.push(row);
      builder.appendValues(row as never, { op: random.pick([0, 2]) });
    }
    return { inputs: [builder.finishDetached()], watermark: step, clockMs: step };
  });
}

test('groups of rows that may be taken back', () => {
  const aggregates = AGGREGATES.map((bound) => ({ ...bound, revocable: true }));
  verifyOperator({
    make: (ws, keyGroups) =>
      new GroupAggregate(ws, {
        inputSchema: ROWS,
        keys: [0],
        aggregates,
        outputSchema: [must(ROWS[0], 'a key'), ...AGGREGATES.map(resultField)],
        mode: 'changes',
        ttlMs: undefined,
        telling: undefined,
        keyGroups,
      }),
    steps: changes(50),
    keys: [['user']],
    order: 'any',
  });
});

test('rows grouped before they move', () => {
  const aggregates = AGGREGATES.slice(0, 1);
  for (const maxGroups of [2, 1000]) {
    verifyOperator({
      make: (ws) => new PreGroup(ws, { inputSchema: ROWS, keys: [0], aggregates, maxGroups }),
      steps: steps(40, { rows: 600, users: maxGroups }),
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
    sums.set(line.slice(0, cut), (sums.get(line.slice(0, cut)) ?? 0n) + BigInt(line.slice(cut + 3)));
  }
  return [...sums].map(([key, sum]) => `${key} | ${sum}`);
}
