import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import type { Workspace } from '../wasm/workspace.js';
import { groupLayout, type SlicedLayout } from './group-layout.js';
import type { StateReader, StateWriter } from './operator.js';
import type { Slice } from './slice.js';
import { SlicedGroups } from './sliced-groups.js';
import { holdGroups, TriggerClock, type TriggerRule } from './trigger.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';
import { isClosed, isLate, resultTime, type WindowPolicy } from './window-policy.js';
import { groupStateSchema, keyFieldsOf, writeGroups, type Told, type WindowAggregateConfig, type WindowStore } from './window-store.js';

interface Due extends Told {
  readonly slice: Slice;
  readonly free: boolean;
}

/** Windows side by side that a trigger tells: all groups of a window that have changed, or those with enough new rows. */
export class TriggeredWindows implements WindowStore {
  readonly #ws: Workspace;
  readonly #config: WindowAggregateConfig;
  readonly #rule: TriggerRule;
  readonly #clock: TriggerClock;
  readonly #layout: SlicedLayout;
  readonly #groups: SlicedGroups;
  readonly #stateSchema: Schema;
  /** Windows with groups that have changed since they were told. */
  readonly #pending = new Set<Slice>();
  #due: Due[] = [];
  #untold = 0;
  firedWindows = 0;

  constructor(ws: Workspace, config: WindowAggregateConfig, policy: WindowPolicy, rule: TriggerRule) {
    this.#ws = ws;
    this.#config = config;
    this.#rule = rule;
    this.#clock = new TriggerClock(rule.everyMs);
    this.#layout = groupLayout(keyFieldsOf(config), config.aggregates, true, { presence: config.presence });
    this.#groups = new SlicedGroups(ws, this.#layout, policy, { countsRows: rule.rows !== undefined });
    this.#stateSchema = groupStateSchema(config, false, true);
  }

  begin(clockMs: number): void {
    this.#clock.begin(clockMs);
  }

  add(batch: Batch): void {
    if (this.#config.mode === 'rows') this.#groups.addRows(batch, this.#config.keys);
    else this.#groups.addPartials(batch);
  }

  mark(before: number, watermark: number, clockMs: number): void {
    const { rows, watermark: atEnd, purging } = this.#rule;
    const { allowedLatenessMs } = this.#config;
    const passed = this.#clock.passes(clockMs);
    const touched = this.#groups.takeTouched();
    for (const slice of touched) this.#pending.add(slice);
    for (const slice of this.#groups.inOrder()) {
      const { start, end, table } = slice;
      assert(!isLate(end, allowedLatenessMs, before), () => `a row for a window that ended at ${end} came after ${before}`);
      const closed = isClosed(end, watermark);
      const fires = closed && !isClosed(end, before);
      if (fires) this.firedWindows++;
      const free = isLate(end, allowedLatenessMs, watermark);
      const all = this.#pending.has(slice) && (passed || (atEnd && closed));
      const least = all ? undefined : touched.has(slice) ? rows : undefined;
      if (all || least !== undefined) {
        const told = { slice, start, end, table, layout: this.#layout, stays: true };
        this.#due.push({ ...told, free: free || (all && purging), ...(least === undefined ? {} : { least, clears: purging }) });
        if (all) this.#pending.delete(slice);
      } else if (free) {
        this.#free(slice);
      }
    }
  }

  next(): Told | undefined {
    return this.#due.shift();
  }

  done(told: Told): void {
    const { free, slice } = told as Due;
    if (free) this.#free(slice);
  }

  due(watermark: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { end } of this.#groups.all())
      least = Math.min(least, resultTime(end) + (isClosed(end, watermark) ? this.#config.allowedLatenessMs : 0));
    return least;
  }

  dueAt(): number {
    return this.#pending.size > 0 ? this.#clock.next() : Number.POSITIVE_INFINITY;
  }

  metrics(): Readonly<Record<string, number>> {
    const { size, groups, bytesInUse, reseeds } = this.#groups;
    return { openWindows: size, groups, stateBytes: bytesInUse, reseeds, untoldGroups: this.#untold };
  }

  snapshot(writer: StateWriter): void {
    writer.broadcast('clock', watermarkBatch(this.#ws, this.#clock.at));
    for (const { start, table } of this.#groups.inOrder())
      writeGroups(
        this.#ws,
        { table, layout: this.#layout, places: [start], schema: this.#stateSchema },
        this.#config.keyGroups.count,
        (group, batch) => writer.keyed('slices', group, batch),
      );
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('clock', WATERMARK)) this.#clock.begin(readWatermark(this.#ws, batch, this.#clock.at));
    for (const { batch } of reader.keyed('slices', this.#stateSchema)) this.#groups.addPartials(batch, true);
    // Which of them have changes to tell is in their flags.
    for (const slice of this.#groups.takeTouched()) this.#pending.add(slice);
  }

  close(): void {
    this.#groups.close();
  }

  #free(slice: Slice): void {
    this.#untold += this.#pending.has(slice) ? holdGroups(this.#ws, slice.table, this.#layout, 0) : 0;
    this.#pending.delete(slice);
    this.#groups.free(slice);
  }
}
