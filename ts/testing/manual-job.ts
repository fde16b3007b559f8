import type { BuiltJob } from '../api/built-job.js';
import { compileOwnModules } from '../api/own-modules.js';
import { buildProgram, type BuiltProgram } from '../build/program.js';
import { rowsToDetached } from '../columns/builder.js';
import type { DetachedBatch } from '../columns/detached.js';
import { detachedToRows } from '../columns/rows.js';
import type { Schema } from '../columns/schema.js';
import type { BlockContent, BlockRef, Sink, SplitSpec } from '../connectors/connector.js';
import { must } from '../core/assert.js';
import { type MillraceError, toMillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { JobRun, type StepDraft, type StepResult } from '../runtime/job-run.js';
import type { JobSnapshot } from '../runtime/job-snapshot.js';
import { DEFAULT_TUNING, type LaneTuning } from '../runtime/lane.js';
import { makeInlineLanes, type SpillSettings } from '../runtime/make-lanes.js';
import type { KernelBuild } from '../wasm/module.js';
import type { OwnModule } from '../wasm/own-module.js';

/** Of each lane: enough for any test, small enough to be made by the hundred. */
const MEMORY_BYTES = 128 << 20;

export interface ManualOptions {
  readonly host: Host;
  readonly lanes: number;
  /** Names of the parts whose rows are gathered. */
  readonly taps: readonly string[];
  /** Splits of each source, by the source's id; one named `test` unless said. */
  readonly splits?: Readonly<Record<string, readonly string[]>>;
  readonly tuning?: LaneTuning | undefined;
  /** In which order lanes get their turns. */
  readonly turns?: ((lanes: number) => number[]) | undefined;
  readonly kernels?: KernelBuild | undefined;
  readonly spill?: SpillSettings | undefined;
}

/** Rows on their way into a job: the next ones of a split. */
export interface ManualRows {
  readonly source: string;
  readonly split?: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/**
 * A job whose steps are said by hand, with all lanes on the calling thread: what the test driver and the simulator are
 * made of. Its clock moves only when it is told to.
 */
export class ManualJob {
  readonly #built: BuiltJob;
  readonly #options: ManualOptions;
  readonly #modules: ReadonlyMap<number, OwnModule>;
  readonly #taken = new Map<string, DetachedBatch[]>();
  readonly #positions = new Map<string, number>();
  readonly #declared: ReadonlyMap<string, Schema>;
  #program: BuiltProgram;
  #run: JobRun;
  #nextBlock = 0;
  #failure: MillraceError | undefined;
  clockMs = 0;

  private constructor(built: BuiltJob, options: ManualOptions, modules: ReadonlyMap<number, OwnModule>) {
    this.#built = built;
    this.#modules = modules;
    this.#options = options;
    this.#declared = new Map(built.plan.nodes.filter((node) => node.kind === 'source').map((node) => [node.id, node.schema]));
    [this.#program, this.#run] = this.#make(options.lanes, undefined);
  }

  static async start(built: BuiltJob, options: ManualOptions): Promise<ManualJob> {
    const job = new ManualJob(built, options, await compileOwnModules(built, options.host));
    await job.#start();
    return job;
  }

  /** The ids of the sources, in the order of the plan. */
  get sources(): readonly string[] {
    return [...this.#declared.keys()];
  }

  /** One step with these rows; settles when all lanes have ended it. */
  async step(rows: readonly ManualRows[], more: Partial<StepDraft> = {}): Promise<StepResult> {
    if (this.#failure !== undefined) throw this.#failure;
    const contents = new Map<number, BlockContent>();
    const blocks = rows.map((given): BlockRef => {
      const split = given.split ?? 'test';
      const at = `${given.source}/${split}`;
      const from = this.#positions.get(at) ?? 0;
      this.#positions.set(at, from + given.rows.length);
      const no = this.#nextBlock++;
      const schema = must(this.#declared.get(given.source), `source ${given.source}`);
      contents.set(no, { kind: 'batch', batch: rowsToDetached(schema, given.rows) });
      return { source: this.sourceIndex(given.source), split, from, to: from + given.rows.length, no };
    });
    const used = blocks.filter((block) => block.source >= 0);
    const kind = more.kind ?? (used.length > 0 ? 'rows' : 'tick');
    const draft: StepDraft = { clockMs: this.clockMs, blocks: used, idle: [], ended: [], raised: [], snapshot: false, ...more, kind };
    return await this.#run.submit(draft, contents);
  }

  /** The watermark of a source's split is at least this from now on. */
  async raise(source: string, watermark: number, split = 'test'): Promise<void> {
    const index = this.sourceIndex(source);
    await this.step([], { raised: index < 0 ? [] : [{ source: index, split, watermark }] });
  }

  /** All inputs are at their end. */
  async drain(): Promise<void> {
    await this.step([], { kind: 'drain' });
  }

  /** Hands all state over, throws everything away, and goes on with it at this many lanes. */
  async checkpointAndRestore(lanes: number): Promise<void> {
    const result = await this.step([], { snapshot: true });
    await this.#run.close();
    const snapshot: JobSnapshot = {
      format: 1,
      planHash: this.#built.hash,
      keyGroups: this.#built.plan.keyGroups,
      step: result.header.step,
      nextBlock: this.#nextBlock,
      positions: [],
      clocks: result.clocks,
      state: must(result.state, 'the state of a snapshot'),
    };
    // Through the very form that could be stored: nothing may hang on live objects.
    [this.#program, this.#run] = this.#make(lanes, structuredClone(snapshot));
    await this.#start();
  }

  /** Rows of a part since they were last taken. */
  take(part: string): Record<string, unknown>[] {
    const batches = this.#taken.get(part) ?? [];
    this.#taken.set(part, []);
    return batches.flatMap((batch) => detachedToRows(batch));
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#run.metrics();
  }

  async close(): Promise<void> {
    await this.#run.close();
  }

  /** How headers name the source; -1 for one that nothing reads. */
  sourceIndex(id: string): number {
    must(this.#declared.get(id), `source ${id}`);
    return this.#program.sources.findIndex((node) => node.id === id);
  }

  async #start(): Promise<void> {
    await this.#run.start((error) => {
      this.#failure = toMillraceError(error);
    });
  }

  #make(lanes: number, restore: JobSnapshot | undefined): [BuiltProgram, JobRun] {
    const { host, taps, tuning, turns, kernels, spill } = this.#options;
    const program = buildProgram({ ...this.#built, modules: this.#modules, lanes, host, taps, manual: true });
    const splits = program.sources.map((node) =>
      (this.#options.splits?.[node.id] ?? ['test']).map((id): SplitSpec => ({ id, options: {} })),
    );
    const firstStep = restore === undefined ? 0 : restore.step + 1;
    const set = makeInlineLanes(
      {
        program: program.program,
        host,
        laneCount: lanes,
        keyGroups: this.#built.plan.keyGroups,
        splits,
        firstStep,
        tuning: tuning ?? DEFAULT_TUNING,
        restore: restore === undefined ? undefined : { state: restore.state, clocks: restore.clocks },
        spill,
      },
      { turns, kernels, memoryBytes: MEMORY_BYTES },
    );
    const sinks = program.sinks.map((sink): Sink => {
      const write: Sink['write'] = (_step, chunk) => {
        if (sink.kind === 'tap' && chunk.kind === 'columns')
          this.#taken.set(sink.part, [...(this.#taken.get(sink.part) ?? []), chunk.batch]);
      };
      return { takes: 'columns', write, close: () => undefined };
    });
    return [
      program,
      new JobRun({ program: program.program, lanes: set, laneCount: lanes, sinks, firstStep, attempt: 0, host, reportEveryMs: 0 }),
    ];
  }
}
