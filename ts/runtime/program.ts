import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import type { Address } from '../columns/memory.js';
import type { BlockRef, LaneReader, SinkForm, SplitSpec } from '../connectors/connector.js';
import type { Host } from '../core/host.js';
import type { KeyGroups, Operator } from '../operators/operator.js';
import type { Workspace } from '../wasm/workspace.js';

/**
 * A job as a lane runs it: made by build/ from the plan, the same on every lane. The runtime knows no more of a job
 * than this. Stages are cut where rows must move between lanes; inside a stage, nodes stand in topological order.
 */
export interface Program {
  readonly stages: readonly StageProgram[];
  readonly exchanges: readonly ExchangeProgram[];
  readonly sources: readonly SourceProgram[];
  readonly sinks: readonly SinkProgram[];
}

export interface StageProgram {
  /** Indexes into Program.sources. */
  readonly sources: readonly number[];
  /** Indexes into Program.exchanges, of those that end here. */
  readonly exchanges: readonly number[];
  readonly nodes: readonly NodeProgram[];
}

export interface NodeProgram {
  /** The operator's id in the plan, with a suffix where one plan node became several operators. */
  readonly id: string;
  readonly inputs: number;
  /** For each output port, where its batches go. */
  readonly outputs: readonly (readonly Target[])[];
  create(ws: Workspace, groups: KeyGroups): Operator;
}

export type Target =
  | { readonly to: 'node'; readonly node: number; readonly input: number }
  | { readonly to: 'exchange'; readonly exchange: number }
  | { readonly to: 'sink'; readonly sink: number };

/** Rows that move to the lane of their key group. */
export interface ExchangeProgram {
  readonly schema: Schema;
  /** Column indexes of the key, where rows go by key. */
  readonly keys: readonly number[];
  /** `one-lane`: streams without key are one group, on lane 0. `own-lane`: rows stay, and only change stage. */
  readonly route: 'key' | 'one-lane' | 'own-lane';
  readonly targets: readonly Target[];
}

export interface SourceProgram {
  readonly id: string;
  readonly schema: Schema;
  readonly eventTime: EventTimeProgram | undefined;
  /** A condition pushed into the source: rows it does not select are dropped before their strings are copied. */
  readonly filter: ((ws: Workspace, batch: Batch) => { selection: Address; count: number }) | undefined;
  /** Whether rows carry their places: somebody downstream orders rows of equal event time by them. */
  readonly positions: boolean;
  /** Where rows go, and where what could not be decoded goes. */
  readonly targets: readonly Target[];
  readonly malformed: readonly Target[];
  /** Makes this lane's reader; of a coordinator source, what turns its blocks into batches. */
  createReader(ws: Workspace, host: Host): LaneReader;
}

export interface EventTimeProgram {
  /** Index of the event-time column in the source's schema. */
  readonly column: number;
  /** `watermark = time - boundMs - 1`, unless candidates are computed. */
  readonly boundMs: number;
  /** Watermark candidates: int64 column with validity, one value a row; null makes no claim. */
  readonly candidates: ((ws: Workspace, batch: Batch) => { values: Address; validity: Address }) | undefined;
  readonly idleAfterMs: number | undefined;
  readonly maxFutureMs: number | undefined;
}

export interface SinkProgram {
  readonly id: string;
  readonly schema: Schema;
  readonly takes: SinkForm;
  /** Whether a step's chunks must come in the order of its blocks; only where no exchange could wait for them. */
  readonly ordered: boolean;
  /** Of a sink that takes bytes: the rows' encoding. */
  createEncoder(ws: Workspace): ((batch: Batch) => { at: Address; bytes: number }) | undefined;
}

export type { BlockRef, SplitSpec };

/**
 * A place where asynchronous work cuts the graph: rows leave the lanes by `sink`, to an event loop, and what comes back
 * enters later steps by `source`, as any other source's rows do. What is under way between the two is state: a snapshot
 * holds the rows that have left and not come back, and gives them to the event loop again on restore.
 */
export interface GraphCut {
  /** Indexes into the program's sinks and sources. */
  readonly sink: number;
  readonly source: number;
  /** Rows that may be under way at once, on all lanes together. */
  readonly capacity: number;
  /** Whether rows must come back in the order in which they left, for each key. */
  readonly ordered: boolean;
  /** Of the rows that come back: no row of them will be at or before this, given what is under way. */
  heldWatermark(pendingTimes: Iterable<number>, watermark: number): number;
}
