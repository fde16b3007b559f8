// Aggregates of growing state that give back what they took: rows and partial states, in any order, against slow twins of what is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Field, type Kind, type Schema } from '../../ts/columns/schema.js';
import { NONE } from '../../ts/columns/memory.js';
import { Random } from '../../ts/core/random.js';
import type { GroupedRows } from '../../ts/operators/aggregates.js';
import { argumentsOf, groupLayout, type BoundAggregate, type GroupLayout } from '../../ts/operators/group-layout.js';
import { aggregateType } from '../../ts/plan/aggregate-signatures.js';
import { GroupTable } from '../../ts/state/group-table.js';
import { keyWordsOf } from '../../ts/state/key-words.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows, valuesOf } from '../support/columns.js';
import { GROWING, type TwinValue } from '../twins/growing.js';
import type { KeyValue } from '../twins/hash.js';

const KINDS: readonly Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
const SCHEMA: Schema = [field('key', 'int64'), ...KINDS.map((kind) => field(kind, kind, true))];
const KEYS = 5;
const REVOCABLE: readonly [fn: string, options?: Readonly<Record<string, string | number>>][] = [
  ['countDistinct'],
  ['median'],
  ['quantile', { q: 0.3 }],
  ['approxQuantile', { q: 0.7 }],
  ['stringJoin', { separator: '--' }],
  ['collectList'],
  ['collectSet'],
  ['topN', { n: 4 }],
  ['topN', { n: 2, descending: 1 }],
];

function aggregates(random: Random): BoundAggregate[] {
  return REVOCABLE.flatMap(([fn, options]) =>
    KINDS.flatMap((_, i): BoundAggregate[] => {
      const args = fn === 'topN' ? [i + 1, random.int(1, KINDS.length)] : [i + 1];
      const fields = args.map((arg) => SCHEMA[arg] as Field);
      if (!('kind' in aggregateType(fn, fields, false, options))) return [];
      return [{ name: `${fn} ${args}`, fn, args, kinds: fields.map((f) => f.kind), options, revocable: true }];
    }),
  );
}

function randomRow(random: Random, pool: number): KeyValue[] {
  return SCHEMA.map(({ name, kind }): KeyValue => {
    const n = random.int(-pool, pool);
    if (name === 'key') return BigInt(random.int(0, KEYS - 1));
    if (random.bool(0.1)) return null;
    if (kind === 'bool') return n > 0;
    if (kind === 'int32') return n;
    if (kind === 'float64') return n / 4 + 0;
    if (kind === 'utf8') return 'word '.repeat(Math.abs(n) % 4) + n;
    if (kind === 'binary') return new Uint8Array(Math.abs(n) % 17).fill(n & 0xff);
    return BigInt(n) * 7n;
  });
}

/** The rows' groups in a table, some at a time. */
function each(
  ws: Workspace,
  layout: GroupLayout,
  table: GroupTable,
  rows: readonly KeyValue[][],
  sign: 1 | -1,
  only?: readonly number[],
): void {
  const mark = ws.scratch.mark();
  const batch = batchOfRows(ws, SCHEMA, rows);
  const ats = ws.alloc(rows.length * 4);
  table.find(keyWordsOf(ws, layout.shape, batch, [0]), NONE, 0, rows.length, ats);
  const given = argumentsOf(ws, layout, batch);
  const grouped: GroupedRows = { ws, ats, from: 0, to: rows.length, tables: [table] };
  layout.aggregates.forEach(({ aggregate, offset }, i) => {
    const argument = given[i] as (typeof given)[number];
    if (only !== undefined && !only.includes(offset)) return;
    if (sign > 0) aggregate.add(grouped, offset, argument);
    else aggregate.subtract?.(grouped, offset, argument);
  });
  ws.scratch.release(mark);
}

/** All groups of `from` into those of `into`, or out of them. Returns the offsets of aggregates that cannot do that. */
function states(ws: Workspace, layout: GroupLayout, from: GroupTable, into: GroupTable, sign: 1 | -1): readonly number[] {
  const without: number[] = [];
  const mark = ws.scratch.mark();
  const count = from.size;
  const [ats, others] = [ws.alloc(count * 4), ws.alloc(count * 4)];
  from.addresses(0, count, ats);
  const keys = ws.alloc(count * 8);
  ws.kernels.group_rows_i64(ats, 0, count, keys);
  const batch = {
    ...batchOfRows(ws, [field('key', 'int64')], []),
    rows: count,
    columns: [{ kind: 'int64' as const, validity: NONE, offsets: NONE, values: keys }],
  };
  into.find(keyWordsOf(ws, layout.shape, batch, [0]), NONE, 0, count, others);
  const grouped: GroupedRows = { ws, ats: others, from: 0, to: count, tables: [into] };
  for (const { aggregate, offset } of layout.aggregates) {
    const state = aggregate.read({ ws, ats, count }, offset);
    if (sign > 0) aggregate.merge(grouped, offset, state, count);
    else if (aggregate.unmerge !== undefined) aggregate.unmerge(grouped, offset, state, count);
    else without.push(offset);
  }
  ws.scratch.release(mark);
  return without;
}

function check(ws: Workspace, layout: GroupLayout, table: GroupTable, left: readonly KeyValue[][]): void {
  const mark = ws.scratch.mark();
  const count = table.size;
  const ats = ws.alloc(count * 4);
  table.addresses(0, count, ats);
  const rows = { ws, ats, count };
  const keys = ws.alloc(count * 8);
  ws.kernels.group_rows_i64(ats, 0, count, keys);
  for (const { aggregate, offset, bound } of layout.aggregates) {
    const found = valuesOf(ws, aggregate.result(rows, offset, bound.name), count);
    for (let g = 0; g < count; g++) {
      const key = ws.memory.i64[keys / 8 + g];
      const counted = left.flatMap((row): TwinValue[] => {
        const [value, by] = bound.args.map((arg) => row[arg] ?? null);
        if (row[0] !== key || value === null || by === null) return [];
        return [{ value, by, kind: bound.kinds[0], time: 0 } as TwinValue];
      });
      const wanted = GROWING[bound.fn]?.(counted, bound.options ?? {}) ?? null;
      const near = bound.fn === 'approxQuantile' && wanted !== null;
      if (near) assert.ok(Math.abs(Number(found[g]) - Number(wanted)) <= 0.0100001 * Math.abs(Number(wanted)), bound.name);
      else assert.deepEqual(found[g], wanted, `${bound.name} of group ${key}`);
    }
  }
  ws.scratch.release(mark);
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`what is taken back leaves no trace, from rows and from partial states (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(31);
    for (let round = 0; round < 5; round++) {
      const layout = groupLayout([field('key', 'int64')], aggregates(random), false);
      const make = (): GroupTable => new GroupTable(ws, layout.shape, layout.rowBytes);
      const table = make();
      const pool = random.pick([2, 12, 300]);
      let left: KeyValue[][] = [];
      for (let step = 0; step < 12; step++) {
        const rows = Array.from({ length: random.pick([1, 9, 150]) }, () => randomRow(random, pool));
        if (random.bool()) each(ws, layout, table, rows, 1);
        else {
          const other = make();
          each(ws, layout, other, rows, 1);
          states(ws, layout, other, table, 1);
          other.close();
        }
        left.push(...rows);
        random.shuffle(left);
        const gone = left.slice(0, random.int(0, left.length));
        left = left.slice(gone.length);
        if (gone.length > 0 && random.bool()) each(ws, layout, table, gone, -1);
        else if (gone.length > 0) {
          const other = make();
          // Taken back before anything was put in: what is merged then takes it out.
          const early = random.bool();
          each(ws, layout, other, gone, early ? -1 : 1);
          const without = states(ws, layout, other, table, early ? 1 : -1);
          each(ws, layout, table, gone, -1, without);
          other.close();
        }
        if (step % 3 === 2) check(ws, layout, table, left);
      }
      each(ws, layout, table, left, -1);
      check(ws, layout, table, []);
      table.close();
    }
    ws.scratch.reset();
    assert.ok(ws.blocks.bytesInUse <= 4 << 20, 'memory is given back');
  });
}

test('what comes and goes for ever takes no more room', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const random = new Random(32);
  const layout = groupLayout([field('key', 'int64')], aggregates(random), false);
  const table = new GroupTable(ws, layout.shape, layout.rowBytes);
  let bytes = 0;
  for (let round = 0; round < 60; round++) {
    const rows = Array.from({ length: 300 }, () => randomRow(random, 1_000_000));
    each(ws, layout, table, rows, 1);
    each(ws, layout, table, rows, -1);
    if (round === 20) bytes = table.bytesInUse;
  }
  assert.ok(table.bytesInUse <= bytes * 1.5, `${bytes} bytes became ${table.bytesInUse}`);
  table.close();
});
