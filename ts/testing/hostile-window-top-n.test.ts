import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { printTable } from '../columns/text-table.js';
import { Random } from '../core/random.js';
import type { WindowShape } from '../operators/window-policy.js';
import { WindowTopN } from '../operators/window-top-n.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('name', 'utf8')];
const RANKED: Schema = [...ROWS, field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), field('rank', 'int64')];
const USERS = [null, '', ...Array.from({ length: 6 }, (_, i) => `user ${i}`)];

interface Row {
  readonly user: string | null;
  readonly n: bigint | null;
  readonly name: string;
  readonly time: number;
}

/** Windows that a time is in, by start and end. */
type Windows = (time: number) => readonly (readonly [number, number])[];

function verify(window: WindowShape, windowsOf: Windows, seed: number, keys: readonly number[] = [0]): void {
  const random = new Random(seed);
  let watermark = -200;
  const given = Array.from({ length: 8 }, (_, step) => {
    const rows = Array.from(
      { length: random.pick([0, 1, 25, 70]) },
      (): Row => ({
        user: random.pick(USERS),
        n: random.bool(0.2) ? null : BigInt(random.int(-9, 9)),
        name: 'n'.repeat(random.int(0, 20)),
        time: watermark + 1 + random.int(0, 150),
      }),
    );
    watermark = step === 7 ? Infinity : watermark + random.int(0, 90);
    return { rows, watermark };
  });
  const open = new Map<string, Row[]>();
  const expected = given.map(({ rows, watermark: mark }) => {
    for (const row of rows) {
      for (const [start, end] of windowsOf(row.time)) {
        const key = `${start} ${end} ${keys.length === 0 ? '' : row.user}`;
        open.set(key, [...(open.get(key) ?? []), row]);
      }
    }
    const out = new BatchBuilder(RANKED);
    for (const [key, list] of open) {
      const [start, end] = key.split(' ').map(Number) as [number, number];
      if (end - 1 > mark) continue;
      open.delete(key);
      const order = (a: Row, b: Row): number => {
        if (a.n !== b.n) return a.n === null ? 1 : b.n === null ? -1 : Number(b.n - a.n);
        return a.time - b.time;
      };
      list
        .sort(order)
        .slice(0, 3)
        .forEach(({ user, n, name }, i) => out.appendValues([user, n, name, start, end, BigInt(i + 1)], { time: end - 1 }));
    }
    return [printTable({ ...out.finishDetached(), ops: new Uint8Array(out.rows) })];
  });
  verifyOperator({
    make: (ws, keyGroups) =>
      new WindowTopN(ws, {
        window,
        schema: ROWS,
        keys,
        n: 3,
        orders: [{ column: 1, descending: true, nullsFirst: false }],
        timed: true,
        placed: true,
        keepAll: false,
        latestFirst: false,
        bySet: false,
        columns: ROWS.length,
        outputSchema: RANKED,
        ranked: true,
        keyGroups,
      }),
    steps: given.map(({ rows, watermark: mark }): HostileStep => {
      const builder = new BatchBuilder(ROWS);
      for (const { user, n, name, time } of rows) builder.appendValues([user, n, name], { time });
      return { inputs: [builder.finishDetached()], watermark: mark };
    }),
    keys: [keys.map((i) => ROWS[i]?.name ?? '')],
    ...(keys.length === 0 ? { lanes: [1] } : {}),
    order: 'any',
    expected,
    recut: true,
    seed,
  });
}

const every =
  (size: number, slide: number): Windows =>
  (time) => {
    const windows: [number, number][] = [];
    for (let start = Math.floor(time / slide) * slide; start > time - size; start -= slide) windows.push([start, start + size]);
    return windows;
  };

test('the best rows of each window', () => {
  verify({ kind: 'tumbling', sizeMs: 50, offsetMs: 0 }, every(50, 50), 1);
  verify({ kind: 'hopping', sizeMs: 70, slideMs: 20, offsetMs: 0 }, every(70, 20), 2);
  verify({ kind: 'tumbling', sizeMs: 40, offsetMs: 0 }, every(40, 40), 3, []);
  const steps: Windows = (time) => {
    const start = Math.floor(time / 60) * 60;
    return [20, 40, 60].filter((length) => time < start + length).map((length) => [start, start + length]);
  };
  verify({ kind: 'cumulating', maxMs: 60, stepMs: 20, offsetMs: 0 }, steps, 4);
});
