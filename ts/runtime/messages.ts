import type { ErrorData } from '../core/errors.js';
import type { BlockContent, BlockRef, SinkChunk } from '../connectors/connector.js';
import type { LaneState } from '../state/memory-snapshot.js';

/** A source's watermarks, as plain data: what a snapshot keeps of them. */
export interface SourceClockState {
  readonly watermark: number;
  readonly splits: Readonly<Record<string, number>>;
  readonly ended: readonly string[];
}

/**
 * The unit of progress. Results are a function of the sequence of headers: all that varies from run to run (time, the
 * order in which input turned up, idleness) is written here.
 */
export interface StepHeader {
  readonly step: number;
  readonly attempt: number;
  /** The step's clock, epoch milliseconds. */
  readonly clockMs: number;
  readonly blocks: readonly BlockRef[];
  /** Splits without rows for longer than their source allows: they do not hold the watermark back. */
  readonly idle: readonly SplitRef[];
  /** Splits that have nothing after this step. */
  readonly ended: readonly SplitRef[];
  /** Watermarks that a source asserts itself, valid from the end of this step. */
  readonly raised: readonly (SplitRef & { readonly watermark: number })[];
  /** `drain`: every source is at its end: the watermark is +∞. */
  readonly kind: 'rows' | 'tick' | 'drain';
  /** Every operator hands its state over at the end of this step. */
  readonly snapshot: boolean;
  /** Lanes tell their counters with the end of this step. */
  readonly report: boolean;
}

export interface SplitRef {
  readonly source: number;
  readonly split: string;
}

export type ToLane =
  | { readonly type: 'step'; readonly header: StepHeader; readonly contents: ReadonlyMap<number, BlockContent> }
  | { readonly type: 'stop' };

/** What a lane found in a block of its own. */
export interface BlockFacts {
  readonly no: number;
  readonly rows: number;
  /** The largest watermark candidate, -Infinity without one. */
  readonly watermark: number;
}

export interface StepAck {
  readonly step: number;
  readonly blocks: readonly BlockFacts[];
  /** The sources' clocks at the step's end: the same on every lane. */
  readonly clocks: readonly (SourceClockState | undefined)[];
  readonly nextClockWakeup: number | undefined;
  readonly stateBytes: number;
  /** The most of its memory that the lane has used. */
  readonly peakBytes: number;
  /** When the header asked for them. */
  readonly metrics: Readonly<Record<string, number>> | undefined;
  /** When the header asked for it. */
  readonly state: LaneState | undefined;
}

export type FromLane =
  | { readonly type: 'ready'; readonly lane: number }
  | { readonly type: 'ack'; readonly lane: number; readonly ack: StepAck }
  | {
      readonly type: 'chunk';
      readonly lane: number;
      readonly step: number;
      readonly sink: number;
      readonly bytes: number;
      readonly chunk: SinkChunk;
    }
  | { readonly type: 'error'; readonly lane: number; readonly error: ErrorData };

/**
 * Steps after which the runs turn. Not each step: a lane waits for the lanes with earlier runs of the same step, so one
 * that always has the first run is never kept waiting, and the others follow it a step apart.
 */
const STEPS_A_TURN = 32;

/**
 * Which run of a step's blocks is a lane's: runs are consecutive, so that order within a lane is order in the file, and
 * turn now and then, so that small steps use all lanes.
 */
export function runOfLane(header: StepHeader, lane: number, lanes: number): readonly BlockRef[] {
  const run = (lane - turnOf(header.step, lanes) + lanes) % lanes;
  const n = header.blocks.length;
  return header.blocks.slice(Math.ceil((run * n) / lanes), Math.ceil(((run + 1) * n) / lanes));
}

/** Lanes in the order of their runs in this step. */
export function lanesInOrder(step: number, lanes: number): number[] {
  const turn = turnOf(step, lanes);
  return Array.from({ length: lanes }, (_, run) => (run + turn) % lanes);
}

function turnOf(step: number, lanes: number): number {
  return Math.floor(step / STEPS_A_TURN) % lanes;
}
