import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOfRows } from '../../../native-tests/support/columns.js';
import { moduleOf, sumOf } from '../../../native-tests/support/own-module.js';
import type { KeyValue } from '../../../native-tests/twins/hash.js';
import type { Vector } from '../../columns/batch.js';
import { columnReader } from '../../columns/column-reader.js';
import { field, type Kind, type Schema } from '../../columns/schema.js';
import type { Value } from '../../columns/values.js';
import { Random } from '../../core/random.js';
import type { OwnModule } from '../../wasm/own-module.js';
import { createWorkspace, type Workspace } from '../../wasm/workspace.js';
import { argumentsOf, groupLayout, type BoundAggregate, type GroupLayout } from '../group-layout.js';
import type { Slice } from '../slice.js';
import { SlicedGroups } from '../sliced-groups.js';
import { windowPolicy } from '../window-policy.js';

const WINDOW = { kind: 'tumbling', sizeMs: 10, offsetMs: 0 } as const;

function bound(module: OwnModule, kind: Kind, output: Kind, retracts = 0): BoundAggregate {
  return { name: 'own', fn: 'wasmAggregator', args: [1], kinds: [kind], options: { input: kind, output, retracts }, module, where: 2 };
}

const schemaOf = (kind: Kind): Schema => [field('key', 'int64'), field('value', kind, true), field('chosen', 'bool', true)];

function addressesOf(ws: Workspace, { table }: Slice): { ws: Workspace; ats: number; count: number } {
  const ats = ws.alloc(table.size * 4);
  table.addresses(0, table.size, ats);
  return { ws, ats, count: table.size };
}

/** Each group's result, by its window and key. */
function resultsOf(ws: Workspace, layout: GroupLayout, groups: SlicedGroups): Map<string, Value> {
  const { aggregate, offset } = layout.aggregates[0] as GroupLayout['aggregates'][number];
  return new Map(
    groups.inOrder().flatMap((slice) => {
      const rows = addressesOf(ws, slice);
      const read = columnReader(ws.memory, aggregate.result(rows, offset, 'own'));
      return Array.from({ length: rows.count }, (_, g): [string, Value] => {
        const key = ws.memory.i64[(slice.table.rows + g * slice.table.stride) / 8] as bigint;
        return [`${slice.start} ${key}`, read(g)];
      });
    }),
  );
}

const CASES: readonly { kind: Kind; type: string; values: (random: Random) => KeyValue; number: (value: KeyValue) => number }[] = [
  { kind: 'bool', type: 'bool', values: (r) => r.bool(), number: Number },
  { kind: 'int32', type: 'i32', values: (r) => r.int(-(2 ** 31), 2 ** 31 - 1), number: Number },
  { kind: 'int64', type: 'i64', values: (r) => BigInt(r.int(-1e9, 1e9)) * 4096n, number: Number },
  { kind: 'float64', type: 'f64', values: (r) => r.int(-1e6, 1e6) / 16, number: Number },
  { kind: 'timestamp', type: 'i64', values: (r) => BigInt(r.int(-1e9, 1e9)), number: Number },
];

for (const { kind, type, values, number } of CASES) {
  test(`sums of ${kind}: values in, partial states merged, some taken back, equal a model's`, async () => {
    const module = await moduleOf(sumOf(type, 'export function result(state: State): f64 { return state.sum + <f64>state.n / 65536; }'), {
      input: kind,
      output: 'float64',
      retracts: true,
    });
    const schema = schemaOf(kind);
    for (const build of ['debug', 'scalar', 'simd'] as const) {
      const ws = createWorkspace({ build, bytes: 64 << 20 });
      const random = new Random(7);
      const layout = groupLayout([schema[0] as Schema[number]], [bound(module, kind, 'float64', 1)], false);
      const [one, other] = [0, 1].map(() => new SlicedGroups(ws, layout, windowPolicy(WINDOW))) as [SlicedGroups, SlicedGroups];
      const twin = new Map<string, { sum: number; n: number } | null>();
      for (let round = 0; round < 6; round++) {
        const mark = ws.scratch.mark();
        const rows = Array.from({ length: random.pick([1, 100, 5000]) }, (): KeyValue[] => [
          BigInt(random.int(0, 60)),
          random.bool(0.2) ? null : values(random),
          random.bool(0.1) ? null : random.bool(0.8),
        ]);
        const times = rows.map(() => random.int(0, 29));
        (round % 2 === 0 ? one : other).addRows(batchOfRows(ws, schema, rows, times), [0]);
        rows.forEach(([key, value, chosen], i) => {
          const id = `${Math.floor((times[i] as number) / 10) * 10} ${key}`;
          const before = twin.get(id) ?? null;
          const counts = value !== null && chosen === true;
          twin.set(id, counts ? { sum: (before?.sum ?? 0) + number(value as KeyValue), n: (before?.n ?? 1000) + 1 } : before);
        });
        ws.scratch.release(mark);
      }
      for (const slice of other.inOrder()) {
        const rows = addressesOf(ws, slice);
        const starts = ws.alloc(rows.count * 8);
        ws.kernels.window_fill(starts, rows.count, slice.start);
        const keys = ws.alloc(rows.count * 8);
        ws.kernels.group_rows_i64(rows.ats, 0, rows.count, keys);
        const columns: Vector[] = [starts, keys].map((at) => ({ kind: 'int64', validity: 0, offsets: 0, values: at }));
        const [own] = layout.aggregates;
        columns.push(...(own === undefined ? [] : own.aggregate.read(rows, own.offset)));
        one.addPartials({ schema: [], rows: rows.count, columns, times: 0, clocks: 0, ops: 0, positions: 0 } as never);
      }
      const told = (of: Map<string, { sum: number; n: number } | null>): [string, number | null][] =>
        [...of].map(([id, s]): [string, number | null] => [id, s === null ? null : s.sum + s.n / 65536]).sort();
      assert.deepEqual([...resultsOf(ws, layout, one)].sort(), told(twin));
      one.close();
      other.close();
    }
  });
}

test('rows that are taken back leave the states as if they had not come', async () => {
  const text = sumOf('i32', 'export function result(state: State): f64 { return state.sum + <f64>state.n / 65536; }');
  const module = await moduleOf(text, { input: 'int32', output: 'float64', retracts: true });
  const ws = createWorkspace({ bytes: 64 << 20 });
  const schema = schemaOf('int32');
  const layout = groupLayout([schema[0] as Schema[number]], [bound(module, 'int32', 'float64', 1)], false);
  const { aggregate, offset } = layout.aggregates[0] as GroupLayout['aggregates'][number];
  const groups = new SlicedGroups(ws, layout, windowPolicy(WINDOW));
  const rows = Array.from({ length: 3000 }, (_, i): KeyValue[] => [BigInt(i % 7), i, true]);
  groups.addRows(
    batchOfRows(
      ws,
      schema,
      rows,
      rows.map(() => 5),
    ),
    [0],
  );
  const [slice] = groups.inOrder();
  const { table } = slice as Slice;
  const less = batchOfRows(ws, schema, rows.slice(1000));
  const ats = ws.alloc(less.rows * 4);
  for (let i = 0; i < less.rows; i++) ws.memory.u32[ats / 4 + i] = table.rows + ((1000 + i) % 7) * table.stride;
  const [argument] = argumentsOf(ws, layout, less);
  assert.ok(aggregate.subtract !== undefined && argument !== undefined);
  aggregate.subtract({ ws, ats, from: 0, to: less.rows, tables: [table] }, offset, argument);
  const expected = new Map<string, number>();
  rows.slice(0, 1000).forEach(([key, value]) => {
    const id = `0 ${key}`;
    expected.set(id, (expected.get(id) ?? 1000 / 65536) + (value as number) + 1 / 65536);
  });
  assert.deepEqual([...resultsOf(ws, layout, groups)].sort(), [...expected].sort());
  groups.close();
});

test('results of every type', async () => {
  const results: readonly [Kind, string, (sum: number) => Value][] = [
    ['bool', 'bool { return state.sum > 100; }', (sum) => sum > 100],
    ['int32', 'i32 { return <i32>state.sum; }', (sum) => sum],
    ['int64', 'i64 { return <i64>state.sum << 32; }', (sum) => BigInt(sum) << 32n],
    ['float64', 'f64 { return state.sum / 2; }', (sum) => sum / 2],
    ['timestamp', 'i64 { return <i64>state.sum; }', (sum) => sum],
  ];
  for (const [output, result, twin] of results) {
    const text = sumOf('i32', `export function result(state: State): ${result}`);
    const module = await moduleOf(text, { input: 'int32', output });
    const ws = createWorkspace({ bytes: 64 << 20 });
    const schema = schemaOf('int32');
    const layout = groupLayout([schema[0] as Schema[number]], [bound(module, 'int32', output)], false);
    const groups = new SlicedGroups(ws, layout, windowPolicy(WINDOW));
    // More groups than go into the module at a time, one in three without a value.
    const rows = Array.from({ length: 2500 }, (_, i): KeyValue[] => [BigInt(i), i % 3 === 0 ? null : i % 200, true]);
    groups.addRows(
      batchOfRows(
        ws,
        schema,
        rows,
        rows.map(() => 5),
      ),
      [0],
    );
    const expected = rows.map(([key, value]): [string, Value] => [`0 ${key}`, value === null ? null : twin(value as number)]);
    assert.deepEqual([...resultsOf(ws, layout, groups)].sort(), expected.sort(), output);
    groups.close();
  }
});
