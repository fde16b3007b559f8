// Lanes in threads: the same answers as on one thread, and a typed error for everything that can go wrong in one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { startJob, type RunningJob, type StartOptions } from '../../ts/api/start-job.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { MillraceError } from '../../ts/index.js';
import { copy, differs, forever, misbehaves, ordersOf, silence, totals, wrongModule } from './fault-jobs.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-threads-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'orders.ndjson');
const orders = ordersOf(6_000);
const lines = orders.map((row) => `${JSON.stringify(row)}\n`);
writeFileSync(path, lines.join(''));

/** Small blocks, so that a small file is many steps. */
const CUTTER = { blockBytes: 4096, blocksPerLane: 3 };

function start(job: unknown, params: unknown, more: Partial<StartOptions> = {}): Promise<RunningJob> {
  const { url, name } = jobDefinition(job as Job<unknown, never>);
  return startJob({
    built: buildJob(job as Job<unknown, never>, params),
    module: { url, name, params },
    lanes: 2,
    threads: true,
    latencyMs: undefined,
    host: nodeHost,
    cutter: CUTTER,
    ...more,
  });
}

const show = (row: object): string => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));

async function totalsOf(options: Partial<StartOptions>): Promise<Record<string, string[]>> {
  const running = await start(totals, { path }, options);
  await running.done;
  const of = (part: string): string[] =>
    running
      .take(part)
      .flatMap((batch) => detachedToRows(batch))
      .map(show)
      .sort();
  return { perUser: of('perUser'), all: of('all'), late: of('late') };
}

test('threads give what one thread gives, at any number of lanes', async () => {
  const expected = await totalsOf({ lanes: 1, threads: false });
  assert.ok((expected['perUser'] as string[]).length > 1000);
  for (const lanes of [1, 2, 3]) {
    assert.deepEqual(await totalsOf({ lanes, threads: true }), expected, `${lanes} threads`);
    assert.deepEqual(await totalsOf({ lanes, threads: false }), expected, `${lanes} lanes on one thread`);
  }
});

test('a file that nothing regroups comes out in its order', async () => {
  const out = join(folder, 'out.ndjson');
  const expected = orders.filter((row) => row.amount > 1);
  for (const [lanes, threads] of [
    [2, true],
    [3, true],
    [3, false],
  ] as const) {
    const running = await start(copy, { path, out }, { lanes, threads });
    await running.done;
    const found = readFileSync(out, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { user: string; amount: number });
    assert.deepEqual(
      found.map((row) => [row.user, row.amount]),
      expected.map((row) => [row.user, row.amount]),
    );
  }
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

for (const threads of [true, false]) {
  test(`a function that throws is named, with its row (${threads ? 'threads' : 'one thread'})`, async () => {
    const error = await failureOf(misbehaves, { how: 'throws', when: 1_050_000 }, { threads });
    assert.equal(error.code, 'function.failed');
    assert.equal(error.operator, 'bad-map');
    assert.match(error.message, /no such user/);
    assert.match(JSON.stringify(error.details) + error.message, /"user"|user/, 'the row is told');
  });
}

test('a lane that ends its thread is a crash', async () => {
  const error = await failureOf(misbehaves, { how: 'exits', when: 1_050_000 });
  assert.equal(error.code, 'lane.crashed');
  assert.ok(error.retryable);
});

test('a lane that loops for ever is taken for hung', async () => {
  const error = await failureOf(misbehaves, { how: 'loops', when: 1_050_000 }, { hangMs: 300 });
  assert.equal(error.code, 'lane.hung');
  assert.match(error.message, /lane \d/);
});

for (const threads of [true, false]) {
  test(`an aggregate in AssemblyScript that traps is named (${threads ? 'threads' : 'one thread'})`, async () => {
    const error = await failureOf(wrongModule, { how: -2 }, { threads });
    assert.equal(error.code, 'function.trapped');
    assert.equal(error.domain, 'user');
    assert.match(error.message, /^counts.*: aggregate 'n': add, in \.\/goes-wrong\.as\.ts, trapped: unreachable/);
  });
}

test('an aggregate in AssemblyScript that loops for ever hangs its lane', async () => {
  const error = await failureOf(wrongModule, { how: -1 }, { hangMs: 300 });
  assert.equal(error.code, 'lane.hung');
});

test('a lane that works and waits is not hung', async () => {
  const running = await start(forever, undefined, { hangMs: 100 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await running.stop(false);
});

test('a plan that differs in a lane is refused', async () => {
  const error = await failureOf(differs, undefined);
  assert.equal(error.code, 'plan.differs');
});

test('a job whose module does not have it is refused', async () => {
  const { url } = jobDefinition(silence as unknown as Job<unknown, never>);
  const error = await failureOf(silence, undefined, { module: { url, name: 'no-such-job', params: undefined } });
  assert.match(error.message, /no-such-job/);
  assert.equal(error.domain, 'user');
  const gone = await failureOf(silence, undefined, { module: { url: `${url}.gone.js`, name: 'silence', params: undefined } });
  assert.equal(gone.code, 'plan.differs');
  assert.match(gone.message, /gone\.js/);
});

for (const threads of [true, false]) {
  const where = threads ? 'threads' : 'one thread';
  test(`stop finishes what is under way and fires nothing more (${where})`, async () => {
    const running = await start(forever, undefined, { threads });
    while ((running.metrics()['steps'] ?? 0) < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    await running.stop(false);
    await running.done;
    assert.ok((running.metrics()['steps'] as number) >= 5);
  });

  test(`stop with drain fires all that is open (${where})`, async () => {
    const running = await start(forever, undefined, { threads });
    while ((running.metrics()['steps'] ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await running.stop(true);
    const rows = running.take('perUser').flatMap((batch) => detachedToRows(batch)) as { orders: bigint }[];
    const counted = rows.reduce((total, row) => total + Number(row.orders), 0);
    const metrics = running.metrics();
    const read = Object.entries(metrics).find(([name]) => name.endsWith('.sourceRows'))?.[1];
    assert.equal(counted, read, 'every row that was read is in a window that fired');
  });

  test(`cancel ends at once, with rows and without (${where})`, async () => {
    for (const job of [forever, silence]) {
      const running = await start(job, undefined, { threads });
      const failed = running.done.then(
        () => undefined,
        (error: unknown) => error as MillraceError,
      );
      await running.cancel();
      assert.equal((await failed)?.code, 'job.cancelled');
    }
    const idle = await start(silence, undefined, { threads });
    await idle.stop(false);
    const drained = await start(silence, undefined, { threads });
    await drained.stop(true);
  });
}

test('run in a module that lanes import is refused', async () => {
  const module = join(folder, 'runs-itself.mjs');
  const index = new URL('../../ts/index.js', import.meta.url).href;
  writeFileSync(
    module,
    `import { collect, int64, job, memory, run } from ${JSON.stringify(index)};
     export const own = job(import.meta, 'own', (env) => ({ n: env.from(memory([{ n: 1n }]), { schema: { n: int64() } }).to(collect()) }));
     const handle = await run(own, { lanes: 1 });
     handle.done.then(() => console.log('done'), (error) => console.log(error.code, error.message));`,
  );
  const { code, output } = await child([module]);
  assert.equal(code, 0, output);
  assert.match(output, /plan\.invalid .*run\('own'\) was called inside a lane/);
});

test('after every failure all threads are gone: the process ends by itself', async () => {
  const jobs = new URL('./fault-jobs.js', import.meta.url).href;
  const index = new URL('../../ts/index.js', import.meta.url).href;
  const module = join(folder, 'fails.mjs');
  writeFileSync(
    module,
    `import { run } from ${JSON.stringify(index)};
     import { differs, forever, misbehaves, silence } from ${JSON.stringify(jobs)};
     const told = (handle) => handle.done.then(() => 'done', (error) => error.code);
     for (const how of ['throws', 'exits'])
       console.log(await told(await run(misbehaves, { lanes: 2, params: { how, when: 1_050_000 } })));
     console.log(await run(differs, { lanes: 2 }).then(told, (error) => error.code));
     for (const job of [forever, silence]) {
       const handle = await run(job, { lanes: 2 });
       await handle.cancel();
       console.log(await told(handle));
     }`,
  );
  const { code, output } = await child([module]);
  assert.equal(code, 0, output);
  assert.deepEqual(output.trim().split('\n'), ['function.failed', 'lane.crashed', 'plan.differs', 'job.cancelled', 'job.cancelled']);
});

/** A process that must end by itself. */
function child(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    process_.stdout.on('data', (data: Buffer) => (output += data.toString()));
    process_.stderr.on('data', (data: Buffer) => (output += data.toString()));
    const late = setTimeout(() => {
      output += '\n(it did not end by itself)';
      process_.kill('SIGKILL');
    }, 30_000);
    process_.on('close', (code) => {
      clearTimeout(late);
      resolve({ code, output });
    });
  });
}
