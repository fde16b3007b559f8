import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScalarKind as Kind } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import type { Expression, LiteralValue } from '../../ts/plan/expression.js';
import { describe } from '../../ts/plan/functions.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, EDGES, literal, verifyRows, workspaces } from '../support/expressions.js';

/** A random expression, and what it means for a row, built side by side. */
interface Pair {
  readonly expression: Expression;
  readonly twin: (row: Row) => Value;
}
type Row = Readonly<Record<string, Value>>;
type Grown = 'bool' | 'float64' | 'int64' | 'utf8';

const COLUMNS = { bool: ['p', 'q'], float64: ['x', 'y'], int64: ['m', 'n'], utf8: ['s', 't'] } as const;
const LITERALS: Readonly<Record<Grown, readonly (readonly [LiteralValue, Value])[]>> = {
  bool: [
    [true, true],
    [false, false],
  ],
  float64: [
    [0, 0],
    [2.5, 2.5],
    [-3, -3],
    ['NaN', Number.NaN],
  ],
  int64: [
    ['0', 0n],
    ['3', 3n],
    ['-7', -7n],
    ['9007199254740993', 9007199254740993n],
  ],
  utf8: [
    ['', ''],
    ['a', 'a'],
    ['æ', 'æ'],
  ],
};

const strict =
  (f: (...v: never[]) => Value, parts: readonly Pair[]) =>
  (row: Row): Value => {
    const values = parts.map((p) => p.twin(row));
    return values.includes(null) ? null : f(...(values as never[]));
  };

function grow(random: Random, kind: Grown, depth: number): Pair {
  if (depth === 0 || random.bool(0.15)) {
    if (random.bool(0.25)) {
      const [written, value] = random.pick(LITERALS[kind]);
      return { expression: literal(kind, written), twin: () => value };
    }
    const name = random.pick(COLUMNS[kind]);
    return { expression: column(name), twin: (row) => row[name] as Value };
  }
  const part = (of: Grown): Pair => grow(random, of, depth - 1);
  const join = (fn: string, parts: readonly Pair[], f: (...v: never[]) => Value): Pair => ({
    expression: call(
      fn,
      parts.map((p) => p.expression),
    ),
    twin: strict(f, parts),
  });
  if (random.bool(0.1)) {
    const parts = [part(kind), part(kind)] as const;
    return {
      expression: call(
        'fillNull',
        parts.map((p) => p.expression),
      ),
      twin: (row) => parts[0].twin(row) ?? parts[1].twin(row),
    };
  }
  switch (kind) {
    case 'bool':
      return condition(random, part, join);
    case 'float64': {
      const [a, b] = [part('float64'), part(random.bool(0.3) ? 'int64' : 'float64')];
      const [fn, f] = random.pick([
        ['add', (x: number, y: number | bigint) => x + Number(y)],
        ['sub', (x: number, y: number | bigint) => x - Number(y)],
        ['mul', (x: number, y: number | bigint) => x * Number(y)],
        ['div', (x: number, y: number | bigint) => x / Number(y)],
      ] as const);
      return join(fn, [a, b], f);
    }
    case 'int64':
      // Without arithmetic, which may overflow: that has tests of its own.
      return join('cast', [join('length', [part('utf8')], (s: string) => [...s].length)], (n: number) => BigInt(n));
    default: {
      const [fn, f] = random.pick([
        ['lower', (s: string) => s.toLowerCase()],
        ['upper', (s: string) => s.toUpperCase()],
        ['trim', (s: string) => s.trim()],
      ] as const);
      if (random.bool()) return join(fn, [part('utf8')], f);
      return join('concat', [part('utf8'), part('utf8')], (s: string, t: string) => s + t);
    }
  }
}

function condition(
  random: Random,
  part: (of: Grown) => Pair,
  join: (fn: string, parts: readonly Pair[], f: (...v: never[]) => Value) => Pair,
): Pair {
  const choice = random.int(0, 5);
  if (choice === 0) {
    const [a, b] = [part('bool'), part('bool')];
    const and = random.bool();
    const twin = (row: Row): Value => {
      const [x, y] = [a.twin(row), b.twin(row)];
      if (x === !and || y === !and) return !and;
      return x === null || y === null ? null : and;
    };
    return { expression: call(and ? 'and' : 'or', [a.expression, b.expression]), twin };
  }
  if (choice === 1) return join('not', [part('bool')], (p: boolean) => !p);
  const of = random.pick(['float64', 'int64', 'utf8'] as const);
  if (choice === 2) {
    const a = part(of);
    return { expression: call('isNull', [a.expression]), twin: (row) => a.twin(row) === null };
  }
  const parts = [part(of), part(of === 'utf8' ? 'utf8' : random.pick(['float64', 'int64'] as const))];
  const compare = random.pick([
    ['eq', (o: number) => o === 0],
    ['lt', (o: number) => o < 0],
    ['ge', (o: number) => o >= 0],
  ] as const);
  return join(compare[0], parts, (a: Value, b: Value) => compare[1](order(a, b)));
}

/** Negative, 0, positive; NaN when there is no order. */
function order(a: Value, b: Value): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  const [x, y] = [a, b] as [number | bigint, number | bigint];
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint equals a number of its value by == alone
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : Number.NaN;
}

/** `cast` needs its target: the growing above leaves it out. */
function withTargets(expression: Expression): Expression {
  if (expression.op !== 'call') return expression;
  const args = expression.args.map(withTargets);
  return expression.fn === 'cast' ? call('cast', args, { to: 'int64' }) : call(expression.fn, args);
}

for (const [build, ws] of workspaces()) {
  test(`${build}: random expressions mean what their twins do`, () => {
    const random = new Random(20_260);
    const names = Object.entries(COLUMNS).flatMap(([kind, list]) => list.map((name) => [name, kind as Kind] as const));
    for (let turn = 0; turn < 400; turn++) {
      const rows = random.pick([1, 8, 63, 64, 65]);
      const nulls = random.pick([0, 0.3]);
      const columns = Object.fromEntries(
        names.map(([name, kind]) => [
          name,
          [kind, Array.from({ length: rows }, () => (random.bool(nulls) ? null : random.pick(EDGES[kind])))] as const,
        ]),
      );
      const { expression, twin } = grow(random, random.pick(['bool', 'bool', 'float64', 'int64', 'utf8'] as const), random.int(1, 4));
      const given = withTargets(expression);
      try {
        verifyRows(ws, columns, given, (row) => twin(Object.fromEntries(names.map(([name], i) => [name, row[i] as Value]))));
      } catch (error) {
        assert.fail(`turn ${turn}, ${describe(given)}: ${(error as Error).message}`);
      }
    }
  });
}
