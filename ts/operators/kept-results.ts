import { must } from '../core/assert.js';
import type { Vector } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import type { Field, Kind } from '../columns/schema.js';
import { readWord, type GroupRows } from '../state/group-rows.js';
import type { GroupTable } from '../state/group-table.js';
import { isBytes, wordsOf } from '../state/key-words.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { aggregateOf, type BoundAggregate, type GroupLayout, type PlacedAggregate } from './group-layout.js';

/**
 * What was last emitted for each group, where changes are told. Most aggregates' accumulators are copied, and a copy tells the
 * result again. Those with `Aggregate.kept` refer to blocks that change: of them the result itself is kept, in a slot of two
 * words (assembly/kernels/kept-results.ts draws it).
 *
 * At a step's end, for each table: `settleResults`; then the changes that group_changes finds, with `resultsOf` as their
 * columns; and `changesDone` for those that are out.
 */

/** Rows settled at a time. */
const CHUNK_ROWS = 4096;

/** Rows of one table within a run of changes. */
export interface TablePiece {
  readonly table: GroupTable;
  readonly rows: number;
}

function keptOf(layout: GroupLayout): { readonly placed: PlacedAggregate; readonly slot: number; readonly kind: Kind }[] {
  return layout.aggregates.flatMap((placed) => {
    const { slot } = placed;
    return slot === undefined ? [] : [{ placed, slot, kind: must(placed.aggregate.kept, 'a kind') }];
  });
}

/** Before a table's changes are looked for: works out what the kept results of touched groups are now. */
export function settleResults(ws: Workspace, layout: GroupLayout, table: GroupTable): void {
  const kept = keptOf(layout);
  if (kept.length === 0) return;
  const outer = ws.scratch.mark();
  const [ats, cursor] = [ws.alloc(CHUNK_ROWS * 4), ws.alloc(4)];
  ws.memory.u32[cursor / 4] = 0;
  for (;;) {
    const count = ws.kernels.kept_results_touched(table.rows, table.stride, table.size, layout.flags, cursor, ats, CHUNK_ROWS) >>> 0;
    if (count === 0) break;
    settleRows({ ws, ats, count }, layout, table);
  }
  ws.scratch.release(outer);
}

/** The same for some groups of a table. */
export function settleRows({ ws, ats, count }: GroupRows, layout: GroupLayout, table: GroupTable): void {
  const mark = ws.scratch.mark();
  for (const { placed, slot } of keptOf(layout)) {
    const { aggregate, offset, bound } = placed;
    const result = aggregate.result({ ws, ats, count }, offset, bound.name);
    keep({ ws, ats, from: 0, to: count, tables: [table] }, slot, layout.accumulatorBytes, result, count);
  }
  ws.scratch.release(mark);
}

export function keepsResults(layout: GroupLayout): boolean {
  return keptOf(layout).length > 0;
}

/** The results of `rows`, moved to those that were last emitted where group_changes says so, as columns. */
export function resultsOf(rows: GroupRows, layout: GroupLayout): Vector[] {
  return layout.aggregates.map(({ aggregate, offset, slot, bound }) =>
    slot === undefined ? aggregate.result(rows, offset, bound.name) : readSlot(rows, slot, must(aggregate.kept, 'a kind')),
  );
}

/** These changes are out: what they say is what was last emitted. `pieces`: which tables their rows are in, in order. */
export function changesDone(
  ws: Workspace,
  layout: GroupLayout,
  pieces: readonly TablePiece[],
  keyAts: Address,
  ops: Address,
  count: number,
): void {
  releaseKept(ws, layout, pieces, keyAts, ops);
  ws.kernels.group_changes_done(keyAts, ops, count, layout.flags, layout.accumulatorBytes);
}

/** Gives back the bytes of kept results that these changes replace, before what they say takes their place. */
export function releaseKept(ws: Workspace, layout: GroupLayout, pieces: readonly TablePiece[], keyAts: Address, ops: Address): void {
  for (const { slot, kind } of keptOf(layout)) {
    if (!isBytes(kind)) continue;
    let at = 0;
    for (const { table, rows } of pieces) {
      ws.kernels.kept_results_release(table.at, keyAts + at * 4, ops + at, slot, layout.accumulatorBytes, rows);
      at += rows;
    }
  }
}

/** Columns in which a snapshot holds what was last emitted. */
export function emittedFields(aggregates: readonly BoundAggregate[]): Field[] {
  return aggregates.flatMap((bound) => {
    const { kept, state } = aggregateOf(bound);
    const fields: readonly Field[] = kept === undefined ? state : [{ name: 'result', kind: kept, nullable: true }];
    return fields.map((f) => ({ ...f, name: `${bound.name}.${f.name}.emitted` }));
  });
}

export function readEmitted(rows: GroupRows, layout: GroupLayout): Vector[] {
  const shift = layout.accumulatorBytes;
  return layout.aggregates.flatMap(({ aggregate, offset, slot }) =>
    slot === undefined ? aggregate.read(rows, offset + shift) : [readSlot(rows, slot + shift, must(aggregate.kept, 'a kind'))],
  );
}

/** Puts back what readEmitted gave, into groups that are new. */
export function restoreEmitted(rows: GroupedRows, layout: GroupLayout, columns: readonly Vector[], batchRows: number): void {
  const shift = layout.accumulatorBytes;
  let at = 0;
  for (const { aggregate, offset, slot } of layout.aggregates) {
    if (slot === undefined) {
      aggregate.merge(rows, offset + shift, columns.slice(at, at + aggregate.state.length), batchRows);
      at += aggregate.state.length;
    } else {
      keep(rows, slot + shift, 0, must(columns[at++], 'a kept result'), batchRows);
    }
  }
}

/** Puts results into the slots of rows [from, to) of a batch. `shift`: where a slot's value lies that it may share; 0: nowhere. */
function keep({ ws, ats, from, to, tables }: GroupedRows, slot: number, shift: number, v: Vector, batchRows: number): void {
  const words = v.kind === 'float64' ? v.values : wordsOf(ws, v, batchRows); // as a result -0 stays what it is
  if (!isBytes(v.kind)) {
    ws.kernels.kept_results_words(ats, slot, words, v.validity, from, to);
    return;
  }
  for (const table of tables) {
    for (let at = from; (at = ws.kernels.kept_results_bytes(table.at, ats, slot, shift, words, v.validity, at, to) >>> 0) < to; )
      table.makeRoom('results that may be taken back');
  }
}

function readSlot(rows: GroupRows, slot: number, kind: Kind): Vector {
  return readWord(rows, slot, kind, { offset: slot + 8, bits: 0, invert: false });
}
