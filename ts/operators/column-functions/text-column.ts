import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { must } from '../../core/assert.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';

/** Where the bytes of the last row end. */
export function endOfBytes({ memory }: Workspace, vector: Vector, rows: number): Address {
  return vector.values + must(memory.u32[vector.offsets / 4 + rows], 'an offset');
}

/** A utf8 column as JavaScript strings; a null reads as the empty string. */
export function readTexts(ws: Workspace, vector: Vector, rows: number): string[] {
  const { memory, kernels } = ws;
  const end = endOfBytes(ws, vector, rows);
  // A copy: decoders of text refuse shared memory.
  const bytes = Buffer.from(memory.u8.slice(vector.values, end));
  const offsets = memory.u32.subarray(vector.offsets / 4, vector.offsets / 4 + rows + 1);
  const bounds = (row: number): [number, number] => [must(offsets[row], 'an offset'), must(offsets[row + 1], 'an offset')];
  if (kernels.text_is_ascii(vector.values, end) === 1) {
    // Decoded once; rows are views of the one string.
    const all = bytes.toString('latin1');
    return Array.from({ length: rows }, (_, row) => all.slice(...bounds(row)));
  }
  return Array.from({ length: rows }, (_, row) => bytes.toString('utf8', ...bounds(row)));
}

/** Strings as a utf8 column. */
export function textColumn(ws: Workspace, texts: readonly string[]): Vector {
  const { memory } = ws;
  const offsets = ws.alloc((texts.length + 1) * 4);
  let total = 0;
  memory.u32[offsets / 4] = 0;
  for (const [row, text] of texts.entries()) {
    total += Buffer.byteLength(text);
    memory.u32[offsets / 4 + row + 1] = total;
  }
  checkColumnBytes(total);
  const values = ws.alloc(total);
  memory.u8.set(Buffer.from(texts.join('')), values);
  return { kind: 'utf8', validity: NONE, offsets, values };
}
