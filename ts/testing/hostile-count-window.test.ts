import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { CountWindow } from '../operators/count-window.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('word', 'utf8')];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'most', fn: 'max', args: [2], kinds: ['utf8'] },
  { name: 'words', fn: 'countDistinct', args: [2], kinds: ['utf8'] },
];
const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('most', 'utf8'),
  field('words', 'int64'),
];

function steps(seed: number, clocks: boolean): HostileStep[] {
  const random = new Random(seed);
  return Array.from({ length: 5 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    for (let r = random.pick([0, 1, 60, random.int(0, 60)]); r > 0; r--) {
      const n = random.int(-9, 9);
      const time = step * 100 + random.int(1, 150);
      builder.appendValues(
        [random.bool(0.1) ? null : `user ${random.int(0, 9)}`, random.bool(0.1) ? null : BigInt(n), 'word '.repeat(Math.abs(n) % 4) + n],
        { time, ...(clocks ? { clock: time - 20 } : {}) },
      );
    }
    return { inputs: [builder.finishDetached()], watermark: step * 100 };
  });
}

for (const [rows, slide] of [
  [1, 1],
  [4, 4],
  [6, 4],
  [7, 1],
  [2, 5],
] as const) {
  test(`windows of ${rows} rows, one every ${slide}`, () => {
    for (const timed of [true, false]) {
      verifyOperator({
        make: (ws, keyGroups) =>
          new CountWindow(ws, {
            inputSchema: ROWS,
            keys: [0],
            aggregates: AGGREGATES,
            outputSchema: RESULTS,
            rows,
            slide,
            timed,
            keyGroups,
          }),
        steps: steps(rows * 10 + slide, timed),
        keys: [['user']],
      });
    }
  });
}
