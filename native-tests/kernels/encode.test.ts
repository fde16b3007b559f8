import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../ts/columns/batch.js';
import { KINDS, type Kind, type ScalarKind, type Schema, type TimestampFormat } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { CsvEncoder, csvHeader } from '../../ts/wasm/csv-encoder.js';
import { JsonEncoder } from '../../ts/wasm/json-encoder.js';
import type { EncodedRows } from '../../ts/wasm/text-columns.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';
import { csvOf, ndjsonOf } from '../twins/encode.js';
import type { KeyValue } from '../twins/hash.js';

const BYTES = 64 << 20;

function textOf(ws: Workspace, { at, bytes }: EncodedRows): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(ws.memory.u8.slice(at, at + bytes));
}

function schemaOf(...kinds: readonly (Kind | readonly [Kind, TimestampFormat])[]): Schema {
  return kinds.map((kind, i) =>
    typeof kind === 'string' ? { name: `c${i}`, kind, nullable: true } : { name: `c${i}`, kind: kind[0], nullable: true, format: kind[1] },
  );
}

/** Both encoders against their twins, with and without operations; scratch past the text must stay as it was. */
function check(ws: Workspace, schema: Schema, rows: readonly (readonly KeyValue[])[], ops?: readonly number[]): void {
  const mark = ws.scratch.mark();
  let batch: Batch = batchOfRows(ws, schema, rows);
  if (ops !== undefined) {
    const at = ws.alloc(ops.length);
    ws.memory.u8.set(ops, at);
    batch = { ...batch, ops: at };
  }
  for (const omitNulls of [false, true]) {
    const encoder = new JsonEncoder(ws, schema, { omitNulls });
    assert.equal(textOf(ws, encoder.encode(batch)), ndjsonOf(schema, rows, { ops, omitNulls }));
    encoder.close();
  }
  for (const delimiter of [',', ';', '\t']) {
    const encoder = new CsvEncoder(ws, schema, { delimiter });
    assert.equal(textOf(ws, encoder.encode(batch)), csvOf(schema, rows, { ops, delimiter }));
    encoder.close();
  }
  ws.scratch.release(mark);
}

const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.1,
  0.2,
  0.30000000000000004,
  1.5,
  100,
  1e15,
  1e16,
  123456789012345680000,
  1e20,
  1e21,
  1.5e21,
  1e22,
  1e100,
  1.7976931348623157e308,
  5e-324,
  1e-323,
  2.2250738585072014e-308,
  2.225073858507201e-308,
  1e-5,
  1e-6,
  1.5e-6,
  1e-7,
  1.5e-7,
  123e-20,
  0.000001234,
  9007199254740991,
  9007199254740992,
  9007199254740994,
  4.35,
  2 ** 70,
  2 ** -70,
  1 / 3,
  2 / 3,
  1e23,
  9.5e-7,
  99999999999999980,
  4.9406564584124654e-324,
  0.5,
  12.34,
  1234.5678,
  Number.NaN,
  Infinity,
  -Infinity,
  Math.PI,
  -Math.E * 1e-200,
  5e300,
  8.41e21,
  2.0019e-311,
  9.109e-31,
  4503599627370495.5,
];
const INTEGERS = [
  0n,
  1n,
  9n,
  10n,
  99n,
  100n,
  999n,
  1000n,
  9999n,
  10_000n,
  99_999n,
  100_000n,
  12_345_678n,
  99_999_999n,
  100_000_000n,
  4_294_967_295n,
  4_294_967_296n,
  9_999_999_999_999_999n,
  10_000_000_000_000_000n,
  2n ** 63n - 1n,
]
  .flatMap((v) => [v, -v])
  .concat([-(2n ** 63n)]);
const TIMES = [
  0,
  1,
  -1,
  999,
  1000,
  -1000,
  86_399_999,
  86_400_000,
  -86_400_000,
  -86_400_001,
  951_782_400_000,
  951_868_799_999,
  951_868_800_000,
  1_709_164_800_000,
  4_107_542_400_000,
  1_767_225_600_000,
  1_436_918_400_000,
  -62_135_596_800_000,
  -62_167_219_200_000,
  -62_167_219_200_001,
  -62_198_755_200_000,
  253_402_300_799_999,
  253_402_300_800_000,
  8.64e15,
  -8.64e15,
  8.64e15 - 1,
  -8.64e15 + 1,
  8.64e15 + 1,
  -8.64e15 - 1,
];
const TEXTS = [
  '',
  'a',
  'plain text',
  '"',
  '\\',
  '""',
  'a,b',
  ';',
  '\t',
  '\n',
  '\r\n',
  '\b\f',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u2028',
  'é',
  '€uro',
  '😀',
  'x'.repeat(15),
  'x'.repeat(16),
  'x'.repeat(17),
  `${'x'.repeat(15)}"`,
  `${'x'.repeat(16)}"`,
  `${'y'.repeat(64)}`,
  `${'y'.repeat(65)}\\`,
  'z'.repeat(1000),
  '"'.repeat(40),
  '\u0001'.repeat(33),
  '日本語のテキスト',
];

function anyText(random: Random): string {
  if (random.bool(0.2)) return random.pick(TEXTS);
  const alphabet = random.pick(['abc', 'ab"\\\n', '\u0000\u001f"x', 'aé€😀"', ',;\t "']);
  const letters = [...alphabet];
  return Array.from({ length: random.int(0, 60) }, () => random.pick(letters)).join('');
}

function anyFloat(random: Random): number {
  if (random.bool(0.1)) return random.pick(FLOATS);
  if (random.bool(0.3)) return random.int(-1e6, 1e6) / 10 ** random.int(0, 9);
  if (random.bool(0.3)) return (random.float() - 0.5) * 10 ** random.int(-30, 30);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random.uint32());
  view.setUint32(4, random.uint32());
  return view.getFloat64(0);
}

function anyValue(random: Random, kind: ScalarKind): KeyValue {
  if (random.bool(0.15)) return null;
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return BigInt(random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-100_000, 100_000)]));
    case 'int64':
      return random.bool(0.2)
        ? random.pick(INTEGERS)
        : BigInt.asIntN(random.int(1, 64), (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    case 'float64':
      return anyFloat(random);
    case 'timestamp':
      return random.bool(0.1) ? BigInt(random.pick(TIMES)) : BigInt(Math.round((random.float() - 0.5) * 10 ** random.int(1, 16)));
    case 'utf8':
      return anyText(random);
    case 'binary':
      return Uint8Array.from({ length: random.int(0, 20) }, () => random.int(0, 255));
  }
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  const ws = createWorkspace({ build, bytes: BYTES });

  test(`floats are printed as JavaScript prints them (${build})`, () => {
    const numbers = [...FLOATS];
    for (let e = -323; e <= 308; e++) numbers.push(Number(`1e${e}`), Number(`-7.5e${e}`), Number(`9.999999999999999e${e}`));
    for (let e = -1074; e <= 1023; e++) numbers.push(2 ** e, 2 ** e * (1 + 2 ** -52), 2 ** e * (2 - 2 ** -52));
    const random = new Random(11);
    for (let i = 0; i < 20_000; i++) numbers.push(anyFloat(random));
    check(
      ws,
      schemaOf('float64'),
      numbers.map((n) => [n]),
    );
  });

  test(`integers (${build})`, () => {
    check(
      ws,
      schemaOf('int64'),
      INTEGERS.map((v) => [v]),
    );
    const small = INTEGERS.filter((v) => BigInt.asIntN(32, v) === v);
    check(ws, schemaOf('int32', 'bool'), [...small.map((v) => [v, v > 5n]), [null, null]]);
  });

  test(`times before 1970, before year 0, after year 9999, and beyond dates (${build})`, () => {
    check(
      ws,
      schemaOf('timestamp', ['timestamp', 'ms'], ['timestamp', 's'], ['timestamp', 'us']),
      TIMES.map((t) => Array<bigint>(4).fill(BigInt(t))),
    );
  });

  test(`texts (${build})`, () => {
    check(
      ws,
      schemaOf('utf8', 'binary'),
      TEXTS.map((t) => [t, new TextEncoder().encode(t)]),
    );
    check(
      ws,
      schemaOf('utf8'),
      Array.from({ length: 128 }, (_, c) => [`before ${String.fromCharCode(c)} after`]),
    );
  });

  test(`rows of random schemas (${build})`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const kinds = Array.from({ length: random.int(1, 7) }, () => {
        const kind = random.pick(KINDS);
        return kind === 'timestamp' && random.bool() ? ([kind, random.pick(['ms', 's', 'us', 'iso', 'auto'])] as const) : kind;
      });
      const schema = schemaOf(...(kinds as (Kind | [Kind, TimestampFormat])[]));
      const rows = Array.from({ length: random.int(0, 90) }, () => schema.map((f) => anyValue(random, f.kind as ScalarKind)));
      check(ws, schema, rows, random.bool() ? rows.map(() => random.int(0, 3)) : undefined);
    }
  });

  test(`names need quotes too, and may be long (${build})`, () => {
    const schema = ['a"b', 'x\n', 'é', 'n'.repeat(70), ''].map((name) => ({ name, kind: 'int32', nullable: false }) as const);
    check(ws, schema, [[1n, 2n, 3n, 4n, 5n]], [2]);
    assert.equal(csvHeader(schema.slice(0, 3), { changes: true }), 'op,"a""b","x\n",é\n');
  });
}

test('rows of a stream of changes have an operation even where a batch has none', () => {
  const ws = createWorkspace({ bytes: BYTES });
  const schema = schemaOf('int32');
  const batch = batchOfRows(ws, schema, [[7n]]);
  assert.equal(textOf(ws, new JsonEncoder(ws, schema, { changes: true }).encode(batch)), '{"op":"+I","c0":7}\n');
  assert.equal(textOf(ws, new CsvEncoder(ws, schema, { changes: true }).encode(batch)), '+I,7\n');
});
