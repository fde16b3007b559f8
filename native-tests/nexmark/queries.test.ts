// Nexmark's queries over windows, groups and rankings: the engine, at one lane and at three, in threads and not, against DuckDB over the
// same file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { startJob } from '../../ts/api/start-job.js';
import type { DetachedBatch } from '../../ts/columns/detached.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { generateNexmark } from '../../ts/connectors/nexmark/generate.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { ManualJob } from '../../ts/testing/manual-job.js';
import { nexmarkJob } from './jobs.js';
import type { QUERIES } from './queries.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'));
const BIDS = join(folder, 'bids.ndjson');
const ROWS = 30_000;
const BASE = Date.UTC(2026, 0, 1, 23, 59, 0);
let duck: DuckDBConnection;

before(async () => {
  // Ten minutes around midnight; rows are up to 40 events (400 ms) out of order, less than the four seconds that windows wait.
  await generateNexmark({ host: nodeHost, path: BIDS, rows: ROWS, rate: 100, outOfOrderGroup: 40, baseTime: BASE });
  duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duck.run("set TimeZone = 'UTC'");
  const columns =
    "{auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT', channel: 'VARCHAR', url: 'VARCHAR', dateTime: 'TIMESTAMP', extra: 'VARCHAR'}";
  await duck.run(
    `create table bids as select *, epoch_ms(dateTime) ms, row_number() over () place
     from read_json('${BIDS}', format = 'newline_delimited', columns = ${columns})`,
  );
});
after(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true });
});

type Row = Record<string, unknown>;

/** A query's rows at the end, what was taken back left out. */
async function run(query: string, lanes: number, threads: boolean): Promise<string[]> {
  const params = { bids: BIDS, query };
  const job = nexmarkJob as unknown as Job<unknown, never>;
  const { url, name } = jobDefinition(job);
  const rows: Row[] = [];
  const running = await startJob({
    built: buildJob(job, params),
    module: { url, name, params },
    lanes,
    threads,
    latencyMs: undefined,
    host: nodeHost,
    cutter: { blockBytes: 100_000, blocksPerLane: 3 },
    taps: new Map([['result', (batch: DetachedBatch) => void rows.push(...(detachedToRows(batch) as Row[]))]]),
  });
  await running.done;
  return net(rows);
}

function net(rows: readonly Row[]): string[] {
  const held = new Map<string, number>();
  for (const { op, ...row } of rows) {
    const text = textOf(row);
    const by = op === '-U' || op === '-D' ? -1 : 1;
    const n = (held.get(text) ?? 0) + by;
    assert.ok(n >= 0, `${String(op)} of a row that was not told: ${text}`);
    held.set(text, n);
  }
  return [...held].flatMap(([text, n]) => Array.from({ length: n }, () => text)).sort();
}

const textOf = (row: Row): string =>
  Object.keys(row)
    .sort()
    .map((name) => `${name}=${String(row[name])}`)
    .join(' ');

async function sql(query: string): Promise<string[]> {
  const found = await duck.runAndReadAll(query);
  return (found.getRowObjects() as Row[]).map(textOf).sort();
}

const RANKS = `count(*) bids, count(*) filter (price < 10000) bids1, count(*) filter (price >= 10000 and price < 1000000) bids2,
  count(*) filter (price >= 1000000) bids3`;
const DISTINCT = ['bidder', 'auction']
  .map(
    (of) => `count(distinct ${of}) ${of}s, count(distinct ${of}) filter (price < 10000) ${of}s1,
  count(distinct ${of}) filter (price >= 10000 and price < 1000000) ${of}s2, count(distinct ${of}) filter (price >= 1000000) ${of}s3`,
  )
  .join(', ');
const COLUMNS = 'auction, bidder, price, channel, url, ms "dateTime", extra';
const DAY = `epoch_ms(date_trunc('day', dateTime)) "day"`;

/** By query: its rows in SQL, every column as the engine writes it. */
const EXPECTED: Readonly<Record<Exclude<keyof typeof QUERIES, 'q12'>, string>> = {
  q5: `with starts as (select auction, unnest(generate_series((ms // 2000 - 4) * 2000, ms // 2000 * 2000, 2000)) s from bids),
       counts as (select s, auction, count(*) num from starts group by all),
       hot as (select *, max(num) over (partition by s) most from counts)
     select auction, num from hot where num = most`,
  q7: `with tops as (select ms // 10000 * 10000 s, max(price) top from bids group by all)
     select auction, price, bidder, ms "dateTime", extra
     from bids join tops on price = top and ms between s and s + 10000`,
  q11: `with gaps as (select bidder, ms, ms - lag(ms) over (partition by bidder order by ms) gap from bids),
       numbered as (select *, sum(case when gap > 10000 then 1 else 0 end) over (partition by bidder order by ms) n from gaps)
     select bidder, min(ms) "windowStart", max(ms) + 10000 "windowEnd", count(*) bids from numbered group by bidder, n`,
  q15: `select ${DAY}, ${RANKS}, ${DISTINCT} from bids group by "day"`,
  q16: `select channel, ${DAY}, max(epoch_ms(date_trunc('minute', dateTime))) "minute", ${RANKS}, ${DISTINCT} from bids group by channel, "day"`,
  q17: `select auction, ${DAY}, ${RANKS}, min(price) least, max(price) most, sum(price)::double / count(*) mean, sum(price)::bigint total
     from bids group by auction, "day"`,
  q18: `select ${COLUMNS} from bids qualify row_number() over (partition by bidder, auction order by ms desc, place desc) = 1`,
  q19: `select ${COLUMNS}, row_number() over (partition by auction order by price desc, ms, place) "rank" from bids qualify "rank" <= 10`,
};

for (const [name, query] of Object.entries(EXPECTED)) {
  test(`Nexmark ${name} equals SQL`, async () => {
    const expected = await sql(query);
    assert.ok(expected.length > 0);
    for (const [lanes, threads] of [
      [1, false],
      [3, false],
      [2, true],
    ] as const) {
      const found = await run(name, lanes, threads);
      assert.deepEqual(found, expected, `${lanes} lanes, threads: ${threads}`);
    }
  });
}

test('Nexmark q12 counts by the clock, which a test moves', async () => {
  for (const lanes of [1, 3]) {
    const manual = await ManualJob.start(buildJob(nexmarkJob as unknown as Job<unknown, never>, { bids: BIDS, query: 'q12' }), {
      host: nodeHost,
      lanes,
      taps: ['result'],
    });
    const bid = (bidder: number, at: number): Row => ({
      auction: 1n,
      bidder: BigInt(bidder),
      price: 1n,
      channel: '',
      url: '',
      dateTime: at,
      extra: '',
    });
    const told = (): string[] =>
      manual
        .take('result')
        .map((row) => `${String(row['bidder'])} [${String(row['windowStart'])}, ${String(row['windowEnd'])}) ${String(row['bids'])}`)
        .sort();
    // Event times are any: only the clock counts.
    manual.clockMs = 3_000;
    await manual.step([{ source: 'bids', rows: [bid(1, 9e12), bid(2, 5), bid(1, 0)] }]);
    manual.clockMs = 9_999;
    await manual.step([{ source: 'bids', rows: [bid(1, 1)] }]);
    assert.deepEqual(told(), []);
    await manual.checkpointAndRestore(lanes + 1);
    manual.clockMs = 10_000;
    await manual.step([{ source: 'bids', rows: [bid(2, 0)] }]);
    assert.deepEqual(told(), ['1 [0, 10000) 3', '2 [0, 10000) 1'], 'the window ends when the clock is at its end');
    manual.clockMs = 25_000;
    await manual.step([]);
    assert.deepEqual(told(), ['2 [10000, 20000) 1'], 'without a row');
    await manual.step([{ source: 'bids', rows: [bid(3, 0)] }]);
    await manual.drain();
    assert.deepEqual(told(), ['3 [20000, 30000) 1'], 'at the end of input');
    await manual.close();
  }
});
