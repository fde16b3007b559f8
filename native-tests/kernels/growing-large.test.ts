// Aggregates of growing state where there is much of it: blocks of megabytes, long sorts, hostile orders, the limit of one group.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOf } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Field, type Schema } from '../../ts/columns/schema.js';
import { MillraceError } from '../../ts/core/errors.js';
import { Random } from '../../ts/core/random.js';
import { adderOf, argumentsOf, groupLayout, type BoundAggregate, type GroupLayout } from '../../ts/operators/group-layout.js';
import { GroupTable } from '../../ts/state/group-table.js';
import { keyWordsOf } from '../../ts/state/key-words.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows, valuesOf } from '../support/columns.js';
import { GROWING, type TwinValue } from '../twins/growing.js';
import { unword, type KeyValue } from '../twins/hash.js';

const SCHEMA: Schema = [field('n', 'int64'), field('x', 'float64'), field('s', 'utf8')];
const CASES: readonly (readonly [fn: string, arg: number, options?: Readonly<Record<string, string | number>>])[] = [
  ['countDistinct', 0],
  ['countDistinct', 2],
  ['approxCountDistinct', 0],
  ['approxCountDistinct', 2],
  ['median', 1],
  ['quantile', 0, { q: 0.999 }],
  ['stringJoin', 2, { separator: '' }],
  ['collectList', 0],
  ['collectSet', 2],
  ['topN', 2, { n: 100, descending: 1 }],
];

function layoutOf(revocable: boolean): GroupLayout {
  const aggregates = CASES.filter(([fn]) => !revocable || fn !== 'approxCountDistinct').map(([fn, arg, options]): BoundAggregate => {
    const args = fn === 'topN' ? [arg, 1] : [arg];
    const kinds = args.map((i) => (SCHEMA[i] as Field).kind);
    return { name: `${fn} ${arg}`, fn, args, kinds, options, revocable };
  });
  return groupLayout([], aggregates, false);
}

function add(ws: Workspace, layout: GroupLayout, table: GroupTable, rows: readonly KeyValue[][], times: readonly number[]): void {
  const mark = ws.scratch.mark();
  const batch = batchOfRows(ws, SCHEMA, rows, times);
  const ats = ws.alloc(rows.length * 4);
  table.find(keyWordsOf(ws, layout.shape, batch, []), NONE, 0, rows.length, ats);
  adderOf(layout, argumentsOf(ws, layout, batch))({ ws, ats, from: 0, to: rows.length, tables: [table] });
  ws.scratch.release(mark);
}

for (const revocable of [false, true]) {
  test(`one group of a hundred thousand rows${revocable ? ', from which rows can be taken' : ''}`, () => {
    const ws = createWorkspace({ bytes: 512 << 20 });
    const random = new Random(41);
    const layout = layoutOf(revocable);
    const table = new GroupTable(ws, layout.shape, layout.rowBytes);
    const rows: KeyValue[][] = [];
    const times: number[] = [];
    for (let i = 0; i < 100_000; i++) {
      const n = random.int(0, 60_000);
      rows.push([BigInt(n) * 1_000_003n, n / 7, n % 11 === 0 ? `${'long '.repeat(10)}${n}` : `${n}`]);
      times.push(random.int(0, 1_000_000));
    }
    for (let from = 0; from < rows.length; from += 20_000)
      add(ws, layout, table, rows.slice(from, from + 20_000), times.slice(from, from + 20_000));
    const ats = ws.alloc(4);
    table.addresses(0, 1, ats);
    for (const { aggregate, offset, bound } of layout.aggregates) {
      const counted = rows.map((row, i) => {
        const [value, by] = bound.args.map((arg) => row[arg]);
        return { value, by, kind: bound.kinds[0], time: revocable ? 0 : times[i] } as TwinValue;
      });
      const [found] = valuesOf(ws, aggregate.result({ ws, ats, count: 1 }, offset, bound.name), 1);
      assert.deepEqual(found, GROWING[bound.fn]?.(counted, bound.options ?? {}), bound.name);
    }
    table.close();
    ws.scratch.reset();
    assert.ok(ws.blocks.bytesInUse <= 4 << 20, 'memory is given back');
  });
}

const ORDERS: Readonly<Record<string, (i: number, n: number, random: Random) => number>> = {
  'all equal': () => 7,
  'in order': (i) => i,
  backwards: (i, n) => n - i,
  'up and down': (i, n) => Math.min(i, n - i),
  'two values': (i) => i % 2,
  'a saw': (i) => i % 37,
  'by chance': (_i, _n, random) => random.int(-1_000_000, 1_000_000),
};

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`entries are sorted, and the one at a place is found, in any order (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 32 << 20 });
    const random = new Random(42);
    for (const [name, order] of Object.entries(ORDERS)) {
      for (const n of [1, 2, 3, 16, 17, 100, 5000]) {
        const mark = ws.scratch.mark();
        const values = Array.from({ length: n }, (_, i) => order(i, n, random));
        const sorted = [...values].sort((a, b) => a - b);
        const [at, runs, out] = [ws.alloc(n * 16), ws.alloc(8), ws.alloc(8)];
        ws.memory.u32[runs / 4] = at;
        ws.memory.u32[runs / 4 + 1] = n;
        values.forEach((v, i) => {
          ws.memory.i64[at / 8 + 2 * i] = BigInt(v);
          ws.memory.i64[at / 8 + 2 * i + 1] = BigInt(i);
        });
        // By the first word backwards, of equals by the second: as a stable sort.
        ws.kernels.runs_sort(runs, 1, 16, 0xa0 + 0x8100);
        const found = Array.from({ length: n }, (_, i) => Number(ws.memory.i64[at / 8 + 2 * i + 1]));
        const wanted = values.map((_, i) => i).sort((a, b) => (values[b] as number) - (values[a] as number));
        assert.deepEqual(found, wanted, `${name}, ${n}`);
        for (const q of [0, 0.25, 0.5, 0.9, 1]) {
          const bits = new BigInt64Array(Float64Array.from(values).buffer);
          bits.forEach((b, i) => (ws.memory.i64[at / 8 + i] = b ^ ((b >> 63n) & 0x7fffffffffffffffn)));
          ws.kernels.runs_quantile(runs, 1, q, out);
          const place = (n - 1) * q;
          const [low, high] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
          assert.equal(ws.memory.f64[out / 8], low + (high - low) * (place - Math.floor(place)), `${name}, ${n}, ${q}`);
        }
        ws.scratch.release(mark);
      }
    }
  });
}

test('a group whose values have no room in a block of 256 MiB stops the job, and says which aggregate it was', () => {
  // Most of the memory is never touched.
  const ws = createWorkspace({ bytes: 1 << 30 });
  const block = ws.blocks.alloc(1 << 28);
  const row: KeyValue[] = [1n, 1, 'one'];
  for (const [fn, revocable] of [
    ['median', false],
    ['collectList', false],
    ['countDistinct', false],
    ['countDistinct', true],
  ] as const) {
    const aggregate: BoundAggregate = { name: 'much', fn, args: [1], kinds: ['float64'], revocable };
    const layout = groupLayout([], [aggregate], false);
    const table = new GroupTable(ws, layout.shape, layout.rowBytes);
    add(ws, layout, table, [row], [0]);
    // As if it were full: a block of the largest size, and as many values as it takes.
    const at = (table.rows + (layout.aggregates[0]?.offset ?? 0)) / 4;
    const lists = fn === 'median' || fn === 'collectList';
    ws.memory.u32[at + 1] = lists ? 28 : revocable ? 24 : 25;
    ws.memory.u32[at + 2] = lists ? 2 ** 28 / (fn === 'median' ? 8 : 24) : 2 ** 27;
    ws.memory.u32[at] = block;
    const other: KeyValue[] = [2n, 1e300, 'two'];
    assert.throws(
      () => add(ws, layout, table, [other], [0]),
      (error) => {
        assert.ok(error instanceof MillraceError && error.code === 'state.too-large', String(error));
        assert.match(error.message, new RegExp(`${fn} 'much' keeps more than 256 MiB of values for one group`));
        return true;
      },
      fn,
    );
  }
});

test('a batch of no rows changes nothing', () => {
  const ws = createWorkspace({ bytes: 32 << 20 });
  const layout = layoutOf(false);
  const table = new GroupTable(ws, layout.shape, layout.rowBytes);
  adderOf(
    layout,
    argumentsOf(ws, layout, batchOf(SCHEMA, 0, batchOfRows(ws, SCHEMA, []).columns)),
  )({
    ws,
    ats: ws.alloc(4),
    from: 0,
    to: 0,
    tables: [table],
  });
  assert.equal(table.size, 0);
  table.close();
});

test('values are found again after keys made the table take another seed', () => {
  const seed = 0x0123456789abcdefn;
  const ws = createWorkspace({ bytes: 64 << 20, seed });
  const schema = [field('key', 'int64'), field('n', 'int64')];
  for (const revocable of [false, true]) {
    const aggregates = ['countDistinct', 'min'].map((fn): BoundAggregate => ({ name: fn, fn, args: [1], kinds: ['int64'], revocable }));
    const layout = groupLayout([field('key', 'int64')], aggregates, false);
    const table = new GroupTable(ws, layout.shape, layout.rowBytes);
    const put = (rows: readonly (readonly bigint[])[]): void => {
      const batch = batchOfRows(ws, schema, rows);
      const ats = ws.alloc(rows.length * 4);
      table.find(keyWordsOf(ws, layout.shape, batch, [0]), NONE, 0, rows.length, ats);
      adderOf(layout, argumentsOf(ws, layout, batch))({ ws, ats, from: 0, to: rows.length, tables: [table] });
    };
    const values = Array.from({ length: 500 }, (_, i) => [1n, BigInt(i) * 77_777_777_777n]);
    put(values);
    put(Array.from({ length: 1000 }, (_, i) => [unword(seed, (0xffffffffn << 32n) | BigInt(i)), 1n]));
    assert.ok(table.reseeds > 0, 'the table has another seed');
    put(values);
    const ats = ws.alloc(4);
    table.addresses(0, 1, ats);
    const placed = layout.aggregates[0];
    const [n] = valuesOf(ws, placed?.aggregate.result({ ws, ats, count: 1 }, placed.offset, 'n') ?? assert.fail(), 1);
    assert.equal(n, 500n);
    table.close();
  }
});
