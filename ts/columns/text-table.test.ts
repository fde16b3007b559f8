import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { BatchBuilder } from './builder.js';
import type { DetachedBatch } from './detached.js';
import { detachedToRows } from './rows.js';
import { describeSchema, field, KINDS, LIST_KINDS } from './schema.js';
import { parseTable, printTable } from './text-table.js';

function everything(batch: DetachedBatch): unknown {
  const { times, clocks, ops, positions } = batch;
  return { schema: describeSchema(batch.schema), rows: detachedToRows(batch), times, clocks, ops, positions };
}

test('a table is read: kinds, nulls, stamps, quoted text', () => {
  const batch = parseTable(`
    op time | user utf8 | n int64? | at timestamp         | raw binary
    +I 1000 | ann       | 3        | 5                    | 0x00ff
    -D 2000 | "a | b"   | .        | 1970-01-01T00:00:01Z | 0x
  `);
  assert.equal(describeSchema(batch.schema), 'user utf8, n int64?, at timestamp, raw binary');
  assert.deepEqual(detachedToRows(batch), [
    { op: '+I', user: 'ann', n: 3n, at: 5, raw: new Uint8Array([0, 255]) },
    { op: '-D', user: 'a | b', n: null, at: 1000, raw: new Uint8Array(0) },
  ]);
  assert.deepEqual(batch.times, BigInt64Array.of(1000n, 2000n));
});

test('a table may carry no stamps, or only some', () => {
  assert.equal(parseTable('n int32\n1\n2').times, undefined);
  assert.deepEqual(parseTable('time clock | n int32\n5 -7 | 1').clocks, BigInt64Array.of(-7n));
  assert.deepEqual(parseTable('op | n int32\n+I | 1').ops, Uint8Array.of(0));
  assert.equal(parseTable('op utf8\nx').schema[0]?.name, 'op');
  assert.equal(parseTable('n int32').rows, 0);
});

test('what is printed reads back the same', () => {
  const random = new Random(9);
  const texts = ['', '.', ' padded ', 'a|b', '"', 'line\nbreak', 'žluť 🐎', '\\', 'true', '-0', 'a "quoted" word', '\u2028'];
  for (let round = 0; round < 50; round++) {
    const builder = new BatchBuilder([...KINDS, ...LIST_KINDS].map((kind) => field(kind, kind, true)));
    for (let r = random.int(0, 12); r > 0; r--) {
      const value = () => [
        random.bool(),
        random.int(-5, 5),
        BigInt(random.int(-1e15, 1e15)),
        random.pick([random.float(), -0, Number.NaN, Infinity, -1e300]),
        random.pick(texts),
        Uint8Array.from({ length: random.int(0, 3) }, () => random.int(0, 255)),
        random.int(-1e12, 1e12),
      ];
      const lists = KINDS.map((_, k) => Array.from({ length: random.int(0, 3) }, () => value()[k]));
      const values = [...value(), ...lists];
      const meta =
        round % 2 === 0
          ? { time: random.int(-9, 9), clock: random.int(-9, 9), op: random.int(0, 3), position: BigInt(random.int(0, 99)) }
          : undefined;
      builder.appendValues(
        values.map((one) => (random.bool(0.2) ? null : one)),
        meta,
      );
    }
    const batch = builder.finishDetached();
    assert.deepEqual(everything(parseTable(printTable(batch))), everything(batch), printTable(batch));
  }
});

test('a printed table is aligned', () => {
  const text = 'op time | user utf8 | n int64?\n+I 1000 | ann       | 3\n-D 2    | .         | .'.replace('| .         |', '| "."       |');
  assert.equal(printTable(parseTable(text)), text);
});

test('wrong tables say what was expected', () => {
  assert.throws(() => parseTable(' \n'), /begins with a line of columns/);
  assert.throws(() => parseTable('n int16'), /a column is a name and a kind .*found n int16/);
  assert.throws(() => parseTable('n int32 | m int32\n1'), /expected 2 cells, found 1: 1/);
  assert.throws(() => parseTable('n int32\n.'), /row 0: column n is null: it is not nullable/);
  assert.throws(() => parseTable('op | n int32\nI | 1'), /op: expected \+I.*found I/);
  assert.throws(() => parseTable('b bool\nyes'), /b: expected true or false, found yes/);
  assert.throws(() => parseTable('n list<int32>\n1, 2'), /n: expected a list as \[1, 2\], found 1, 2/);
  assert.throws(() => parseTable('n list<int16>'), /list<…> of these/);
  assert.throws(() => parseTable('n int64\n1.5'), /n: expected a whole number, found 1.5/);
});
