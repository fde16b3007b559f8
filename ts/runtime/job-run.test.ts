import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink, SinkChunk } from '../connectors/connector.js';
import type { MillraceError } from '../core/errors.js';
import { nodeHost } from '../core/node-host.js';
import { JobRun, type StepDraft } from './job-run.js';
import type { LaneSet } from './lane-set.js';
import { makeShared } from './make-lanes.js';
import type { FromLane, StepAck, ToLane } from './messages.js';
import type { Program } from './program.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const DRAFT: StepDraft = { clockMs: 0, blocks: [], idle: [], ended: [], raised: [], kind: 'tick', snapshot: false };
const CHUNK: SinkChunk = { kind: 'bytes', bytes: new Uint8Array([1]), rows: 1 };

/** Lanes that do what the test says. */
class SaidLanes implements LaneSet {
  readonly shared = makeShared(0, 1, 2);
  readonly sent: (readonly [number, ToLane])[] = [];
  woken = 0;
  say: (message: FromLane) => void = () => undefined;

  send(lane: number, message: ToLane): void {
    this.sent.push([lane, message]);
  }

  wake(): void {
    this.woken++;
  }

  start(receive: (message: FromLane) => void): Promise<void> {
    this.say = receive;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  ack(lane: number, step: number, more: Partial<StepAck> = {}): void {
    const ack = {
      step,
      blocks: [],
      clocks: [],
      nextClockWakeup: undefined,
      stateBytes: 10,
      peakBytes: 20,
      metrics: { 'op.rows': 1 },
      state: undefined,
    };
    this.say({ type: 'ack', lane, ack: { ...ack, ...more } });
  }

  chunk(lane: number, step: number): void {
    this.say({ type: 'chunk', lane, step, sink: 0, bytes: 1, chunk: CHUNK });
  }
}

interface Rig {
  readonly run: JobRun;
  readonly lanes: SaidLanes;
  readonly written: number[];
  readonly errors: MillraceError[];
}

async function rig(write: () => void | Promise<void> = () => undefined, attempt = 3): Promise<Rig> {
  const lanes = new SaidLanes();
  const written: number[] = [];
  const errors: MillraceError[] = [];
  const sink: Sink = {
    takes: 'ndjson',
    write: (step) => {
      written.push(step);
      return write();
    },
    close: () => undefined,
  };
  const program: Program = {
    stages: [],
    exchanges: [],
    sources: [],
    sinks: [{ id: 'out', schema: [], takes: 'ndjson', ordered: false, createEncoder: () => undefined }],
  };
  const run = new JobRun({ program, lanes, laneCount: 2, sinks: [sink], firstStep: 7, attempt, host: nodeHost, reportEveryMs: 0 });
  await run.start((error) => errors.push(error));
  return { run, lanes, written, errors };
}

test('a step is over when all lanes have ended it and the sinks have all of it', async () => {
  let finish: (() => void) | undefined;
  const { run, lanes } = await rig(() => new Promise((resolve) => (finish = resolve)));
  const done = run.submit(DRAFT).then((result) => result.header);
  let over = false;
  void done.then(() => (over = true));
  lanes.chunk(1, 7);
  lanes.ack(1, 7, { nextClockWakeup: 50 });
  await turn();
  lanes.ack(0, 7, { nextClockWakeup: 40 });
  await turn();
  assert.deepEqual([over, run.stepsInFlight], [false, 1], 'the sink is still writing');
  finish?.();
  const header = await done;
  assert.deepEqual([header.step, header.attempt, run.nextStep, run.stepsInFlight], [7, 3, 8, 0]);
  assert.deepEqual(
    lanes.sent.map(([lane, message]) => [lane, message.type === 'step' && message.header.step]),
    [
      [0, 7],
      [1, 7],
    ],
  );
  assert.equal(lanes.woken, 1, 'the lane is told that its chunk was taken');
  assert.deepEqual(run.metrics(), { 'op.rows': 2, stateBytes: 20, peakBytes: 40, steps: 1 });
});

test('the earliest wake-up of all lanes counts', async () => {
  const { run, lanes } = await rig();
  const done = run.submit(DRAFT);
  lanes.ack(0, 7, { nextClockWakeup: 50 });
  lanes.ack(1, 7, { nextClockWakeup: 40 });
  assert.equal((await done).nextClockWakeup, 40);
});

test('an error of a lane fails every step under way and all that follow, and is told once', async () => {
  const { run, lanes, written, errors } = await rig();
  const steps = [run.submit(DRAFT), run.submit(DRAFT)].map((step) => assert.rejects(step, { code: 'function.failed', operator: 'map' }));
  const error = { code: 'function.failed', message: 'no', operator: 'map', details: {}, stack: undefined, cause: undefined } as const;
  lanes.say({ type: 'error', lane: 1, error });
  lanes.say({ type: 'error', lane: 0, error: { ...error, code: 'internal.bug' } });
  await Promise.all(steps);
  await assert.rejects(run.submit(DRAFT), { code: 'function.failed' });
  lanes.chunk(0, 7);
  await turn();
  assert.deepEqual([errors.map((e) => e.code), written], [['function.failed'], []]);
});

test('a sink that fails fails the job', async () => {
  const { run, lanes, errors } = await rig(() => Promise.reject(new Error('disk full')));
  const step = assert.rejects(run.submit(DRAFT), { code: 'sink.failed', operator: 'out' });
  lanes.chunk(0, 7);
  await step;
  assert.equal(errors.length, 1);
});

test('once closed, nothing of this attempt is heard: steps under way are cancelled, late messages lost', async () => {
  const { run, lanes, written, errors } = await rig();
  const step = assert.rejects(run.submit(DRAFT), { code: 'job.cancelled' });
  await run.close();
  await step;
  lanes.chunk(0, 7);
  lanes.ack(0, 7);
  lanes.ack(1, 7);
  lanes.say({
    type: 'error',
    lane: 0,
    error: { code: 'lane.crashed', message: '', operator: undefined, details: {}, stack: undefined, cause: undefined },
  });
  await turn();
  assert.deepEqual([written, errors, run.metrics()['op.rows']], [[], [], undefined]);
});

test('state that lanes did not hand over is a bug that fails the job, not the process', async () => {
  const { run, lanes, errors } = await rig();
  const step = assert.rejects(run.submit({ ...DRAFT, snapshot: true }), { code: 'internal.bug' });
  lanes.ack(0, 7);
  lanes.ack(1, 7);
  await step;
  assert.equal(errors.length, 1);
});
