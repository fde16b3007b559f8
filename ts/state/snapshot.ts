import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';

/**
 * Takes an operator's state, as batches of values (never internal ids). A batch is copied during the call.
 * `keyed` state moves between lanes by key group; `single` state is written by lane 0 only; `broadcast` state is the
 * same on every lane.
 */
export interface StateWriter {
  keyed(name: string, group: number, batch: Batch): void;
  single(name: string, batch: Batch): void;
  broadcast(name: string, batch: Batch): void;
}

/** Gives it back: of keyed state, the groups that this lane now holds, in any order. */
export interface StateReader {
  /** Batches are valid until the next one is asked for. */
  keyed(name: string, schema: Schema): Iterable<{ readonly group: number; readonly batch: Batch }>;
  single(name: string, schema: Schema): Iterable<Batch>;
  broadcast(name: string, schema: Schema): Iterable<Batch>;
}

/** Which key groups a lane holds. */
export interface KeyGroups {
  /** G, kept in every checkpoint. */
  readonly count: number;
  readonly lane: number;
  readonly lanes: number;
}

/** `lane = floor(group * lanes / G)` */
export function laneOfGroup(group: number, groups: number, lanes: number): number {
  return Math.floor((group * lanes) / groups);
}
