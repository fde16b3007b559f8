import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Field, type Kind, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { partialSchemaOf, type BoundAggregate } from '../../ts/operators/group-layout.js';
import { PreAggregate } from '../../ts/operators/pre-aggregate.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import type { WindowAggregateConfig } from '../../ts/operators/window-store.js';
import { aggregateType } from '../../ts/plan/aggregate-signatures.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';
import { Drive, type Emitted } from '../support/drive.js';
import type { KeyValue } from '../twins/hash.js';
import { keyText, twinWindows, type TwinRow } from '../twins/windowed.js';

const BYTES = 64 << 20;
const NAMES = [
  ...['count', 'sum', 'avg', 'min', 'max', 'variance', 'stddev', 'first', 'last', 'minBy', 'maxBy'],
  ...['bitAnd', 'bitOr', 'bitXor', 'boolAnd', 'boolOr'],
];
const KINDS: readonly Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
const WORDS = ['', 'a', 'ab', 'abcdefgh', 'abcdefghi', 'ä', 'abcdefgh\u0000', 'z'.repeat(40), 'zaaaaaaaa', 'azzzzzzzz', 'zaaaaaaab'];

function randomValue(random: Random, kind: Kind, nullable: boolean): KeyValue {
  if (nullable && random.bool(0.2)) return null;
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-9, 9)]);
    case 'float64':
      return random.pick([0, -0, 0.5, -1.25, 1024, random.int(-1000, 1000) / 8]);
    case 'utf8':
      return random.pick(WORDS);
    case 'binary':
      return new TextEncoder().encode(random.pick(WORDS));
    default:
      return random.pick([0n, -1n, 2n ** 53n, -(2n ** 53n), BigInt(random.int(-50, 50))]);
  }
}

export function configOf(
  schema: Schema,
  keys: readonly number[],
  aggregates: readonly BoundAggregate[],
  mode: 'rows' | 'partials',
  sizeMs: number,
  offsetMs = 0,
): WindowAggregateConfig {
  const outputSchema = [
    ...keys.map((i) => schema[i] as Schema[number]),
    field('windowStart', 'timestamp'),
    field('windowEnd', 'timestamp'),
    ...aggregates.map((a) => {
      const args = a.args.map((column) => schema[column] as Field);
      const type = aggregateType(a.fn, args, a.where !== undefined);
      assert('kind' in type, JSON.stringify(type));
      return field(a.name, type.kind, type.nullable);
    }),
  ];
  return {
    window: { kind: 'tumbling', sizeMs, offsetMs },
    inputSchema: schema,
    keys,
    aggregates,
    outputSchema,
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode,
    keyGroups: { count: 128, lane: 0, lanes: 1 },
  };
}

function byKey(rows: readonly Emitted[], keys: number): Map<string, KeyValue[]> {
  const out = new Map(rows.map((e) => [`${e.row[keys]} ${keyText(e.row.slice(0, keys))}`, e.row]));
  assert.equal(out.size, rows.length, 'a group came out twice');
  return out;
}

/** -0 and 0, and floats that differ in the last bits, are equal. */
function assertSame(actual: Map<string, KeyValue[]>, expected: Map<string, KeyValue[]>, what: string): void {
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort(), what);
  for (const [id, row] of expected) {
    const found = actual.get(id) as KeyValue[];
    row.forEach((value, i) => {
      const other = found[i] as KeyValue;
      if (typeof value === 'number' && typeof other === 'number')
        assert.ok(
          value === other || Object.is(value, other) || Math.abs(value - other) <= 1e-9 * Math.abs(value),
          `${what}: ${id}: ${value} ${other}`,
        );
      else assert.deepEqual(other, value, `${what}: ${id} column ${i}`);
    });
  }
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`windowed aggregates equal the twin's, over keys and arguments of every kind, with and without pre-aggregation (${build})`, () => {
    const ws = createWorkspace({ build, bytes: BYTES });
    const random = new Random(11);
    for (let round = 0; round < 60; round++) {
      const schema: Schema = [
        ...Array.from({ length: random.int(0, 3) }, (_, i) => field(`k${i}`, random.pick(KINDS), random.bool())),
        ...KINDS.map((kind) => field(kind, kind, random.bool())),
        field('chosen', 'bool', random.bool()),
      ];
      const keys = schema.flatMap((f, i) => (f.name.startsWith('k') ? [i] : []));
      const aggregates: BoundAggregate[] = [{ name: 'rows', fn: 'count', args: [], kinds: [] }];
      schema.forEach((f, argument) => {
        for (const fn of NAMES) {
          if (random.bool(0.6)) continue;
          const by = random.int(0, schema.length - 1);
          const args = fn.endsWith('By') ? [argument, by] : [argument];
          const types = args.map((i) => schema[i] as Field);
          if (!('kind' in aggregateType(fn, types, false))) continue;
          const where = random.bool(0.4) ? { where: schema.length - 1 } : {};
          aggregates.push({ name: `${fn}_${f.name}`, fn, kinds: types.map(({ kind }) => kind), args, ...where });
        }
      });
      const spread = random.pick([0, 5, 300, 20_000]);
      const rows: TwinRow[] = Array.from({ length: random.pick([1, 50, 3000]) }, (_, i) => ({
        time: Math.floor(i / 10) - 100 + random.int(-spread, spread),
        values: schema.map((f) => randomValue(random, f.kind, f.nullable)),
      }));
      const [sizeMs, offsetMs] = [random.pick([1, 10, 1000]), random.pick([0, 3])];
      const expected = twinWindows(
        rows,
        keys,
        aggregates.map((a) => ({ ...a, argument: a.args[0], by: a.args[1], kind: a.kinds[0] })),
        sizeMs,
        offsetMs,
      );
      const room = (): number => random.pick([1, 7, 500, 10_000]);

      for (const mode of ['rows', 'partials'] as const) {
        const before = ws.blocks.bytesInUse;
        const operator = new WindowAggregate(ws, configOf(schema, keys, aggregates, mode, sizeMs, offsetMs));
        const drive = new Drive(ws, operator, room);
        const partials = new PreAggregate(ws, {
          window: { kind: 'tumbling', sizeMs, offsetMs },
          inputSchema: schema,
          keys,
          aggregates,
          maxGroups: 40,
        });
        const first = new Drive(ws, partials, room);
        first.onBatch = (_, batch) => {
          assert.deepEqual(batch.schema, partialSchemaOf(schema, keys, aggregates));
          drive.push(() => batch);
        };
        for (let from = 0; from < rows.length; ) {
          const part = rows.slice(from, from + random.pick([1, 60, 3000]));
          from += part.length;
          const make = (): ReturnType<typeof batchOfRows> =>
            batchOfRows(
              ws,
              schema,
              part.map((r) => r.values),
              part.map((r) => r.time),
            );
          if (mode === 'rows') drive.push(make);
          else first.push(make);
        }
        if (mode === 'partials') first.mark(-Infinity);
        assert.equal(drive.mark(-Infinity).length, 0);
        const emitted = drive.mark(Infinity);
        assertSame(byKey(emitted, keys.length), expected, `round ${round}, ${mode}`);
        const ends = emitted.map((e) => Number(e.row[keys.length + 1]));
        assert.deepEqual(
          ends,
          [...ends].sort((a, b) => a - b),
          'results come in order of window end',
        );
        assert.deepEqual(
          emitted.map((e) => e.time),
          ends.map((e) => e - 1),
        );
        operator.close();
        partials.close();
        ws.scratch.reset();
        if (round > 0) assert.ok(ws.blocks.bytesInUse <= before + (4 << 20), 'memory is given back');
      }
    }
  });
}
