import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, orders } from '../../native-tests/support/one-push.js';
import { bareInserts, STEPS } from '../../native-tests/support/hostile-steps.js';
import { call, column, literal } from '../../native-tests/support/expressions.js';
import { bindExpression } from '../build/expressions.js';
import { field } from '../columns/schema.js';
import { parseTable } from '../columns/text-table.js';
import { must } from '../core/assert.js';
import { typeOf } from '../plan/functions.js';
import { verifyOperator } from '../testing/hostile.js';
import { createWorkspace } from '../wasm/workspace.js';
import { Select } from './select.js';

const ws = createWorkspace({ bytes: 64 << 20 });

test('select computes columns and copies no column that it only passes on', () => {
  const batch = orders(ws);
  const bound = [column('city'), call('add', [column('amount'), literal('int64', '1')]), literal('utf8', 'x')].map((e) =>
    bindExpression(e, batch.schema),
  );
  const schema = [field('city', 'utf8', true), field('more', 'int64', true), field('x', 'utf8')];
  const select = new Select(ws, schema, bound);
  const { rows, sizes } = drive(ws, select, batch, 2);
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.deepEqual(rows, [
    ['Oslo', 4n, 'x'],
    [null, 5n, 'x'],
    ['Bergen', null, 'x'],
    ['Oslo', 0n, 'x'],
    ['', 10n, 'x'],
  ]);
  select.push(0, batch);
  select.pull({ room: () => 9, emit: (_, out) => assert.equal(out.columns[0], batch.columns[0]) });
});

test('select gives the same rows however it is driven', () => {
  const schema = parseTable(must(STEPS[0]?.inputs[0], 'a table') as string).schema;
  const columns = [
    column('raw'),
    column('ok'),
    call('concat', [column('user'), literal('utf8', '/'), call('upper', [column('user')])]),
    call('split', [column('user')], { separator: ' ', index: 1 }),
    call('add', [call('fillNull', [column('n'), literal('int64', '7')]), column('x')]),
    call('startOf', [column('at')], { unit: 'month', timeZone: 'Europe/Oslo' }),
    call('and', [column('ok'), call('contains', [column('user')], { text: 'n' })]),
    literal('utf8', 'constant'),
  ];
  const out = columns.map((of, i) => {
    const { kind, nullable } = typeOf(of, schema);
    return field(`c${i}`, kind, nullable);
  });
  verifyOperator({
    make: (w) =>
      new Select(
        w,
        out,
        columns.map((of) => bindExpression(of, schema)),
      ),
    steps: STEPS,
    normalise: bareInserts,
  });
});
