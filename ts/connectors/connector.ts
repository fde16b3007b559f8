import type { Batch } from '../columns/batch.js';
import type { DetachedBatch, DetachedVector } from '../columns/detached.js';
import type { Address, Space } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { Host } from '../core/host.js';

/**
 * How a source or a sink is written down in a plan: plain data, so that every lane can rebuild it. What cannot be
 * data (an iterable, a callback) stays with the coordinator and is named by `slot`.
 */
export interface ConnectorSpec {
  readonly connector: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly slot?: number;
}

/** One independently ordered part of a source. */
export interface SplitSpec {
  /** Unique within the source and stable between runs: a path, a partition. */
  readonly id: string;
  /** What a reader needs to open it, anywhere. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Bytes, rows or offsets that are known to be there; undefined for a split without end. */
  readonly end?: number;
}

/**
 * A piece of one split, [from, to) in the split's own positions (bytes, row numbers, offsets). A position is a
 * number that grows, by at least one a row; a split read again from a position gives the same rows.
 */
export interface BlockRef {
  readonly source: number;
  readonly split: string;
  readonly from: number;
  readonly to: number;
  /** Its place in the job's one sequence of blocks. */
  readonly no: number;
}

/** A source, as the coordinator sees it. */
export interface Source {
  readonly schema: Schema;
  /**
   * `lane`: lanes open splits themselves and read [from, to) of each block they are given.
   * `coordinator`: rows come from an event loop (a socket, an iterable) and are handed to lanes as batches.
   */
  readonly runsIn: 'lane' | 'coordinator';
  splits(host: Host): readonly SplitSpec[] | Promise<readonly SplitSpec[]>;
  /** Lane sources: how far the next block of a split reaches. */
  readonly blocks?: BlockPlanner;
  /** Coordinator sources: the rows. */
  open?(split: SplitSpec, position: number): PushReader;
  /** These positions are in a decided checkpoint. */
  committed?(positions: ReadonlyMap<string, number>): void;
  close?(): void | Promise<void>;
}

/** Cuts a split, without reading it where its format allows that. */
export interface BlockPlanner {
  /** The next block's end after `from`, at most about `bytes` long; undefined when there is nothing to read now. */
  next(split: SplitSpec, from: number, bytes: number): { readonly to: number } | undefined;
  /** Whether nothing will ever come after `position`. */
  ended(split: SplitSpec, position: number): boolean;
  close?(): void;
}

/** Reads a split on the coordinator, a piece at a time. */
export interface PushReader {
  /** The next rows, or undefined at the end. Never called again before it has answered. */
  next(): Promise<RowsBlock | undefined>;
  close(): void | Promise<void>;
}

/** Rows on their way to a lane: either plain values by column, or bytes that the lane decodes. */
export interface RowsBlock {
  /** The split's position after these rows. */
  readonly position: number;
  /** A batch in Arrow layout in ordinary memory, or bytes of the source's format made of whole records. */
  readonly content:
    | { readonly kind: 'batch'; readonly rows: number; write(space: Space): Batch }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array };
}

/** Rows of a coordinator source on their way to the lane that has the block. */
export type BlockContent =
  | { readonly kind: 'batch'; readonly batch: DetachedBatch }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/**
 * Reads blocks of one source inside a lane. One for each lane; splits are opened as needed. A reader allocates from the
 * workspace it was made with and never gives back what it has yielded: the lane does, when it is done with the block.
 */
export interface LaneReader {
  /** The block's rows, in order, in pieces of at most MAX_BATCH_ROWS. `content` comes with blocks of coordinator sources. */
  read(block: BlockRef, split: SplitSpec, content: BlockContent | undefined): Iterable<SourceItem>;
  /** Counters since the reader was made: `malformedRows`, `bytesRead` and the like. */
  metrics(): Readonly<Record<string, number>>;
  close(): void;
}

/** A piece of a block: rows that were decoded, or records that could not be. */
export type SourceItem = PendingRows | { readonly port: 'malformed'; readonly batch: Batch };

/**
 * Rows whose strings are perhaps not copied yet, so that a filter pushed into the source can spare the copying. Event
 * time is tracked on all rows before any filter.
 */
export interface PendingRows {
  readonly port: 'rows';
  /** Fixed-width columns are complete. Where `deferred`, columns of utf8 and binary must not be read before `finish`. */
  readonly partial: Batch;
  readonly deferred: boolean;
  /** The rows `selection[0..count)` (int32 row numbers, ascending), or all where selection is NONE, with all columns. */
  finish(selection: Address, count: number): Batch;
}

/** What `.malformed` streams hold. */
export const MALFORMED_SCHEMA: Schema = Object.freeze([
  Object.freeze({ name: 'source', kind: 'utf8', nullable: false }),
  Object.freeze({ name: 'position', kind: 'utf8', nullable: false }),
  Object.freeze({ name: 'raw', kind: 'binary', nullable: false }),
  Object.freeze({ name: 'reason', kind: 'utf8', nullable: false }),
] as const);

/** Work that is handed to threads beside the lanes; see runtime/off-lane-tasks.ts for what there is. */
export interface OffLaneWork {
  run(task: 'gzip', bytes: Uint8Array): Promise<Uint8Array>;
}

/** A sink, on the coordinator. Chunks come in the order of steps, and of lanes within a step. */
export interface Sink {
  /**
   * `columns`: rows come as detached batches; `ndjson`, `csv`: rows are encoded in the lanes and come as bytes.
   */
  readonly takes: SinkForm;
  /** csv: the one ASCII character between fields that lanes write; a comma unless said. */
  readonly delimiter?: string;
  open?(host: Host, offLanes: OffLaneWork): void | Promise<void>;
  /** The sink's slowness is the job's: no further step is started while too many writes are pending. */
  write(step: number, chunk: SinkChunk): void | Promise<void>;
  /** End of a checkpoint's part of the output: everything written so far can be made durable by `commit`. */
  prepare?(checkpoint: number): unknown | Promise<unknown>;
  commit?(token: unknown): void | Promise<void>;
  abort?(token: unknown): void | Promise<void>;
  recover?(token: unknown): 'committed' | 'aborted' | Promise<'committed' | 'aborted'>;
  close(): void | Promise<void>;
}

export type SinkForm = 'columns' | 'ndjson' | 'csv';

export type SinkChunk =
  | { readonly kind: 'columns'; readonly batch: DetachedBatch }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly rows: number };

export type { DetachedBatch, DetachedVector };
