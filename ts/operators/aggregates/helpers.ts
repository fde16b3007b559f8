import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import type { Address } from '../../columns/memory.js';
import type { Field, Kind } from '../../columns/schema.js';
import { readWord, type GroupRows } from '../../state/group-rows.js';
import { wordsOf } from '../../state/key-words.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { GroupedRows } from '../aggregates.js';

export const stateField = (name: string, kind: Kind, nullable = false): Field => Object.freeze({ name, kind, nullable });
export const plainWords = (ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] =>
  args.map((v) => wordsOf(ws, v, rows));
export const firstOf = (words: readonly Address[]): Address => must(words[0], "an argument's words");
export const valuesOf = (v: Vector | undefined): Address => must(v, 'a state column').values;
export const readI64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'int64');
export const readF64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'float64');

/**
 * Runs a kernel over the rows, one table at a time, as each has a heap of its own; `run(table, at)` does rows from `at` on
 * whose groups are in that table, and returns how far it came before the heap had no room.
 */
export function eachTable({ from, to, tables }: GroupedRows, run: (table: Address, at: number) => number): void {
  for (const table of tables) {
    for (let at = from; (at = run(table.at, at) >>> 0) < to; ) table.growHeap();
  }
}
