import * as arrow from 'apache-arrow';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { fromRecordBatch, schemaFromArrow } from './arrow-in.js';
import { ArrowEncoder, readArrow, readArrowSchema, type ArrowForm } from './arrow-ipc.js';
import { schemaToArrow, toRecordBatch } from './arrow-out.js';
import { BatchBuilder, rowsToDetached } from './builder.js';
import { concatDetached, type DetachedBatch } from './detached.js';
import { detachedToRows, type Row } from './rows.js';
import { describeSchema, field, isList, itemOf, KINDS, LIST_KINDS, listOf, type Kind, type ScalarKind, type Schema } from './schema.js';
import type { Item } from './values.js';

const ALL_KINDS = [...KINDS, ...LIST_KINDS];
const SCHEMA: Schema = ALL_KINDS.map((kind) => field(kind, kind, true));

function randomValue(random: Random, kind: Kind): Row[string] {
  if (random.bool(0.25)) return null;
  return isList(kind) ? Array.from({ length: random.int(0, 5) }, () => randomItem(random, itemOf(kind))) : randomItem(random, kind);
}

function randomItem(random: Random, kind: ScalarKind): Item {
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return random.int(-(2 ** 31), 2 ** 31 - 1);
    case 'int64':
      return BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    case 'float64':
      return random.float() - 0.5;
    case 'utf8':
      return random.pick(['', 'a', 'žluť', '🐎🐎', 'a longer string of plain letters']);
    case 'binary':
      return Uint8Array.from({ length: random.int(0, 9) }, () => random.int(0, 255));
    case 'timestamp':
      return random.int(-8.64e15, 8.64e15);
  }
}

function randomRows(random: Random, rows: number): Row[] {
  return Array.from({ length: rows }, () => Object.fromEntries(ALL_KINDS.map((kind) => [kind, randomValue(random, kind)])));
}

/** What apache-arrow itself reads. */
function arrowRows(batch: arrow.RecordBatch): Row[] {
  return Array.from({ length: batch.numRows }, (_, i) =>
    Object.fromEntries(
      batch.schema.fields.map((f) => {
        const value: unknown = batch.getChild(f.name)?.get(i);
        return [f.name, (value instanceof arrow.Vector ? [...value] : value) as Row[string]];
      }),
    ),
  );
}

test('batches go to apache-arrow over the same buffers and come back, at every length', () => {
  const random = new Random(21);
  for (const count of [0, 1, 7, 8, 9, 63, 64, 65, 200]) {
    const rows = randomRows(random, count);
    const batch = rowsToDetached(SCHEMA, rows);
    const out = toRecordBatch(batch);
    assert.deepEqual(arrowRows(out), rows);
    const back = fromRecordBatch(out);
    assert.deepEqual(detachedToRows(back), rows);
    assert.equal(describeSchema(back.schema), describeSchema(SCHEMA));
    back.columns.forEach((vector, c) => {
      if (!isList(vector.kind)) assert.equal(vector.values.buffer, batch.columns[c]?.values.buffer, `${vector.kind} was copied`);
    });
    const from = random.int(0, count);
    const to = random.int(from, count);
    assert.deepEqual(detachedToRows(fromRecordBatch(out.slice(from, to))), rows.slice(from, to), `rows [${from}, ${to}) of ${count}`);
  }
});

test('changes begin with their operation', () => {
  const builder = new BatchBuilder([field('n', 'int32')], { changes: true });
  builder.append({ n: 1, op: '-U' });
  builder.append({ n: 2, op: '+U' });
  const batch = builder.finishDetached();
  assert.deepEqual(arrowRows(toRecordBatch(batch)), [
    { op: '-U', n: 1 },
    { op: '+U', n: 2 },
  ]);
  assert.deepEqual(
    schemaToArrow(batch.schema, true).fields.map((f) => f.name),
    ['op', 'n'],
  );
});

test('IPC streams and files are written piece by piece and read back', () => {
  const random = new Random(4);
  for (const form of ['stream', 'file'] satisfies ArrowForm[]) {
    const pieces = [5, 0, 64, 1].map((n) => randomRows(random, n));
    const encoder = new ArrowEncoder(SCHEMA, form);
    const parts = [...pieces.map((rows) => encoder.write(rowsToDetached(SCHEMA, rows))), encoder.end()];
    const bytes = new Uint8Array(Buffer.concat(parts));
    assert.deepEqual(arrow.tableFromIPC(bytes).batches.flatMap(arrowRows), pieces.flat());
    assert.equal(describeSchema(schemaFromArrow(readArrowSchema(bytes, 'x'))), describeSchema(SCHEMA));
    const read = [...readArrow(bytes, 'x')].map((batch) => fromRecordBatch(batch, SCHEMA));
    assert.deepEqual(detachedToRows(concatDetached(SCHEMA, read)), pieces.flat());
    // At an odd address, as in the middle of a larger buffer.
    const odd = new Uint8Array(bytes.length + 1).subarray(1);
    odd.set(bytes);
    assert.deepEqual(
      [...readArrow(odd, 'x')].flatMap((batch) => detachedToRows(fromRecordBatch(batch))),
      pieces.flat(),
    );
  }
});

test('an encoder without batches still writes a schema', () => {
  for (const form of ['stream', 'file'] satisfies ArrowForm[]) {
    const bytes = new ArrowEncoder(SCHEMA, form).end();
    assert.deepEqual(
      [...readArrow(bytes, 'x')].flatMap((b) => detachedToRows(fromRecordBatch(b))),
      [],
    );
    assert.equal(readArrowSchema(bytes, 'x').fields.length, SCHEMA.length);
  }
});

test('bytes that are no Arrow are refused by name', () => {
  const good = new ArrowEncoder(SCHEMA, 'stream');
  const bytes = new Uint8Array(Buffer.concat([good.write(rowsToDetached(SCHEMA, randomRows(new Random(1), 50))), good.end()]));
  const wrong: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    text: new TextEncoder().encode('{"a":1}\n{"a":2}\n'),
    'half a batch': bytes.subarray(0, bytes.length - 200),
  };
  for (const [name, content] of Object.entries(wrong)) {
    assert.throws(() => [...readArrow(content, 'data/x.arrow')], { code: 'record.malformed', message: /^data\/x\.arrow: / }, name);
  }
});

function one(vector: arrow.Vector, name = 'v'): arrow.RecordBatch {
  return new arrow.Table({ [name]: vector }).batches[0] as arrow.RecordBatch;
}

function values(batch: DetachedBatch): unknown[] {
  return detachedToRows(batch).map((row) => row['v']);
}

test('types beside ours are widened, decoded and rescaled', () => {
  const v = (data: readonly unknown[], type: arrow.DataType): arrow.Vector => arrow.vectorFromArray(data as never, type);
  const cases: [string, arrow.Vector, Kind, unknown[]][] = [
    ['int8', v([-128, null, 5], new arrow.Int8()), 'int32', [-128, null, 5]],
    ['uint8', v([255, 0], new arrow.Uint8()), 'int32', [255, 0]],
    ['int16', v([-32768], new arrow.Int16()), 'int32', [-32768]],
    ['uint16', v([65535], new arrow.Uint16()), 'int32', [65535]],
    ['uint32', v([4294967295, null], new arrow.Uint32()), 'int64', [4294967295n, null]],
    ['uint64', v([2n ** 63n - 1n], new arrow.Uint64()), 'int64', [2n ** 63n - 1n]],
    ['float32', v([1.5, null], new arrow.Float32()), 'float64', [1.5, null]],
    ['seconds', timestamps([1n, -1n], new arrow.TimestampSecond()), 'timestamp', [1000, -1000]],
    ['microseconds', timestamps([1_999n, -1n, -2000n], new arrow.TimestampMicrosecond()), 'timestamp', [1, -1, -2]],
    ['nanoseconds', timestamps([1_999_999n, -1n], new arrow.TimestampNanosecond()), 'timestamp', [1, -1]],
    [
      'days',
      new arrow.Vector([arrow.makeData({ type: new arrow.DateDay(), length: 2, nullCount: 0, data: Int32Array.of(1, -1) })]),
      'timestamp',
      [86_400_000, -86_400_000],
    ],
    [
      'dates',
      new arrow.Vector([
        arrow.makeData({ type: new arrow.DateMillisecond(), length: 1, nullCount: 0, data: BigInt64Array.of(77n) as never }),
      ]),
      'timestamp',
      [77],
    ],
    ['large utf8', v(['a', null, 'žlu'], new arrow.LargeUtf8()), 'utf8', ['a', null, 'žlu']],
    ['large binary', v([new Uint8Array([1]), null], new arrow.LargeBinary()), 'binary', [new Uint8Array([1]), null]],
    [
      'dictionary',
      v(['x', 'y', null, 'x', ''], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
      'utf8',
      ['x', 'y', null, 'x', ''],
    ],
    [
      'dictionary of bool',
      v([true, null, false, true], new arrow.Dictionary(new arrow.Bool(), new arrow.Int8())),
      'bool',
      [true, null, false, true],
    ],
    [
      'dictionary of int64',
      v([5n, null, -7n, 5n], new arrow.Dictionary(new arrow.Int64(), new arrow.Uint16())),
      'int64',
      [5n, null, -7n, 5n],
    ],
  ];
  for (const [name, vector, kind, expected] of cases) {
    const batch = one(vector);
    const read = fromRecordBatch(batch);
    assert.equal(read.schema[0]?.kind, kind, name);
    assert.deepEqual(values(read), expected, name);
    for (let from = 0; from < expected.length; from++) {
      assert.deepEqual(values(fromRecordBatch(batch.slice(from))), expected.slice(from), `${name} from ${from}`);
    }
  }
});

function timestamps(data: bigint[], type: arrow.Timestamp): arrow.Vector {
  return new arrow.Vector([arrow.makeData({ type, length: data.length, nullCount: 0, data: BigInt64Array.from(data) as never })]);
}

test('a dictionary of several chunks is decoded over all of them', () => {
  const chunk = (texts: string[]) => arrow.vectorFromArray(texts, new arrow.Utf8());
  const dictionary = chunk(['a', 'b']).concat(chunk(['ccc']));
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
  const data = arrow.makeData({ type, length: 4, nullCount: 0, data: Int32Array.of(2, 0, 1, 2), dictionary });
  assert.deepEqual(values(fromRecordBatch(one(new arrow.Vector([data])))), ['ccc', 'a', 'b', 'ccc']);
  const beyond = arrow.makeData({ type, length: 1, nullCount: 0, data: Int32Array.of(3), dictionary });
  assert.throws(() => fromRecordBatch(one(new arrow.Vector([beyond]))), /dictionary entry 3 of a dictionary of 3/);
});

test('nulls with bytes of their own are emptied; offsets that do not fit are refused', () => {
  const type = new arrow.Utf8();
  const text = new TextEncoder().encode('abcdef');
  const make = (valueOffsets: Int32Array, bits: number) =>
    one(
      new arrow.Vector([
        arrow.makeData({ type, length: 2, nullCount: bits === 3 ? 0 : 1, nullBitmap: Uint8Array.of(bits), valueOffsets, data: text }),
      ]),
    );
  const read = fromRecordBatch(make(Int32Array.of(1, 3, 6), 0b10));
  assert.deepEqual(values(read), [null, 'def']);
  assert.deepEqual([...(read.columns[0]?.offsets ?? [])], [0, 0, 3]);
  for (const offsets of [Int32Array.of(0, 3, 7), Int32Array.of(0, 5, 3), Int32Array.of(-1, 0, 3)]) {
    assert.throws(() => fromRecordBatch(make(offsets, 3)), {
      code: 'record.malformed',
      message: /column v: the Arrow data's offsets do not fit/,
    });
  }
});

test('a schema picks columns, and widens where no value can be lost', () => {
  const batch = new arrow.Table({
    a: arrow.vectorFromArray([1, null], new arrow.Int32()),
    b: arrow.vectorFromArray([5n, 6n], new arrow.Int64()),
  }).batches[0] as arrow.RecordBatch;
  const read = (kind: Kind, name: string, nullable = true): unknown[] =>
    detachedToRows(fromRecordBatch(batch, [field(name, kind, nullable)])).map((r) => r[name]);
  assert.deepEqual(read('int64', 'a'), [1n, null]);
  assert.deepEqual(read('float64', 'a'), [1, null]);
  assert.deepEqual(read('timestamp', 'b', false), [5, 6]);
  assert.throws(() => read('int32', 'a', false), /row 1, column a is null: it is not nullable/);
  assert.throws(() => read('int32', 'b'), /column b is Int64 in the Arrow data, which cannot be read as int32/);
  assert.throws(() => read('int32', 'c'), { code: 'plan.unknown-column', message: /no column c in the Arrow data; there are a, b/ });
});

test('values and types that no column can hold are refused, naming them', () => {
  assert.throws(() => fromRecordBatch(one(arrow.vectorFromArray([2n ** 63n], new arrow.Uint64()))), { code: 'value.overflow' });
  assert.throws(
    () => fromRecordBatch(one(timestamps([2n ** 60n], new arrow.TimestampMillisecond()))),
    /row 0, column v: 1152921504606846976 ms lies beyond/,
  );
  const half = arrow.vectorFromArray([1], new arrow.Float16());
  assert.throws(() => fromRecordBatch(one(half)), {
    code: 'plan.wrong-type',
    message: /column v is Float16.*leave the column out of the schema/,
  });
  assert.throws(() => schemaFromArrow(one(half).schema), { code: 'plan.wrong-type' });
});

test('lists of other widths and fixed sizes are taken, their items widened, and nulls among them refused', () => {
  const column = (name: string, vector: arrow.Vector): arrow.RecordBatch =>
    new arrow.Table({ [name]: vector }).batches[0] as arrow.RecordBatch;
  const lists = (type: arrow.DataType, values: readonly unknown[]): arrow.Vector =>
    arrow.vectorFromArray(values, new arrow.List(new arrow.Field('item', type, true)));
  const small = column('v', lists(new arrow.Int8(), [[1, -2], null, [], [3]]));
  assert.equal(describeSchema(schemaFromArrow(small.schema)), 'v list<int32>?');
  assert.deepEqual(detachedToRows(fromRecordBatch(small)), [{ v: [1, -2] }, { v: null }, { v: [] }, { v: [3] }]);
  assert.deepEqual(detachedToRows(fromRecordBatch(small.slice(1, 4))), [{ v: null }, { v: [] }, { v: [3] }]);
  const wide = fromRecordBatch(small, [field('v', 'list<int64>', true)]);
  assert.deepEqual(detachedToRows(wide), [{ v: [1n, -2n] }, { v: null }, { v: [] }, { v: [3n] }]);

  const pairs = column(
    'p',
    arrow.vectorFromArray([[1, 2], [3, 4], null, [7, 8]], new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Float64(), true))),
  );
  const rows = [{ p: [1, 2] }, { p: [3, 4] }, { p: null }, { p: [7, 8] }];
  assert.deepEqual(detachedToRows(fromRecordBatch(pairs)), rows);
  assert.deepEqual(detachedToRows(fromRecordBatch(pairs.slice(1, 4))), rows.slice(1));

  const holes = column('h', lists(new arrow.Utf8(), [['a'], ['b', null]]));
  assert.throws(() => fromRecordBatch(holes), /row 1, column h: item 1 is null; a list holds no nulls/);
  const nested = column('n', lists(new arrow.List(new arrow.Field('item', new arrow.Int32(), true)), [[[1]]]));
  assert.throws(() => fromRecordBatch(nested), /column n is List<List<Int32>> in the Arrow data, which no column type here holds/);
  assert.throws(
    () => fromRecordBatch(small, [field('v', 'list<utf8>')]),
    /column v\[\] is Int8 in the Arrow data, which cannot be read as utf8/,
  );
  assert.equal(arrow.DataType.isList(schemaToArrow([field('v', listOf('bool'))]).fields[0]?.type as arrow.DataType), true);
});
