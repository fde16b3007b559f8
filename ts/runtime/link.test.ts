import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Random } from '../core/random.js';
import { Doorbells, Link, linkBytes, MAX_CHUNKS, type LinkMessage } from './link.js';

const SLOTS = 8;

function makeLink(): Link {
  return new Link(new SharedArrayBuffer(linkBytes(1, 1)), 0, 0, 0, 1);
}

function message(step: number, chunks: readonly number[] = [step]): LinkMessage {
  return { step, end: step % 3 === 0, watermark: step === 0 ? -Infinity : step * 1.5, chunks };
}

test('messages come out as they went in, many times round the ring', () => {
  const link = makeLink();
  const random = new Random(1);
  let written = 0;
  let read = 0;
  while (read < 200) {
    for (let n = random.int(0, SLOTS); n > 0 && link.canWrite(); n--) link.write(message(written++));
    for (let n = random.int(0, SLOTS); n > 0 && read < written; n--) {
      assert.deepEqual(link.peek(), message(read));
      assert.deepEqual(link.peek(), message(read), 'a look takes nothing');
      link.take();
      read++;
    }
    assert.equal(link.head, written);
    assert.equal(link.tail, read);
  }
});

test('a ring that is full takes a message when one was taken', () => {
  const link = makeLink();
  for (let i = 0; i < SLOTS; i++) {
    assert.ok(link.canWrite());
    link.write(message(i));
  }
  assert.ok(!link.canWrite());
  link.peek();
  assert.ok(!link.canWrite(), 'a message that is being copied still holds its slot');
  link.take();
  assert.ok(link.canWrite());
  for (let i = 1; i < SLOTS; i++) {
    assert.equal(link.peek()?.step, i);
    link.take();
  }
  assert.equal(link.peek(), undefined);
});

test('a message holds as many chunks as may be, and addresses beyond 2 GiB', () => {
  const link = makeLink();
  const chunks = Array.from({ length: MAX_CHUNKS }, (_, i) => 2 ** 32 - 64 * (i + 1));
  const given: LinkMessage = { step: 2 ** 31 - 1, end: true, watermark: Infinity, chunks };
  link.write(message(0));
  link.write(given);
  link.write(message(2));
  link.take();
  assert.deepEqual(link.peek(), given);
  link.take();
  assert.deepEqual(link.peek(), message(2), 'the slot after it is whole');
});

test('links between lanes do not overlap', () => {
  const [exchanges, lanes] = [2, 3];
  const buffer = new SharedArrayBuffer(linkBytes(exchanges, lanes));
  const all: Link[] = [];
  for (let e = 0; e < exchanges; e++)
    for (let from = 0; from < lanes; from++) for (let to = 0; to < lanes; to++) all.push(new Link(buffer, e, from, to, lanes));
  const chunks = Array.from({ length: MAX_CHUNKS }, (_, i) => i);
  for (const [i, link] of all.entries())
    for (let s = 0; s < SLOTS; s++) link.write({ step: i * SLOTS + s, end: true, watermark: i, chunks });
  for (const [i, link] of all.entries())
    for (let s = 0; s < SLOTS; s++) {
      assert.deepEqual(link.peek(), { step: i * SLOTS + s, end: true, watermark: i, chunks });
      link.take();
    }
});

test('a thread reads what another writes, in order and whole', async () => {
  const MESSAGES = 20_000;
  const links = new SharedArrayBuffer(linkBytes(1, 2));
  const bells = new SharedArrayBuffer(Doorbells.bytes(2));
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.url).then(({ Link, Doorbells }) => {
      const link = new Link(workerData.links, 0, 0, 1, 2);
      const bells = new Doorbells(workerData.bells);
      for (let i = 0; i < ${MESSAGES}; ) {
        const seen = bells.seen(0);
        if (!link.canWrite()) { bells.wait(0, seen, 1000); continue; }
        link.write({ step: i, end: i % 2 === 0, watermark: i / 3, chunks: Array.from({ length: i % 7 }, (_, c) => i * 7 + c) });
        bells.ring(1);
        i++;
      }
      parentPort.postMessage('done');
    });`;
  const worker = new Worker(source, { eval: true, workerData: { url: new URL('./link.js', import.meta.url).href, links, bells } });
  const done = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const link = new Link(links, 0, 0, 1, 2);
  const bell = new Doorbells(bells);
  for (let i = 0; i < MESSAGES; ) {
    const seen = bell.seen(1);
    const found = link.peek();
    if (found === undefined) {
      bell.wait(1, seen, 10);
      // The worker's own start needs this thread's event loop.
      if (i === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const chunks = Array.from({ length: i % 7 }, (_, c) => i * 7 + c);
    assert.deepEqual(found, { step: i, end: i % 2 === 0, watermark: i / 3, chunks });
    link.take();
    bell.ring(0);
    i++;
  }
  assert.equal(await done, 'done');
  await worker.terminate();
});

test('a lane has a pulse only while it works', () => {
  const bells = new Doorbells(new SharedArrayBuffer(Doorbells.bytes(2)));
  bells.beat(1, 'working');
  const first = bells.pulse(1);
  assert.equal(bells.pulse(1), first, 'nothing beats by itself');
  bells.beat(1, 'working');
  assert.notEqual(bells.pulse(1), first);
  bells.beat(1, 'waiting');
  assert.equal(bells.pulse(1), undefined);
  bells.beat(0, 'waiting');
  bells.beat(1, 'working');
  assert.equal(bells.pulse(0), undefined, 'each lane has a pulse of its own');
  const seen = bells.seen(0);
  bells.ring(1);
  assert.equal(bells.seen(0), seen, 'and a bell of its own');
  bells.ring(0);
  assert.notEqual(bells.seen(0), seen);
});
