// Which rows are late, at every bound. The simulation (native-tests/fuzz) says the same of random rows; here each rule stands alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob, type Job } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import {
  count,
  int64,
  job,
  memory,
  milliseconds,
  outOfOrder,
  punctuated,
  timestamp,
  tumbling,
  type WatermarkStrategy,
  type EventTime,
} from '../../ts/index.js';
import type { StepDraft } from '../../ts/runtime/job-run.js';
import { ManualJob } from '../../ts/testing/manual-job.js';

const schema = { at: timestamp(), mark: timestamp().nullable(), n: int64() };
type TimeOptions = EventTime<'at', typeof schema>;

const BOUND: WatermarkStrategy = outOfOrder(milliseconds(10));

/** Windows of 100 ms over rows of two splits. */
class Rig {
  readonly #job: ManualJob;

  private constructor(job: ManualJob) {
    this.#job = job;
  }

  static async start(time: Omit<TimeOptions, 'column'>, allowedLatenessMs?: number): Promise<Rig> {
    const counts = job(import.meta, 'late-rule', (env) => {
      const rows = env.from(memory([]), { schema, eventTime: { column: 'at', ...time } }).named('rows');
      const windows =
        allowedLatenessMs === undefined
          ? rows.window(tumbling(milliseconds(100)))
          : rows.window(tumbling(milliseconds(100)), { allowedLateness: milliseconds(allowedLatenessMs) });
      const result = windows.aggregate(() => ({ rows: count() }));
      return { result, late: result.late };
    }) as unknown as Job<unknown, never>;
    const splits = { rows: ['a', 'b'] };
    return new Rig(await ManualJob.start(buildJob(counts), { host: nodeHost, lanes: 2, taps: ['result', 'late'], splits }));
  }

  /** One step: times of rows by split; `[time, mark]` where the row asserts a watermark. */
  async step(
    given: Readonly<Record<string, readonly (number | readonly [number, number])[]>>,
    more: Partial<StepDraft> = {},
  ): Promise<void> {
    const blocks = Object.entries(given).map(([split, rows]) => ({
      source: 'rows',
      split,
      rows: rows.map((row) => (typeof row === 'number' ? { at: row, mark: null, n: 0n } : { at: row[0], mark: row[1], n: 0n })),
    }));
    await this.#job.step(blocks, more);
  }

  async idle(...splits: readonly string[]): Promise<void> {
    await this.step({}, { idle: splits.map((split) => ({ source: 0, split })) });
  }

  async end(...splits: readonly string[]): Promise<void> {
    await this.step({}, { ended: splits.map((split) => ({ source: 0, split })) });
  }

  set clockMs(ms: number) {
    this.#job.clockMs = ms;
  }

  /** `start: rows` of what has fired, `op` first where it is a change. */
  fired(): string[] {
    return this.#job
      .take('result')
      .map((row) => `${row['op'] === undefined ? '' : `${String(row['op'])} `}${String(row['windowStart'])}: ${String(row['rows'])}`);
  }

  late(): unknown[] {
    return this.#job.take('late').map((row) => row['at']);
  }

  metric(name: string): number {
    return Object.entries(this.#job.metrics()).reduce((sum, [key, value]) => (key.endsWith(`.${name}`) ? sum + value : sum), 0);
  }

  async drain(): Promise<void> {
    await this.#job.drain();
    await this.#job.close();
  }
}

test('a row is late when its window ended at or before the watermark of the rows before it, in the same block', async () => {
  const rig = await Rig.start({ watermark: BOUND });
  // After 109 the watermark is 98: the window [0, 100) is open. After 110 it is 99: it is over.
  await rig.step({ a: [109, 99, 110, 99, 0, 100, 105] });
  assert.deepEqual(rig.late(), [99, 0]);
  await rig.drain();
  assert.deepEqual(rig.fired(), ['0: 1', '100: 4']);
  assert.equal(rig.metric('lateRows'), 2);
});

test('a window fires at the step whose watermark is its last millisecond, not before', async () => {
  const rig = await Rig.start({ watermark: BOUND });
  await rig.step({ a: [50, 109], b: [50, 110] });
  assert.deepEqual(rig.fired(), []);
  await rig.step({ a: [110] });
  assert.deepEqual(rig.fired(), ['0: 2']);
  await rig.drain();
  assert.deepEqual(rig.fired(), ['100: 3']);
});

test('each split is judged by its own order: the other one may be far ahead', async () => {
  const rig = await Rig.start({ watermark: BOUND });
  await rig.step({ a: [1000], b: [50] });
  await rig.step({ b: [20, 60, 110, 60] });
  assert.deepEqual(rig.late(), [60], 'only b itself has made its last row late');
  await rig.drain();
  assert.deepEqual(rig.fired(), ['0: 3', '100: 1', '1000: 1']);
});

test('or by the watermark of all at the start of the step, where that is further', async () => {
  const rig = await Rig.start({ watermark: BOUND });
  await rig.step({ a: [500] });
  await rig.idle('b');
  // Now 489 is everybody's watermark. In this step b counts again, and what it brings is judged by 489, the last row also by 469.
  await rig.step({ b: [399, 400, 480, 320] });
  assert.deepEqual(rig.late(), [399, 320]);
  await rig.drain();
  assert.deepEqual(rig.fired(), ['400: 2', '500: 1']);
});

test('idle splits hold nothing back; with all idle or ended the furthest counts', async () => {
  const rig = await Rig.start({ watermark: BOUND });
  await rig.step({ a: [50, 110], b: [50] });
  assert.deepEqual(rig.fired(), []);
  await rig.idle('b');
  assert.deepEqual(rig.fired(), ['0: 2']);
  await rig.step({ b: [150, 310] });
  assert.deepEqual(rig.fired(), [], 'a is at 99');
  await rig.idle('a', 'b');
  assert.deepEqual(rig.fired(), ['100: 2'], 'b alone, at 299, decides');
  await rig.step({ a: [420] });
  await rig.end('a');
  assert.deepEqual(rig.fired(), [], 'b, awake, is at 299 still');
  await rig.end('b');
  assert.deepEqual(rig.fired(), ['300: 1'], 'at their end the furthest, at 409, speaks for all');
  await rig.drain();
  assert.deepEqual(rig.fired(), ['400: 1']);
  assert.deepEqual(rig.late(), []);
});

test('rows too far in the future are counted and dropped, and move no watermark', async () => {
  const rig = await Rig.start({ watermark: BOUND, maxFuture: milliseconds(1000) });
  rig.clockMs = 100;
  await rig.step({ a: [50, 1100, 1101, 99_999], b: [50] });
  await rig.step({ a: [60] });
  assert.equal(rig.metric('futureRows'), 2);
  assert.deepEqual(rig.late(), [60], '1100, exactly as far as may be, has moved it');
  await rig.drain();
  assert.deepEqual(rig.fired(), ['0: 2', '1100: 1']);
});

test('a source may say itself how far it is', async () => {
  const rig = await Rig.start({ watermark: (c) => punctuated(c.mark) });
  // 500 says nothing. The row at 40 asserts 99 and is itself in time; the next one of its window is not.
  await rig.step({ a: [500, 30, [40, 99], 50, [120, 20], 60, 100], b: [[10, 150]] });
  assert.deepEqual(rig.late(), [50, 60]);
  assert.deepEqual(rig.fired(), ['0: 3'], 'the least of 99 and 150');
  await rig.drain();
  assert.deepEqual(rig.fired(), ['100: 2', '500: 1']);
});

test('late rows that are allowed change what was told; later ones go aside', async () => {
  const rig = await Rig.start({ watermark: BOUND }, 50);
  await rig.step({ a: [50], b: [120] });
  await rig.step({ a: [120] });
  assert.deepEqual(rig.fired(), ['+I 0: 1']);
  // 159 is behind by as much as may be: the watermark is 148 after it, and 149 after 160.
  await rig.step({ a: [159, 99] });
  assert.deepEqual(rig.fired(), ['-U 0: 1', '+U 0: 2']);
  await rig.step({ a: [160, 99], b: [160] });
  assert.deepEqual([rig.fired(), rig.late()], [[], [99]]);
  await rig.step({ b: [80] });
  assert.deepEqual([rig.fired(), rig.late()], [[], [80]], 'it is over for all splits');
  await rig.drain();
  assert.deepEqual(rig.fired(), ['+I 100: 5']);
});

test('of two sources the one that is behind counts', async () => {
  const merged = job(import.meta, 'late-rule-merged', (env) => {
    const eventTime = { column: 'at', watermark: BOUND } as const;
    const left = env.from(memory([]), { schema, eventTime }).named('left');
    const right = env.from(memory([]), { schema, eventTime }).named('right');
    const result = left
      .merge(right)
      .window(tumbling(milliseconds(100)))
      .aggregate(() => ({ rows: count() }));
    return { result, late: result.late };
  }) as unknown as Job<unknown, never>;
  const manual = await ManualJob.start(buildJob(merged), { host: nodeHost, lanes: 2, taps: ['result', 'late'] });
  const rows = (...times: number[]) => times.map((at) => ({ at, mark: null, n: 0n }));
  const fired = () => manual.take('result').map((row) => `${String(row['windowStart'])}: ${String(row['rows'])}`);
  await manual.step([{ source: 'left', rows: rows(50, 900) }]);
  assert.deepEqual(fired(), [], 'the right one has said nothing');
  await manual.step([{ source: 'right', rows: rows(60, 109, 70) }]);
  assert.deepEqual(fired(), []);
  await manual.step([{ source: 'left', rows: rows(80) }]);
  assert.deepEqual(
    manual.take('late').map((row) => row['at']),
    [80],
    'a row is judged by its own source',
  );
  await manual.step([{ source: 'right', rows: rows(110) }]);
  assert.deepEqual(fired(), ['0: 3']);
  await manual.drain();
  assert.deepEqual(fired(), ['100: 2', '900: 1']);
  await manual.close();
});
