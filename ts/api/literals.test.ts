import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalOf } from './literals.js';

test('a JavaScript value becomes a literal that JSON keeps whole', () => {
  const cases: readonly (readonly [unknown, string, unknown])[] = [
    [1.5, 'float64', 1.5],
    [-0, 'float64', '-0'],
    [Number.NaN, 'float64', 'NaN'],
    [-Infinity, 'float64', '-Infinity'],
    [2n ** 62n, 'int64', '4611686018427387904'],
    ['a', 'utf8', 'a'],
    [true, 'bool', true],
    [null, 'null', null],
    [new Date(-5), 'timestamp', '-5'],
    [new Uint8Array([1, 255]), 'binary', 'Af8='],
  ];
  for (const [value, kind, written] of cases) {
    const literal = literalOf(value, 'utf8', 'x');
    assert.deepEqual(literal, { op: 'literal', kind, value: written });
    assert.deepEqual(JSON.parse(JSON.stringify(literal)), literal);
  }
  assert.deepEqual(literalOf(1000, 'timestamp', 'at.gt'), { op: 'literal', kind: 'timestamp', value: '1000' });
});

test('what is no value of a column is refused', () => {
  for (const [value, message] of [
    [{}, /x\(an object\): give a column/],
    [undefined, /x\(undefined\)/],
    [new Date('?'), /x: NaN is no time/],
    [1n << 63n, /x: 9223372036854775808n does not fit/],
  ] as const) {
    assert.throws(() => literalOf(value, 'utf8', 'x'), message);
  }
  assert.throws(() => literalOf(1.5, 'timestamp', 'x'), /x: 1.5 is no time/);
});
