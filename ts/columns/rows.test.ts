import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.js';
import { BatchBuilder, rowsToBatch, rowsToDetached } from './builder.js';
import { Memory, type Space } from './memory.js';
import { batchToRows, detachedToRows, RowReader, type Row } from './rows.js';
import { field, LIST_KINDS, type Schema } from './schema.js';
import type { Item } from './values.js';

/** A bump allocator over ordinary memory, full of ones so that what is not written shows. */
function space(bytes = 1 << 20): Space {
  const memory = new Memory(new ArrayBuffer(bytes));
  memory.u8.fill(0xff);
  let top = 256;
  return {
    memory,
    alloc(n) {
      const at = top;
      top += Math.ceil((n + 64) / 16) * 16;
      return at;
    },
  };
}

const ALL: Schema = [
  field('b', 'bool', true),
  field('i', 'int32', true),
  field('l', 'int64', true),
  field('d', 'float64', true),
  field('s', 'utf8', true),
  field('x', 'binary', true),
  field('t', 'timestamp', true),
  ...LIST_KINDS.map((kind) => field(kind, kind, true)),
];

const NO_LISTS: Row = Object.fromEntries(LIST_KINDS.map((kind) => [kind, null]));
const NULLS: Row = { b: null, i: null, l: null, d: null, s: null, x: null, t: null, ...NO_LISTS };
const BARE: Row[] = [
  { b: true, i: -2147483648, l: 9_223_372_036_854_775_807n, d: 0.1, s: 'plain', x: new Uint8Array([0, 255]), t: -1 },
  NULLS,
  { b: false, i: 2147483647, l: -9_223_372_036_854_775_808n, d: -0, s: 'žluťoučký 🐎', x: new Uint8Array(0), t: 8_640_000_000_000_000 },
  { b: true, i: 0, l: 0n, d: Number.NaN, s: '', x: new Uint8Array([1]), t: -8_640_000_000_000_000 },
  {
    b: true,
    i: 1,
    l: 1n,
    d: 1,
    s: '\ufeffbom and a text that is longer than the short path',
    x: new Uint8Array(100),
    t: 1_700_000_000_123,
  },
];
/** Lists of every length, of the values above. */
const ROWS: Row[] = BARE.map((row, r) => {
  const items = (name: string): Item[] =>
    [...BARE, ...BARE].flatMap((other) => (other[name] === null ? [] : [other[name] as Item])).slice(r, r * 2);
  const lists = { bool: 'b', int32: 'i', int64: 'l', float64: 'd', utf8: 's', binary: 'x', timestamp: 't' } as const;
  return {
    ...row,
    ...(r === 1 ? NO_LISTS : Object.fromEntries(Object.entries(lists).map(([kind, name]) => [`list<${kind}>`, items(name)]))),
  };
});

test('rows come back as they went in, of every kind, with nulls', () => {
  const s = space();
  assert.deepEqual(batchToRows(s.memory, rowsToBatch(s, ALL, ROWS)), ROWS);
  assert.deepEqual(detachedToRows(rowsToDetached(ALL, ROWS)), ROWS);
  const many = Array.from({ length: 1000 }, (_, i) => ROWS[i % ROWS.length] as Row);
  assert.deepEqual(batchToRows(s.memory, rowsToBatch(s, ALL, many)), many);
  assert.deepEqual(batchToRows(s.memory, rowsToBatch(s, ALL, [])), []);
});

test('written rows may use numbers for int64, Dates for timestamps, and leave nullable columns out', () => {
  const s = space();
  const [row] = batchToRows(s.memory, rowsToBatch(s, ALL, [{ l: 7, t: new Date(5), s: undefined, other: 1 }]));
  assert.deepEqual(row, { ...NULLS, l: 7n, t: 5 });
  const lists: Schema = [field('l', 'list<int64>'), field('t', 'list<timestamp>')];
  assert.deepEqual(batchToRows(s.memory, rowsToBatch(s, lists, [{ l: [7, 8n], t: [new Date(5), -6] }])), [{ l: [7n, 8n], t: [5, -6] }]);
});

test('a builder that finished starts anew, and keeps counting rows for its errors', () => {
  const s = space();
  const builder = new BatchBuilder([field('n', 'int32', true), field('s', 'utf8')]);
  builder.append({ n: null, s: 'ab' });
  builder.append({ n: 1, s: 'c' });
  const first = builder.finish(s);
  builder.append({ n: 2, s: 'def' });
  const second = builder.finish(s);
  assert.notEqual(first.columns[0]?.validity, 0);
  assert.equal(second.columns[0]?.validity, 0);
  assert.deepEqual(batchToRows(s.memory, first), [
    { n: null, s: 'ab' },
    { n: 1, s: 'c' },
  ]);
  assert.deepEqual(batchToRows(s.memory, second), [{ n: 2, s: 'def' }]);
  assert.throws(() => builder.append({ n: 1 }), /row 3: column s is missing/);
  builder.append({ n: 9, s: 'left' });
  const kept = builder.finishDetached();
  builder.append({ n: 10, s: 'gone' });
  assert.deepEqual(detachedToRows(kept), [{ n: 9, s: 'left' }]);
});

test('a refused row leaves no trace', () => {
  const s = space();
  const builder = new BatchBuilder([field('a', 'utf8'), field('b', 'int32')]);
  builder.append({ a: 'one', b: 1 });
  assert.throws(() => builder.append({ a: 'dropped', b: 'x' }));
  builder.append({ a: 'two', b: 2 });
  assert.deepEqual(batchToRows(s.memory, builder.finish(s)), [
    { a: 'one', b: 1 },
    { a: 'two', b: 2 },
  ]);
});

test('event time comes from a column, operations from op', () => {
  const s = space();
  const batch = rowsToBatch(s, [field('at', 'timestamp')], [{ at: 5 }, { at: new Date(-7), op: '-D' }], {
    timeColumn: 'at',
    changes: true,
  });
  assert.deepEqual([...s.memory.i64.subarray(batch.times / 8, batch.times / 8 + 2)], [5n, -7n]);
  assert.deepEqual(batchToRows(s.memory, batch), [
    { op: '+I', at: 5 },
    { op: '-D', at: -7 },
  ]);
  assert.deepEqual(Object.keys(new RowReader(s.memory, batch).row(1)), ['op', 'at']);
  assert.throws(
    () => rowsToBatch(s, [field('at', 'timestamp')], [{ at: 5, op: 'I' }], { changes: true }),
    /op: expected \+I.*found the string "I"/,
  );
  assert.throws(
    () => rowsToBatch(s, [field('at', 'timestamp', true)], [{ at: null }], { timeColumn: 'at' }),
    /event time, which every row needs/,
  );
  assert.throws(() => rowsToBatch(s, [field('at', 'int64')], [], { timeColumn: 'at' }), /column at is int64; expected timestamp/);
  assert.throws(() => rowsToBatch(s, [field('at', 'timestamp')], [], { timeColumn: 'when' }), /there is no column when/);
});

const WRONG: [kind: Schema[number]['kind'], value: unknown, message: RegExp][] = [
  ['bool', 1, /row 0: column v: expected true or false; found the number 1/],
  ['int32', 2147483648, /expected a whole number from -2147483648 to 2147483647; found the number 2147483648; make the column int64/],
  ['int32', 1.5, /found the number 1.5/],
  ['int32', -0.5, /found the number -0.5/],
  ['int32', 1n, /found the bigint 1n; convert it with Number\(value\)/],
  ['int64', 2 ** 53, /found the number 9007199254740992; give it as a bigint/],
  ['int64', 2n ** 63n, /expected a bigint of 64 bits.*found the bigint 9223372036854775808n/],
  ['int64', Number.NaN, /found NaN/],
  ['float64', '1', /expected a number; found the string "1"/],
  ['float64', 1n, /convert it with Number/],
  ['utf8', 5, /expected a string; found the number 5/],
  ['utf8', ['a'], /found an array of 1/],
  ['utf8', Promise.resolve('x'), /must not be async/],
  ['binary', 'abc', /expected a Uint8Array; found the string "abc"/],
  ['timestamp', '2024-01-01', /Date\.parse/],
  ['timestamp', 1.5, /round it with Math\.floor/],
  ['timestamp', 8.64e15 + 2, /expected whole epoch milliseconds/],
  ['timestamp', new Date(Number.NaN), /found an invalid Date/],
  ['int64', null, /column v is null: it is not nullable/],
  ['list<int32>', 'abc', /column v: expected an array, each item a whole number from .*; found the string "abc"/],
  ['list<int32>', [1, 2.5], /row 0: column v, item 1: expected a whole number from .*; found the number 2.5/],
  ['list<int64>', [1n, 2 ** 53], /column v, item 1: .*give it as a bigint/],
  ['list<utf8>', ['a', null], /column v, item 1: expected a string; found null; a list holds no nulls/],
  ['list<utf8>', new Array(2), /column v, item 0: expected a string; found undefined; a list holds no nulls/],
  ['list<timestamp>', ['2024-01-01'], /column v, item 0: .*Date\.parse/],
];

test('wrong values are refused, naming row, column, what was found and expected', () => {
  for (const [kind, value, message] of WRONG) {
    assert.throws(
      () => rowsToDetached([field('v', kind)], [{ v: value }]),
      (error) => error instanceof MillraceError && error.code === 'value.invalid' && (assert.match(error.message, message), true),
      `${kind} ${String(value)}`,
    );
  }
  assert.throws(() => rowsToDetached([field('user', 'utf8')], [{ usr: 'x' }]), /column user is missing: .* the row's usr is no column/);
  assert.throws(
    () => rowsToDetached([field('user', 'utf8')], [5 as never]),
    /row 0: expected an object with user utf8; found the number 5/,
  );
});

test('a lazily read row behaves as a plain object', () => {
  const s = space();
  const batch = rowsToBatch(s, ALL, ROWS);
  const reader = new RowReader(s.memory, batch);
  for (let i = 0; i < ROWS.length; i++) {
    const row = reader.row(i);
    const plain = ROWS[i] as Row;
    assert.deepEqual({ ...row }, plain);
    assert.deepEqual(row, plain);
    assert.deepEqual(Object.keys(row), Object.keys(plain));
    assert.deepEqual(Object.entries(row), Object.entries(plain));
    assert.equal(inspect(row), inspect(plain));
    assert.equal(inspect([row]), inspect([plain]));
  }
  const row = reader.row(0);
  const { s: text, ...rest } = row;
  assert.equal(text, 'plain');
  assert.equal(Object.keys(rest).length, 6 + LIST_KINDS.length);
  assert.ok('i' in row && !('nothing' in row) && Object.hasOwn(row, 'i'));
  assert.equal(row['nothing'], undefined);
  assert.equal(`${row}`, '[object Object]');
  assert.equal(
    JSON.stringify(new RowReader(s.memory, rowsToBatch(s, [field('a', 'utf8'), field('n', 'int32', true)], [{ a: 'x' }])).row(0)),
    '{"a":"x","n":null}',
  );
  assert.throws(() => {
    row['i'] = 5;
  }, /row\.i was assigned to; rows are read-only/);
  assert.throws(() => {
    delete row['i'];
  }, /read-only/);
});

test('a row read after its batch was released says what to do', () => {
  const s = space();
  const reader = new RowReader(s.memory, rowsToBatch(s, ALL, ROWS));
  const kept = reader.row(0);
  const copy = { ...kept };
  reader.release();
  assert.throws(() => kept['s'], /row\.s was read after its batch was given back; .* copy it: \{ \.\.\.row \}/);
  assert.throws(() => ({ ...kept }), /copy it/);
  assert.equal(copy['s'], 'plain');
});

test('rows that are taken apart as a whole become plain objects, the others stay lazy', () => {
  const s = space();
  const rows = Array.from({ length: 100 }, (_, i) => ({ n: i, text: `t${i}` }));
  const batch = rowsToBatch(s, [field('n', 'int32'), field('text', 'utf8')], rows);
  const apart = new RowReader(s.memory, batch);
  assert.deepEqual(
    rows.map((_, i) => ({ ...apart.row(i), more: 1 })),
    rows.map((row) => ({ ...row, more: 1 })),
  );
  const plain = apart.row(99);
  apart.release();
  assert.equal(plain['text'], 't99');
  const lazy = new RowReader(s.memory, batch);
  assert.deepEqual(
    rows.map((_, i) => lazy.row(i)['n']),
    rows.map(({ n }) => n),
  );
  const seldom = rows.map((_, i) => (i % 10 === 0 ? { ...lazy.row(i) } : lazy.row(i)))[99] as Row;
  lazy.release();
  assert.throws(() => seldom['text'], /copy it/);
});
