import { must } from '../core/assert.js';
import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { layoutOf, type Kind, type Schema } from '../columns/schema.js';
import { checkColumnBytes } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { readPresence, readWord, type GroupRows } from './group-rows.js';
import { wordsOf } from './key-words.js';

/*
 * Whole rows as one column of bytes, so that state can keep them as it keeps a value, and columns again
 * (assembly/kernels/packed-rows.ts draws a packed row).
 */

/** Columns that share a mask of nulls. */
const MASKED = 32;

function placesOf(columns: number): { readonly words: number; readonly fixed: number } {
  const words = Math.ceil(columns / MASKED) * 8;
  return { words, fixed: words + columns * 8 };
}

/** The rows of some columns, packed: a binary column without nulls, in scratch. */
export function packRows(ws: Workspace, columns: readonly Vector[], rows: number): Vector {
  const { kernels, memory } = ws;
  const { words: wordsAt, fixed } = placesOf(columns.length);
  const words = columns.map((v) => (v.kind === 'float64' ? v.values : wordsOf(ws, v, rows)));
  const isBytes = columns.map(({ kind }) => layoutOf(kind) === 'bytes');
  let sizes: Address = NONE;
  if (isBytes.includes(true)) {
    sizes = ws.alloc(rows * 4);
    memory.u32.fill(0, sizes / 4, sizes / 4 + rows);
  }
  words.forEach((w, c) => {
    if (isBytes[c]) kernels.packed_rows_add_sizes(w, rows, sizes);
  });
  const offsets = ws.alloc((rows + 1) * 4);
  const bytes = kernels.packed_rows_offsets(sizes, rows, fixed, offsets);
  checkColumnBytes(bytes);
  const out = ws.alloc(bytes);
  for (let mask = 0; mask < wordsAt; mask += 8) kernels.packed_rows_clear(offsets, rows, out, mask);
  // From here on where the next bytes of each row go.
  if (sizes !== NONE) memory.u32.fill(fixed, sizes / 4, sizes / 4 + rows);
  columns.forEach((v, c) => {
    const w = must(words[c], "a column's words");
    if (v.validity !== NONE)
      kernels.packed_rows_nulls(v.validity, rows, offsets, out, Math.floor(c / MASKED) * 8, 1n << BigInt(c % MASKED));
    if (isBytes[c]) kernels.packed_rows_bytes(w, rows, offsets, out, wordsAt + c * 8, sizes);
    else kernels.packed_rows_words(w, v.validity, rows, offsets, out, wordsAt + c * 8);
  });
  return { kind: 'binary', validity: NONE, offsets, values: out };
}

/** Packed rows, whose addresses are `rows.ats`, as the columns that they were made of; in scratch. */
export function unpackRows(rows: GroupRows, schema: Schema): Vector[] {
  const { words } = placesOf(schema.length);
  return schema.map(({ kind, nullable }, c) => {
    const presence = nullable ? { offset: Math.floor(c / MASKED) * 8, bits: 2 ** (c % MASKED), invert: true } : undefined;
    const at = words + c * 8;
    if (layoutOf(kind) !== 'bytes') return readWord(rows, at, kind, presence);
    return { ...readPackedBytes(rows, kind, at), validity: presence === undefined ? NONE : readPresence(rows, presence) };
  });
}

function readPackedBytes({ ws, ats, count }: GroupRows, kind: Kind, at: number): Vector {
  const { kernels } = ws;
  const bytes = kernels.packed_rows_read_length(ats, at, count);
  checkColumnBytes(bytes);
  const [offsets, values] = [ws.alloc((count + 1) * 4), ws.alloc(bytes)];
  kernels.packed_rows_read_bytes(ats, at, count, offsets, values);
  return { kind, validity: NONE, offsets, values };
}
