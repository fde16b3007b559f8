// The same job over the same file: with threads and without, at 1, 2 and 3 lanes, with blocks of a row to a MiB, with
// snapshot and restore at another number of lanes while it runs; and a DuckDB query over the same file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { startJob, type StartOptions } from '../../ts/api/start-job.js';
import type { DetachedBatch } from '../../ts/columns/detached.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { generateNexmark } from '../../ts/connectors/nexmark/generate.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { Random } from '../../ts/core/random.js';
import type { JobSnapshot } from '../../ts/runtime/job-snapshot.js';
import { DEFAULT_TUNING } from '../../ts/runtime/lane.js';
import { bidsJob } from './file-equality-job.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-equality-'));
const SMALL = join(folder, 'small.ndjson');
const LARGE = join(folder, 'large.ndjson');
let duck: DuckDBConnection;

before(async () => {
  // Shuffled in groups of events: the small file's rows are up to 4 s behind, the large one's 100 ms.
  await generateNexmark({ host: nodeHost, path: SMALL, rows: 400, rate: 100, outOfOrderGroup: 400 });
  await generateNexmark({ host: nodeHost, path: LARGE, rows: 60_000, rate: 400, outOfOrderGroup: 40 });
  duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duck.run("set TimeZone = 'UTC'");
});
after(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true });
});

const PARTS = ['perAuction', 'perChannel', 'late'] as const;
type Found = Record<(typeof PARTS)[number], string[]>;
type How = Partial<Pick<StartOptions, 'threads' | 'cutter' | 'tuning'>> & { lanes: number; snapshots?: Random };

async function runFile(path: string, boundMs: number, how: How): Promise<Found> {
  const params = { path, boundMs };
  const job = bidsJob as unknown as Job<unknown, never>;
  const { url, name } = jobDefinition(job);
  const found: Found = { perAuction: [], perChannel: [], late: [] };
  let { lanes } = how;
  let restore: JobSnapshot | undefined;
  for (let more = true; more; ) {
    const rows: { part: (typeof PARTS)[number]; step: number; text: string }[] = [];
    const tapOf = (part: (typeof PARTS)[number]) => (batch: DetachedBatch, step: number) => {
      for (const row of detachedToRows(batch)) rows.push({ part, step, text: textOf(row) });
    };
    const running = await startJob({
      built: buildJob(job, params),
      module: { url, name, params },
      lanes,
      threads: how.threads ?? false,
      latencyMs: undefined,
      host: nodeHost,
      taps: new Map(PARTS.map((part) => [part, tapOf(part)])),
      restore,
      laneBytes: 64 << 20,
      cutter: how.cutter ?? {},
      tuning: how.tuning ?? DEFAULT_TUNING,
    });
    const snapshot = how.snapshots === undefined ? undefined : await running.snapshot().catch(() => undefined);
    if (snapshot === undefined) await running.done;
    else await running.cancel();
    // What came out after the snapshot's step is made again by the run that goes on from it.
    for (const { part, step, text } of rows) if (snapshot === undefined || step <= snapshot.step) found[part].push(text);
    more = snapshot !== undefined;
    restore = structuredClone(snapshot);
    lanes = how.snapshots?.int(1, 3) ?? lanes;
  }
  for (const part of PARTS) found[part].sort();
  return found;
}

function textOf(row: object): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}

/** What the job gives when nothing is late, as DuckDB sees it. */
async function asked(path: string): Promise<Omit<Found, 'late'>> {
  const time = (name: string) => `epoch_ms(${name})::double as "${name}"`;
  await duck.run(`create or replace table per_auction as
    select auction, channel, time_bucket(interval '2 seconds', "dateTime") as "windowStart", count(*) as bids, sum(price) as total, max(price) as dearest,
      min("dateTime") as first, avg(price) as mean
    from read_json('${path}', format = 'newline_delimited', columns = {auction: 'BIGINT', price: 'BIGINT', channel: 'VARCHAR', dateTime: 'TIMESTAMP'})
    where price >= 1000 group by all`);
  const read = async (sql: string) => (await duck.runAndReadAll(sql)).getRowObjectsJson().map((row) => textOf(numbers(row)));
  const perAuction = await read(`select auction::double as auction, channel, ${time('windowStart')},
    epoch_ms("windowStart" + interval '2 seconds')::double as "windowEnd",
    bids::double as bids, total::double as total, dearest::double as dearest, ${time('first')}, mean
    from per_auction`);
  const perChannel = await read(`select channel, epoch_ms(bucket)::double as "windowStart",
    epoch_ms(bucket + interval '10 seconds')::double as "windowEnd", auctions, bids, total, dearest
    from (select channel, time_bucket(interval '10 seconds', "windowStart") as bucket, count(*)::double as auctions,
      sum(bids)::double as bids, sum(total)::double as total,
      max(dearest)::double as dearest from per_auction group by all)`);
  return { perAuction: perAuction.sort(), perChannel: perChannel.sort() };
}

function numbers(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, name === 'channel' ? value : Number(value)]));
}

test('what the job gives is what DuckDB gives over the same file', async () => {
  const expected = await asked(LARGE);
  const { late, ...found } = await runFile(LARGE, 1_000, { lanes: 2, threads: true });
  assert.deepEqual(late, []);
  assert.ok(expected.perAuction.length > 1_000 && expected.perChannel.length > 10);
  assert.deepEqual(found, expected);
});

for (const boundMs of [-1, 1_000]) {
  test(`blocks of any size, lanes, threads and restores change nothing (watermark bound ${boundMs} ms)`, async () => {
    const random = new Random(boundMs + 2);
    const expected = await runFile(SMALL, boundMs, { lanes: 1 });
    if (boundMs <= 50) assert.ok(expected.late.length > 0, 'some rows are late');
    const cuts = [
      { blockBytes: 1, blocksPerLane: 3 },
      { blockBytes: 700, blocksPerLane: 8 },
      { blockBytes: 30_000, blocksPerLane: 1 },
      { blockBytes: 1 << 20, blocksPerLane: 8 },
    ];
    for (const cutter of cuts) {
      for (const lanes of [1, 2, 3]) {
        const tuning = random.bool() ? DEFAULT_TUNING : { room: random.int(1, 50), messageBytes: random.int(1, 5_000) };
        assert.deepEqual(
          await runFile(SMALL, boundMs, { lanes, cutter, tuning }),
          expected,
          `${lanes} lanes, ${JSON.stringify({ cutter, tuning })}`,
        );
      }
    }
    const many = { lanes: 2, cutter: { blockBytes: 100, blocksPerLane: 60 }, tuning: { room: 50, messageBytes: 1 } };
    assert.deepEqual(await runFile(SMALL, boundMs, many), expected, 'many small blocks and messages');
    const restored = await runFile(SMALL, boundMs, { lanes: 2, cutter: { blockBytes: 20_000, blocksPerLane: 1 }, snapshots: random });
    assert.deepEqual(restored, expected, 'restored');
    const threaded = await runFile(SMALL, boundMs, { lanes: 3, threads: true, cutter: { blockBytes: 9_000, blocksPerLane: 2 } });
    assert.deepEqual(threaded, expected, 'threads');
  });
}
