import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { OPS } from '../columns/batch.js';
import { field, type Schema } from '../columns/schema.js';
import { printTable } from '../columns/text-table.js';
import { must } from '../core/assert.js';
import { Random } from '../core/random.js';
import type { RowOrder } from '../operators/ranked-rows.js';
import { TopN } from '../operators/top-n.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [
  field('user', 'utf8', true),
  field('n', 'int64', true),
  field('x', 'float64'),
  field('name', 'utf8', true),
  field('ok', 'bool'),
];
const RANKED: Schema = [...ROWS, field('rank', 'int64')];
const USERS = [null, '', ...Array.from({ length: 12 }, (_, i) => `user ${i}`)];

type Cell = string | bigint | number | boolean | null;
interface Row {
  readonly values: readonly Cell[];
  readonly time: number;
  readonly op: number;
}
interface Case {
  readonly n: number;
  readonly orders: readonly RowOrder[];
  readonly timed: boolean;
  readonly changing: boolean;
  readonly latestFirst: boolean;
  readonly ranked: boolean;
  readonly bySet: boolean;
}

/** Rows by step; where they change, some take back what came before. */
function script(random: Random, changing: boolean): Row[][] {
  const there: Row[] = [];
  return Array.from({ length: 7 }, () =>
    Array.from({ length: random.pick([0, 3, 40, 90]) }, (): Row => {
      if (changing && there.length > 0 && random.bool(0.45)) {
        const [gone] = there.splice(random.int(0, there.length - 1), 1) as [Row];
        return { ...gone, op: random.pick([OPS.updateBefore, OPS.delete]) };
      }
      const values = [
        random.pick(USERS),
        random.bool(0.15) ? null : BigInt(random.int(-4, 4)),
        random.pick([-0, 0, 1.5, -2, NaN, Infinity]),
        random.bool(0.2) ? null : random.pick(['', 'a', 'ab', 'abcdefghi', 'abcdefghj', 'b']),
        random.bool(),
      ];
      const row = { values, time: random.int(0, 5), op: changing ? random.pick([OPS.insert, OPS.updateAfter]) : OPS.insert };
      there.push(row);
      return row;
    }),
  );
}

function compareCells(a: Cell, b: Cell): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}

function compareRows(a: Row, b: Row, { orders, timed, latestFirst }: Case): number {
  for (const { column, descending, nullsFirst } of orders) {
    const [x, y] = [a.values[column] as Cell, b.values[column] as Cell];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
    const order = compareCells(x, y);
    if (order !== 0) return descending ? -order : order;
  }
  return timed ? (a.time - b.time) * (latestFirst ? -1 : 1) : 0;
}

const same = (a: Row | undefined, b: Row | undefined): boolean =>
  a !== undefined && b !== undefined && a.values.every((v, i) => Object.is(v, b.values[i]));

/** What is told at each step's end, by a list of all rows of each key, sorted anew. */
function model(steps: readonly (readonly Row[])[], test: Case): string[] {
  const keys = new Map<Cell, Row[]>();
  return steps.map((rows) => {
    const before = new Map([...keys].map(([key, list]) => [key, list.slice(0, test.n)]));
    for (const row of rows) {
      const key = row.values[0] as Cell;
      const list = keys.get(key) ?? [];
      keys.set(key, list);
      if (row.op === OPS.updateBefore || row.op === OPS.delete) {
        const at = list.findIndex((r) => compareRows(row, r, test) === 0 && same(row, r));
        list.splice(at, 1);
      } else {
        const after = list.findIndex((r) => (test.latestFirst ? compareRows(row, r, test) <= 0 : compareRows(row, r, test) < 0));
        list.splice(after === -1 ? list.length : after, 0, row);
      }
    }
    const out = new BatchBuilder(test.ranked ? RANKED : ROWS);
    const tell = (row: Row, rank: number, op: number): void =>
      out.appendValues(test.ranked ? [...row.values, BigInt(rank)] : [...row.values], { op });
    for (const [key, list] of keys) {
      const [old, now] = [before.get(key) ?? [], list.slice(0, test.n)];
      if (test.bySet) {
        for (const row of old) if (!now.includes(row)) tell(row, 0, OPS.delete);
        for (const row of now) if (!old.includes(row)) tell(row, 0, OPS.insert);
        continue;
      }
      for (let i = 0; i < Math.max(old.length, now.length); i++) {
        const [a, b] = [old[i], now[i]];
        if (same(a, b)) continue;
        if (a !== undefined) tell(a, i + 1, b === undefined ? OPS.delete : OPS.updateBefore);
        if (b !== undefined) tell(b, i + 1, a === undefined ? OPS.insert : OPS.updateAfter);
      }
    }
    return printTable({ ...out.finishDetached(), ...(rows.length === 0 ? { ops: new Uint8Array(0) } : {}) });
  });
}

function verify(test: Case, seed: number): void {
  const rows = script(new Random(seed), test.changing);
  const steps = rows.map((step): HostileStep => {
    const builder = new BatchBuilder(ROWS);
    for (const { values, time, op } of step)
      builder.appendValues([...values], { ...(test.timed ? { time } : {}), ...(test.changing ? { op } : {}) });
    return { inputs: [builder.finishDetached()], watermark: -Infinity };
  });
  verifyOperator({
    make: (ws, keyGroups) =>
      new TopN(ws, {
        schema: ROWS,
        keys: [0],
        n: test.n,
        orders: test.orders,
        timed: test.timed,
        placed: !test.changing,
        keepAll: test.changing,
        latestFirst: test.latestFirst,
        bySet: test.bySet,
        columns: ROWS.length,
        outputSchema: test.ranked ? RANKED : ROWS,
        ranked: test.ranked,
        keyGroups,
      }),
    steps,
    keys: [['user']],
    order: 'any',
    expected: model(rows, test).map((table) => [table]),
    normalise: (lines) => (test.bySet && test.changing ? net(lines) : lines),
    seed,
  });
}

/** What a set loses and gains again, with equal values, is no change: which of equal rows it was cannot be told. */
function net(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const row = line.replace(/^\S+/, '');
    counts.set(row, (counts.get(row) ?? 0) + (line.startsWith('-') ? -1 : 1));
  }
  return [...counts].filter(([, n]) => n !== 0).map(([row, n]) => `${n}${row}`);
}

const by = (column: number, descending = false, nullsFirst = false): RowOrder => ({ column, descending, nullsFirst });
const PLAIN: Case = { n: 3, orders: [by(1, true)], timed: true, changing: false, latestFirst: false, ranked: true, bySet: false };

test('the n best rows of each key', () => {
  const cases: readonly Partial<Case>[] = [
    {},
    { n: 1 },
    { n: 10, orders: [by(2), by(1, true, true)] },
    { n: 4, orders: [by(3, true, true), by(4)] },
    { timed: false, orders: [by(3, false, true)] },
    { timed: false, latestFirst: true, orders: [], n: 2 },
    { latestFirst: true, orders: [], n: 1, ranked: false },
    { ranked: false, bySet: true },
  ];
  cases.forEach((c, i) => verify({ ...PLAIN, ...c }, 100 + i));
});

test('rows that are taken back make room for the next', () => {
  const cases: readonly Partial<Case>[] = [
    {},
    { n: 1, timed: false },
    { n: 5, orders: [by(2, true), by(3)] },
    { n: 2, ranked: false, bySet: true, timed: false },
    { n: 1, ranked: false, latestFirst: true, orders: [] },
  ];
  cases.forEach((c, i) => verify({ ...PLAIN, ...c, changing: true }, must([200, 201, 202, 203, 204][i], 'a seed')));
});
