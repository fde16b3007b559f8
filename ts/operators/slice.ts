import { must } from '../core/assert.js';
import { attach, detach, type DetachedBatch } from '../columns/detached.js';
import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import type { SpilledRun } from '../columns/spill-space.js';
import { GroupTable } from '../state/group-table.js';
import type { Workspace } from '../wasm/workspace.js';
import type { SlicedLayout } from './group-layout.js';
import { writeGroups } from './window-store.js';

/** Where a slice lies in time. */
export interface SlicePlace {
  readonly start: number;
  readonly end: number;
  /** Ends of the first and the last window that its rows count in. */
  readonly first: number;
  readonly last: number;
  /** Whether its first window had fired before its rows came. */
  readonly delta: boolean;
}

/** How slices' groups look outside of tables: in snapshots and on disk. */
export interface SliceForm {
  /** Partial states, with what `places` gives before the keys. */
  readonly schema: Schema;
  places(slice: SlicePlace): readonly number[];
  readonly keyGroups: number;
}

/** Merges partial states into a table. */
export type MergeStates = (batch: Batch, into: GroupTable) => void;

/** So many tables, one after another, hold a spilled slice when it is read: each a share of its keys. */
const PARTITIONS = 16;

interface Run {
  readonly run: SpilledRun;
  /** Key groups of its batches. */
  readonly groups: readonly number[];
}

/** Groups of one slice of time: in memory and, when memory was short, on disk. */
export class Slice implements SlicePlace {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
  readonly delta: boolean;
  readonly #ws: Workspace;
  readonly #layout: SlicedLayout;
  readonly #form: SliceForm | undefined;
  readonly #merge: MergeStates;
  #table: GroupTable;
  /** By share of the keys. */
  #runs: Run[][] = [];

  constructor(ws: Workspace, layout: SlicedLayout, place: SlicePlace, expected: number, merge: MergeStates, form?: SliceForm) {
    this.start = place.start;
    this.end = place.end;
    this.first = place.first;
    this.last = place.last;
    this.delta = place.delta;
    this.#ws = ws;
    this.#layout = layout;
    this.#merge = merge;
    this.#form = form;
    this.#table = new GroupTable(ws, layout.shape, layout.rowBytes, expected);
  }

  /** All groups, in memory: what is on disk is brought back. */
  get table(): GroupTable {
    if (this.spilled) this.#load();
    return this.#table;
  }

  /** The groups that are in memory: all, unless it is spilled. Rows may be added to them at any time. */
  get resident(): GroupTable {
    return this.#table;
  }

  get spilled(): boolean {
    return this.#runs.length > 0;
  }

  /** Moves what is in memory to disk. */
  spill(): void {
    const space = must(this.#ws.spill, 'a space on disk');
    const shares: { batches: DetachedBatch[]; groups: number[] }[] = Array.from({ length: PARTITIONS }, () => ({
      batches: [],
      groups: [],
    }));
    this.#write((group, batch) => {
      const share = must(shares[group % PARTITIONS], 'a share');
      share.batches.push(detach(this.#ws.memory, batch));
      share.groups.push(group);
    });
    if (!this.spilled) this.#runs = shares.map(() => []);
    for (const [i, { batches, groups }] of shares.entries())
      if (batches.length > 0) this.#runs[i]?.push({ run: space.write(this.#formOf.schema, batches), groups });
    this.#table.close();
    this.#table = this.#newTable();
  }

  /** The groups of a spilled slice, share by share, each in a table that is the taker's to close. The slice is empty then. */
  *shares(): Generator<GroupTable> {
    if (this.#table.size > 0) this.spill();
    const runs = this.#runs;
    this.#runs = [];
    for (const share of runs) {
      if (share.length === 0) continue;
      const table = this.#newTable();
      this.#mergeRuns(share, table);
      yield table;
    }
  }

  /** All groups as partial states, by key group, wherever they are. */
  write(write: (group: number, batch: Batch) => void): void {
    this.#write(write);
    for (const { run, groups } of this.#runs.flat()) {
      let at = 0;
      for (const batch of run.read()) {
        const mark = this.#ws.scratch.mark();
        write(must(groups[at++], 'a key group'), attach(this.#ws, batch));
        this.#ws.scratch.release(mark);
      }
    }
  }

  close(): void {
    this.#table.close();
    for (const { run } of this.#runs.flat()) run.drop();
    this.#runs = [];
  }

  get #formOf(): SliceForm {
    return must(this.#form, 'the form of groups outside of tables');
  }

  #write(write: (group: number, batch: Batch) => void): void {
    const { schema, places, keyGroups } = this.#formOf;
    writeGroups(this.#ws, { table: this.#table, layout: this.#layout, places: places(this), schema }, keyGroups, write);
  }

  #load(): void {
    const runs = this.#runs.flat();
    this.#runs = [];
    this.#mergeRuns(runs, this.#table);
  }

  #mergeRuns(runs: readonly Run[], into: GroupTable): void {
    for (const { run } of runs) {
      for (const batch of run.read()) {
        const mark = this.#ws.scratch.mark();
        this.#merge(attach(this.#ws, batch), into);
        this.#ws.scratch.release(mark);
      }
      run.drop();
    }
  }

  #newTable(): GroupTable {
    return new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes);
  }
}
