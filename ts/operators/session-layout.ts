import { must } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys, readWord, type GroupRows } from '../state/group-rows.js';
import { keyShapeOf, wordsOf, type KeyShape } from '../state/key-words.js';
import {
  SESSION_CLOCK,
  SESSION_END,
  SESSION_SHAPE,
  SESSION_START,
  type SessionTable,
  type SessionTableConfig,
} from '../state/session-table.js';
import type { Workspace } from '../wasm/workspace.js';
import { aggregateOf, SLOT_BYTES, type BoundAggregate, type GroupLayout, type PlacedAggregate } from './group-layout.js';
import { emittedFields, readEmitted } from './kept-results.js';

/** Sessions of rows by key, as data. */
export interface SessionSpec {
  /** Of the rows, before any pre-aggregation: what the indexes refer to. */
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  readonly gap: SessionGap;
}

/** Fixed, or the index of a column of integers above 0 (SessionGate has seen to that). */
export type SessionGap = { readonly ms: number } | { readonly column: number };

/**
 * A session's row: its bounds, then the accumulators; with changes both again, as last told, then flags, then accumulators of
 * kept results (kept-results.ts). `accumulatorBytes` is what lies between what is and what was told last.
 */
export interface SessionLayout extends GroupLayout {
  readonly keyShape: KeyShape;
  /** The same; 0 without changes. */
  readonly imageBytes: number;
}

export function sessionLayout({ inputSchema, keys, aggregates }: SessionSpec, changes: boolean): SessionLayout {
  const headerBytes = SESSION_SHAPE.words * 8;
  let offset = headerBytes;
  const placed = aggregates.map((bound): PlacedAggregate => {
    const aggregate = aggregateOf(bound);
    const at = offset;
    const slot = changes && aggregate.kept !== undefined ? at : undefined;
    offset += slot === undefined ? aggregate.bytes : SLOT_BYTES;
    return { bound, aggregate, offset: at, slot };
  });
  const setBytes = offset - SESSION_START;
  const flags = SESSION_START + 2 * setBytes;
  if (changes) offset = flags + 8;
  const moved = placed.map((each): PlacedAggregate => {
    if (each.slot === undefined) return each;
    const at = offset;
    offset += each.aggregate.bytes;
    return { ...each, offset: at };
  });
  return {
    shape: SESSION_SHAPE,
    keyShape: keyShapeOf(keys.map((i) => must(inputSchema[i], 'a key column'))),
    aggregates: moved,
    accumulatorBytes: setBytes,
    imageBytes: changes ? setBytes : 0,
    flags,
    changes,
    rowBytes: offset - headerBytes,
  };
}

export function sessionTableConfig(layout: SessionLayout, timed: boolean, allowedLatenessMs: number): SessionTableConfig {
  return {
    keys: layout.keyShape,
    rowBytes: layout.rowBytes,
    imageBytes: layout.imageBytes,
    timed,
    allowedLatenessMs,
    inOrder: layout.aggregates.some(({ aggregate }) => aggregate.order === 'arrival'),
  };
}

/** Columns of a partial batch before its keys: the session's bounds. */
export const SESSION_KEYS_FROM = 2;

/** Bounds, keys and partial states. */
function sessionSchema({ inputSchema, keys, aggregates }: SessionSpec): Schema {
  return [
    field('start', 'timestamp'),
    field('end', 'timestamp'),
    ...keys.map((i) => must(inputSchema[i], 'a key column')),
    ...aggregates.flatMap((bound) => aggregateOf(bound).state.map((f) => ({ ...f, name: `${bound.name}.${f.name}` }))),
  ];
}

/** What gathered sessions are sent as: the last column is the watermark that judges them. */
export function partialSessionSchema(spec: SessionSpec): Schema {
  return [...sessionSchema(spec), field('clock', 'int64')];
}

/** What snapshots hold of sessions: where changes are told, what was told last as well. */
export function sessionStateSchema(spec: SessionSpec, changes: boolean): Schema {
  const partial = sessionSchema(spec);
  if (!changes) return partial;
  const told = [field('flags', 'int64'), field('start.told', 'timestamp'), field('end.told', 'timestamp')];
  return [...partial, ...told, ...emittedFields(spec.aggregates)];
}

/** When sessions begin and end; `shift`: `imageBytes` for what was told last. */
export function readBounds(rows: GroupRows, shift = 0): Vector[] {
  return [readWord(rows, SESSION_START + shift, 'timestamp'), readWord(rows, SESSION_END + shift, 'timestamp')];
}

/** Their partial states. */
export function readStates(rows: GroupRows, layout: SessionLayout): Vector[] {
  return layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read(rows, offset));
}

/** Gathered sessions as columns of a partialSessionSchema. */
export function readPartialSessions(table: SessionTable, layout: SessionLayout, rows: GroupRows): Vector[] {
  return [...readSession(table, layout, rows), readWord(rows, SESSION_CLOCK, 'int64')];
}

function readSession(table: SessionTable, layout: SessionLayout, rows: GroupRows): Vector[] {
  return [...readBounds(rows), ...readKeys(table.keysOf(rows), layout.keyShape), ...readStates(rows, layout)];
}

/** Sessions as columns of a sessionStateSchema. */
export function readSessions(table: SessionTable, layout: SessionLayout, rows: GroupRows, schema: Schema): Batch {
  const columns = readSession(table, layout, rows);
  if (layout.changes) {
    columns.push(readWord(rows, layout.flags, 'int64'), ...readBounds(rows, layout.imageBytes));
    columns.push(...readEmitted(rows, layout));
  }
  return batchOf(schema, rows.count, columns);
}

/** Each row's gap as int64, or NONE if it is fixed. */
export function gapsOf(ws: Workspace, gap: SessionGap, batch: Batch): Address {
  return 'ms' in gap ? NONE : wordsOf(ws, must(batch.columns[gap.column], 'the gap'), batch.rows);
}
