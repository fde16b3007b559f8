// Nothing grows for ever and nothing waits for ever: streams that swell between exchanges, slow sinks, sinks and sources that fail.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { startJob, type RunningJob, type StartOptions } from '../../ts/api/start-job.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { int64, job, memory, MillraceError, run } from '../../ts/index.js';
import { crosses, drips, fails, ordersOf, swells } from './fault-jobs.js';

function start(job: unknown, params: unknown, more: Partial<StartOptions> = {}): Promise<RunningJob> {
  const { url, name } = jobDefinition(job as Job<unknown, never>);
  return startJob({
    built: buildJob(job as Job<unknown, never>, params),
    module: { url, name, params },
    lanes: 1,
    threads: false,
    latencyMs: undefined,
    host: nodeHost,
    ...more,
  });
}

const MIB = 1 << 20;

for (const [lanes, threads] of [
  [1, false],
  [3, false],
  [2, true],
] as const) {
  test(`rows that become 10,000 each between two exchanges keep to their room (${lanes} lanes, threads: ${threads})`, async () => {
    const times = 10_000;
    const groups = new Set(ordersOf(200).map((row) => `${row.user} ${Math.floor(row.at / 1000)}`)).size;
    const running = await start(swells, { rows: 200, times }, { lanes, threads });
    await running.done;
    const rows = running.take('perN').flatMap((batch) => detachedToRows(batch)) as { rows: bigint }[];
    const sum = rows.reduce((total, row) => total + Number(row.rows), 0);
    assert.equal(rows.length, 1000);
    const metrics = running.metrics();
    const late = Object.entries(metrics).find(([name]) => name.endsWith('.lateRows'))?.[1] ?? 0;
    assert.equal(sum, groups * times, `late ${late}`);
    assert.ok(
      (metrics['peakBytes'] as number) / lanes < 48 * MIB,
      `a lane held ${(metrics['peakBytes'] as number) / lanes / MIB} MiB at its peak`,
    );
  });
}

test('a slow sink slows its source', async () => {
  let batches = 0;
  const slow = { take: async () => void (await sleep(20), batches++) };
  const running = await start(drips, slow, { lanes: 2 });
  const read = () => Object.entries(running.metrics()).find(([name]) => name.endsWith('.sourceRows'))?.[1] ?? 0;
  await sleep(1000);
  const [rowsBefore, batchesBefore] = [read(), batches];
  await sleep(1000);
  assert.ok(batches > batchesBefore, 'the job goes on');
  const each = (read() - rowsBefore) / (batches - batchesBefore);
  assert.ok(rowsBefore <= (batchesBefore + 200) * 4096, `${rowsBefore} rows were read while ${batchesBefore} batches were taken`);
  assert.ok(each <= 3 * 4096, `${each} rows are read for each batch taken`);
  await running.cancel();
});

async function failureOf(job: unknown, params: unknown, more: Partial<StartOptions> = {}): Promise<MillraceError> {
  try {
    const running = await start(job, params, more);
    await running.done;
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error));
    return error;
  }
  throw new Error('the job did not fail');
}

for (const threads of [false, true]) {
  test(`connectors that fail end the job, typed (threads: ${threads})`, async () => {
    const sink = await failureOf(fails, { where: 'write' }, { threads });
    assert.deepEqual([sink.code, sink.retryable], ['sink.failed', true]);
    assert.match(sink.message, /the disk is full/);
    const open = await failureOf(fails, { where: 'open' }, { threads });
    assert.deepEqual([open.code, /no such disk/.test(open.message)], ['sink.failed', true]);
    const close = await failureOf(fails, { where: 'close' }, { threads });
    assert.deepEqual([close.code, /will not close/.test(close.message)], ['sink.failed', true]);
    const source = await failureOf(fails, { where: 'next' }, { threads });
    assert.deepEqual([source.code, /the line is cut/.test(source.message)], ['source.failed', true]);
    const plan = await failureOf(fails, { where: 'plan' }, { threads });
    assert.deepEqual([plan.code, /cannot look/.test(plan.message)], ['source.failed', true]);
    const read = await failureOf(fails, { where: 'read' }, { threads });
    assert.deepEqual([read.code, /cannot read/.test(read.message)], ['source.failed', true]);
  });
}

test("a function given to callback() that throws is the user's fault", async () => {
  const error = await failureOf(drips, { take: () => Promise.reject(new Error('not today')) });
  assert.deepEqual([error.code, /not today/.test(error.message)], ['function.failed', true]);
});

test('an exchange that is full before a lane has read its blocks keeps nobody waiting in a circle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-crosses-'));
  try {
    const path = join(folder, 'orders.ndjson');
    const orders = ordersOf(3000);
    writeFileSync(path, orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
    for (const lanes of [2, 3]) {
      // Many small blocks a step, and links that are full after a few rows.
      const tight = { cutter: { blockBytes: 2_000, blocksPerLane: 16 }, tuning: { room: 50, messageBytes: 100 } };
      const running = await start(crosses, { path }, { lanes, ...tight });
      await running.done;
      const rows = running.take('latest').reduce((sum, batch) => sum + batch.rows, 0);
      assert.equal(rows, new Set(orders.map(({ user, at }) => `${user} ${at}`)).size);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a job that writes nothing is refused when it is to run, as it would never end', async () => {
  const idle = job(import.meta, 'idle', (env) => ({ rows: env.from(memory([{ n: 1n }]), { schema: { n: int64() } }) }));
  for (const threads of [false, true]) {
    await assert.rejects(run(idle, { lanes: 1, threads }), { code: 'plan.invalid', message: /job 'idle' writes nothing/ });
  }
});
