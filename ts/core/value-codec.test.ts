import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.js';
import { decodeValue, ValueEncoder } from './value-codec.js';

function through(value: unknown): unknown {
  const encoder = new ValueEncoder();
  encoder.write('before', 'state');
  const from = encoder.length;
  encoder.write(value, 'state');
  const bytes = encoder.take();
  return decodeValue(bytes, from, bytes.length);
}

test('plain values come back as they were', () => {
  const values: readonly unknown[] = [
    ...[undefined, null, true, false],
    ...[0, -0, 1, -1, 2 ** 30 - 1, -(2 ** 30) + 1, 2 ** 30, -(2 ** 30), 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, 5e-324],
    ...[0n, -1n, 2n ** 70n, -(2n ** 64n)],
    ...['', 'a', 'é\u0000', '🙂', '\ud800', 'a\udc00b', '\ufeffx', 'z'.repeat(1000)],
    ...[new Date(0), new Date(-5)],
    ...[[], [1, [2, [undefined]], 'x'], new Map<unknown, unknown>([[{ a: 1 }, [1n]]]), new Set([1, 'a', null])],
    ...[{}, { a: 1, b: { c: new Map([['k', new Set([2n])]]) } }, JSON.parse('{"__proto__": 1, "x": 2}')],
    ...[new Uint8Array([1, 2, 3]), new Float64Array([1.5, -0]), new BigInt64Array([-1n]), new Int16Array(0), new Uint8Array(300)],
  ];
  for (const value of values) assert.deepEqual(through(value), value);
  assert.deepEqual(through(new Uint8Array(8).subarray(3, 5)), new Uint8Array(2));
  assert.ok(Number.isNaN((through(new Date(Number.NaN)) as Date).getTime()));
});

test('random values come back as they were, and the same value is the same bytes', () => {
  const random = new Random(5);
  const make = (depth: number): unknown => {
    switch (random.int(0, depth > 4 ? 5 : 8)) {
      case 0:
        return random.pick([null, undefined, true, false]);
      case 1:
        return random.int(-(2 ** 31), 2 ** 31);
      case 2:
        return random.float() * 10 ** random.int(-300, 300);
      case 3:
        return BigInt(random.int(-1e9, 1e9)) ** BigInt(random.int(0, 9));
      case 4:
        return String.fromCharCode(...Array.from({ length: random.int(0, 40) }, () => random.pick([65, 0x20ac, 0xd800, 0xdc00])));
      case 5:
        return Uint8Array.from({ length: random.int(0, 400) }, () => random.int(0, 255));
      case 6:
        return Array.from({ length: random.int(0, 5) }, () => make(depth + 1));
      case 7:
        return new Map(Array.from({ length: random.int(0, 4) }, (_, i) => [i, make(depth + 1)]));
      default:
        return Object.fromEntries(Array.from({ length: random.int(0, 4) }, (_, i) => [`name ${i}`, make(depth + 1)]));
    }
  };
  for (let i = 0; i < 2000; i++) {
    const value = make(0);
    assert.deepEqual(through(value), value, `seed 5, value ${i}`);
    const [a, b] = [new ValueEncoder(), new ValueEncoder()];
    a.write(value, 'state');
    b.write(through(value), 'state');
    assert.deepEqual(a.take(), b.take());
  }
});

test('what is no plain value is refused by the name of its part, and leaves no trace', () => {
  class Point {
    x = 1;
  }
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const cases: readonly [unknown, RegExp][] = [
    [() => 1, /^state is a function; use numbers/],
    [{ a: [1, { f: Symbol('x') }] }, /^state\.a\[1\]\.f is a symbol/],
    [new Map([['k', new Point()]]), /^a value of state is an instance of Point/],
    [new WeakSet(), /^state is an instance of WeakSet/],
    [new DataView(new ArrayBuffer(1)), /^state is a DataView/],
    [circle, /nests deeper than 64 values, or contains itself/],
  ];
  const encoder = new ValueEncoder();
  for (const [value, message] of cases) {
    assert.throws(() => encoder.write(value, 'state'), { code: 'value.invalid', message });
    assert.equal(encoder.length, 0);
  }
});
