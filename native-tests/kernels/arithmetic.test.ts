import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../ts/core/errors.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, literal, strictTwin, verify, verifyRows, workspaces } from '../support/expressions.js';

type Op = 'add' | 'sub' | 'mul' | 'mod';
const OPS: readonly Op[] = ['add', 'sub', 'mul', 'mod'];

function floats(op: Op | 'div', a: number, b: number): number {
  return { add: a + b, sub: a - b, mul: a * b, div: a / b, mod: a % b }[op];
}

/** Integers of so many bits; beyond them, and mod by zero, an error. */
function integers(op: Op, a: bigint, b: bigint, bits: number): bigint {
  if (op === 'mod' && b === 0n) throw new MillraceError('value.invalid', 'mod by zero');
  const result = { add: () => a + b, sub: () => a - b, mul: () => a * b, mod: () => a % b }[op]();
  if (BigInt.asIntN(bits, result) !== result) throw new MillraceError('value.overflow', 'overflow');
  return result;
}

const SMALL32 = [0, 1, -1, 7, -7, 1000, 32_767, -32_768];
const SMALL64 = [0n, 1n, -1n, 3n, 1n << 31n, -(1n << 31n), 1_000_000n];
const DIVISORS = [1n, -1n, 3n, -7n, 1n << 40n];

for (const [build, ws] of workspaces()) {
  test(`${build}: float64 arithmetic is JavaScript's`, () => {
    for (const op of [...OPS, 'div'] as const) {
      verify({
        ws,
        kinds: ['float64', 'float64'],
        expression: call(op, [column('a'), column('b')]),
        twin: strictTwin((a: number, b: number) => floats(op, a, b)),
      });
      for (const value of [2.5, -3, 0, 1e-300]) {
        const constant = literal('float64', value);
        verify({
          ws,
          kinds: ['float64'],
          expression: call(op, [column('a'), constant]),
          twin: strictTwin((a: number) => floats(op, a, value)),
        });
        verify({
          ws,
          kinds: ['float64'],
          expression: call(op, [constant, column('a')]),
          twin: strictTwin((a: number) => floats(op, value, a)),
        });
      }
    }
  });

  test(`${build}: integer arithmetic is exact`, () => {
    for (const op of OPS) {
      const expression = call(op, [column('a'), column('b')]);
      const right = op === 'mod' ? DIVISORS : SMALL64;
      verifyColumns(ws, ['int64', 'int64'], [SMALL64, right], expression, (a, b) => integers(op, a as bigint, b as bigint, 64));
      const right32 = op === 'mod' ? [1, -1, 3, -7] : SMALL32;
      verifyColumns(ws, ['int32', 'int32'], [SMALL32, right32], expression, (a, b) =>
        Number(integers(op, BigInt(a as number), BigInt(b as number), 32)),
      );
      verifyColumns(ws, ['int32', 'int64'], [SMALL32, right], expression, (a, b) => integers(op, BigInt(a as number), b as bigint, 64));
      verifyColumns(ws, ['int32', 'float64'], [SMALL32, [2.5, -1]], expression, (a, b) => floats(op, a as number, b as number));
      verifyColumns(ws, ['int64', 'float64'], [SMALL64, [2.5, -1]], expression, (a, b) => floats(op, Number(a), b as number));
    }
    verifyColumns(ws, ['int64', 'int32'], [SMALL64, SMALL32], call('div', [column('a'), column('b')]), (a, b) => Number(a) / (b as number));
    verifyColumns(
      ws,
      ['int32', 'int32'],
      [SMALL32, SMALL32],
      call('add', [column('a'), literal('int64', '1')]),
      (a) => BigInt(a as number) + 1n,
    );
    verifyColumns(ws, ['int32', 'int32'], [SMALL32, SMALL32], call('add', [column('a'), literal('float64', 1)]), (a) => (a as number) + 1);
  });

  test(`${build}: every overflow of two int64 or int32 is found, and nothing else`, () => {
    const edges = [0n, 1n, -1n, 2n, 3037000499n, 3037000500n, -3037000500n, 1n << 62n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n];
    const edges32 = edges.map((e) => Number(BigInt.asIntN(32, e))).concat([2 ** 31 - 1, -(2 ** 31), 46_341, -46_341]);
    for (const op of OPS) {
      for (const a of edges) {
        for (const b of edges) {
          const columns = { a: ['int64', [null, a]], b: ['int64', [1n, b]] } as const;
          verifyRows(
            ws,
            columns,
            call(op, [column('a'), column('b')]),
            strictTwin((x: bigint, y: bigint) => integers(op, x, y, 64)),
          );
        }
      }
      for (const a of edges32) {
        for (const b of edges32) {
          const columns = { a: ['int32', [null, a]], b: ['int32', [1, b]] } as const;
          const twin = strictTwin((x: number, y: number) => Number(integers(op, BigInt(x), BigInt(y), 32)));
          verifyRows(ws, columns, call(op, [column('a'), column('b')]), twin);
        }
      }
    }
  });

  test(`${build}: errors name the expression, the values and the way out`, () => {
    const columns = { n: ['int64', [1n, 2n ** 63n - 1n]] } as const;
    const overflow = call('add', [column('n'), literal('int64', '1')]);
    assert.throws(() => verifyRows(ws, columns, overflow, () => 0n), {
      code: 'value.overflow',
      message: 'n + 1: 9223372036854775807 + 1 does not fit into int64; cast to float64 first',
    });
    const zero = call('mod', [column('n'), literal('int64', '0')]);
    assert.throws(() => verifyRows(ws, columns, zero, () => 0n), { code: 'value.invalid', message: /^n % 0: 1 % 0 has no value/ });
  });

  test(`${build}: abs, neg and round`, () => {
    verify({ ws, kinds: ['float64'], expression: call('abs', [column('a')]), twin: strictTwin((a: number) => Math.abs(a)) });
    verify({ ws, kinds: ['float64'], expression: call('neg', [column('a')]), twin: strictTwin((a: number) => -a) });
    verifyColumns(ws, ['int32', 'int64'], [SMALL32, SMALL64], call('abs', [column('a')]), (a) => Math.abs(a as number));
    verifyColumns(ws, ['int32', 'int64'], [SMALL32, SMALL64], call('neg', [column('b')]), (_, b) => -(b as bigint));
    const least = { a: ['int64', [-(2n ** 63n)]] } as const;
    for (const fn of ['abs', 'neg'])
      assert.throws(() => verifyRows(ws, least, call(fn, [column('a')]), () => 0n), { code: 'value.overflow' });

    const halves = [0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 2 ** 52 + 0.5, 1e300, Number.NaN, Infinity, -0, 1234.5];
    const rounded = (a: number): number =>
      Number.isFinite(a) ? Math.sign(a) * Math.floor(Math.abs(a)) + (Math.abs(a) % 1 >= 0.5 ? Math.sign(a) : 0) : a;
    const wholes = strictTwin((a: number) => (Object.is(a, -0) || (a < 0 && a > -0.5) ? -0 : rounded(a)));
    verifyRows(ws, { a: ['float64', halves] }, call('round', [column('a')]), wholes);
    const cents = call('round', [column('a')], { digits: 2 });
    const rounds = new Map([
      [1.005, 1],
      [1.255, 1.25],
      [-3.456, -3.46],
      [2, 2],
      [1e300, 1e300],
      [0.125, 0.13],
      [-0.125, -0.13],
    ]);
    verifyRows(ws, { a: ['float64', [...rounds.keys()]] }, cents, ([a]) => rounds.get(a as number) ?? null);
    const tens = call('round', [column('a')], { digits: -1 });
    verifyRows(ws, { a: ['int64', [4n, 5n, -4n, -5n, 14n, 15n, -15n, 0n, 2n ** 63n - 10n, null]] }, tens, ([a]) => {
      if (a === null) return null;
      const x = a as bigint;
      const rest = x % 10n;
      return x - rest + (rest >= 5n ? 10n : rest <= -5n ? -10n : 0n);
    });
    assert.throws(() => verifyRows(ws, { a: ['int64', [2n ** 63n - 1n]] }, tens, () => 0n), { code: 'value.overflow' });
    verifyRows(
      ws,
      { a: ['float64', [14, 15, -15, 1e300, Infinity]] },
      tens,
      ([a]) => ({ 14: 10, 15: 20, '-15': -20 })[String(a)] ?? (a as Value),
    );
    verifyRows(ws, { a: ['int32', [14, -15]] }, call('round', [column('a')], { digits: 3 }), ([a]) => a as Value);
  });
}

type Workspace = ReturnType<typeof workspaces>[number][1];

/** `verify` with nothing but the pools' values, of which none overflows. */
function verifyColumns(
  ws: Workspace,
  kinds: readonly ['int32' | 'int64', 'int32' | 'int64' | 'float64'],
  pools: readonly [readonly Value[], readonly Value[]],
  expression: ReturnType<typeof call>,
  twin: (a: Value, b: Value) => Value,
): void {
  for (const rows of [1, 64, 65]) {
    for (const nulls of [false, true]) {
      const values = (pool: readonly Value[], step: number): Value[] =>
        Array.from({ length: rows }, (_, i) => (nulls && i % 3 === step ? null : (pool[(i * step + i) % pool.length] as Value)));
      const columns = { a: [kinds[0], values(pools[0], 1)], b: [kinds[1], values(pools[1], 2)] } as const;
      const uses = JSON.stringify(expression);
      const usesBoth = uses.includes('"b"') && uses.includes('"a"');
      verifyRows(ws, columns, expression, ([a, b]) => {
        const missing = usesBoth ? a === null || b === null : uses.includes('"a"') ? a === null : b === null;
        return missing ? null : twin(a as Value, b as Value);
      });
    }
  }
}
