import { MillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { BlockBoard } from './block-board.js';
import type { JobRun, StepResult } from './job-run.js';
import type { JobSnapshot } from './job-snapshot.js';
import type { SourceClockState } from './messages.js';
import type { CutterSource, StepCutter } from './step-cutter.js';

/** Steps under way at once: enough to hide the lanes' waiting for one another. */
const STEPS_IN_FLIGHT = Math.min(4, BlockBoard.steps);

export interface DriverParts {
  readonly host: Host;
  readonly run: JobRun;
  readonly cutter: StepCutter;
  readonly sources: readonly CutterSource[];
  readonly planHash: string;
  readonly keyGroups: number;
  readonly clocks: readonly SourceClockState[];
  readonly splitOrder: readonly (readonly string[])[];
}

/** Cuts and submits steps until the inputs end or somebody says stop. */
export class Driver {
  readonly #parts: DriverParts;
  readonly #done: Promise<void>;
  #finish: (() => void) | undefined;
  #fail: ((error: MillraceError) => void) | undefined;
  #wakeup: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopping: 'no' | 'stop' | 'drain' = 'no';
  /** The last step of a stop has been cut: it takes what was gathered, and tells the counters. */
  #stopped = false;
  #snapshots: ((result: JobSnapshot) => void)[] = [];
  /** Sources may have rows before the lanes are there to take them. */
  #started = false;
  #ended = false;
  #clocks: readonly SourceClockState[];

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#clocks = parts.clocks;
    this.#done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#done.catch(() => undefined);
  }

  /** Settles when all is over: inputs at their end and everything fired and written, stopped, or failed. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** The sources' clocks after the last completed step. */
  get clocks(): readonly SourceClockState[] {
    return this.#clocks;
  }

  start(): void {
    this.#started = true;
    this.kick();
  }

  /** Something may have changed: rows have come, a step is over. */
  kick(): void {
    if (this.#ended || !this.#started) return;
    try {
      this.#advance();
    } catch (error) {
      this.#parts.run.fail(error);
    }
  }

  #advance(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { run, cutter, host } = this.#parts;
    while (run.stepsInFlight < STEPS_IN_FLIGHT && !this.#over()) {
      const now = host.now();
      const takers = this.#snapshots;
      const force =
        takers.length > 0 || this.#stopping !== 'no'
          ? { snapshot: takers.length > 0, drain: this.#stopping === 'drain' || cutter.ended }
          : undefined;
      const cut = cutter.next(now, run.stepsInFlight, this.#wakeup, force);
      if (cut === undefined) break;
      this.#snapshots = [];
      if (this.#stopping === 'stop') this.#stopped = true;
      if (cut.draft.kind === 'tick' && this.#wakeup !== undefined && this.#wakeup <= now) this.#wakeup = undefined;
      const positions = this.#parts.sources.map(({ feed }) => feed.positions());
      const nextBlock = cutter.nextBlock;
      run.submit(cut.draft, cut.contents).then(
        (result) => {
          this.#completed(result);
          for (const take of takers) take(this.#snapshotOf(result, positions, nextBlock));
        },
        () => undefined,
      );
    }
    if (this.#over() && run.stepsInFlight === 0) this.#end();
    else this.#sleep();
  }

  /** The job's state as of the end of a step cut now. */
  snapshot(): Promise<JobSnapshot> {
    if (this.#over())
      return Promise.reject(new MillraceError('job.cancelled', 'the job is over: there is nothing left to take a snapshot of'));
    return new Promise((resolve, reject) => {
      this.#snapshots.push(resolve);
      this.#done.catch(reject);
      this.kick();
    });
  }

  /** Finishes the steps under way; with `drain`, also fires what is open, as if all inputs had ended. */
  async stop(drain: boolean): Promise<void> {
    if (this.#stopping === 'no') this.#stopping = drain ? 'drain' : 'stop';
    this.kick();
    await this.#done;
  }

  fail(error: MillraceError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    this.#fail?.(error);
  }

  #over(): boolean {
    return this.#parts.cutter.drained || (this.#stopped && this.#snapshots.length === 0);
  }

  #completed(result: StepResult): void {
    this.#clocks = result.clocks;
    if (result.nextClockWakeup !== undefined) this.#wakeup = Math.min(this.#wakeup ?? Infinity, result.nextClockWakeup);
    this.kick();
  }

  #snapshotOf(result: StepResult, positions: JobSnapshot['positions'], nextBlock: number): JobSnapshot {
    const { planHash, keyGroups, splitOrder } = this.#parts;
    return {
      format: 1,
      planHash,
      keyGroups,
      step: result.header.step,
      nextBlock,
      positions,
      clocks: result.clocks,
      splitOrder,
      state: result.state ?? { operators: {} },
    };
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#finish?.();
  }

  #sleep(): void {
    const { host, cutter } = this.#parts;
    const deadline = Math.min(cutter.nextDeadline() ?? Infinity, this.#wakeup ?? Infinity);
    if (!Number.isFinite(deadline) || this.#ended) return;
    this.#cancelTimer = host.after(Math.max(1, Math.min(deadline - host.now(), 2 ** 31 - 1)), () => this.kick());
  }
}
