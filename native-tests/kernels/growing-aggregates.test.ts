// Aggregates of growing state against slow twins: rows and partial states, snapshots, and changes that are told step by step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Field, type Kind, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import type { BoundAggregate } from '../../ts/operators/group-layout.js';
import { PreAggregate } from '../../ts/operators/pre-aggregate.js';
import { WindowAggregate, type WindowAggregateConfig } from '../../ts/operators/window-aggregate.js';
import { aggregateType } from '../../ts/plan/aggregate-signatures.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';
import { Drive, KeptState, type Emitted } from '../support/drive.js';
import { GROWING, type TwinValue } from '../twins/growing.js';
import type { KeyValue } from '../twins/hash.js';
import { keyText } from '../twins/windowed.js';

const BYTES = 128 << 20;
const ALL: readonly Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
const WINDOW = { kind: 'tumbling', sizeMs: 100, offsetMs: 0 } as const;
const GROUPS = { count: 128, lane: 0, lanes: 1 } as const;
const OPTIONS: readonly [fn: string, options?: Readonly<Record<string, string | number>>][] = [
  ['countDistinct'],
  ['approxCountDistinct'],
  ['median'],
  ['quantile', { q: 0 }],
  ['quantile', { q: 0.9 }],
  ['quantile', { q: 1 }],
  ['approxQuantile', { q: 0.5 }],
  ['approxQuantile', { q: 0.99, error: 0.001 }],
  ['stringJoin', { separator: ', ' }],
  ['collectList'],
  ['collectSet'],
  ['topN', { n: 1 }],
  ['topN', { n: 3, descending: 1 }],
];

interface Row {
  readonly time: number;
  readonly values: readonly KeyValue[];
}

/** `pool`: about how many different values there are. */
function randomValue(random: Random, kind: Kind, pool: number): KeyValue {
  const n = random.int(-pool, pool);
  switch (kind) {
    case 'bool':
      return n > 0;
    case 'int32':
      return n;
    case 'float64':
      return random.bool(0.05) ? random.pick([-0, Infinity, -Infinity, 1e300, 5e-324]) : n / 8;
    case 'utf8':
      return 'x'.repeat(Math.abs(n) % 19) + n;
    case 'binary':
      return new Uint8Array(Math.abs(n) % 21).fill(n & 0xff);
    default:
      return BigInt(n) * 1_000_003n;
  }
}

/** One key, an argument of every kind, a condition; and every aggregate of this file over every kind that it takes. */
function aggregatesOf(schema: Schema, random: Random): BoundAggregate[] {
  const made: BoundAggregate[] = [];
  for (const [fn, options] of OPTIONS) {
    schema.forEach((_, i) => {
      if (i === 0 || i === schema.length - 1 || random.bool(0.6)) return;
      // The second argument of topN.
      const args = fn === 'topN' ? [i, random.int(1, schema.length - 2)] : [i];
      const fields = args.map((arg) => schema[arg] as Field);
      if (!('kind' in aggregateType(fn, fields, false, options))) return;
      const where = random.bool(0.3) ? { where: schema.length - 1 } : {};
      const name = `${fn}_${fields.map((g) => g.name).join('_')}_${JSON.stringify(options ?? {})}`;
      made.push({ name, fn, args, kinds: fields.map((g) => g.kind), options, ...where });
    });
  }
  return made;
}

function configOf(schema: Schema, aggregates: readonly BoundAggregate[], change: Partial<WindowAggregateConfig>): WindowAggregateConfig {
  const results = aggregates.map((a): Field => {
    const type = aggregateType(
      a.fn,
      a.args.map((i) => schema[i] as Field),
      a.where !== undefined,
      a.options,
    );
    assert('kind' in type, JSON.stringify(type));
    return { name: a.name, ...type };
  });
  return {
    window: WINDOW,
    inputSchema: schema,
    keys: [0],
    aggregates,
    outputSchema: [schema[0] as Field, field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), ...results],
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
    keyGroups: GROUPS,
    ...change,
  };
}

/** Results by key and window. */
function expectedOf(rows: readonly Row[], aggregates: readonly BoundAggregate[]): Map<string, KeyValue[]> {
  const groups = new Map<string, { head: KeyValue[]; rows: Row[] }>();
  for (const row of rows) {
    const start = Math.floor(row.time / WINDOW.sizeMs) * WINDOW.sizeMs;
    const head = [row.values[0] ?? null, BigInt(start), BigInt(start + WINDOW.sizeMs)];
    const group = groups.get(keyText(head)) ?? { head, rows: [] };
    groups.set(keyText(head), group);
    group.rows.push(row);
  }
  return new Map(
    [...groups].map(([id, group]) => {
      const results = aggregates.map((a) => {
        const chosen = a.where === undefined ? group.rows : group.rows.filter((r) => r.values[a.where as number] === true);
        const counted = chosen.flatMap(({ values, time }): TwinValue[] => {
          const args = a.args.map((arg) => values[arg] ?? null);
          return args.includes(null) ? [] : [{ value: args[0], by: args[1], kind: a.kinds[0], time } as TwinValue];
        });
        return GROWING[a.fn]?.(counted, a.options ?? {}) ?? null;
      });
      return [id, [...group.head, ...results]];
    }),
  );
}

function assertSame(
  found: ReadonlyMap<string, KeyValue[]>,
  expected: ReadonlyMap<string, KeyValue[]>,
  aggregates: readonly BoundAggregate[],
): void {
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [id, row] of expected) {
    row.forEach((value, i) => {
      const aggregate = aggregates[i - 3];
      const other = found.get(id)?.[i];
      if (aggregate?.fn !== 'approxQuantile' || value === null) assert.deepEqual(other, value, `${id}: ${aggregate?.name}`);
      else assertNear(Number(other), Number(value), Number(aggregate.options?.['error'] ?? 0.01), `${id}: ${aggregate.name}`);
    });
  }
}

/** Within a relative error; what is no finite number must be the same. */
function assertNear(found: number, expected: number, error: number, what: string): void {
  const near = Math.abs(found - expected) <= error * (1 + 1e-9) * Math.abs(expected);
  assert.ok(near || Object.is(found, expected) || found === expected, `${what}: ${found} is not ${expected}`);
}

/** Puts changes into a table of what holds, and checks that each takes back what was told. */
function apply(table: Map<string, KeyValue[]>, emitted: readonly Emitted[]): void {
  for (const { op, row } of emitted) {
    const id = keyText(row.slice(0, 3));
    if (op === 0) assert.ok(!table.has(id), `${id} was told before`);
    else if (op === 1) assert.deepEqual(row, table.get(id), `${id}: what is taken back is what was told`);
    else if (op === 2) assert.notDeepEqual(row, table.get(id), `${id}: an update changes something`);
    if (op !== 1) table.set(id, row);
  }
}

function schemaOf(random: Random): Schema {
  return [field('key', 'int64'), ...ALL.map((kind) => field(kind, kind, random.bool())), field('chosen', 'bool')];
}

function rowsOf(random: Random, schema: Schema, count: number, keys: number, pool: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    time: Math.floor((i / count) * 300) + random.int(-60, 60),
    values: schema.map((f) => {
      if (f.name === 'key') return BigInt(random.int(0, keys - 1));
      if (f.name === 'chosen') return random.bool();
      return f.nullable && random.bool(0.1) ? null : randomValue(random, f.kind, pool);
    }),
  }));
}

function batchOf(ws: Workspace, schema: Schema, rows: readonly Row[]): ReturnType<typeof batchOfRows> {
  return batchOfRows(
    ws,
    schema,
    rows.map((r) => r.values),
    rows.map((r) => r.time),
  );
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`aggregates of growing state equal their twins, from rows, from partial states, over snapshots (${build})`, () => {
    const ws = createWorkspace({ build, bytes: BYTES });
    const random = new Random(21);
    for (let round = 0; round < 16; round++) {
      const schema = schemaOf(random);
      const aggregates = aggregatesOf(schema, random);
      const rows = rowsOf(random, schema, random.pick([1, 40, 1500]), random.pick([1, 4, 200]), random.pick([1, 9, 800]));
      const expected = expectedOf(rows, aggregates);
      const room = (): number => random.pick([1, 7, 500, 10_000]);
      for (const mode of ['rows', 'partials'] as const) {
        const before = ws.blocks.bytesInUse;
        let operator = new WindowAggregate(ws, configOf(schema, aggregates, { mode }));
        let drive = new Drive(ws, operator, room);
        const partials = new PreAggregate(ws, { window: WINDOW, inputSchema: schema, keys: [0], aggregates, maxGroups: 40 });
        const first = new Drive(ws, partials, room);
        first.onBatch = (_, batch) => drive.push(() => batch);
        for (let from = 0; from < rows.length; ) {
          const part = rows.slice(from, from + random.pick([1, 60, 1500]));
          from += part.length;
          (mode === 'rows' ? drive : first).push(() => batchOf(ws, schema, part));
          if (!random.bool(0.3)) continue;
          if (mode === 'partials') first.mark(-Infinity);
          const kept = new KeptState(() => ws);
          operator.snapshot(kept);
          operator.close();
          operator = new WindowAggregate(ws, configOf(schema, aggregates, { mode }));
          operator.restore(kept.reader(ws, () => true));
          drive = new Drive(ws, operator, room);
        }
        if (mode === 'partials') first.mark(-Infinity);
        const emitted = drive.mark(Infinity);
        assertSame(new Map(emitted.map((e) => [keyText(e.row.slice(0, 3)), e.row])), expected, aggregates);
        operator.close();
        partials.close();
        ws.scratch.reset();
        if (round > 0) assert.ok(ws.blocks.bytesInUse <= before + (8 << 20), 'memory is given back');
      }
    }
  });

  test(`each change takes back what was told, over restores (${build})`, () => {
    const ws = createWorkspace({ build, bytes: BYTES });
    const random = new Random(22);
    for (let round = 0; round < 6; round++) {
      const schema = schemaOf(random);
      const aggregates = aggregatesOf(schema, random);
      const rows = rowsOf(random, schema, 300, random.pick([1, 5, 60]), random.pick([2, 30]));
      const config = configOf(schema, aggregates, { emit: 'updates', changes: true, allowedLatenessMs: 1000 });
      const told = new Map<string, KeyValue[]>();
      const room = (): number => random.pick([1, 3, 1000]);
      let operator = new WindowAggregate(ws, config);
      let drive = new Drive(ws, operator, room);
      for (let from = 0, step = 0; from < rows.length; step++) {
        const part = rows.slice(from, from + random.pick([1, 30, 90]));
        from += part.length;
        drive.push(() => batchOf(ws, schema, part));
        apply(told, drive.mark(from / 4 - 300, step));
        assertSame(told, expectedOf(rows.slice(0, from), aggregates), aggregates);
        if (!random.bool(0.4)) continue;
        const kept = new KeptState(() => ws);
        operator.snapshot(kept);
        operator.close();
        operator = new WindowAggregate(ws, config);
        operator.restore(kept.reader(ws, () => true));
        drive = new Drive(ws, operator, room);
      }
      assert.deepEqual(drive.mark(-60, 1000), [], 'nothing has changed since');
      operator.close();
      ws.scratch.reset();
    }
  });
}
