import { MillraceError } from '../core/errors.js';
import type { LaneState } from '../state/memory-snapshot.js';
import type { SourceClockState } from './messages.js';
import type { SourcePositions } from './source-feed.js';

/** Everything a job needs to go on from a step's end, at any number of lanes. Plain data. */
export interface JobSnapshot {
  readonly format: 1;
  readonly planHash: string;
  readonly keyGroups: number;
  /** The last step that is in it, and the number of the next block. */
  readonly step: number;
  readonly nextBlock: number;
  /** By source, in the order of the plan. */
  readonly positions: readonly SourcePositions[];
  readonly clocks: readonly SourceClockState[];
  /** By source: ids of splits, each at its number in rows' places, which state may hold. */
  readonly splitOrder?: readonly (readonly string[])[];
  readonly state: LaneState;
}

/** Numbers of splits that are there now: those of the snapshot stay as they were, even of splits that have gone. */
export function splitOrderOf(snapshot: JobSnapshot | undefined, splits: readonly (readonly { readonly id: string }[])[]): string[][] {
  return splits.map((found, source) => [...new Set([...(snapshot?.splitOrder?.[source] ?? []), ...found.map(({ id }) => id)])]);
}

/** Refuses a snapshot of another job: restoring it would be wrong in ways nobody would notice. */
export function checkSnapshot(snapshot: JobSnapshot, planHash: string, keyGroups: number): void {
  if (snapshot.planHash !== planHash) {
    throw new MillraceError(
      'state.incompatible',
      'this snapshot is of another plan: the job has changed since it was taken; restore it with the job that it was taken of',
    );
  }
  if (snapshot.keyGroups !== keyGroups) {
    throw new MillraceError(
      'state.incompatible',
      `this snapshot has ${snapshot.keyGroups} key groups and the job ${keyGroups}: the number cannot change once state exists`,
    );
  }
}
