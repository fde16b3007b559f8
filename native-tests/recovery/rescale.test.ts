// A window over a whole stream has its state in one place, where its rows go, before and after a restore at any number of lanes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob, type Job } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { count, int64, job, max, memory, outOfOrder, seconds, timestamp, tumbling, utf8 } from '../../ts/index.js';
import { ManualJob } from '../../ts/testing/manual-job.js';

const whole = job(import.meta, 'whole', (env) => {
  const rows = env
    .from(memory<{ name: string; n: bigint; at: number }>([]), {
      schema: { name: utf8(), n: int64(), at: timestamp() },
      eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
    })
    .named('rows');
  return { all: rows.window(tumbling(seconds(10))).aggregate((c) => ({ rows: count(), last: max(c.name), most: max(c.n) })) };
});

test('a window without key goes on as one after a restore', async () => {
  for (const lanes of [1, 2, 3, 4, 7]) {
    const manual = await ManualJob.start(buildJob(whole as unknown as Job<unknown, never>), { host: nodeHost, lanes: 2, taps: ['all'] });
    await manual.step([{ source: 'rows', rows: [{ name: 'a', n: 5n, at: 1000 }] }]);
    await manual.checkpointAndRestore(lanes);
    await manual.step([{ source: 'rows', rows: [{ name: 'b', n: 3n, at: 2000 }] }]);
    await manual.checkpointAndRestore(3);
    await manual.step([{ source: 'rows', rows: [{ name: 'aa', n: 4n, at: 3000 }] }]);
    await manual.drain();
    assert.deepEqual(manual.take('all'), [{ windowStart: 0, windowEnd: 10_000, rows: 3n, last: 'b', most: 5n }], `${lanes} lanes`);
    await manual.close();
  }
});
