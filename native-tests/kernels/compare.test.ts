import { test } from 'node:test';
import type { ScalarKind as Kind } from '../../ts/columns/schema.js';
import type { LiteralKind, LiteralValue } from '../../ts/plan/expression.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, literal, strictTwin, verify, workspaces } from '../support/expressions.js';

type Order = -1 | 0 | 1 | undefined;

/** Numbers of any types exactly (JavaScript compares bigint and number so); text and binary by their bytes. */
function order(a: Value, b: Value): Order {
  if (typeof a === 'string' && typeof b === 'string') return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))) as Order;
  const [x, y] = [a, b] as [number | bigint, number | bigint];
  return x < y ? -1 : x > y ? 1 : Number.isNaN(x) || Number.isNaN(y) ? undefined : 0;
}

const HOLDS: Readonly<Record<string, (order: Order) => boolean>> = {
  eq: (o) => o === 0,
  ne: (o) => o !== 0,
  lt: (o) => o === -1,
  le: (o) => o === -1 || o === 0,
  gt: (o) => o === 1,
  ge: (o) => o === 1 || o === 0,
};

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['bool', 'bool'],
  ['int32', 'int32'],
  ['int64', 'int64'],
  ['float64', 'float64'],
  ['utf8', 'utf8'],
  ['binary', 'binary'],
  ['timestamp', 'timestamp'],
  ['int32', 'int64'],
  ['int32', 'float64'],
  ['int64', 'float64'],
  ['float64', 'int64'],
];

/** Literals as the API writes them, with their values. */
const LITERALS: readonly (readonly [Kind, LiteralKind, LiteralValue, Value])[] = [
  ...[0, -0.5, 2.5, 3, 7.000001, -7, 2 ** 31, -(2 ** 31), 1e30, -1e30, 2 ** 53].flatMap((v) =>
    (['int32', 'int64', 'float64', 'timestamp'] as const).map((kind) => [kind, 'float64', v, v] as const),
  ),
  ...(['NaN', 'Infinity', '-Infinity'] as const).flatMap((v) =>
    (['int32', 'int64', 'float64'] as const).map((kind) => [kind, 'float64', v, Number(v)] as const),
  ),
  ...[0n, 3n, 2n ** 31n, 2n ** 53n + 1n, -(2n ** 63n)].flatMap((v) =>
    (['int32', 'int64', 'float64'] as const).map((kind) => [kind, 'int64', String(v), v] as const),
  ),
  ['utf8', 'utf8', 'Oslo', 'Oslo'],
  ['utf8', 'utf8', '', ''],
  ['utf8', 'utf8', 'æøå', 'æøå'],
  ['bool', 'bool', true, true],
  ['bool', 'bool', false, false],
  ['timestamp', 'timestamp', '1700000000000', 1_700_000_000_000n],
  ['binary', 'binary', Buffer.from('ab').toString('base64'), 'ab'],
];

for (const [build, ws] of workspaces()) {
  test(`${build}: two columns compare as their values do`, () => {
    for (const [left, right] of PAIRS) {
      for (const [fn, holds] of Object.entries(HOLDS)) {
        const twin = strictTwin((a: Value, b: Value) => holds(order(a, b)));
        verify({ ws, kinds: [left, right], expression: call(fn, [column('a'), column('b')]), twin });
      }
    }
  });

  test(`${build}: a column and a literal compare exactly, on either side`, () => {
    for (const [kind, literalKind, written, value] of LITERALS) {
      for (const [fn, holds] of Object.entries(HOLDS)) {
        const constant = literal(literalKind, written);
        verify({
          ws,
          kinds: [kind],
          expression: call(fn, [column('a'), constant]),
          twin: strictTwin((a: Value) => holds(order(a, value))),
        });
        verify({
          ws,
          kinds: [kind],
          expression: call(fn, [constant, column('a')]),
          twin: strictTwin((a: Value) => holds(order(value, a))),
        });
      }
    }
  });

  test(`${build}: two literals compare once for all rows`, () => {
    verify({ ws, kinds: ['bool'], expression: call('lt', [literal('int64', '3'), literal('float64', 3.5)]), twin: () => true });
    verify({ ws, kinds: ['bool'], expression: call('eq', [literal('float64', 3.5), literal('int64', '3')]), twin: () => false });
  });

  test(`${build}: in a list, and between`, () => {
    const lists: readonly (readonly [Kind, readonly (readonly [LiteralKind, LiteralValue, Value])[]])[] = [
      [
        'int32',
        [
          ['float64', 3, 3],
          ['float64', 2.5, 2.5],
          ['int64', '-7', -7n],
          ['float64', 1e20, 1e20],
        ],
      ],
      [
        'int64',
        [
          ['int64', '9007199254740993', 2n ** 53n + 1n],
          ['float64', 3, 3],
        ],
      ],
      [
        'float64',
        [
          ['float64', 0, 0],
          ['float64', 2.5, 2.5],
          ['int64', '9007199254740993', 2n ** 53n + 1n],
          ['float64', 'NaN', Number.NaN],
        ],
      ],
      [
        'utf8',
        [
          ['utf8', 'Oslo', 'Oslo'],
          ['utf8', '', ''],
          ['utf8', '☃', '☃'],
        ],
      ],
      ['bool', [['bool', true, true]]],
      [
        'bool',
        [
          ['bool', true, true],
          ['bool', false, false],
        ],
      ],
      ['bool', [['bool', false, false]]],
      ['timestamp', [['timestamp', '-1', -1n]]],
      ['utf8', []],
    ];
    for (const [kind, list] of lists) {
      const expression = call('in', [column('a'), ...list.map(([k, v]) => literal(k, v))]);
      verify({ ws, kinds: [kind], expression, twin: strictTwin((a: Value) => list.some(([, , v]) => order(a, v) === 0)) });
    }
    const between = call('between', [column('a'), literal('float64', -1.5), literal('int64', '3')]);
    for (const kind of ['int32', 'int64', 'float64'] as const) {
      verify({ ws, kinds: [kind], expression: between, twin: strictTwin((a: number | bigint) => a >= -1.5 && a <= 3n) });
    }
  });
}
