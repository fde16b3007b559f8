// How long a step takes that has nothing to do, through both sides of a keyed exchange on two lanes, and how long a row takes
// from its source through a lane to its sink. Each is sent when the one before it is done: what an idle job costs, not a busy one.
// The peer is the least that any such step must cost: a message to a worker thread for each lane, and one back.
// usage: latency.bench.js [--small] [--json FILE]
import { Worker } from 'node:worker_threads';
import { run } from 'millrace';
import { buildJob, jobDefinition, type Job } from '../../ts/api/job.js';
import { buildProgram } from '../../ts/build/program.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { JobRun } from '../../ts/runtime/job-run.js';
import { DEFAULT_TUNING } from '../../ts/runtime/lane.js';
import { ThreadLanes } from '../../ts/runtime/thread-lanes.js';
import { small, Suite } from '../harness.js';
import { countBids, echo, pings } from './jobs.js';

const STEPS = small ? 20 : 1000;
const LANES = 2;
const LANE_ENTRY = new URL('../../ts/api/lane-entry.js', import.meta.url);

/** A job on two lanes whose steps are said here: empty ones. */
async function emptySteps(): Promise<{ steps: () => Promise<void>; close: () => Promise<void> }> {
  const params = { bids: 'no-file.ndjson' };
  const built = buildJob(countBids as unknown as Job<unknown, never>, params);
  const { program } = buildProgram({ ...built, lanes: LANES, host: nodeHost, taps: [], manual: false });
  const { url, name } = jobDefinition(countBids);
  const splits = program.sources.map(() => [{ id: 'none', options: {} }]);
  const { keyGroups } = built.plan;
  const lanes = new ThreadLanes(
    { program, host: nodeHost, laneCount: LANES, keyGroups, splits, firstStep: 0, tuning: DEFAULT_TUNING, restore: undefined },
    { entry: LANE_ENTRY, job: { url, name, params, planHash: built.hash, taps: [], modules: new Map() }, hangMs: 60_000 },
  );
  const sinks = program.sinks.map(() => ({ takes: 'columns' as const, write: () => undefined, close: () => undefined }));
  const job = new JobRun({ program, lanes, laneCount: LANES, sinks, firstStep: 0, attempt: 0, host: nodeHost, reportEveryMs: 100 });
  let failure: Error | undefined;
  await job.start((error) => (failure = error));
  const steps = async () => {
    for (let i = 0; i < STEPS; i++) {
      await job.submit({ clockMs: 0, blocks: [], idle: [], ended: [], raised: [], kind: 'tick', snapshot: false });
      if (failure !== undefined) throw failure;
    }
  };
  return { steps, close: () => job.close() };
}

/** Two workers that answer each message. */
function postMessages(): { steps: () => Promise<void>; close: () => Promise<void> } {
  const code = "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));";
  const workers = Array.from({ length: LANES }, () => new Worker(code, { eval: true }));
  const steps = async () => {
    for (let i = 0; i < STEPS; i++) {
      const answers = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
      for (const worker of workers) worker.postMessage(i);
      await Promise.all(answers);
    }
  };
  return { steps, close: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))) };
}

const suite = new Suite('pipelines/latency');
const [empty, messages] = [await emptySteps(), postMessages()];
await suite.case('an empty step through 2 lanes', { rows: STEPS, repeat: 'once', unit: 'step' }, [
  { name: 'millrace', run: empty.steps },
  { name: 'postMessage to 2 workers and back', run: messages.steps },
]);
await empty.close();
await messages.close();

const handle = await run(echo, { lanes: LANES });
const ping = async () => {
  for (let i = 0; i < STEPS; i++) await pings.ping();
};
await suite.case('a row from source to sink, 2 lanes', { rows: STEPS, repeat: 'once', unit: 'step' }, [{ name: 'millrace', run: ping }]);
pings.end();
await handle.done;
suite.end();
