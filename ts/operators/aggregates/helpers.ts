import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import type { Field, Kind } from '../../columns/schema.js';
import { readWord, type GroupRows } from '../../state/group-rows.js';
import { wordsOf } from '../../state/key-words.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { GroupedRows } from '../aggregates.js';

export const stateField = (name: string, kind: Kind, nullable = false): Field => Object.freeze({ name, kind, nullable });
export const plainWords = (ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] =>
  args.map((v) => wordsOf(ws, v, rows));
export const firstOf = (words: readonly Address[]): Address => must(words[0], "an argument's words");
export const valuesOf = (v: Vector | undefined): Address => must(v, 'a state column').values;
export const readI64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'int64');
export const readF64 = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, 'float64');

/** A column of bytes that a kernel writes, given how many bytes there will be. */
export function readBytes(rows: GroupRows, bytes: number, write: (offsets: Address, values: Address) => void): Vector {
  checkColumnBytes(bytes);
  const [offsets, values] = [rows.ws.alloc((rows.count + 1) * 4), rows.ws.alloc(bytes)];
  write(offsets, values);
  return { kind: 'binary', validity: NONE, offsets, values };
}

/**
 * Runs a kernel over the rows, one table at a time, as each has a heap of its own; `run(table, at)` does rows from `at` on
 * whose groups are in that table, and returns how far it came before the heap had no room. `cursor` (u32, 0 for each table) is
 * where a kernel notes how much of a row is done. `what` names the aggregate in errors.
 */
export function eachTable(
  { ws, from, to, tables }: GroupedRows,
  run: (table: Address, at: number, cursor: Address) => number,
  what = 'an aggregate',
): void {
  const cursor = ws.alloc(4);
  for (const table of tables) {
    ws.memory.u32[cursor / 4] = 0;
    for (let at = from; (at = run(table.at, at, cursor) >>> 0) < to; ) table.makeRoom(what);
  }
}

/** A column as words whose order as integers is that of its values; bytes, as ever, by address. */
export function orderedWords(ws: Workspace, v: Vector, rows: number): Address {
  if (v.kind !== 'float64') return wordsOf(ws, v, rows);
  const out = ws.alloc(rows * 8);
  ws.kernels.words_ordered_f64(v.values, rows, out);
  return out;
}

/** A column as words that give each value back to the bit. */
export function exactWords(ws: Workspace, v: Vector, rows: number): Address {
  return v.kind === 'float64' ? v.values : wordsOf(ws, v, rows);
}

/** The addresses of state columns' values, as u32[], for kernels that take many. */
export function addressesOf(ws: Workspace, columns: readonly Vector[]): Address {
  const out = ws.alloc(columns.length * 4);
  ws.memory.u32.set(
    columns.map((v) => v.values),
    out / 4,
  );
  return out;
}

/** A validity bitmap for `rows` values, to be written by a kernel that says how many are null. */
export function validityFor(ws: Workspace, rows: number, write: (validity: Address) => number): Address {
  const validity = ws.alloc(Math.ceil(rows / 64) * 8);
  return write(validity) === 0 ? NONE : validity;
}
