import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, orders } from '../../native-tests/support/one-push.js';
import { call, column, literal } from '../../native-tests/support/expressions.js';
import { bindExpression } from '../build/expressions.js';
import { field } from '../columns/schema.js';
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
