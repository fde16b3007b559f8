// Windows close without new data: when a source goes idle, and when the clock passes their end. Real runs, real clocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  collect,
  count,
  customSource,
  hopping,
  int64,
  job,
  milliseconds,
  outOfOrder,
  processingTime,
  rowsBlock,
  run,
  timestamp,
  tumbling,
  type Stream,
} from '../../ts/index.js';

const schema = { at: timestamp(), n: int64() };

/** Two splits: one gives these rows and then waits until it is released; the other has nothing. */
function waiting(times: readonly number[], released: Promise<void>) {
  return customSource<{ at: number; n: bigint }>({
    source: ({ schema: fields }) => ({
      schema: fields,
      runsIn: 'coordinator',
      splits: () => ['busy', 'quiet'].map((id) => ({ id, options: {} })),
      open: ({ id }, position) => {
        let next = position;
        return {
          async next() {
            if (id === 'busy' && next < times.length) {
              const rows = times.slice(next).map((at) => ({ at, n: 1n }));
              const from = next;
              next = times.length;
              return rowsBlock(fields, rows, from);
            }
            await released;
            return undefined;
          },
          close() {},
        };
      },
    }),
  });
}

type Rows = Stream<typeof schema, 'event-time'>;

/** What comes while the source waits, until `enough` rows have come; and then what comes at its end. */
async function resultsOf(window: (rows: Rows) => Stream<never, 'event-time'>, enough: number): Promise<[object[], object[]]> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const quiet = job(import.meta, 'quiet', (env) => {
    const rows = env.from(waiting([1, 2, 12, 19], released), {
      schema,
      eventTime: { column: 'at', watermark: outOfOrder(milliseconds(5)), idleAfter: milliseconds(30) },
    });
    return { results: (window(rows) as unknown as Rows).to(collect()) };
  });
  const handle = await run(quiet, { lanes: 2, threads: false });
  const early: object[] = [];
  while (early.length < enough) {
    early.push(...handle.take('results'));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  release();
  await handle.done;
  return [early, [...handle.take('results')]];
}

test('windows fire when all splits have gone idle, up to the largest watermark', async () => {
  const [early, late] = await resultsOf(
    (rows) =>
      rows.window(hopping(milliseconds(10), milliseconds(5))).aggregate(() => ({ n: count() })) as unknown as Stream<never, 'event-time'>,
    2,
  );
  // 19 less the bound less 1: watermark 13.
  assert.deepEqual(early, [
    { windowStart: -5, windowEnd: 5, n: 2n },
    { windowStart: 0, windowEnd: 10, n: 2n },
  ]);
  assert.deepEqual(late, [
    { windowStart: 5, windowEnd: 15, n: 1n },
    { windowStart: 10, windowEnd: 20, n: 2n },
    { windowStart: 15, windowEnd: 25, n: 1n },
  ]);
});

test('windows of processing time fire by the clock', async () => {
  const [early, late] = await resultsOf(
    (rows) =>
      rows.window(processingTime(tumbling(milliseconds(40)))).aggregate(() => ({ n: count() })) as unknown as Stream<never, 'event-time'>,
    1,
  );
  assert.deepEqual(
    early.map((row) => ({ ...row, windowStart: 0, windowEnd: 0 })),
    [{ windowStart: 0, windowEnd: 0, n: 4n }],
  );
  assert.deepEqual(late, []);
});
