import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, orders } from '../../native-tests/support/one-push.js';
import { bareInserts, STEPS } from '../../native-tests/support/hostile-steps.js';
import { call, column, literal } from '../../native-tests/support/expressions.js';
import { bindExpression } from '../build/expressions.js';
import { parseTable } from '../columns/text-table.js';
import { must } from '../core/assert.js';
import { verifyOperator } from '../testing/hostile.js';
import { createWorkspace } from '../wasm/workspace.js';
import { Where } from './where.js';

const ws = createWorkspace({ bytes: 64 << 20 });

test('where keeps rows whose condition is true, not those for which it is null', () => {
  const batch = orders(ws);
  const where = new Where(ws, bindExpression(call('gt', [column('amount'), literal('float64', 2.5)]), batch.schema));
  assert.deepEqual(drive(ws, where, batch, 100).rows, [
    ['Oslo', 3n],
    [null, 4n],
    ['', 9n],
  ]);
  assert.deepEqual(where.metrics(), { rowsIn: 5, rowsOut: 3 });
});

test('where cuts its output to the room there is', () => {
  const batch = orders(ws);
  const where = new Where(ws, bindExpression(call('isNotNull', [column('amount')]), batch.schema));
  const { rows, sizes } = drive(ws, where, batch, 3);
  assert.deepEqual(sizes, [3, 1]);
  assert.deepEqual(
    rows.map((r) => r[1]),
    [3n, 4n, -1n, 9n],
  );
});

test('where passes a batch on uncopied when all of it is kept', () => {
  const batch = orders(ws);
  const where = new Where(ws, bindExpression(call('isNotNull', [call('isNull', [column('city')])]), batch.schema));
  where.push(0, batch);
  where.pull({ room: () => 5, emit: (_, out) => assert.equal(out, batch) });
});

test('where keeps event times', () => {
  const batch = orders(ws);
  const where = new Where(ws, bindExpression(call('lt', [column('amount'), literal('int64', '4')]), batch.schema));
  where.push(0, batch);
  where.pull({
    room: () => 9,
    emit: (_, out) => assert.deepEqual([...ws.memory.i64.subarray(out.times / 8, out.times / 8 + out.rows)], [1n, 4n]),
  });
});

test('where gives the same rows however it is driven', () => {
  const schema = parseTable(must(STEPS[0]?.inputs[0], 'a table') as string).schema;
  const conditions = [
    call('and', [call('gt', [column('n'), literal('float64', 0.5)]), call('ne', [column('user'), literal('utf8', 'ann')])]),
    call('or', [column('ok'), call('isNull', [column('user')])]),
    call('ge', [column('x'), literal('int64', '0')]),
    call('lt', [column('x'), literal('int64', '0')]),
  ];
  for (const condition of conditions)
    verifyOperator({ make: (w) => new Where(w, bindExpression(condition, schema)), steps: STEPS, normalise: bareInserts });
});
