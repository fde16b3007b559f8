import { test } from 'node:test';
import { bindExpression } from '../build/expressions.js';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { PreSession } from '../operators/pre-session.js';
import { SessionAggregate, type SessionAggregateConfig } from '../operators/session-aggregate.js';
import { SessionGate } from '../operators/session-gate.js';
import type { SessionGap } from '../operators/session-layout.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [
  field('user', 'utf8', true),
  field('n', 'int64', true),
  field('name', 'utf8', true),
  field('ok', 'bool', true),
  field('gap', 'int32'),
];
const FIXED: SessionGap = { ms: 40 };
const OWN: SessionGap = { column: 4 };

interface Script {
  readonly seed: number;
  /** Rows carry the clock that judges them, and may lie behind it. */
  readonly clocks?: boolean;
  readonly allowedLatenessMs?: number;
  readonly gap: SessionGap;
  readonly users?: number;
}

/** Rows of some users, none of them late, whose clocks advance as a split's do; the last mark ends all sessions. */
function script({ seed, clocks = false, allowedLatenessMs = 0, gap, users = 12 }: Script): HostileStep[] {
  const random = new Random(seed);
  let watermark = -500;
  return Array.from({ length: 7 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    let clock = watermark;
    for (let r = random.pick([0, 1, 80, random.int(0, 80)]); r > 0; r--) {
      const own = random.pick([1, 10, 40, 90]);
      const reach = ('ms' in gap ? gap.ms : own) + allowedLatenessMs - 1;
      const time = clocks ? Math.max(clock - reach + 1, watermark + random.int(-120, 260)) : watermark + 1 + random.int(0, 260);
      const n = random.int(-50, 50);
      builder.appendValues(
        [
          random.bool(0.1) ? null : `user ${random.int(0, users)}`,
          random.bool(0.1) ? null : BigInt(n),
          random.bool(0.2) ? null : 'name '.repeat(Math.abs(n) % 4) + n,
          random.pick([null, true, false]),
          own,
        ],
        { time, ...(clocks ? { clock } : {}) },
      );
      clock = Math.max(clock, time - 200);
    }
    watermark = step === 6 ? Infinity : Math.max(watermark + random.int(0, 250), clocks ? clock : watermark);
    return { inputs: [builder.finishDetached()], watermark, clockMs: step * 1000 };
  });
}

const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'first', fn: 'min', args: [2], kinds: ['utf8'] },
  { name: 'good', fn: 'count', args: [], kinds: [], where: 3 },
  { name: 'names', fn: 'countDistinct', args: [2], kinds: ['utf8'] },
];
const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('first', 'utf8', true),
  field('good', 'int64'),
  field('names', 'int64'),
];

const VARIANTS: readonly Pick<SessionAggregateConfig, 'emit' | 'changes' | 'allowedLatenessMs'>[] = [
  { emit: 'final', changes: false, allowedLatenessMs: 0 },
  { emit: 'final', changes: true, allowedLatenessMs: 0 },
  { emit: 'updates', changes: true, allowedLatenessMs: 0 },
  { emit: 'final', changes: true, allowedLatenessMs: 120 },
  { emit: 'updates', changes: true, allowedLatenessMs: 60 },
];

for (const [i, variant] of VARIANTS.entries()) {
  test(`sessions: ${variant.emit}, lateness ${variant.allowedLatenessMs} ms${variant.changes ? ', as changes' : ''}`, () => {
    for (const [j, gap] of [FIXED, OWN].entries()) {
      for (const clocks of [false, true]) {
        const common = { inputSchema: ROWS, keys: [0], aggregates: AGGREGATES, gap, outputSchema: RESULTS, mode: 'rows' } as const;
        verifyOperator({
          make: (ws, keyGroups) => new SessionAggregate(ws, { ...common, ...variant, keyGroups }),
          steps: script({ seed: 50 + 10 * i + 2 * j + Number(clocks), clocks, gap, allowedLatenessMs: variant.allowedLatenessMs }),
          keys: [['user']],
          order: 'any',
          recut: !variant.changes,
        });
      }
    }
  });
}

test('sessions of the whole stream', () => {
  verifyOperator({
    make: (ws, keyGroups) =>
      new SessionAggregate(ws, {
        inputSchema: ROWS,
        keys: [],
        aggregates: AGGREGATES.slice(0, 2),
        gap: { ms: 3 },
        outputSchema: [...RESULTS.slice(1, 3), ...RESULTS.slice(3, 5)],
        allowedLatenessMs: 0,
        emit: 'final',
        changes: false,
        mode: 'rows',
        keyGroups,
      }),
    steps: script({ seed: 91, clocks: true, gap: { ms: 3 } }),
    keys: [[]],
    lanes: [1],
    order: 'any',
    recut: true,
  });
});

test('the gate of sessions', () => {
  const own = { of: bindExpression({ op: 'column', name: 'gap' }, ROWS), text: 'gap' };
  for (const gap of [FIXED as { ms: number }, own]) {
    for (const clocks of [true, false]) {
      verifyOperator({
        make: (ws) => new SessionGate(ws, { gap, allowedLatenessMs: 7 }),
        steps: script({ seed: 93, clocks, gap: 'of' in gap ? OWN : gap, allowedLatenessMs: 100 }),
        recut: clocks,
      });
    }
  }
});

/** Sessions gathered once more, as a SessionAggregate behind an exchange would: where they were cut then does not show. */
test('gathered sessions', () => {
  for (const maxSessions of [2, 1000]) {
    for (const clocks of [false, true]) {
      verifyOperator({
        make: (ws) => new PreSession(ws, { inputSchema: ROWS, keys: [0], aggregates: AGGREGATES.slice(0, 1), gap: FIXED, maxSessions }),
        steps: script({ seed: 95, clocks, gap: FIXED }),
        lanes: [1],
        order: 'any',
        normalise: countRows,
      });
    }
  }
});

/** All lines' last count of rows but one, as one sum: what is gathered may differ, what it counts may not. */
function countRows(lines: readonly string[]): string[] {
  const sum = lines.reduce((all, line) => all + BigInt(line.split(' | ').at(-2) as string), 0n);
  return [String(sum)];
}
