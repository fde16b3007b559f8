import type { Batch } from '../columns/batch.js';
import type { KeyGroups, StateReader, StateWriter } from '../state/snapshot.js';

/**
 * The contract between an operator and whatever drives it. An operator knows nothing of threads, sources, sinks or
 * checkpoints; it is pushed and pulled, never blocks, and may pause with half an answer.
 *
 * The driver's side:
 *  - When a step begins, `begin`, where there is one, before any push of the step.
 *  - `push(input, batch)` only while `ready(input)`; then `pull(out)` until it answers 'done'.
 *  - A pushed batch, and everything it points to, stays valid until that 'done', and no longer.
 *  - `pull` is called only while `out.room() > 0`.
 *  - When a step's batches are through, each input gets one `mark`; then `pull` until 'done': this is where windows fire.
 *  - `snapshot`, `restore` and `remap` come only between a step's last 'done' and the next push.
 *
 * The operator's side:
 *  - One `pull` emits at most one batch, to one port, of at most `out.room()` rows. Its memory must stay valid until
 *    the next call of `pull`, `push` or `mark`: scratch of the workspace does.
 *  - Rows of one input come out in the order they went in, unless the operator's page in docs/operators says otherwise.
 *  - It may throw MillraceError for an operating fault and assert for a bug; the driver adds the operator's id.
 */
export interface Operator {
  /** A step begins: what rows of the step need to know beforehand. */
  begin?(start: StepStart): void;
  /** Whether `push` to this input is allowed now. False between a push and the 'done' that answers it. */
  ready(input: number): boolean;
  push(input: number, batch: Batch): void;
  pull(out: Outbox): 'more' | 'done';
  /** The step is over on this input, and its watermark is now at least this. */
  mark(input: number, mark: StepMark): void;
  /** No row with event time <= this will be emitted any more. -Infinity before the first mark. */
  outputWatermark(): number;
  /** When the operator wants a mark even if no rows come. */
  nextWakeup(): Wakeup;
  snapshot(writer: StateWriter): void;
  /** Once, before the first push, with the state of this lane's key groups. */
  restore(reader: StateReader): void;
  /** Gives all memory back. */
  close(): void;
  /** Counters since the operator was made; names are stable, `docs/operators` explains them. */
  metrics(): Readonly<Record<string, number>>;
}

export interface StepStart {
  readonly step: number;
  /** As in the step's mark. */
  readonly clockMs: number;
}

export interface StepMark {
  readonly step: number;
  /** The step's clock: the only processing time there is. */
  readonly clockMs: number;
  /** No record with event time <= this is expected any more. ±Infinity; -Infinity on a stream without event time. */
  readonly watermark: number;
}

/** Where `pull` puts its batch. Port 0 is the main output; operators document the others. */
export interface Outbox {
  /** Rows that the next batch may have. */
  room(): number;
  emit(port: number, batch: Batch): void;
}

export interface Wakeup {
  readonly event?: number;
  readonly clock?: number;
}

export const NO_WAKEUP: Wakeup = Object.freeze({});

export type { KeyGroups, StateReader, StateWriter };
