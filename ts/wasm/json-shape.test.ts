import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../columns/schema.js';
import { STEP, ShapeReader, widen, type Shape } from './json-shape.js';

const FIELDS = [field('a', 'int64', true), { ...field('p', 'float64', true), path: 'bid.price' }, field('s', 'utf8', true)];

function read(row: string, loose = false): Shape | undefined {
  return new ShapeReader(FIELDS).read(Buffer.from(`${row}\n`), { loose });
}

function drawn(shape: Shape | undefined): string {
  const names = new Map<number, string>(Object.entries(STEP).map(([name, kind]) => [kind, name]));
  return (shape?.steps ?? [])
    .map((s) => `${Buffer.from(s.literal).toString()}<${names.get(s.kind)}${s.column < 0 ? '' : ` ${s.column}`}>`)
    .join('');
}

test('a row is cut into literals and values', () => {
  assert.equal(
    drawn(read('{"a":1, "s":"x","n":2,"bid":{"price":1.5,"w":-2},"b":true}')),
    '{"a":<int64 0>, "s":"<span 2>","n":<uint>,"bid":{"price":<float64 1>,"w":<number>},"b":<word>}\n<end>',
  );
});

test('a null belongs to the literal, and a missing column is null in all rows of the shape', () => {
  assert.equal(drawn(read('{"a":null,"s":"x"}')), '{"a":null,"s":"<span 2><nulled 0><nulled 1>"}\n<end>');
});

test('arrays are skipped whole, and objects without a column when keys are data', () => {
  assert.equal(drawn(read('{"z":[1,{"q":"]"}],"a":1}')), '{"z":<json>,"a":<int64 0><nulled 1><nulled 2>}\n<end>');
  assert.equal(drawn(read('{"z":{"k1":1},"a":1}')), '{"z":{"k1":<uint>},"a":<int64 0><nulled 1><nulled 2>}\n<end>');
  assert.equal(drawn(read('{"z":{"k1":1},"a":1}', true)), '{"z":<json>,"a":<int64 0><nulled 1><nulled 2>}\n<end>');
});

test('repeated keys, also when spelt with an escape, have no shape', () => {
  assert.equal(read('{"a":1,"a":2}'), undefined);
  assert.equal(read('{"a":1,"\\u0061":2}'), undefined);
  assert.notEqual(read('{"a":1,"z":{"a":2}}'), undefined);
});

test('shapes of the same literals are widened to one', () => {
  const narrow = read('{"a":1,"s":"x","n":5,"t":"short"}') as Shape;
  const wide = read('{"a":1,"s":"xxxxxxxxxxxxxxxxxxxxxxxxxxxx","n":-5,"t":"short"}') as Shape;
  assert.equal(drawn(widen(narrow, wide)), '{"a":<int64 0>,"s":"<longSpan 2>","n":<number>,"t":"<text><nulled 1>"}\n<end>');
  assert.deepEqual(widen(wide, narrow), widen(narrow, wide));
  assert.equal(widen(narrow, read('{"a":1,"s":"x","m":5,"t":"short"}') as Shape), undefined);
  assert.equal(widen(narrow, read('{"a":1,"s":"x","n":true,"t":"short"}') as Shape), undefined);
});
