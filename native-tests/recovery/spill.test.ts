// Windows whose groups do not fit into the memory they are given: what goes to disk comes back, at any number of lanes, in threads, and after a
// restore; nothing is left behind.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { startJob } from '../../ts/api/start-job.js';
import type { DetachedBatch } from '../../ts/columns/detached.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { nodeHost } from '../../ts/core/node-host.js';
import type { JobSnapshot } from '../../ts/runtime/job-snapshot.js';
import { spilling } from './spill-job.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
const ROWS = join(folder, 'rows.ndjson');
const DIR = join(folder, 'spill');
const KEYS = 6_000;
const MIB = 2 ** 20;

before(() => {
  const lines: string[] = [];
  for (let i = 0; i < 40_000; i++) lines.push(`{"k":"a key of some length ${(i * 7919) % KEYS}","n":${i % 1000},"at":${i * 10}}`);
  writeFileSync(ROWS, `${lines.join('\n')}\n`);
});
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly rows: string[];
  readonly spilledBytes: number;
  readonly peakBytes: number;
}

async function outcome(
  window: string,
  how: { lanes: number; threads: boolean; memoryBytes?: number; snapshots?: boolean },
): Promise<Outcome> {
  const params = { path: ROWS, window };
  const job = spilling as unknown as Job<unknown, never>;
  const { url, name } = jobDefinition(job);
  let rows: { step: number; text: string }[] = [];
  let [spilledBytes, peakBytes] = [0, 0];
  let restore: JobSnapshot | undefined;
  for (let left = how.snapshots ? 2 : 0; ; left--) {
    const tap = (batch: DetachedBatch, step: number) => {
      for (const row of detachedToRows(batch)) rows.push({ step, text: Object.values(row).join(' ') });
    };
    const running = await startJob({
      built: buildJob(job, params),
      module: { url, name, params },
      lanes: how.lanes,
      threads: how.threads,
      latencyMs: undefined,
      host: nodeHost,
      cutter: { blockBytes: 250_000, blocksPerLane: 2 },
      spill: how.memoryBytes === undefined ? undefined : { dir: DIR, memoryBytes: how.memoryBytes },
      taps: new Map([['totals', tap]]),
      restore,
    });
    const wanted = left > 0 ? running.snapshot().catch(() => undefined) : undefined;
    const snapshot = await wanted;
    if (snapshot === undefined) await running.done;
    else await running.cancel();
    const metrics = running.metrics();
    spilledBytes += metrics['spilledBytes'] ?? 0;
    peakBytes = Math.max(peakBytes, metrics['peakBytes'] ?? 0);
    if (snapshot === undefined) break;
    restore = snapshot;
    const { step } = snapshot;
    rows = rows.filter((row) => row.step <= step);
  }
  return { rows: rows.map(({ text }) => text).sort(), spilledBytes, peakBytes };
}

for (const window of ['tumbling', 'hopping', 'running']) {
  test(`${window} windows give the same from disk`, async () => {
    const plain = await outcome(window, { lanes: 1, threads: false });
    assert.ok(plain.rows.length > KEYS && plain.spilledBytes === 0);
    for (const how of [
      { lanes: 1, threads: false, snapshots: true },
      { lanes: 2, threads: true },
    ]) {
      const spilled = await outcome(window, { ...how, memoryBytes: 1.5 * MIB });
      assert.ok(spilled.spilledBytes > MIB / 4, `only ${spilled.spilledBytes} bytes went to disk`);
      assert.deepEqual(spilled.rows, plain.rows, JSON.stringify(how));
      assert.deepEqual(readdirSync(DIR), [], 'files are left behind');
    }
  });
}

test('a window that fires from disk does not come back whole', async () => {
  const plain = await outcome('tumbling', { lanes: 1, threads: false });
  const spilled = await outcome('tumbling', { lanes: 1, threads: false, memoryBytes: 1.5 * MIB });
  assert.ok(spilled.peakBytes < plain.peakBytes, `${spilled.peakBytes / MIB} MiB at the peak, without disk ${plain.peakBytes / MIB}`);
});
