import { availableParallelism } from 'node:os';
import type { RecordBatch } from 'apache-arrow';
import { toRecordBatch } from '../columns/arrow-out.js';
import type { DetachedBatch } from '../columns/detached.js';
import { detachedToRows } from '../columns/rows.js';
import { MillraceError } from '../core/errors.js';
import { MAX_LANES } from '../core/limits.js';
import { nodeHost } from '../core/node-host.js';
import type { BuiltJob } from './built-job.js';
import { IN_LANE } from './in-lane.js';
import { createFrom } from './from.js';
import { buildJob, jobDefinition, type FaceOf, type Job, type ParamsOf } from './job.js';
import type { From } from './source.js';
import { startJob, type RunningJob } from './start-job.js';
import type { OutRow, Part } from './stream-types.js';

export interface RunOptions {
  /** Shares of the keys, each a thread with a memory of its own; as many as there are processors unless said. */
  lanes?: number;
  /** `false`: all lanes run on the calling thread; for tests, tools and debugging. */
  threads?: boolean;
  /** How long rows may wait for a fuller step while the lanes are busy. 5 ms unless said. */
  latencyMs?: number;
  /**
   * Bytes of state that the operators of all lanes may hold together, each lane an equal share; without, as much as memory holds.
   * A lane that holds more at a step's end stops the job: `state.too-large`, with the operator that holds most.
   */
  stateLimit?: number;
  /**
   * Groups of windows that fire once go to Arrow files in `dir`, and come back when their window fires, while the lanes hold more than
   * `memoryBytes` together, each lane an equal share: see docs/operators/state.md.
   */
  spill?: { dir: string; memoryBytes: number };
}

type RunArgs<P, O> = [P] extends [void] ? [options?: O] : [options: O & { params: P }];

/** A job at work. */
export interface Handle<F> {
  /** Counters since the start: `operator.counter`, and `steps`, `stateBytes`, `peakBytes`. */
  metrics(): Readonly<Record<string, number>>;
  /** What the part's `collect()` has gathered since it was last asked. */
  take<N extends keyof F & string>(name: N): F[N] extends Part<infer S, infer T> ? OutRow<S, T>[] : never;
  /** Settles when the job is over: all inputs at their end and everything written, or stopped; rejects if it failed. */
  readonly done: Promise<void>;
  /** Finishes the steps under way. With `drain`, what is open fires, as if all inputs had ended. */
  stop(options?: { drain?: boolean }): Promise<void>;
  /** Ends at once; what was under way is lost. */
  cancel(): Promise<void>;
}

/** Starts a job. The promise settles once its lanes are ready. */
export async function run<J extends Job<unknown, never>>(job: J, ...args: RunArgs<ParamsOf<J>, RunOptions>): Promise<Handle<FaceOf<J>>> {
  const options = (args[0] ?? {}) as RunOptions & { params?: unknown };
  const definition = jobDefinition(job);
  if (Reflect.get(globalThis, IN_LANE) === true) {
    throw new MillraceError(
      'plan.invalid',
      `run('${definition.name}') was called inside a lane: the module that defines a job is imported by every lane, so run(…) must stand in another module`,
    );
  }
  const lanes = options.lanes ?? availableParallelism();
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > MAX_LANES) {
    throw new MillraceError(
      'config.invalid',
      `run('${definition.name}', { lanes: ${String(options.lanes)} }): lanes is a whole number from 1 to ${MAX_LANES}`,
    );
  }
  const { stateLimit, spill } = options;
  if (stateLimit !== undefined && !(Number.isSafeInteger(stateLimit) && stateLimit > 0)) {
    throw new MillraceError(
      'config.invalid',
      `run('${definition.name}', { stateLimit: ${String(stateLimit)} }): stateLimit is a whole number of bytes, above 0`,
    );
  }
  if (
    spill !== undefined &&
    !(typeof spill.dir === 'string' && spill.dir !== '' && Number.isSafeInteger(spill.memoryBytes) && spill.memoryBytes > 0)
  ) {
    throw new MillraceError(
      'config.invalid',
      `run('${definition.name}', { spill: ${JSON.stringify(spill)} }): give a folder and whole bytes above 0, as in { dir: './spill', memoryBytes: 2 ** 30 }`,
    );
  }
  const running = await startJob({
    built: buildJob(job, options.params),
    module: { url: definition.url, name: definition.name, params: options.params },
    lanes,
    threads: options.threads ?? true,
    latencyMs: options.latencyMs,
    stateLimit,
    spill,
    host: nodeHost,
  });
  return new JobHandle(running) as unknown as Handle<FaceOf<J>>;
}

class JobHandle {
  readonly #running: RunningJob;

  constructor(running: RunningJob) {
    this.#running = running;
  }

  get done(): Promise<void> {
    return this.#running.done;
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#running.metrics();
  }

  take(name: string): readonly object[] {
    return this.#running.take(name).flatMap((batch) => detachedToRows(batch));
  }

  stop(options: { drain?: boolean } = {}): Promise<void> {
    return this.#running.stop(options.drain ?? false);
  }

  cancel(): Promise<void> {
    return this.#running.cancel();
  }
}

/** Runs what stands outside jobs, on the calling thread: its functions exist nowhere else. */
const directReader = {
  async readRows(built: BuiltJob, part: string): Promise<readonly object[]> {
    const rows: object[] = [];
    for await (const batch of readDetached(built, part)) rows.push(...detachedToRows(batch));
    return rows;
  },
  async *readBatches(built: BuiltJob, part: string): AsyncIterable<RecordBatch> {
    for await (const batch of readDetached(built, part)) yield toRecordBatch(batch);
  },
};

/** Outside a job: read a pipeline directly with `.toArray()` or `.batches()`. */
export const from: From = createFrom(directReader);

async function* readDetached(built: BuiltJob, part: string): AsyncGenerator<DetachedBatch, void, undefined> {
  const queue: { batch: DetachedBatch; taken: () => void }[] = [];
  let wake: (() => void) | undefined;
  const tap = (batch: DetachedBatch) =>
    new Promise<void>((taken) => {
      queue.push({ batch, taken });
      wake?.();
    });
  const running = await startJob({
    built,
    module: undefined,
    lanes: 1,
    threads: false,
    latencyMs: undefined,
    host: nodeHost,
    taps: new Map([[part, tap]]),
  });
  let over = false;
  const ended = running.done.finally(() => {
    over = true;
    wake?.();
  });
  ended.catch(() => undefined);
  try {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) {
        yield next.batch;
        next.taken();
      } else if (over) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await ended;
  } finally {
    await running.cancel();
  }
}
