import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupLayout, type SlicedLayout } from './group-layout.js';
import { mergeGroups } from './group-merge.js';
import type { StateReader, StateWriter } from './operator.js';
import type { Slice, SlicePlace } from './slice.js';
import { SlicedGroups } from './sliced-groups.js';
import { RunningWindow, TwoStacks, type WindowCombiner } from './window-combiner.js';
import { byEnd, isClosed, isLate, resultTime, type WindowPolicy } from './window-policy.js';
import { groupStateSchema, keyFieldsOf, type Told, type WindowAggregateConfig, type WindowStore } from './window-store.js';

/**
 * Windows that share slices. A row goes to one slice, and a window is combined from its slices when it fires (WindowCombiner);
 * slices are then never changed again. Where windows are told more than once, each that has been told (with `updates`: each)
 * has a table of its own, and rows that reach it go to slices of their own, deltas, until the end of their step, when they are merged
 * into those windows, and into a slice for the windows that are still to fire.
 */
export class OverlappingWindows implements WindowStore {
  readonly #ws: Workspace;
  readonly #config: WindowAggregateConfig;
  readonly #policy: WindowPolicy;
  readonly #layout: SlicedLayout;
  readonly #slices: SlicedGroups;
  readonly #combiner: WindowCombiner;
  readonly #sliceSchema: Schema;
  /** Of windows with tables of their own, known by their ends. */
  readonly #windowLayout: SlicedLayout;
  readonly #windows: SlicedGroups;
  readonly #windowSchema: Schema;
  /** Slices whose first window has fired, and which the combiner has not got: they came with a restore. */
  #restored: Slice[] = [];
  #watermark = -Infinity;
  /** The end of the window that fired last. */
  #fired = -Infinity;
  #touched: Slice[] = [];
  firedWindows = 0;

  constructor(ws: Workspace, config: WindowAggregateConfig, policy: WindowPolicy) {
    this.#ws = ws;
    this.#config = config;
    this.#policy = policy;
    const keys = keyFieldsOf(config);
    const { aggregates, presence, allowedLatenessMs } = config;
    this.#layout = groupLayout(keys, aggregates, false, { presence, overlapping: true });
    const keyGroups = config.keyGroups.count;
    this.#sliceSchema = groupStateSchema(config, true, false);
    const places = ({ start, first }: SlicePlace) => [start, first];
    this.#slices = new SlicedGroups(ws, this.#layout, policy, {
      allowedLatenessMs,
      form: { schema: this.#sliceSchema, places, keyGroups },
    });
    const running =
      config.window.kind === 'cumulating' ||
      (presence !== undefined && this.#layout.aggregates.every(({ aggregate }) => aggregate.unmerge !== undefined));
    this.#combiner = running ? new RunningWindow(ws, this.#layout) : new TwoStacks(ws, this.#layout);
    this.#windowLayout = groupLayout(keys, aggregates, true);
    this.#windowSchema = groupStateSchema(config, false, true);
    const form = { schema: this.#windowSchema, places: ({ first }: SlicePlace) => [first], keyGroups };
    this.#windows = new SlicedGroups(ws, this.#windowLayout, byEnd(policy), { form });
    if (config.emit === 'updates') this.#slices.setFired(Infinity);
  }

  add(batch: Batch): void {
    if (this.#config.mode === 'rows') this.#slices.addRows(batch, this.#config.keys);
    else this.#slices.addPartials(batch);
    if (!this.#config.changes) this.#slices.makeRoom();
  }

  mark(before: number, watermark: number): void {
    const { allowedLatenessMs, changes, emit } = this.#config;
    for (const slice of this.#slices.takeTouched()) {
      assert(!isLate(slice.first, allowedLatenessMs, before), () => `a row for a window that ended at ${slice.first} came after ${before}`);
      if (slice.delta) this.#apply(slice, before);
    }
    this.#watermark = watermark;
    if (!changes) return;
    if (emit === 'final') this.#slices.setFired(watermark);
    const touched = this.#windows.takeTouched();
    this.#touched = this.#windows.inOrder().filter((window) => {
      const fires = isClosed(window.first, watermark) && !isClosed(window.first, before);
      if (fires && emit === 'updates') this.firedWindows++;
      return touched.has(window) || isLate(window.first, allowedLatenessMs, watermark);
    });
  }

  next(): Told | undefined {
    const window = this.#touched.shift() ?? this.#fire();
    if (window === undefined || !('delta' in window)) return window;
    const { first: end, table } = window;
    return { start: this.#policy.windowStart(end), end, table, layout: this.#windowLayout, stays: true };
  }

  done(told: Told): void {
    if (!this.#config.changes) this.#over(told.end);
    else if (isLate(told.end, this.#config.allowedLatenessMs, this.#watermark)) this.#windows.free(this.#windows.sliceAt(told.end));
  }

  due(watermark: number): number {
    const { allowedLatenessMs } = this.#config;
    let least = Infinity;
    for (const { first: end } of this.#windows.all())
      least = Math.min(least, resultTime(end) + (isClosed(end, watermark) ? allowedLatenessMs : 0));
    const next = this.#nextWindow();
    return next === undefined ? least : Math.min(least, resultTime(next));
  }

  metrics(): Readonly<Record<string, number>> {
    const ends = new Set<number>();
    for (const window of this.#windows.all()) ends.add(window.first);
    let open = ends.size;
    if (this.#config.emit === 'final') open += this.#openWindows();
    return {
      openWindows: open,
      slices: this.#slices.size,
      groups: this.#slices.groups + this.#windows.groups,
      stateBytes: this.#slices.bytesInUse + this.#windows.bytesInUse + this.#combiner.bytesInUse,
      reseeds: this.#slices.reseeds + this.#windows.reseeds,
    };
  }

  snapshot(writer: StateWriter): void {
    for (const slice of this.#slices.inOrder()) slice.write((group, batch) => writer.keyed('slices', group, batch));
    for (const window of this.#windows.inOrder()) window.write((group, batch) => writer.keyed('windows', group, batch));
  }

  restore(reader: StateReader, watermark: number): void {
    this.#slices.setFired(-Infinity);
    for (const { batch } of reader.keyed('slices', this.#sliceSchema)) this.#slices.addPartials(batch);
    for (const { batch } of reader.keyed('windows', this.#windowSchema)) this.#windows.addPartials(batch, true);
    this.#slices.takeTouched();
    this.#windows.takeTouched();
    this.#watermark = watermark;
    for (const slice of this.#slices.all()) {
      if (!isClosed(slice.first, watermark)) continue;
      this.#restored.push(slice);
      // The last of its windows that has fired: windows do not fire out of order.
      for (let end = slice.first; end <= slice.last && isClosed(end, watermark); end = this.#policy.nextEnd(end))
        this.#fired = Math.max(this.#fired, end);
    }
    if (this.#config.emit === 'updates') this.#slices.setFired(Infinity);
    else if (this.#config.changes) this.#slices.setFired(watermark);
  }

  close(): void {
    this.#combiner.close();
    this.#slices.close();
    this.#windows.close();
  }

  /** Merges what came for windows that have been told into their tables, and into a slice for those that have not. */
  #apply(delta: Slice, before: number): void {
    const from = { table: delta.table, layout: this.#layout };
    let end = delta.first;
    for (; end <= delta.last && (this.#config.emit === 'updates' || isClosed(end, before)); end = this.#policy.nextEnd(end)) {
      const { table } = this.#windows.touch(end);
      mergeGroups(this.#ws, from, { table, layout: this.#windowLayout });
    }
    if (end <= delta.last) mergeGroups(this.#ws, from, { table: this.#slices.sliceAt(delta.start, end).table, layout: this.#layout });
    this.#slices.free(delta);
  }

  /** The next window that fires at the watermark, combined. */
  #fire(): Told | undefined {
    const end = this.#nextWindow();
    if (end === undefined || !isClosed(end, this.#watermark)) return undefined;
    this.firedWindows++;
    const fresh = [...this.#restored, ...this.#slicesWith((slice) => slice.first === end)];
    this.#restored = [];
    this.#fired = end;
    const table = this.#combiner.window(end, fresh);
    const start = this.#policy.windowStart(end);
    if (!this.#config.changes) return { start, end, table, layout: this.#layout, stays: false };
    const window = this.#windows.sliceAt(end);
    mergeGroups(this.#ws, { table, layout: this.#layout }, { table: window.table, layout: this.#windowLayout }, 'living');
    this.#over(end);
    return { start, end, table: window.table, layout: this.#windowLayout, stays: true };
  }

  /** A combined window is read no more: slices that no other window reads go. */
  #over(end: number): void {
    const expired = this.#slicesWith((slice) => slice.last <= end);
    this.#combiner.done(end, expired);
    for (const slice of expired) this.#slices.free(slice);
    // Combining has brought slices back.
    if (!this.#config.changes) this.#slices.makeRoom();
  }

  /** The end of the first window after the last one that has a slice. */
  #nextWindow(): number | undefined {
    let least = Infinity;
    for (const { first, last } of this.#slices.all()) {
      const end = first > this.#fired ? first : this.#policy.nextEnd(this.#fired);
      if (end <= last) least = Math.min(least, end);
    }
    return least === Infinity ? undefined : least;
  }

  /** How many windows that have not fired have a slice. */
  #openWindows(): number {
    const ends = new Set<number>();
    for (const { first, last } of this.#slices.all())
      for (let end = first > this.#fired ? first : this.#policy.nextEnd(this.#fired); end <= last; end = this.#policy.nextEnd(end))
        ends.add(end);
    return ends.size;
  }

  #slicesWith(condition: (slice: Slice) => boolean): Slice[] {
    return this.#slices.inOrder().filter(condition);
  }
}
