import type { DetachedBatch } from '../columns/detached.js';
import type { Sink, SinkChunk, Source, SplitSpec } from '../connectors/connector.js';
import { CollectSink } from '../connectors/memory/collect-sink.js';
import { createSink, createSource } from '../connectors/registry.js';
import { must } from '../core/assert.js';
import { MillraceError, toExternalError, toMillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { DEFAULT_LIMITS } from '../core/limits.js';
import { buildProgram, type BuiltProgram } from '../build/program.js';
import { Driver } from '../runtime/drive.js';
import { JobRun } from '../runtime/job-run.js';
import { checkSnapshot, splitOrderOf, type JobSnapshot } from '../runtime/job-snapshot.js';
import { DEFAULT_TUNING, type LaneTuning } from '../runtime/lane.js';
import type { LaneSet } from '../runtime/lane-set.js';
import { makeInlineLanes, type SpillSettings } from '../runtime/make-lanes.js';
import { LaneFeed, PushFeed, type SourceFeed } from '../runtime/source-feed.js';
import { DEFAULT_CUTTER, StepCutter, type CutterOptions } from '../runtime/step-cutter.js';
import { OffLanes } from '../runtime/off-lanes.js';
import { ThreadLanes } from '../runtime/thread-lanes.js';
import { createWorkspace } from '../wasm/workspace.js';
import type { BuiltJob } from './built-job.js';
import { compileOwnModules } from './own-modules.js';

const LANE_ENTRY = new URL('./lane-entry.js', import.meta.url);
/** A minute: longer than any batch takes, shorter than anyone's patience. */
const HANG_MS = 60_000;
const REPORT_EVERY_MS = 100;
/** Room for the rows of one block of each push source. */
const FEED_BYTES = 256 << 20;

/** Takes the rows of a part, with the step that they come of. */
export type Tap = (batch: DetachedBatch, step: number) => void | Promise<void>;

export interface StartOptions {
  readonly built: BuiltJob;
  /** Where lanes find the job; without it, lanes must run on the calling thread. */
  readonly module: { readonly url: string; readonly name: string; readonly params: unknown } | undefined;
  readonly lanes: number;
  readonly threads: boolean;
  readonly latencyMs: number | undefined;
  readonly host: Host;
  readonly hangMs?: number;
  /** Parts to be handed over though no sink takes them. */
  readonly taps?: ReadonlyMap<string, Tap>;
  readonly restore?: JobSnapshot | undefined;
  readonly spill?: SpillSettings | undefined;
  /** Bytes of state that all lanes together may hold, each an equal share. */
  readonly stateLimit?: number | undefined;
  /** Bounds made small by tests. */
  readonly cutter?: Partial<CutterOptions>;
  readonly tuning?: LaneTuning;
  readonly turns?: (lanes: number) => number[];
  /** Of each lane's memory, on the calling thread. */
  readonly laneBytes?: number;
}

export interface RunningJob {
  readonly done: Promise<void>;
  metrics(): Readonly<Record<string, number>>;
  take(part: string): readonly DetachedBatch[];
  snapshot(): Promise<JobSnapshot>;
  stop(drain: boolean): Promise<void>;
  cancel(): Promise<void>;
}

/** Everything between a built job and one that runs: program, lanes, sinks, feeds, and the driver that cuts steps. */
export async function startJob(options: StartOptions): Promise<RunningJob> {
  const { built, host, lanes: laneCount, restore } = options;
  if (restore !== undefined) checkSnapshot(restore, built.hash, built.plan.keyGroups);
  const taps = options.taps ?? new Map<string, Tap>();
  const modules = await compileOwnModules(built, host);
  const program = buildProgram({ ...built, modules, lanes: laneCount, host, taps: [...taps.keys()], manual: false });
  if (program.sinks.length === 0) {
    throw new MillraceError(
      'plan.invalid',
      `job '${built.plan.name}' writes nothing, so nothing would run: give a part .to(…), such as .to(file('totals.ndjson')) or .to(collect())`,
    );
  }
  const object = (slot: number) => built.objects[slot];
  const sources = program.sources.map((node) =>
    createSource(node.source, {
      host,
      limits: { ...DEFAULT_LIMITS, ...node.limits },
      schema: must(
        built.plan.nodes.find((n) => n.id === node.id),
        node.id,
      ).schema,
      object,
    }),
  );
  const splits = await Promise.all(sources.map(async (source) => await source.splits(host)));
  const sinks = makeSinks(program, taps, host, object);
  const firstStep = restore === undefined ? 0 : restore.step + 1;
  const laneParts = {
    program: program.program,
    host,
    laneCount,
    keyGroups: built.plan.keyGroups,
    splits,
    splitOrder: splitOrderOf(restore, splits),
    firstStep,
    tuning: options.tuning ?? DEFAULT_TUNING,
    restore: restore === undefined ? undefined : { state: restore.state, clocks: restore.clocks },
    spill: options.spill,
    stateLimit: options.stateLimit === undefined ? undefined : Math.floor(options.stateLimit / laneCount),
  };
  const lanes: LaneSet =
    options.threads && options.module !== undefined
      ? new ThreadLanes(laneParts, {
          entry: LANE_ENTRY,
          job: { ...options.module, planHash: built.hash, taps: [...taps.keys()], modules },
          hangMs: options.hangMs ?? HANG_MS,
        })
      : makeInlineLanes(laneParts, { turns: options.turns, memoryBytes: options.laneBytes });
  const run = new JobRun({
    program: program.program,
    lanes,
    laneCount,
    sinks,
    firstStep,
    attempt: 0,
    host,
    reportEveryMs: REPORT_EVERY_MS,
  });
  const job = new StartedJob(options, program, sources, splits, sinks, run);
  await job.start();
  return job;
}

class StartedJob implements RunningJob {
  readonly #program: BuiltProgram;
  readonly #sinks: readonly Sink[];
  readonly #run: JobRun;
  readonly #driver: Driver;
  readonly #feeds: readonly SourceFeed[];
  readonly #host: Host;
  readonly #offLanes = new OffLanes();
  #closing: Promise<void> | undefined;
  readonly done: Promise<void>;

  constructor(
    options: StartOptions,
    program: BuiltProgram,
    sources: readonly Source[],
    splits: readonly (readonly SplitSpec[])[],
    sinks: readonly Sink[],
    run: JobRun,
  ) {
    this.#program = program;
    this.#sinks = sinks;
    this.#run = run;
    this.#host = options.host;
    const { restore, host } = options;
    // Only rows that come from an event loop are made into columns on this thread.
    const ws = sources.some((source) => source.runsIn === 'coordinator') ? createWorkspace({ bytes: FEED_BYTES }) : undefined;
    this.#feeds = sources.map((source, index) => {
      const at = splits[index] as readonly SplitSpec[];
      const start = restore?.positions[index];
      return source.runsIn === 'lane'
        ? new LaneFeed(source, at, start)
        : new PushFeed(
            source,
            at,
            start,
            must(ws, 'a workspace'),
            () => this.#driver.kick(),
            (error) => this.#run.fail(error),
          );
    });
    const cutterSources = this.#feeds.map((feed, index) => ({ feed, idleAfterMs: program.program.sources[index]?.eventTime?.idleAfterMs }));
    const cutterOptions: CutterOptions = {
      ...DEFAULT_CUTTER,
      lanes: options.lanes,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
      ...options.cutter,
    };
    const cutter = new StepCutter(
      cutterSources,
      cutterOptions,
      host.now(),
      restore?.nextBlock,
      restore?.clocks.map((clock) => clock.ended),
    );
    this.#driver = new Driver({
      host,
      run,
      cutter,
      sources: cutterSources,
      planHash: options.built.hash,
      keyGroups: options.built.plan.keyGroups,
      clocks: restore?.clocks ?? [],
      splitOrder: splitOrderOf(restore, splits),
    });
    this.done = this.#driver.done.then(
      () => this.#close(),
      async (error: unknown) => {
        await this.#close().catch(() => undefined);
        throw toMillraceError(error);
      },
    );
    this.done.catch(() => undefined);
  }

  async start(): Promise<void> {
    try {
      for (const [index, sink] of this.#sinks.entries()) await this.#ofSink(index, () => sink.open?.(this.#host, this.#offLanes));
      await this.#run.start((error) => this.#driver.fail(error));
    } catch (error) {
      await this.#close().catch(() => undefined);
      throw toMillraceError(error);
    }
    this.#driver.start();
  }

  metrics(): Readonly<Record<string, number>> {
    const metrics = this.#run.metrics();
    let least = Number.POSITIVE_INFINITY;
    for (const [index, { watermark }] of this.#driver.clocks.entries()) {
      if (!Number.isFinite(watermark)) continue;
      metrics[`${this.#program.program.sources[index]?.id}.watermarkMs`] = watermark;
      least = Math.min(least, watermark);
    }
    if (Number.isFinite(least)) metrics['lagMs'] = Math.max(0, this.#host.now() - least);
    return metrics;
  }

  take(part: string): readonly DetachedBatch[] {
    const ref = this.#program.plan.parts[part];
    const index = this.#program.sinks.findIndex(
      (sink) =>
        sink.kind === 'sink' &&
        sink.node.inputs[0]?.node === ref?.node &&
        sink.node.inputs[0]?.port === ref?.port &&
        sink.node.sink.connector === 'collect',
    );
    const sink = this.#sinks[index];
    if (!(sink instanceof CollectSink)) throw new MillraceError('config.invalid', `take('${part}'): give the part a .to(collect()) first`);
    return sink.take();
  }

  snapshot(): Promise<JobSnapshot> {
    return this.#driver.snapshot();
  }

  async stop(drain: boolean): Promise<void> {
    await this.#driver.stop(drain);
    await this.done;
  }

  async cancel(): Promise<void> {
    this.#driver.fail(new MillraceError('job.cancelled', 'the job was cancelled'));
    await this.#close();
  }

  #close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  /** Everything is closed, whatever fails to; the first failure is told. */
  async #closeAll(): Promise<void> {
    let failed: unknown;
    const close = async (call: () => void | Promise<void>) => {
      try {
        await call();
      } catch (error) {
        failed ??= error;
      }
    };
    await close(() => this.#run.close());
    for (const feed of this.#feeds) await close(() => feed.close());
    for (const [index, sink] of this.#sinks.entries()) await close(() => this.#ofSink(index, () => sink.close()));
    await close(() => this.#offLanes.close());
    if (failed !== undefined) throw toMillraceError(failed);
  }

  async #ofSink(index: number, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      throw toExternalError(error, 'sink.failed', 'the sink', this.#program.program.sinks[index]?.id);
    }
  }
}

function makeSinks(program: BuiltProgram, taps: ReadonlyMap<string, Tap>, host: Host, object: (slot: number) => unknown): Sink[] {
  return program.sinks.map((sink): Sink => {
    if (sink.kind === 'sink')
      return createSink(sink.node.sink, { host, limits: DEFAULT_LIMITS, schema: sink.schema, changes: sink.node.changes, object });
    const tap = must(taps.get(sink.part), `tap ${sink.part}`);
    const write = (step: number, chunk: SinkChunk) => (chunk.kind === 'columns' ? tap(chunk.batch, step) : undefined);
    return { takes: 'columns', write, close: () => undefined };
  });
}
