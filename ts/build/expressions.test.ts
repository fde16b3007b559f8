import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../operators/expression.js';
import { COLUMN_FUNCTIONS } from '../operators/functions.js';
import { FUNCTIONS } from '../plan/functions.js';
import type { Expression, LiteralValue } from '../plan/expression.js';
import { readColumn, writeBatch } from '../wasm/twins/columns.js';
import { createWorkspace } from '../wasm/workspace.js';
import { bindExpression, boundWhere } from './expressions.js';
import { exactComparison } from './exact-comparison.js';

test('every function that a plan may name has an implementation, and none is left over', () => {
  // `between` becomes two comparisons when it is bound.
  assert.deepEqual(
    Object.keys(COLUMN_FUNCTIONS).sort(),
    Object.keys(FUNCTIONS)
      .filter((name) => name !== 'between')
      .sort(),
  );
});

test('a comparison of whole numbers with a number becomes one with a whole number', () => {
  const n: Expression = { op: 'column', name: 'n' };
  const rewritten = (fn: string, value: LiteralValue): unknown => {
    const literal: Expression = { op: 'literal', kind: 'float64', value };
    const types = [
      { kind: 'int32', nullable: false, text: 'n' },
      { kind: 'float64', nullable: false, literal: value, text: '' },
    ] as const;
    const exact = exactComparison({ op: 'call', fn, args: [n, literal] }, types);
    if (exact?.op !== 'call') return exact;
    const [, b] = exact.args;
    return `${exact.fn} ${b?.op === 'literal' ? b.value : 'itself'}`;
  };
  assert.equal(rewritten('gt', 2.5), 'gt 2');
  assert.equal(rewritten('ge', 2.5), 'gt 2');
  assert.equal(rewritten('lt', -2.5), 'le -3');
  assert.equal(rewritten('eq', 3), 'eq 3');
  assert.equal(rewritten('eq', 3.5), 'ne itself');
  assert.equal(rewritten('ne', 3.5), 'eq itself');
  assert.equal(rewritten('lt', 1e30), 'eq itself');
  assert.equal(rewritten('gt', 'Infinity'), 'ne itself');
  assert.equal(rewritten('ge', -3e9), 'eq itself');
  assert.equal(rewritten('le', 'NaN'), 'ne itself');
});

test('a value bound to a condition fails only where the condition is true', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const n: Expression = { op: 'column', name: 'n' };
  const mod: Expression = { op: 'call', fn: 'mod', args: [{ op: 'literal', kind: 'int64', value: '10' }, n] };
  const notZero: Expression = { op: 'call', fn: 'ne', args: [n, { op: 'literal', kind: 'int64', value: '0' }] };
  const batch = writeBatch(ws, { n: ['int64', [3n, 0n, null, 4n]] });
  const value = bindExpression(mod, batch.schema);
  assert.throws(() => evaluate(ws, value, batch), { code: 'value.invalid' });
  const [first, , third, last] = readColumn(ws.memory, evaluate(ws, boundWhere(value, bindExpression(notZero, batch.schema)), batch), 4);
  assert.deepEqual([first, third, last], [1n, null, 2n]);
  const zero: Expression = { op: 'call', fn: 'eq', args: notZero.args };
  assert.throws(() => evaluate(ws, boundWhere(value, bindExpression(zero, batch.schema)), batch), { code: 'value.invalid' });
  const plain = bindExpression(n, batch.schema);
  assert.equal(boundWhere(plain, value), plain);
});
