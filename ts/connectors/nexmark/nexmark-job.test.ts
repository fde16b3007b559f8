import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { count, sum } from '../../api/aggregates.js';
import { collect, file } from '../../api/connectors.js';
import { job } from '../../api/job.js';
import { nexmark } from '../../api/nexmark.js';
import { run } from '../../api/run.js';
import { seconds } from '../../api/time.js';
import { tumbling } from '../../api/windows.js';
import { nodeHost } from '../../core/node-host.js';
import { generateNexmark } from './generate.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-job-'));
after(() => rmSync(folder, { recursive: true }));

const EVENTS = 150_000;
const OPTIONS = { rate: 5_000, seed: 3, outOfOrderGroup: 11 };

/** From the generator itself, or from a file that it wrote before. */
const perChannel = job(import.meta, 'per-channel', (env, params: { path?: string }) => {
  const source = params.path === undefined ? nexmark({ ...OPTIONS, events: EVENTS }) : file<'source'>(params.path);
  const bids = env.from(source, nexmark.bids).where((c) => c.price.gt(5_000n));
  const totals = bids
    .keyBy('channel')
    .window(tumbling(seconds(7)))
    .aggregate((c) => ({ bids: count(), cents: sum(c.price), bidders: sum(c.bidder) }));
  return { totals: totals.to(collect()) };
});

async function totals(path: string | undefined, lanes: number): Promise<string[]> {
  const handle = await run(perChannel, { lanes, threads: false, params: path === undefined ? {} : { path } });
  await handle.done;
  const rows = handle.take('totals');
  return rows.map((r) => `${r.windowStart} ${r.channel} ${r.bids} ${r.cents} ${r.bidders}`).sort();
}

test('a job gives the same from the generator, at any number of lanes, as from the file that it writes', async () => {
  const path = join(folder, 'bids.ndjson');
  await generateNexmark({ host: nodeHost, path, events: EVENTS, ...OPTIONS });
  const fromFile = await totals(path, 1);
  assert.ok(fromFile.length > 10_000);
  assert.deepEqual(await totals(undefined, 1), fromFile);
  assert.deepEqual(await totals(undefined, 3), fromFile);
});
