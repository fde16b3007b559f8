import { test } from 'node:test';
import { KINDS } from '../../ts/columns/schema.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, EDGES, literal, strictTwin, verify, workspaces } from '../support/expressions.js';

const and = (a: Value, b: Value): Value => (a === false || b === false ? false : a === null || b === null ? null : true);
const or = (a: Value, b: Value): Value => (a === true || b === true ? true : a === null || b === null ? null : false);

for (const [build, ws] of workspaces()) {
  test(`${build}: and, or and not are SQL's three-valued logic`, () => {
    const [a, b, c] = [column('a'), column('b'), column('c')];
    for (const seed of [1, 2, 3]) {
      verify({ ws, seed, kinds: ['bool', 'bool'], expression: call('and', [a, b]), twin: ([x, y]) => and(x as Value, y as Value) });
      verify({ ws, seed, kinds: ['bool', 'bool'], expression: call('or', [a, b]), twin: ([x, y]) => or(x as Value, y as Value) });
      verify({
        ws,
        seed,
        kinds: ['bool', 'bool', 'bool'],
        expression: call('or', [call('and', [a, call('not', [b])]), c]),
        twin: ([x, y, z]) => or(and(x as Value, y === null ? null : y !== true), z as Value),
      });
    }
    verify({ ws, kinds: ['bool'], expression: call('and', [a, literal('null', null)]), twin: ([x]) => and(x as Value, null) });
    verify({ ws, kinds: ['bool'], expression: call('or', [literal('bool', true), a]), twin: () => true });
    verify({ ws, kinds: ['bool'], expression: call('not', [a]), twin: strictTwin((x: boolean) => !x) });
  });

  test(`${build}: a condition guards what stands to its right`, () => {
    const divides = call('eq', [call('mod', [column('a'), column('b')]), literal('int64', '0')]);
    const guarded = call('and', [call('ne', [column('b'), literal('int64', '0')]), divides]);
    const either = call('or', [call('eq', [column('b'), literal('int64', '0')]), divides]);
    const pools = [
      [0n, 5n, 6n, -6n],
      [0n, 1n, 3n],
    ];
    const mod = (a: Value, b: Value): Value => (a === null || b === null ? null : (a as bigint) % (b as bigint) === 0n);
    const notZero = (b: Value): Value => (b === null ? null : b !== 0n);
    // Random values of int64 columns may be zero too, which is what the guard is for.
    verify({
      ws,
      kinds: ['int64', 'int64'],
      pools,
      expression: guarded,
      twin: ([a, b]) => and(notZero(b as Value), b === 0n ? true : mod(a as Value, b as Value)),
    });
    verify({
      ws,
      kinds: ['int64', 'int64'],
      pools,
      expression: either,
      twin: ([a, b]) => or(b === null ? null : b === 0n, b === 0n ? true : mod(a as Value, b as Value)),
    });
  });

  test(`${build}: nulls are found and filled`, () => {
    const fillers = { bool: true, int32: 5, int64: '5', float64: 2.5, utf8: 'næ', binary: 'YWI=', timestamp: '7' } as const;
    const filled = { bool: true, int32: 5, int64: 5n, float64: 2.5, utf8: 'næ', binary: 'ab', timestamp: 7n } as const;
    for (const kind of KINDS) {
      verify({ ws, kinds: [kind], expression: call('isNull', [column('a')]), twin: ([a]) => a === null });
      verify({ ws, kinds: [kind], expression: call('isNotNull', [column('a')]), twin: ([a]) => a !== null });
      const expression = call('fillNull', [column('a'), literal(kind, fillers[kind])]);
      verify({ ws, kinds: [kind], expression, twin: ([a]) => (a === null ? filled[kind] : (a as Value)) });
      const other = call('fillNull', [column('a'), column('b')]);
      verify({ ws, kinds: [kind, kind], expression: other, twin: ([a, b]) => (a === null ? (b as Value) : (a as Value)) });
    }
    const whole = call('fillNull', [column('a'), literal('float64', 4)]);
    verify({ ws, kinds: ['int64'], expression: whole, twin: ([a]) => (a === null ? 4n : (a as Value)), pools: [EDGES.int64] });
  });
}
