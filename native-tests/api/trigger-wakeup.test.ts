// A trigger by the clock makes a step of its own where nothing comes any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  collect,
  count,
  days,
  early,
  job,
  memory,
  milliseconds,
  outOfOrder,
  run,
  seconds,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';

async function* twoThenNothing(): AsyncGenerator<{ key: string; at: number }> {
  yield { key: 'a', at: 1 };
  yield { key: 'a', at: 2 };
  await new Promise(() => undefined);
}

const quiet = job(import.meta, 'quiet', (env) => {
  const rows = env.from(memory(twoThenNothing()), {
    schema: { key: utf8(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const told = rows
    .keyBy('key')
    .window(tumbling(days(1)), { trigger: early(milliseconds(50)) })
    .aggregate(() => ({ n: count() }));
  return { told: told.to(collect()) };
});

test('what waits is told though the source is silent', async () => {
  const handle = await run(quiet, { lanes: 2, threads: false });
  const told: string[] = [];
  // A bound for a run that went wrong only.
  for (let turn = 0; turn < 2_000 && !told.includes('a 2'); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    for (const { op, key, n } of handle.take('told')) if (op !== '-U') told.push(`${key} ${n}`);
  }
  assert.equal(told.at(-1), 'a 2');
  await handle.cancel();
  await handle.done.catch(() => undefined);
});
