import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { count } from '../api/aggregates.js';
import { file, memory } from '../api/connectors.js';
import { job } from '../api/job.js';
import { run } from '../api/run.js';
import { seconds } from '../api/time.js';
import { int32, timestamp, utf8 } from '../api/types.js';
import { outOfOrder } from '../api/watermarks.js';
import { tumbling } from '../api/windows.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-encoders-'));
after(() => rmSync(folder, { recursive: true }));

const SCHEMA = { name: utf8(), n: int32().nullable(), at: timestamp() };
const ROWS = [
  { name: 'a;b', n: 1, at: 1_000 },
  { name: '', n: null, at: -1 },
  { name: 'say "x"', n: 3, at: 2_000 },
];

const copied = job(import.meta, 'copied', (env, params: { path: string }) => ({
  copy: env.from(memory(ROWS), { schema: SCHEMA }).to(file(params.path)),
}));

const updates = job(import.meta, 'updates', (env, params: { path: string }) => ({
  counts: env
    .from(memory(ROWS), { schema: SCHEMA, eventTime: { column: 'at', watermark: outOfOrder(seconds(60)) } })
    .window(tumbling(seconds(10)), { emit: 'updates' })
    .aggregate(() => ({ rows: count() }))
    .to(file(params.path)),
}));

async function written(which: typeof copied | typeof updates, name: string): Promise<string> {
  const path = join(folder, name);
  const handle = await run(which as typeof copied, { threads: false, lanes: 1, params: { path } });
  await handle.done;
  return readFileSync(path, 'utf8');
}

test('files are written in the form of their names', async () => {
  assert.equal(
    await written(copied, 'copy.ndjson'),
    '{"name":"a;b","n":1,"at":"1970-01-01T00:00:01.000Z"}\n{"name":"","n":null,"at":"1969-12-31T23:59:59.999Z"}\n' +
      '{"name":"say \\"x\\"","n":3,"at":"1970-01-01T00:00:02.000Z"}\n',
  );
  const csv = 'name,n,at\na;b,1,1970-01-01T00:00:01.000Z\n"",,1969-12-31T23:59:59.999Z\n"say ""x""",3,1970-01-01T00:00:02.000Z\n';
  assert.equal(await written(copied, 'copy.csv'), csv);
  assert.equal(await written(copied, 'copy.tsv'), csv.replaceAll(',', '\t'));
});

test('each row of a stream of changes says its operation', async () => {
  const lines = (await written(updates, 'updates.ndjson')).trimEnd().split('\n');
  assert.ok(lines.length >= 2);
  for (const line of lines) assert.match(line, /^\{"op":"(\+I|-U|\+U|-D)","windowStart":"/);
  const [header, ...rows] = (await written(updates, 'updates.csv')).trimEnd().split('\n');
  assert.equal(header, 'op,windowStart,windowEnd,rows');
  for (const row of rows) assert.match(row, /^(\+I|-U|\+U|-D),19\S+Z,19\S+Z,\d$/);
});
