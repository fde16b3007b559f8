import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, type MillraceError } from '../../ts/index.js';
import { totals } from '../support/group-jobs.js';

for (const threads of [false, true]) {
  test(`a job that holds more state than it may stops and names who holds it, ${threads ? 'in' : 'without'} threads`, async () => {
    const handle = await run(totals, { lanes: 2, threads, stateLimit: 8192, params: { rows: 50_000 } });
    const error = await handle.done.then(
      () => assert.fail('the job ended well'),
      (e: unknown) => e as MillraceError,
    );
    assert.deepEqual([error.code, error.domain], ['state.too-large', 'user']);
    // Which of the two holds most at the first step that is over the limit hangs on how many rows it had.
    const holders = error.details['holders'] as { id: string; bytes: number }[];
    assert.equal(error.operator, holders[0]?.id);
    assert.match(
      error.message,
      /(perUser|bySize) holds \d+ bytes of state, of \d+ in its lane: the stateLimit is 4096 bytes, a lane's share of 8192 at 2 lanes; give groups a ttl/,
    );
  });
}

test('a job within its limit ends well', async () => {
  const handle = await run(totals, { lanes: 2, threads: false, stateLimit: 16 << 20, params: { rows: 5000 } });
  await handle.done;
});

test('a limit that is no number of bytes is refused', async () => {
  for (const stateLimit of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(
      run(totals, { stateLimit, params: { rows: 1 } }),
      (error: MillraceError) => error.code === 'config.invalid' && /stateLimit is a whole number of bytes/.test(error.message),
    );
  }
});
