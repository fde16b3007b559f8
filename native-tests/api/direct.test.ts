// The API from end to end, without a job: what is written is what runs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  avg,
  count,
  file,
  float64,
  from,
  int64,
  max,
  memory,
  MillraceError,
  min,
  outOfOrder,
  punctuated,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-direct-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'orders.ndjson');
const ROWS = [
  { user: 'a', amount: 1, at: 1000 },
  { user: 'b', amount: 2.5, at: 2000 },
  { user: 'a', amount: 3, at: 3000 },
  { user: 'a', amount: null, at: 65_000 },
  { user: 'b', amount: -1, at: 130_000 },
  { user: 'z', amount: 1, at: 500 },
];
writeFileSync(path, ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));

const schema = { user: utf8(), amount: float64().nullable(), at: timestamp() };
const orders = from(file(path), { schema, eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) } });

test('rows are read as they are written', async () => {
  assert.deepEqual(await orders.toArray(), ROWS);
  let rows = 0;
  for await (const batch of orders.batches()) rows += batch.numRows;
  assert.equal(rows, ROWS.length);
});

test('columns and records mix', async () => {
  const { a, rest } = orders.branch({ a: (r) => r.user === 'a', rest: () => true });
  const all = a
    .where((c) => c.amount.gt(0))
    .merge(rest.filter((r) => (r.amount ?? 0) < 0))
    .select((c) => ({ who: c.user.upper(), twice: c.amount.mul(2).fillNull(0) }))
    .flatMap({ text: utf8(), n: int64() }, (r) => [{ text: `${r.who}${r.twice}`, n: 1 }]);
  assert.deepEqual(await all.toArray(), [
    { text: 'A2', n: 1n },
    { text: 'A6', n: 1n },
    { text: 'B-2', n: 1n },
  ]);
});

test('windows give their results in order, and late rows aside', async () => {
  const totals = orders
    .keyBy('user')
    .window(tumbling(seconds(60)))
    .aggregate((c) => ({
      n: count(),
      sum: sum(c.amount),
      mean: avg(c.amount),
      first: min(c.at),
      big: max(c.amount).where(c.amount.gt(2)),
    }));
  assert.deepEqual(await totals.toArray(), [
    { user: 'a', windowStart: 0, windowEnd: 60_000, n: 2n, sum: 4, mean: 2, first: 1000, big: 3 },
    { user: 'b', windowStart: 0, windowEnd: 60_000, n: 1n, sum: 2.5, mean: 2.5, first: 2000, big: 2.5 },
    { user: 'a', windowStart: 60_000, windowEnd: 120_000, n: 1n, sum: null, mean: null, first: 65_000, big: null },
    { user: 'b', windowStart: 120_000, windowEnd: 180_000, n: 1n, sum: -1, mean: -1, first: 130_000, big: null },
  ]);
  assert.deepEqual(await totals.late.toArray(), [{ user: 'z', amount: 1, at: 500 }]);
  const again = totals.window(tumbling(seconds(120))).aggregate((c) => ({ n: sum(c.n) }));
  assert.deepEqual(
    (await again.toArray()).map((row) => [row.windowEnd, row.n]),
    [
      [120_000, 4n],
      [240_000, 1n],
    ],
  );
});

test('with allowed lateness results are changes', async () => {
  const changes = await orders
    .window(tumbling(seconds(60)), { allowedLateness: seconds(100) })
    .aggregate(() => ({ n: count() }))
    .toArray();
  assert.deepEqual(
    changes.filter((row) => row.windowStart === 0).at(-1),
    { op: '+I', windowStart: 0, windowEnd: 60_000, n: 4n },
    'the late row counts, and all came in one step',
  );
});

test('a source may say its own watermark', async () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ at: i * 1000, mark: i === 4 ? 3999 : null }));
  const marked = from(memory([...rows, { at: 100, mark: null }, { at: 4500, mark: null }]), {
    schema: { at: timestamp(), mark: timestamp().nullable() },
    eventTime: { column: 'at', watermark: (c) => punctuated(c.mark) },
  });
  const windows = marked.window(tumbling(seconds(5))).aggregate(() => ({ n: count() }));
  assert.deepEqual(
    (await windows.toArray()).map((row) => row.n),
    [7n, 5n],
    'until the mark passes 4,999 ms nothing is late',
  );
  const late = marked.window(tumbling(seconds(4))).aggregate(() => ({ n: count() })).late;
  assert.deepEqual(await late.toArray(), [{ at: 100, mark: null }], '[0, 4 s) has fired at the mark');
});

test('malformed records stop the job, or go aside', async () => {
  const strict = () => from(file(path), { schema: { ...schema, amount: float64() } });
  await assert.rejects(strict().toArray(), (error) => error instanceof MillraceError && error.code === 'record.malformed');
  const bad = await strict().malformed.toArray();
  assert.deepEqual(
    bad.map((row) => [row.source, JSON.parse(Buffer.from(row.raw).toString()), row.reason]),
    [[path, ROWS[3], 'amount: null, but the column is not nullable']],
  );
  const reasons = strict()
    .malformed.where((c) => c.reason.contains('amount'))
    .select(({ reason }) => ({ reason }));
  assert.equal((await reasons.toArray()).length, 1);
});

test('a function or an iterable that throws is the cause that is told', async () => {
  const mapped = orders.map({ n: int64() }, () => {
    throw new RangeError('out of range');
  });
  await assert.rejects(
    mapped.toArray(),
    (error) => error instanceof MillraceError && error.code === 'function.failed' && /out of range/.test(error.message),
  );
  const rows = memory(
    (function* () {
      yield { n: 1 };
      throw new Error('no more');
    })(),
  );
  await assert.rejects(
    from(rows, { schema: { n: int64() } }).toArray(),
    (error) => error instanceof MillraceError && error.code === 'source.failed' && /no more/.test(error.message),
  );
});
