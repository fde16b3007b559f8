import { assert, must } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import { takeBatch } from '../wasm/selection.js';
import type { GroupTable } from '../state/group-table.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupLayout, type SlicedLayout } from './group-layout.js';
import type { StateReader, StateWriter } from './operator.js';
import type { Slice, SlicePlace } from './slice.js';
import { SlicedGroups } from './sliced-groups.js';
import { byEnd, isClosed, isLate, resultTime, type WindowPolicy } from './window-policy.js';
import { groupStateSchema, keyFieldsOf, type Told, type WindowAggregateConfig, type WindowStore } from './window-store.js';

interface Due extends Told {
  readonly slice: Slice;
  readonly free: boolean;
  /** Whether its table holds a share of a spilled slice, and goes when it has been told. */
  readonly share: boolean;
}

/**
 * Windows with a table each, whose groups are the results. Windows side by side are slices. Of windows that overlap each has a table
 * of its own where rows are taken back: a row then costs as much as it has windows, since not every aggregate's partial state can say
 * what is to be taken from another one's.
 */
export class SeparateWindows implements WindowStore {
  readonly #ws: Workspace;
  readonly #config: WindowAggregateConfig;
  readonly #policy: WindowPolicy;
  readonly #layout: SlicedLayout;
  readonly #groups: SlicedGroups;
  readonly #stateSchema: Schema;
  #due: Omit<Due, 'table' | 'stays' | 'share'>[] = [];
  /** Of the slice at the head of `#due`, where that is spilled: what is still to come. */
  #shares: Iterator<GroupTable> | undefined;
  firedWindows = 0;

  constructor(ws: Workspace, config: WindowAggregateConfig, policy: WindowPolicy) {
    this.#ws = ws;
    this.#config = config;
    this.#policy = policy;
    this.#layout = groupLayout(keyFieldsOf(config), config.aggregates, config.changes, { presence: config.presence });
    this.#stateSchema = groupStateSchema(config, false, config.changes);
    const form = { schema: this.#stateSchema, places: ({ start }: SlicePlace) => [start], keyGroups: config.keyGroups.count };
    this.#groups = new SlicedGroups(ws, this.#layout, policy.overlapping ? byEnd(policy) : policy, { form });
  }

  add(batch: Batch): void {
    if (this.#policy.overlapping) this.#addToAll(batch);
    else if (this.#config.mode === 'rows') this.#groups.addRows(batch, this.#config.keys);
    else this.#groups.addPartials(batch);
    if (!this.#config.changes) this.#groups.makeRoom();
  }

  mark(before: number, watermark: number): void {
    const { allowedLatenessMs, emit, changes } = this.#config;
    const touched = this.#groups.takeTouched();
    for (const slice of this.#groups.inOrder()) {
      const { first: end } = slice;
      assert(!isLate(end, allowedLatenessMs, before), () => `a row for a window that ended at ${end} came after ${before}`);
      const closed = isClosed(end, watermark);
      if (!closed && emit === 'final') continue;
      const fires = closed && !isClosed(end, before);
      if (fires) this.firedWindows++;
      const free = isLate(end, allowedLatenessMs, watermark);
      const start = this.#policy.windowStart(end);
      if (fires || free || touched.has(slice)) this.#due.push({ slice, start, end, layout: this.#layout, free: free || !changes });
    }
  }

  next(): Told | undefined {
    for (;;) {
      const due = this.#due[0];
      if (due === undefined) return undefined;
      if (this.#shares === undefined && !due.slice.spilled) {
        this.#due.shift();
        const whole: Due = { ...due, table: due.slice.table, stays: true, share: false };
        return whole;
      }
      this.#shares ??= due.slice.shares();
      const { value: table, done } = this.#shares.next();
      if (!done) {
        const share: Due = { ...due, table, stays: false, share: true };
        return share;
      }
      this.#shares = undefined;
      this.#due.shift();
      this.#groups.free(due.slice);
    }
  }

  done(told: Told): void {
    const { free, slice, share, table } = told as Due;
    if (share) table.close();
    else if (free) this.#groups.free(slice);
  }

  due(watermark: number): number {
    let least = Infinity;
    for (const { first: end } of this.#groups.all())
      least = Math.min(least, resultTime(end) + (isClosed(end, watermark) ? this.#config.allowedLatenessMs : 0));
    return least;
  }

  metrics(): Readonly<Record<string, number>> {
    const { size, groups, bytesInUse, reseeds } = this.#groups;
    return { openWindows: size, groups, stateBytes: bytesInUse, reseeds };
  }

  snapshot(writer: StateWriter): void {
    for (const slice of this.#groups.inOrder()) slice.write((group, batch) => writer.keyed('slices', group, batch));
  }

  restore(reader: StateReader): void {
    for (const { batch } of reader.keyed('slices', this.#stateSchema)) {
      this.#groups.addPartials(batch, this.#config.changes);
      if (!this.#config.changes) this.#groups.makeRoom();
    }
    this.#groups.takeTouched();
  }

  close(): void {
    this.#groups.close();
  }

  /** Each row to all windows that count it: to their first ones, to their second ones, and so on. */
  #addToAll(batch: Batch): void {
    const ws = this.#ws;
    const { over, offset, reach, step, endOffset } = must(this.#policy.grid, 'a grid of windows');
    const { allowedLatenessMs, keys } = this.#config;
    const { times, clocks, rows } = batch;
    const mark = ws.scratch.mark();
    const [ends, numbers] = [ws.alloc(rows * 8), ws.alloc(rows * 4)];
    const windows = (skip: number): number =>
      ws.kernels.window_ends(times, clocks, rows, over, offset, reach, step, endOffset, allowedLatenessMs, skip, ends, numbers) >>> 0;
    for (let skip = 0, count = windows(0); count > 0; count = windows(++skip)) {
      const inner = ws.scratch.mark();
      this.#groups.addRowsAt(takeBatch(ws, batch, numbers, count), ends, keys);
      ws.scratch.release(inner);
    }
    ws.scratch.release(mark);
  }
}
