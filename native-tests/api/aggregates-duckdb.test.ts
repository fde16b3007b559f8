// Every aggregate over a million rows against DuckDB, on worker threads at two lanes and on the calling thread at one.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DuckDBInstance, type DuckDBConnection, type DuckDBListValue } from '@duckdb/node-api';
import { run } from '../../ts/index.js';
import { aggregatesJob, COMPARED, ROWS_SQL, WINDOW_MS } from './aggregates-duckdb-job.js';

const ROWS = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), 'millrace-aggregates-'));
const path = join(folder, 'rows.ndjson');
let duck: DuckDBConnection;
let expected: ReadonlyMap<string, Readonly<Record<string, unknown>>>;

before(async () => {
  duck = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  await duck.run(`create table input as ${ROWS_SQL(ROWS)}`);
  await duck.run(`copy (select * from input order by t // 512, hash(t)) to '${path}' (format json)`);
  const columns = Object.entries(COMPARED).map(([name, { sql }]) => `${sql} as "${name}"`);
  const start = `(t // ${WINDOW_MS}) * ${WINDOW_MS}`;
  const reader = await duck.runAndReadAll(`select k, ${start} as "windowStart", ${columns.join(', ')} from input group by all`);
  expected = new Map(reader.getRowObjects().map((row) => [`${row['k']} ${row['windowStart']}`, row]));
});
after(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true });
});

function same(found: unknown, wanted: unknown, tolerance: number): boolean {
  if (Array.isArray(found)) {
    const { items } = wanted as DuckDBListValue;
    return found.length === items.length && found.every((item, i) => same(item, items[i], tolerance));
  }
  if (typeof found === 'bigint' && typeof wanted === 'bigint' && tolerance > 0) return same(Number(found), Number(wanted), tolerance);
  if (typeof found === 'number' && typeof wanted === 'number')
    return found === wanted || Math.abs(found - wanted) <= tolerance * Math.abs(wanted);
  return found === wanted || (typeof found === 'bigint' && typeof wanted === 'number' && Number(found) === wanted);
}

for (const threads of [true, false]) {
  test(`every aggregate agrees with DuckDB on ${ROWS} rows ${threads ? 'on two threads' : 'on one lane'}`, async () => {
    const handle = await run(aggregatesJob, { lanes: threads ? 2 : 1, threads, params: { path } });
    await handle.done;
    const rows = handle.take('results') as unknown as Record<string, unknown>[];
    assert.equal(rows.length, expected.size);
    for (const row of rows) {
      const id = `${row['k']} ${row['windowStart']}`;
      const wanted = expected.get(id);
      assert.ok(wanted !== undefined, id);
      for (const [name, { tolerance }] of Object.entries(COMPARED))
        assert.ok(same(row[name], wanted[name], tolerance), `${name} of ${id}: ${String(row[name])}, DuckDB says ${String(wanted[name])}`);
    }
  });
}
