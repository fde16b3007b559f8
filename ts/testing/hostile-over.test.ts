import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { printTable } from '../columns/text-table.js';
import { Random } from '../core/random.js';
import type { Frame } from '../operators/framed-rows.js';
import type { BoundAggregate } from '../operators/group-layout.js';
import { Over } from '../operators/over.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('name', 'utf8'), field('ok', 'bool', true)];
const USERS = [null, '', ...Array.from({ length: 5 }, (_, i) => `user ${i}`)];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'least', fn: 'min', args: [2], kinds: ['utf8'] },
  { name: 'names', fn: 'countDistinct', args: [2], kinds: ['utf8'] },
  { name: 'good', fn: 'count', args: [], kinds: [], where: 3 },
];
const RESULTS: Schema = [
  field('rows', 'int64'),
  field('total', 'int64', true),
  field('least', 'utf8'),
  field('names', 'int64'),
  field('good', 'int64'),
];

interface Row {
  readonly user: string | null;
  readonly n: bigint | null;
  readonly name: string;
  readonly ok: boolean | null;
  readonly time: number;
}
interface Case {
  readonly frame: Frame;
  /** Neighbours of column n, or name. */
  readonly offsets: readonly number[];
  readonly aggregates: boolean;
  readonly seed: number;
  readonly users?: number;
}

function script(random: Random, users: number): { rows: Row[]; watermark: number }[] {
  let watermark = -100;
  return Array.from({ length: 9 }, (_, step) => {
    const rows = Array.from(
      { length: random.pick([0, 1, 20, 60]) },
      (): Row => ({
        user: random.pick(USERS.slice(0, users)) as string | null,
        n: random.bool(0.2) ? null : BigInt(random.int(-9, 9)),
        name: random.pick(['', 'a', 'bb', 'a name of many letters', `name ${random.int(0, 30)}`]),
        ok: random.pick([true, false, null]),
        time: watermark + 1 + random.int(0, 60),
      }),
    );
    watermark = step === 8 ? Infinity : watermark + random.int(0, 50);
    return { rows, watermark };
  });
}

/** What comes out of each step, from lists of all rows of each key. */
function model(steps: readonly { rows: readonly Row[]; watermark: number }[], test: Case, schema: Schema): string[] {
  const lists = new Map<string | null, Row[]>();
  let pending: Row[] = [];
  const told = new Set<Row>();
  const lead = Math.max(0, ...test.offsets);
  return steps.map(({ rows, watermark }) => {
    pending.push(...rows);
    const ready = pending.filter((r) => r.time <= watermark).sort((a, b) => a.time - b.time);
    pending = pending.filter((r) => r.time > watermark);
    for (const row of ready) lists.set(row.user, [...(lists.get(row.user) ?? []), row]);
    const out = new BatchBuilder(schema);
    for (const list of lists.values()) {
      list.forEach((row, at) => {
        if (told.has(row) || (at + lead >= list.length && watermark !== Infinity)) return;
        told.add(row);
        const { frame } = test;
        const inFrame = list.filter((r, i) => {
          if (frame.kind === 'rows') return i <= at && i >= at - frame.rows;
          return r.time <= row.time && (frame.kind === 'unbounded' || r.time >= row.time - frame.ms);
        });
        const numbers = inFrame.flatMap(({ n }) => (n === null ? [] : [n]));
        const results = [
          BigInt(inFrame.length),
          numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0n),
          inFrame.map(({ name }) => name).sort()[0],
          BigInt(new Set(inFrame.map(({ name }) => name)).size),
          BigInt(inFrame.filter(({ ok }) => ok === true).length),
        ];
        const neighbours = test.offsets.map((k, i) => (i % 2 === 0 ? list[at + k]?.n : list[at + k]?.name) ?? null);
        const { user, n, name, ok, time } = row;
        out.appendValues([user, n, name, ok, ...(test.aggregates ? results : []), ...neighbours], { time });
      });
    }
    return printTable({ ...out.finishDetached(), ops: new Uint8Array(out.rows) });
  });
}

function verify(test: Case): void {
  const given = script(new Random(test.seed), test.users ?? USERS.length);
  const aggregates = test.aggregates ? AGGREGATES : [];
  const neighbours = test.offsets.map((rows, i) => ({ column: i % 2 === 0 ? 1 : 2, rows }));
  const outputSchema: Schema = [
    ...ROWS,
    ...(test.aggregates ? RESULTS : []),
    ...neighbours.map(({ column }, i) => field(`offset${i}`, column === 1 ? 'int64' : 'utf8', true)),
  ];
  const steps = given.map(({ rows, watermark }): HostileStep => {
    const builder = new BatchBuilder(ROWS);
    for (const { user, n, name, ok, time } of rows) builder.appendValues([user, n, name, ok], { time });
    return { inputs: [builder.finishDetached()], watermark };
  });
  verifyOperator({
    make: (ws, keyGroups) =>
      new Over(ws, {
        schema: ROWS,
        keys: [0],
        frame: test.frame,
        aggregates,
        neighbours,
        columns: ROWS.length,
        results: Array.from({ length: aggregates.length + neighbours.length }, (_, i) => i),
        outputSchema,
        keyGroups,
      }),
    steps,
    keys: [['user']],
    order: 'any',
    expected: model(given, test, outputSchema).map((table) => [table]),
    recut: true,
    seed: test.seed,
  });
}

test('frames of rows', () => {
  verify({ frame: { kind: 'rows', rows: 0 }, offsets: [], aggregates: true, seed: 1 });
  verify({ frame: { kind: 'rows', rows: 1 }, offsets: [], aggregates: true, seed: 2 });
  verify({ frame: { kind: 'rows', rows: 7 }, offsets: [-2], aggregates: true, seed: 3 });
  verify({ frame: { kind: 'rows', rows: 1000 }, offsets: [], aggregates: true, seed: 4, users: 1 });
});

test('frames of time', () => {
  verify({ frame: { kind: 'range', ms: 0 }, offsets: [], aggregates: true, seed: 11 });
  verify({ frame: { kind: 'range', ms: 15 }, offsets: [], aggregates: true, seed: 12, users: 2 });
  verify({ frame: { kind: 'range', ms: 40 }, offsets: [-3, -1], aggregates: true, seed: 13 });
});

test('frames without a beginning', () => {
  verify({ frame: { kind: 'unbounded' }, offsets: [], aggregates: true, seed: 21 });
  verify({ frame: { kind: 'unbounded' }, offsets: [-1, -2], aggregates: true, seed: 22, users: 1 });
});

test('rows before and after', () => {
  verify({ frame: { kind: 'unbounded' }, offsets: [-1, -5], aggregates: false, seed: 31 });
  verify({ frame: { kind: 'unbounded' }, offsets: [1, 2, -1], aggregates: true, seed: 32 });
  verify({ frame: { kind: 'rows', rows: 3 }, offsets: [4], aggregates: true, seed: 33 });
  verify({ frame: { kind: 'range', ms: 20 }, offsets: [0, 3], aggregates: true, seed: 34 });
});
