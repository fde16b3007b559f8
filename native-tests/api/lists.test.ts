// Lists through the public API: rows in, lanes, state, restores, sinks.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bool, file, float64, from, fromArrow, int32, list, memory, outOfOrder, run, seconds, utf8 } from '../../ts/index.js';
import { testDriver } from '../../ts/testing/index.js';
import { listRows as rows, listSchema as schema, tagged, written } from './lists-job.js';

const dir = mkdtempSync(join(tmpdir(), 'lists-'));
after(() => rmSync(dir, { recursive: true }));

const eventTime = { column: 'at', watermark: outOfOrder(seconds(1)) } as const;

test('lists come in as arrays, go through row functions and expressions, at any number of lanes', async () => {
  for (const lanes of [1, 2, 3]) {
    const t = await testDriver(tagged, { lanes });
    await t.send('users', rows);
    await t.checkpointAndRestore({ lanes: (lanes % 3) + 1 });
    await t.send('users', [{ user: 'dan', at: 3000, tags: ['x'], ns: [7] }]);
    await t.end();
    assert.deepEqual(t.take('users').at(-1), { user: 'dan', at: 3000, tags: ['x'], ns: [7n] });
    const x = t.take('words').filter((r) => r.word === 'x');
    assert.deepEqual(x.map((r) => r.all.length).sort(), [1, 2]);
    const results = t.take('counted');
    assert.deepEqual(results.find((r) => r.word === 'x')?.longest, ['x', '']);
    const counted = results.map((r) => [r.word, r.n] as const);
    assert.deepEqual(Object.fromEntries(counted), { x: 2n, '': 1n, 'a "quoted" one, and': 1n, žluť: 1n });
    await t.close();
  }
});

test('lists cross between lanes that are threads', async () => {
  for (const threads of [true, false]) {
    const handle = await run(tagged, { lanes: 2, threads });
    await handle.done;
    assert.deepEqual(
      handle
        .take('taken')
        .map((r) => r.word)
        .sort(),
      ['', 'a "quoted" one, and', 'x', 'žluť'],
    );
  }
});

test('files: JSON arrays, JSON in a cell of CSV, and Arrow lists, which are read back', async () => {
  const at = (name: string): string => join(dir, name);
  for (const name of ['out.ndjson', 'out.csv', 'out.arrow'])
    await (await run(written, { lanes: 2, threads: false, params: { out: at(name) } })).done;
  assert.deepEqual(
    readFileSync(at('out.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { tags: unknown; ns: unknown }),
    rows.map((r) => ({ ...r, at: new Date(r.at).toISOString(), ns: r.ns?.map(Number) ?? null })),
  );
  assert.deepEqual(readFileSync(at('out.csv'), 'utf8').split('\n').slice(1, 3), [
    'ann,1970-01-01T00:00:01.000Z,"[""x"",""""]","[1,-2]"',
    'bob,1970-01-01T00:00:02.000Z,[],',
  ]);
  assert.deepEqual(await from(file(at('out.arrow')), { schema }).toArray(), rows);
  const batches = [];
  for await (const batch of from(memory(rows), { schema }).batches()) batches.push(batch);
  assert.deepEqual(await from(fromArrow(batches), { schema }).toArray(), rows);
});

test('what lists are not for is refused, and says why', async () => {
  assert.throws(() => list(list(int32()) as never), /list: its items are list<int32>; a list of lists is no type of column/);
  assert.throws(() => list(utf8().nullable() as never), /a list holds no nulls; make the list nullable/);
  assert.throws(() => list(utf8().from('a.b')), /say that of the list: list\(…\)\.from\('a\.b'\)/);
  const users = from(memory(rows), { schema, eventTime });
  assert.throws(() => users.keyBy('tags'), {
    code: 'plan.wrong-type',
    message: /keyBy\('tags'\): the column is a list<utf8>; lists cannot be keys/,
  });
  assert.throws(
    () => users.where((c) => (c.tags as never as { eq(v: unknown): never }).eq(c.tags)),
    /tags is a list<utf8>, and lists are not compared/,
  );
  assert.throws(
    () => users.select((c) => ({ x: (c.tags as never as { cast(t: unknown): never }).cast(utf8()) })),
    /a list<utf8> cannot become anything else/,
  );
  writeFileSync(join(dir, 'in.ndjson'), '{"tags":["a"]}\n');
  writeFileSync(join(dir, 'in.csv'), 'tags\n[]\n');
  for (const name of ['in.ndjson', 'in.csv']) {
    await assert.rejects(from(file(join(dir, name)), { schema: { tags: list(utf8()) } }).toArray(), {
      code: 'plan.wrong-type',
      message: /column 'tags' is a list<utf8>, which is not read from JSON or CSV; lists come from Arrow data and from rows in memory/,
    });
  }
  const made = from(memory([{ n: 1 }]), { schema: { n: int32() } }).map({ flags: list(bool()), half: list(float64()) }, (r) => ({
    flags: [r.n > 0],
    half: [r.n / 2, null as never],
  }));
  await assert.rejects(made.toArray(), /column half, item 1: expected a number; found null; a list holds no nulls/);
});
