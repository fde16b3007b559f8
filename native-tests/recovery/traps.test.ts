// A trap in a kernel, an assertion and a full memory end a job with errors that name the operator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob, type Job } from '../../ts/api/job.js';
import { buildProgram } from '../../ts/build/program.js';
import { rowsToDetached } from '../../ts/columns/builder.js';
import type { MillraceError } from '../../ts/core/errors.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { count, int64, job, memory, outOfOrder, seconds, timestamp, tumbling } from '../../ts/index.js';
import type { Operator } from '../../ts/operators/operator.js';
import { JobRun } from '../../ts/runtime/job-run.js';
import { DEFAULT_TUNING } from '../../ts/runtime/lane.js';
import { makeInlineLanes } from '../../ts/runtime/make-lanes.js';
import type { Program } from '../../ts/runtime/program.js';
import type { Workspace } from '../../ts/wasm/workspace.js';

const schema = { k: int64(), at: timestamp() };

const counts = job(import.meta, 'counts', (env) => {
  const rows = env.from(memory([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) } }).named('rows');
  const perKey = rows
    .keyBy('k')
    .window(tumbling(seconds(10)))
    .aggregate(() => ({ rows: count() }))
    .named('per-key');
  return { perKey };
}) as unknown as Job<unknown, never>;

const MEMORY_BYTES = 32 << 20;

/** Runs the job with some operators' calls replaced, until it fails. */
async function failureOf(keys: number, spoil: (operator: Operator, ws: Workspace) => void): Promise<MillraceError | undefined> {
  const built = buildJob(counts);
  const made = buildProgram({ ...built, lanes: 2, host: nodeHost, taps: ['perKey'], manual: true });
  const program: Program = {
    ...made.program,
    stages: made.program.stages.map((stage) => ({
      ...stage,
      nodes: stage.nodes.map((node) => ({
        ...node,
        create: (...args: Parameters<typeof node.create>) => {
          const operator = node.create(...args);
          if (node.id === 'per-key') spoil(operator, args[0]);
          return operator;
        },
      })),
    })),
  };
  const splits = [[{ id: 'test', options: {} }]];
  const parts = { program, host: nodeHost, laneCount: 2, keyGroups: built.plan.keyGroups, splits, firstStep: 0, tuning: DEFAULT_TUNING };
  const lanes = makeInlineLanes({ ...parts, restore: undefined }, { memoryBytes: MEMORY_BYTES });
  const sinks = program.sinks.map(() => ({ takes: 'columns', write: () => undefined, close: () => undefined }) as const);
  const run = new JobRun({ program, lanes, laneCount: 2, sinks, firstStep: 0, attempt: 0, host: nodeHost, reportEveryMs: 0 });
  let told: MillraceError | undefined;
  await run.start((error) => (told = error));
  const fields = built.plan.nodes.find((node) => node.id === 'rows')?.schema ?? [];
  try {
    for (let from = 0; from < keys; from += 4096) {
      const rows = Array.from({ length: Math.min(4096, keys - from) }, (_, i) => ({ k: BigInt(from + i), at: 1000 }));
      const block = { source: 0, split: 'test', from, to: from + rows.length, no: from / 4096 };
      const content = { kind: 'batch', batch: rowsToDetached(fields, rows) } as const;
      const draft = { clockMs: 0, blocks: [block], idle: [], ended: [], raised: [], kind: 'rows', snapshot: false } as const;
      await run.submit(draft, new Map([[block.no, content]]));
    }
    return undefined;
  } catch (error) {
    assert.equal(error, told, 'the step and the job fail with the same error');
    await assert.rejects(run.submit({ clockMs: 0, blocks: [], idle: [], ended: [], raised: [], kind: 'tick', snapshot: false }), told);
    return error as MillraceError;
  } finally {
    await run.close();
  }
}

test('an operator that does its work', async () => {
  assert.equal(await failureOf(20_000, () => undefined), undefined);
});

for (const call of ['push', 'pull', 'mark'] as const) {
  test(`a kernel that traps in ${call}`, async () => {
    const error = await failureOf(10, (operator, ws) => {
      operator[call] = () => ws.kernels.watermark_max(MEMORY_BYTES, 1000) as never;
    });
    assert.deepEqual([error?.code, error?.operator, error?.domain], ['kernel.trapped', 'per-key', 'internal']);
    assert.match(error?.message ?? '', /per-key.*memory access out of bounds/);
  });
}

test("a broken invariant is a bug, never the user's fault", async () => {
  const error = await failureOf(10, (operator) => {
    operator.pull = (out) => {
      out.emit(0, { schema: [], rows: 2 ** 30, columns: [], times: 0, clocks: 0, ops: 0 } as never);
      return 'done';
    };
  });
  assert.deepEqual([error?.code, error?.operator], ['internal.bug', 'per-key']);
  assert.match(error?.message ?? '', /emitted 1073741824 rows/);
});

test('a memory that is full is told with the operator that filled it and what to do', async () => {
  const error = await failureOf(2_000_000, () => undefined);
  assert.deepEqual([error?.code, error?.domain, error?.retryable], ['memory.exhausted', 'user', false]);
  assert.match(error?.operator ?? '', /per-key/);
  assert.match(error?.message ?? '', /use more lanes, smaller windows or fewer keys/);
});
