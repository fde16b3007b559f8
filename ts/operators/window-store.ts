import { must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readWord, type GroupRows } from '../state/group-rows.js';
import type { GroupTable } from '../state/group-table.js';
import { partitionRows } from '../state/partition.js';
import type { Workspace } from '../wasm/workspace.js';
import { partialSchemaOf, readPartials, type BoundAggregate, type SlicedLayout } from './group-layout.js';
import { emittedFields, readEmitted } from './kept-results.js';
import type { KeyGroups, StateReader, StateWriter } from './operator.js';
import type { TriggerRule } from './trigger.js';
import type { WindowShape } from './window-policy.js';

export interface WindowAggregateConfig {
  readonly window: WindowShape;
  /** Of the rows, before any pre-aggregation: what the indexes refer to. */
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  /** Those of the output, then any that are not told. */
  readonly aggregates: readonly BoundAggregate[];
  /** The index of the aggregate that counts rows, where groups may cease to be: see SlicedLayout. */
  readonly presence?: number | undefined;
  /** Whether rows come that take others back: aggregates are then revocable, rows are counted, and the output carries operations. */
  readonly revises?: boolean;
  /** Keys, windowStart, windowEnd, aggregates. */
  readonly outputSchema: Schema;
  readonly allowedLatenessMs: number;
  /** `updates`: at each mark, groups of open windows that changed are told as well. */
  readonly emit: 'final' | 'updates';
  /** When windows tell their results, if not by `emit`: of windows side by side, and as changes. */
  readonly trigger?: TriggerRule | undefined;
  /** Whether the output carries operations. */
  readonly changes: boolean;
  /** What comes in: rows, or partial states (partialSchemaOf) that a PreAggregate has made of them. */
  readonly mode: 'rows' | 'partials';
  readonly keyGroups: KeyGroups;
}

/** A window whose groups are to be told. */
export interface Told {
  readonly start: number;
  readonly end: number;
  readonly table: GroupTable;
  readonly layout: SlicedLayout;
  /** Whether its rows stay as they are when the next window is asked for. */
  readonly stays: boolean;
  /** Only groups that have had so many rows since they were told. */
  readonly least?: number;
  /** Groups that were told are new afterwards. */
  readonly clears?: boolean;
}

/** What a windowed aggregate keeps: groups of slices or windows, and which windows are due. */
export interface WindowStore {
  /** A step begins, with the job's clock. */
  begin?(clockMs: number): void;
  add(batch: Batch): void;
  /** The watermark moves, and the job's clock: from now on `next` gives windows that are due, in order of their ends. */
  mark(before: number, watermark: number, clockMs: number): void;
  next(): Told | undefined;
  /** The window has been told, and its rows are no longer read. */
  done(told: Told): void;
  /** The least watermark at which something is due; Infinity: none. */
  due(watermark: number): number;
  /** The least clock at which something is due; Infinity: none. */
  dueAt?(): number;
  readonly firedWindows: number;
  metrics(): Readonly<Record<string, number>>;
  snapshot(writer: StateWriter): void;
  restore(reader: StateReader, watermark: number): void;
  close(): void;
}

/** Partial states; with changes also flags, and the states that were last emitted. */
export function groupStateSchema(config: WindowAggregateConfig, overlapping: boolean, changes: boolean): Schema {
  const partial = partialSchemaOf(config.inputSchema, config.keys, config.aggregates, overlapping);
  return changes ? [...partial, field('flags', 'int64'), ...emittedFields(config.aggregates)] : partial;
}

/** Writes all groups of a table as state, by key group; `places`: what a row says of its slice, before its keys. */
export function writeGroups(
  ws: Workspace,
  from: { readonly table: GroupTable; readonly layout: SlicedLayout; readonly places: readonly number[]; readonly schema: Schema },
  keyGroups: number,
  write: (group: number, batch: Batch) => void,
): void {
  const { table, layout, places, schema } = from;
  for (let at = 0; at < table.size; at += MAX_BATCH_ROWS) {
    const mark = ws.scratch.mark();
    const rows = Math.min(MAX_BATCH_ROWS, table.size - at);
    const ats = ws.alloc(rows * 4);
    table.addresses(at, at + rows, ats);
    const parts = ws.alloc(rows * 4);
    const { words, references, masked } = layout.shape;
    // Without a key all rows go to lane 0, which has group 0 at any number of lanes.
    if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + rows);
    else ws.kernels.group_key_groups(ats, words, references, masked ? 1 : 0, rows, keyGroups, parts);
    partitionRows(ws, parts, rows, keyGroups, ats).forEach(({ selection, count }, group) => {
      if (count === 0) return;
      const inner = ws.scratch.mark();
      const groups: GroupRows = { ws, ats: selection, count };
      const columns = [...places.map((place) => constantTime(ws, count, place)), ...readPartials(groups, layout)];
      if (layout.changes) columns.push(readWord(groups, layout.flags, 'int64'), ...readEmitted(groups, layout));
      write(group, batchOf(schema, count, columns));
      ws.scratch.release(inner);
    });
    ws.scratch.release(mark);
  }
}

/** A timestamp that is the same for some rows. */
export function constantTime(ws: Workspace, rows: number, value: number): Vector {
  const values = ws.alloc(rows * 8);
  ws.kernels.window_fill(values, rows, value);
  return { kind: 'timestamp', validity: NONE, offsets: NONE, values };
}

/** The fields that groups are keyed by. */
export function keyFieldsOf(config: WindowAggregateConfig): Schema {
  return config.keys.map((i) => must(config.inputSchema[i], 'a key column'));
}
