import type { BlockContent, Sink } from '../connectors/connector.js';
import { assert, must } from '../core/assert.js';
import { errorFromData, MillraceError, toMillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { mergeLaneStates, type LaneState } from '../state/memory-snapshot.js';
import type { LaneSet } from './lane-set.js';
import { runOfLane, type BlockFacts, type FromLane, type StepAck, type StepHeader } from './messages.js';
import type { Program } from './program.js';
import { SinkWriter } from './sink-writer.js';
import type { SourceClockState } from './messages.js';

/** A header without what the run itself numbers. */
export type StepDraft = Omit<StepHeader, 'step' | 'attempt' | 'report'>;

/** What came of a step, when every lane has ended it and every sink has taken its output. */
export interface StepResult {
  readonly header: StepHeader;
  readonly facts: readonly BlockFacts[];
  readonly clocks: readonly SourceClockState[];
  readonly nextClockWakeup: number | undefined;
  readonly state: LaneState | undefined;
}

export interface JobRunParts {
  readonly program: Program;
  readonly lanes: LaneSet;
  readonly laneCount: number;
  readonly sinks: readonly Sink[];
  readonly firstStep: number;
  readonly attempt: number;
  readonly host: Host;
  readonly reportEveryMs: number;
}

/**
 * One attempt at a job: numbers steps, deals them to the lanes, gathers their answers and hands their output to the sinks.
 * What is in a step is decided elsewhere (step-cutter.ts, or a test).
 */
export class JobRun {
  readonly #parts: JobRunParts;
  readonly #writers: readonly SinkWriter[];
  readonly #acks = new Map<number, StepAck[]>();
  readonly #pending = new Map<number, { header: StepHeader; resolve: (result: StepResult) => void; reject: (error: Error) => void }>();
  readonly #metrics: Readonly<Record<string, number>>[] = [];
  readonly #stateBytes: number[] = [];
  readonly #peakBytes: number[] = [];
  readonly #written: Int32Array;
  #reported = Number.NEGATIVE_INFINITY;
  #step: number;
  #completed: number;
  #error: MillraceError | undefined;
  #onError: ((error: MillraceError) => void) | undefined;

  constructor(parts: JobRunParts) {
    this.#parts = parts;
    this.#step = parts.firstStep;
    this.#completed = parts.firstStep - 1;
    this.#written = new Int32Array(parts.lanes.shared.written);
    this.#writers = parts.program.sinks.map((sink, index) => {
      const taken = (lane: number) => {
        Atomics.add(this.#written, (lane * parts.program.sinks.length + index) * 16, 1);
        parts.lanes.wake(lane);
      };
      return new SinkWriter(sink.id, must(parts.sinks[index], 'a sink'), sink.ordered, parts.laneCount, parts.firstStep, taken, (error) =>
        this.fail(error),
      );
    });
  }

  async start(onError: (error: MillraceError) => void): Promise<void> {
    this.#onError = onError;
    if (this.#error !== undefined) throw this.#error; // a source has failed before
    await this.#parts.lanes.start((message) => this.#receive(message));
  }

  /** The number the next step will have. */
  get nextStep(): number {
    return this.#step;
  }

  get stepsInFlight(): number {
    return this.#step - 1 - this.#completed;
  }

  submit(draft: StepDraft, contents: ReadonlyMap<number, BlockContent> = new Map()): Promise<StepResult> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const header: StepHeader = { ...draft, step: this.#step++, attempt: this.#parts.attempt, report: this.#reportDue(draft) };
    const { laneCount, lanes } = this.#parts;
    const done = new Promise<StepResult>((resolve, reject) => this.#pending.set(header.step, { header, resolve, reject }));
    for (let lane = 0; lane < laneCount; lane++) {
      const own = new Map<number, BlockContent>();
      for (const block of runOfLane(header, lane, laneCount)) {
        const content = contents.get(block.no);
        if (content !== undefined) own.set(block.no, content);
      }
      lanes.send(lane, { type: 'step', header, contents: own });
    }
    return done;
  }

  /** Counters of all lanes, added up. Names are `operator.counter`. */
  metrics(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const lane of this.#metrics) for (const [name, value] of Object.entries(lane ?? {})) sum[name] = (sum[name] ?? 0) + value;
    sum['stateBytes'] = this.#stateBytes.reduce((a, b) => a + (b ?? 0), 0);
    sum['peakBytes'] = this.#peakBytes.reduce((a, b) => a + (b ?? 0), 0);
    sum['steps'] = this.#completed + 1 - this.#parts.firstStep;
    return sum;
  }

  fail(cause: unknown): void {
    if (this.#error !== undefined) return;
    // Not inside the call: nobody may be listening yet, and the failure must be kept for `start`.
    const error = this.#end(toMillraceError(cause));
    this.#onError?.(error);
  }

  /** Steps under way fail with `job.cancelled`; what lanes say from now on is not heard. */
  async close(): Promise<void> {
    if (this.#error === undefined) this.#end(new MillraceError('job.cancelled', 'the job was closed'));
    await this.#parts.lanes.close();
  }

  #end(error: MillraceError): MillraceError {
    this.#error = error;
    for (const writer of this.#writers) writer.stop();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    return error;
  }

  /** Counters are told now and then, and whenever somebody may be about to look at them. */
  #reportDue(draft: StepDraft): boolean {
    const now = this.#parts.host.monotonicMs();
    const due = draft.kind !== 'rows' || draft.snapshot || now - this.#reported >= this.#parts.reportEveryMs;
    if (due) this.#reported = now;
    return due;
  }

  #receive(message: FromLane): void {
    if (this.#error !== undefined) return;
    if (message.type === 'error') this.fail(errorFromData(message.error));
    else if (message.type === 'chunk') (this.#writers[message.sink] as SinkWriter).add(message.lane, message.step, message.chunk);
    else if (message.type === 'ack') this.#acknowledge(message.lane, message.ack);
  }

  #acknowledge(lane: number, ack: StepAck): void {
    if (ack.metrics !== undefined) this.#metrics[lane] = ack.metrics;
    this.#stateBytes[lane] = ack.stateBytes;
    this.#peakBytes[lane] = ack.peakBytes;
    for (const writer of this.#writers) writer.end(lane, ack.step);
    const acks = this.#acks.get(ack.step) ?? [];
    this.#acks.set(ack.step, acks);
    acks[lane] = ack;
    if (acks.filter((a) => a !== undefined).length < this.#parts.laneCount) return;
    this.#acks.delete(ack.step);
    this.#complete(ack.step, acks).catch((error: unknown) => this.fail(error));
  }

  async #complete(step: number, acks: readonly StepAck[]): Promise<void> {
    for (const writer of this.#writers) await writer.written(step);
    const pending = this.#pending.get(step);
    if (pending === undefined) return;
    assert(step === this.#completed + 1, 'steps complete in order');
    const wakeups = acks.map((ack) => ack.nextClockWakeup).filter((w) => w !== undefined);
    const result: StepResult = {
      header: pending.header,
      facts: acks.flatMap((ack) => ack.blocks),
      clocks: (acks[0] as StepAck).clocks.map((clock) => must(clock, 'a source clock')),
      nextClockWakeup: wakeups.length === 0 ? undefined : Math.min(...wakeups),
      state: pending.header.snapshot ? mergeLaneStates(acks.map((ack) => must(ack.state, 'a lane state'))) : undefined,
    };
    this.#completed = step;
    this.#pending.delete(step);
    pending.resolve(result);
  }
}
