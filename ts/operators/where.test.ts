import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../columns/schema.js';
import type { Batch } from '../columns/batch.js';
import { bindExpression } from '../build/expressions.js';
import type { Expression, LiteralKind, LiteralValue } from '../plan/expression.js';
import { readBatch, writeBatch, type Value } from '../wasm/twins/columns.js';
import { createWorkspace } from '../wasm/workspace.js';
import { Merge } from './merge.js';
import type { Operator } from './operator.js';
import { Select } from './select.js';
import { Where } from './where.js';

const ws = createWorkspace({ bytes: 64 << 20 });
const column = (name: string): Expression => ({ op: 'column', name });
const literal = (kind: LiteralKind, value: LiteralValue): Expression => ({ op: 'literal', kind, value });
const call = (fn: string, ...args: Expression[]): Expression => ({ op: 'call', fn, args });

/** Pushes a batch and pulls everything, at most `room` rows at a time. */
function drive(operator: Operator, batch: Batch, room: number, input = 0): { rows: Value[][]; sizes: number[] } {
  const rows: Value[][] = [];
  const sizes: number[] = [];
  assert.equal(operator.ready(input), true);
  operator.push(input, batch);
  for (;;) {
    const answer = operator.pull({
      room: () => room,
      emit: (port, out) => {
        assert.equal(port, 0);
        assert.ok(out.rows > 0 && out.rows <= room);
        sizes.push(out.rows);
        rows.push(...readBatch(ws.memory, out));
      },
    });
    if (answer === 'done') break;
  }
  return { rows, sizes };
}

const orders = (): Batch =>
  writeBatch(ws, { city: ['utf8', ['Oslo', null, 'Bergen', 'Oslo', '']], amount: ['int64', [3n, 4n, null, -1n, 9n]] }, [
    1n,
    2n,
    3n,
    4n,
    5n,
  ]);

test('where keeps rows whose condition is true, not those for which it is null', () => {
  const batch = orders();
  const where = new Where(ws, bindExpression(call('gt', column('amount'), literal('float64', 2.5)), batch.schema));
  assert.deepEqual(drive(where, batch, 100).rows, [
    ['Oslo', 3n],
    [null, 4n],
    ['', 9n],
  ]);
  assert.deepEqual(where.metrics(), { rowsIn: 5, rowsOut: 3 });
});

test('where cuts its output to the room there is', () => {
  const batch = orders();
  const where = new Where(ws, bindExpression(call('isNotNull', column('amount')), batch.schema));
  const { rows, sizes } = drive(where, batch, 3);
  assert.deepEqual(sizes, [3, 1]);
  assert.deepEqual(
    rows.map((r) => r[1]),
    [3n, 4n, -1n, 9n],
  );
});

test('where passes a batch on uncopied when all of it is kept', () => {
  const batch = orders();
  const where = new Where(ws, bindExpression(call('isNotNull', call('isNull', column('city'))), batch.schema));
  where.push(0, batch);
  where.pull({ room: () => 5, emit: (_, out) => assert.equal(out, batch) });
});

test('where keeps event times', () => {
  const batch = orders();
  const where = new Where(ws, bindExpression(call('lt', column('amount'), literal('int64', '4')), batch.schema));
  where.push(0, batch);
  where.pull({
    room: () => 9,
    emit: (_, out) => assert.deepEqual([...ws.memory.i64.subarray(out.times / 8, out.times / 8 + out.rows)], [1n, 4n]),
  });
});

test('select computes columns and copies no column that it only passes on', () => {
  const batch = orders();
  const bound = [column('city'), call('add', column('amount'), literal('int64', '1')), literal('utf8', 'x')].map((e) =>
    bindExpression(e, batch.schema),
  );
  const schema = [field('city', 'utf8', true), field('more', 'int64', true), field('x', 'utf8')];
  const select = new Select(ws, schema, bound);
  const { rows, sizes } = drive(select, batch, 2);
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

test('merge takes any input and holds the watermark at the least', () => {
  const merge = new Merge(ws, 2);
  assert.equal(drive(merge, orders(), 2, 1).rows.length, 5);
  assert.equal(drive(merge, orders(), 9, 0).rows.length, 5);
  assert.equal(merge.outputWatermark(), -Infinity);
  merge.mark(0, { step: 0, clockMs: 0, watermark: 7 });
  assert.equal(merge.outputWatermark(), -Infinity);
  merge.mark(1, { step: 0, clockMs: 0, watermark: 5 });
  assert.equal(merge.outputWatermark(), 5);
});
