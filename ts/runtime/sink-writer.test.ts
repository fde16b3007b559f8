import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink, SinkChunk } from '../connectors/connector.js';
import { Random } from '../core/random.js';
import { lanesInOrder } from './messages.js';
import { SinkWriter } from './sink-writer.js';

const text = (chunk: SinkChunk): string => (chunk.kind === 'bytes' ? new TextDecoder().decode(chunk.bytes) : '');
const chunkOf = (name: string): SinkChunk => ({ kind: 'bytes', bytes: new TextEncoder().encode(name), rows: 1 });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Rig {
  readonly writer: SinkWriter;
  readonly written: string[];
  readonly taken: number[];
  readonly errors: Error[];
}

function rig(lanes: number, ordered: boolean, write: (name: string, step: number) => void | Promise<void> = () => undefined): Rig {
  const written: string[] = [];
  const taken: number[] = Array.from({ length: lanes }, () => 0);
  const errors: Error[] = [];
  const sink: Sink = {
    takes: 'ndjson',
    write: (step, chunk) => {
      written.push(`${step}:${text(chunk)}`);
      return write(text(chunk), step);
    },
    close: () => undefined,
  };
  const took = (lane: number) => void taken[lane]!++;
  return { writer: new SinkWriter('out', sink, ordered, lanes, 0, took, (error) => errors.push(error)), written, taken, errors };
}

interface Event {
  readonly lane: number;
  readonly step: number;
  readonly name?: string;
}

/** What lanes send, each in its own order, shuffled between lanes. */
function shuffled(random: Random, lanes: number, steps: number): { events: Event[]; inOrder: string[] } {
  const queues: Event[][] = Array.from({ length: lanes }, () => []);
  const inOrder: string[] = [];
  for (let step = 0; step < steps; step++) {
    for (const lane of lanesInOrder(step, lanes)) {
      for (let n = random.int(0, 3); n > 0; n--) {
        queues[lane]?.push({ lane, step, name: `${lane}.${n}` });
        inOrder.push(`${step}:${lane}.${n}`);
      }
      queues[lane]?.push({ lane, step });
    }
  }
  const events: Event[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const next = random.pick(queues.filter((queue) => queue.length > 0)).shift();
    if (next !== undefined) events.push(next);
  }
  return { events, inOrder };
}

async function play(rigged: Rig, random: Random, events: readonly Event[]): Promise<void> {
  for (const { lane, step, name } of events) {
    if (name === undefined) rigged.writer.end(lane, step);
    else rigged.writer.add(lane, step, chunkOf(name));
    if (random.bool(0.2)) await turn();
  }
}

for (const slow of [false, true]) {
  test(`an ordered ${slow ? 'slow ' : ''}sink gets steps in order, and lanes in the order of their runs`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const lanes = random.int(1, 4);
      const { events, inOrder } = shuffled(random, lanes, 6);
      let busy = 0;
      const r = rig(lanes, true, async () => {
        assert.equal(++busy, 1, 'one write at a time');
        if (slow) await turn();
        busy--;
      });
      const last = r.writer.written(5);
      await play(r, random, events);
      await last;
      assert.deepEqual(r.written, inOrder, `seed ${seed}`);
      assert.equal(
        r.taken.reduce((a, b) => a + b, 0),
        inOrder.length,
      );
      assert.deepEqual(r.errors, []);
    }
  });
}

test('an unordered sink gets steps in order, and whatever lane has something', async () => {
  const r = rig(2, false);
  r.writer.add(1, 0, chunkOf('b'));
  await turn();
  assert.deepEqual(r.written, ['0:b'], 'it does not wait for lane 0');
  r.writer.add(1, 1, chunkOf('d'));
  r.writer.end(1, 0);
  await turn();
  assert.deepEqual(r.written, ['0:b'], 'but for the end of the step');
  r.writer.add(0, 0, chunkOf('a'));
  r.writer.end(0, 0);
  await r.writer.written(0);
  await turn();
  assert.deepEqual(r.written, ['0:b', '0:a', '1:d']);
  assert.deepEqual(r.taken, [1, 2]);
});

test('a step is written when its last write is through, not when it has begun', async () => {
  let finish: (() => void) | undefined;
  const r = rig(1, true, () => new Promise((resolve) => (finish = resolve)));
  r.writer.add(0, 0, chunkOf('a'));
  r.writer.end(0, 0);
  let written = false;
  const done = r.writer.written(0).then(() => (written = true));
  await turn();
  assert.deepEqual([r.written.length, written, r.taken[0]], [1, false, 0]);
  finish?.();
  await done;
  assert.equal(r.taken[0], 1);
  await r.writer.written(0); // asked for again, later
});

test('a sink that fails is told of once, by name, and gets nothing more', async () => {
  const r = rig(1, true, (name) => {
    if (name === 'bad') throw new Error('disk full');
  });
  for (const name of ['good', 'bad', 'after']) r.writer.add(0, 0, chunkOf(name));
  r.writer.end(0, 0);
  await turn();
  r.writer.add(0, 1, chunkOf('later'));
  await turn();
  assert.deepEqual(r.written, ['0:good', '0:bad']);
  assert.equal(r.errors.length, 1);
  const error = r.errors[0] as Error & { code?: string; operator?: string };
  assert.deepEqual([error.code, error.operator], ['sink.failed', 'out']);
  assert.match(error.message, /disk full/);
});

test('a writer that was stopped writes no more', async () => {
  let finish: (() => void) | undefined;
  const r = rig(1, true, () => new Promise((resolve) => (finish = resolve)));
  r.writer.add(0, 0, chunkOf('a'));
  r.writer.add(0, 0, chunkOf('b'));
  r.writer.stop();
  finish?.();
  await turn();
  assert.deepEqual(r.written, ['0:a']);
});
