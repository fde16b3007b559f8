// Random jobs over random rows, cut into random steps: however lanes take their turns, however small the bounds, and
// however often all is thrown away and restored, each gives what one undisturbed lane gives and what a plain model says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { Random } from '../../ts/core/random.js';
import { ManualJob, type ManualRows } from '../../ts/testing/manual-job.js';
import { jobOf, modelOf, randomShape, show, sourceId, type Row, type Shape, type Step } from './simulated-jobs.js';

const SEEDS = Number(process.env['MILLRACE_SEEDS'] ?? 25);
const FIRST = Number(process.env['MILLRACE_SEED'] ?? 1);

function randomSteps(random: Random, shape: Shape): Step[] {
  const splits = shape.sources.flatMap(({ splits: n }, source) =>
    Array.from({ length: n }, (_, split) => ({ source, split: String(split) })),
  );
  const now = new Map(splits.map((ref) => [ref, 10_000 + random.int(-200, 200)]));
  return Array.from({ length: random.int(2, 10) }, () => ({
    blocks: Array.from({ length: random.int(0, 5) }, () => {
      const ref = random.pick(splits);
      const rows = Array.from({ length: random.int(0, random.pick([2, 10, 60])) }, (): Row => {
        const at = (now.get(ref) as number) + random.int(0, 15);
        now.set(ref, at);
        const behind = random.bool(0.2) ? random.pick([39, 40, 41, 300, 301, 900]) : random.int(0, 30);
        return { k: `k${random.int(0, random.pick([1, 9, 40]))}`, n: BigInt(random.int(-10, 20)), at: at - behind };
      });
      return { ...ref, rows };
    }),
    idle: splits.filter(() => random.bool(0.1)),
  }));
}

interface Manner {
  readonly lanes: number;
  readonly hostile: boolean;
  readonly restore: boolean;
}

async function runIn(manner: Manner, random: Random, shape: Shape, steps: readonly Step[], parts: readonly string[]): Promise<Found> {
  const built = buildJob(jobOf(shape, 'simulated'));
  const splits = Object.fromEntries(shape.sources.map((s, i) => [sourceId(i), Array.from({ length: s.splits }, (_, n) => String(n))]));
  const manual = await ManualJob.start(built, {
    host: nodeHost,
    lanes: manner.lanes,
    taps: parts,
    splits,
    tuning: manner.hostile ? { room: random.int(1, 9), messageBytes: random.int(1, 2_000) } : undefined,
    turns: manner.hostile
      ? (lanes) => random.shuffle(Array.from({ length: lanes }, (_, i) => i)).slice(0, random.int(1, lanes))
      : undefined,
  });
  const found: Found = [];
  const gather = () => found.push(Object.fromEntries(parts.map((part) => [part, manual.take(part).map(show).sort()])));
  try {
    for (const step of steps) {
      const rows = step.blocks.map(
        (b): ManualRows => ({ ...b, source: sourceId(b.source), rows: b.rows as unknown as ManualRows['rows'] }),
      );
      const idle = step.idle.map(({ source, split }) => ({ source: manual.sourceIndex(sourceId(source)), split }));
      await manual.step(rows, { idle });
      gather();
      if (manner.restore && random.bool(0.4)) await manual.checkpointAndRestore(random.int(1, 4));
    }
    await manual.drain();
    gather();
  } finally {
    await manual.close();
  }
  return found;
}

/** By step and part, sorted. */
type Found = Record<string, string[]>[];

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  test(`a random job gives what it must, however it is run (seed ${seed})`, async () => {
    const random = new Random(seed);
    const shape = randomShape(random);
    const steps = randomSteps(random, shape);
    const what = `MILLRACE_SEED=${seed} MILLRACE_SEEDS=1, ${JSON.stringify(shape)}`;
    const model = modelOf(shape, steps);
    const parts = Object.keys(model);
    const expected = await runIn({ lanes: 1, hostile: false, restore: false }, random, shape, steps, parts);
    for (const part of parts)
      assert.deepEqual(expected.flatMap((step) => step[part] ?? []).sort(), model[part], `${part} of the model: ${what}`);
    const manners: Manner[] = [
      { lanes: random.int(2, 3), hostile: false, restore: false },
      { lanes: random.int(1, 4), hostile: true, restore: false },
      { lanes: random.int(1, 3), hostile: true, restore: true },
    ];
    for (const manner of manners) {
      const found = await runIn(manner, random, shape, steps, parts);
      assert.deepEqual(found, expected, `${JSON.stringify(manner)}: ${what}`);
    }
  });
}
