import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOf } from '../../ts/columns/batch.js';
import { BatchBuilder } from '../../ts/columns/builder.js';
import { batchToRows, type Row } from '../../ts/columns/rows.js';
import { field, isList, itemOf, KINDS, LIST_KINDS, type Kind, type Schema } from '../../ts/columns/schema.js';
import type { Value } from '../../ts/columns/values.js';
import { Random } from '../../ts/core/random.js';
import { allRows } from '../../ts/operators/aggregates/rows.js';
import type { GroupedRows } from '../../ts/operators/aggregates.js';
import { GroupTable } from '../../ts/state/group-table.js';
import { keyShapeOf, keyWordsOf } from '../../ts/state/key-words.js';
import { packRows, unpackRows } from '../../ts/state/packed-rows.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { BUILDS } from '../support/expressions.js';

function randomValue(random: Random, kind: Kind): Value {
  if (isList(kind)) return Array.from({ length: random.int(0, 3) }, () => randomValue(random, itemOf(kind)) as never);
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return random.int(-(2 ** 31), 2 ** 31 - 1);
    case 'int64':
      return BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    case 'float64':
      return random.pick([0, -0, Number.NaN, Infinity, random.float()]);
    case 'timestamp':
      return random.int(-8.64e15, 8.64e15);
    case 'utf8':
      return 'žluťoučký'.slice(0, random.int(0, 9)) + (random.bool() ? '🐎' : '');
    case 'binary':
      return Uint8Array.from({ length: random.int(0, 40) }, () => random.int(0, 255));
  }
}

function randomRows(random: Random, schema: Schema, count: number): Row[] {
  return Array.from({ length: count }, () =>
    Object.fromEntries(schema.map(({ name, kind, nullable }) => [name, nullable && random.bool(0.3) ? null : randomValue(random, kind)])),
  );
}

const batchOfRows = (ws: Workspace, schema: Schema, rows: readonly Row[], times?: readonly (readonly [number, bigint])[]) => {
  const builder = new BatchBuilder(schema);
  rows.forEach((row, i) => builder.append(row, times === undefined ? {} : { time: times[i]?.[0], position: times[i]?.[1] }));
  return builder.finish(ws);
};

/** The rows at these addresses, as they were before they were packed. */
function unpacked(ws: Workspace, schema: Schema, ats: readonly number[]): Row[] {
  const at = ws.alloc(ats.length * 4);
  ws.memory.u32.set(ats, at / 4);
  return batchToRows(ws.memory, batchOf(schema, ats.length, unpackRows({ ws, ats: at, count: ats.length }, schema)));
}

for (const build of BUILDS) {
  test(`rows are packed and read again, of every kind, also of more columns than a mask has bits (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      const all: readonly Kind[] = [...KINDS, ...LIST_KINDS];
      const schema = Array.from({ length: random.pick([1, 3, 31, 32, 33, 70]) }, (_, i) => field(`c${i}`, random.pick(all), random.bool()));
      const rows = randomRows(random, schema, random.pick([0, 1, 7, 8, 65, 100]));
      const mark = ws.scratch.mark();
      ws.memory.u8.fill(0xa5, ws.alloc(1 << 20));
      ws.scratch.release(mark);
      const { offsets, values } = packRows(ws, batchOfRows(ws, schema, rows).columns, rows.length);
      const order = random.shuffle(rows.map((_, i) => i));
      const found = unpacked(
        ws,
        schema,
        order.map((r) => values + (ws.memory.u32[offsets / 4 + r] as number)),
      );
      assert.deepEqual(
        found,
        order.map((r) => rows[r]),
        `seed ${seed}`,
      );
      for (let r = 0; r <= rows.length; r++) assert.equal((ws.memory.u32[offsets / 4 + r] as number) % 8, 0);
      ws.scratch.release(mark);
    }
  });

  test(`groups keep all their rows, and states put together keep all of both (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 128 << 20 });
    const schema: Schema = [field('k', 'int64'), field('text', 'utf8', true), field('n', 'int32')];
    const shape = keyShapeOf(schema.slice(0, 1));
    const offset = shape.words * 8;
    const aggregate = allRows({ name: 'rows', kinds: ['binary'], options: {}, functions: {}, module: undefined, revocable: false });
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed);
      const groups = random.pick([1, 5, 200]);
      ws.alloc(8);
      ws.scratch.reset();
      const before = ws.blocks.bytesInUse;
      const tables = [0, 1].map(() => new GroupTable(ws, shape, aggregate.bytes));
      const kept = tables.map(() => new Map<bigint, (Row & { stamp: readonly [number, bigint] })[]>());
      for (let round = 0; round < 4; round++) {
        const mark = ws.scratch.mark();
        const which = round % 2;
        const rows = randomRows(random, schema, random.pick([1, 50, 3000])).map((row) => ({ ...row, k: BigInt(random.int(1, groups)) }));
        const stamps = rows.map(() => [random.int(0, 3), BigInt(random.int(0, 3))] as const);
        const chosen = rows.map(() => random.bool(0.8));
        const batch = batchOfRows(ws, schema, rows, stamps);
        const bitmap = ws.alloc(Math.ceil(rows.length / 64) * 8);
        chosen.forEach((yes, i) => {
          const byte = bitmap + (i >> 3);
          if (i % 8 === 0) ws.memory.u8[byte] = 0;
          if (yes) ws.memory.u8[byte] = (ws.memory.u8[byte] as number) | (1 << (i & 7));
        });
        const table = tables[which] as GroupTable;
        const ats = ws.alloc(rows.length * 4);
        table.find(keyWordsOf(ws, shape, batch, [0]), 0, 0, rows.length, ats);
        const given: GroupedRows = { ws, ats, from: 0, to: rows.length, tables: [table] };
        const words = aggregate.words(ws, [packRows(ws, batch.columns, rows.length)], rows.length);
        aggregate.add(given, offset, { words, bitmap, times: batch.times, positions: batch.positions });
        rows.forEach((row, i) => {
          if (!chosen[i]) return;
          const map = kept[which] as (typeof kept)[number];
          map.set(row.k, [...(map.get(row.k) ?? []), { ...row, stamp: stamps[i] as readonly [number, bigint] }]);
        });
        ws.scratch.release(mark);
      }
      const mark = ws.scratch.mark();
      const [first, second] = tables as [GroupTable, GroupTable];
      checkTable(ws, first, schema, offset, kept[0] as (typeof kept)[number], aggregate);
      // The second's states, merged into the first.
      const ats = ws.alloc(second.size * 4);
      second.addresses(0, second.size, ats);
      const states = aggregate.read({ ws, ats, count: second.size }, offset);
      const keys = Array.from({ length: second.size }, (_, i) => ({
        k: ws.memory.i64[(ws.memory.u32[ats / 4 + i] as number) / 8] as bigint,
      }));
      const into = ws.alloc(second.size * 4);
      first.find(keyWordsOf(ws, shape, batchOfRows(ws, schema.slice(0, 1), keys), [0]), 0, 0, second.size, into);
      aggregate.merge({ ws, ats: into, from: 0, to: second.size, tables: [first] }, offset, states, second.size);
      for (const [k, rows] of kept[1] as (typeof kept)[number]) kept[0]?.set(k, [...(kept[0].get(k) ?? []), ...rows]);
      checkTable(ws, first, schema, offset, kept[0] as (typeof kept)[number], aggregate);
      ws.scratch.release(mark);
      for (const table of tables) table.close();
      ws.scratch.reset();
      assert.equal(ws.blocks.bytesInUse, before);
    }
  });
}

function checkTable(
  ws: Workspace,
  table: GroupTable,
  schema: Schema,
  offset: number,
  expected: ReadonlyMap<bigint, readonly (Row & { stamp: readonly [number, bigint] })[]>,
  aggregate: ReturnType<typeof allRows>,
): void {
  const { kernels, memory } = ws;
  const all = ws.alloc(table.size * 4);
  table.addresses(0, table.size, all);
  const { offsets, values } = aggregate.result({ ws, ats: all, count: table.size }, offset, 'rows');
  for (let g = 0; g < table.size; g++) {
    const key = memory.i64[(memory.u32[all / 4 + g] as number) / 8] as bigint;
    const [from, end] = [0, 1].map((i) => values + (memory.u32[offsets / 4 + g + i] as number)) as [number, number];
    const count = kernels.rows_count(from, end) >>> 0;
    const [times, places, ats] = [ws.alloc(count * 8), ws.alloc(count * 8), ws.alloc(count * 4)];
    const sorted = kernels.rows_index(from, end, times, places, ats) === 1;
    const wanted = expected.get(key) ?? [];
    const found = unpacked(ws, schema, [...memory.u32.subarray(ats / 4, ats / 4 + count)]);
    const stamps = found.map((_, i) => [Number(memory.i64[times / 8 + i]), memory.i64[places / 8 + i]]);
    assert.deepEqual(
      found.map((row, i) => ({ ...row, stamp: stamps[i] })),
      wanted,
    );
    const inOrder = wanted.every(({ stamp }, i) => {
      const before = wanted[i - 1]?.stamp ?? stamp;
      return before[0] < stamp[0] || (before[0] === stamp[0] && before[1] <= stamp[1]);
    });
    assert.equal(sorted, inOrder);
  }
}
