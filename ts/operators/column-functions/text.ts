import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { bitmapBytes } from '../../columns/schema.js';
import { must } from '../../core/assert.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';
import { type Call, type ColumnFunction, type Datum, strict } from '../expression.js';
import { endOfBytes, readTexts, textColumn } from './text-column.js';

/** Kernels that copy pieces of rows write this far past the last. */
const SLACK = 16;
/** The largest int32: "to the row's end". */
const END = 2 ** 31 - 1;

/** Pieces of each row: `find` writes where they start and their offsets, and answers the bytes they need. */
function pieces(
  find: (call: Call, text: Vector, rows: number, starts: Address, offsets: Address, valid: Address) => number,
  nullable = false,
) {
  return strict((call, [a], rows): Vector => {
    const { ws } = call;
    const text = (a as Datum).vector;
    const starts = ws.alloc(rows * 4);
    const offsets = ws.alloc((rows + 1) * 4);
    const validity = nullable ? ws.alloc(bitmapBytes(rows)) : NONE;
    const bytes = find(call, text, rows, starts, offsets, validity);
    const values = ws.alloc(bytes + SLACK);
    ws.kernels.text_copy_pieces(text.values, starts, offsets, rows, values);
    return { kind: 'utf8', validity, offsets, values };
  });
}

/** White space as JavaScript's trim() sees it. */
const trim = pieces(({ ws }, text, rows, starts, offsets) => ws.kernels.text_trim(text.offsets, text.values, rows, starts, offsets));

/** Code points [start, end); negative positions count from the end. */
const slice = pieces(({ ws, bound }, text, rows, starts, offsets) => {
  const position = (name: string, missing: number): number => Math.max(-END, Math.min(END, Number(bound.options[name] ?? missing)));
  return ws.kernels.text_slice(text.offsets, text.values, position('start', 0), position('end', END), rows, starts, offsets);
});

/** The piece with this number, from 0; null where there are fewer. */
const split = pieces(({ ws, bound }, text, rows, starts, offsets, valid) => {
  const separator = constant(ws, bound.options['separator']);
  const index = Math.min(Number(bound.options['index']), END);
  return ws.kernels.text_split(text.offsets, text.values, separator.at, separator.bytes, index, rows, starts, offsets, valid);
}, true);

function constant(ws: Workspace, text: unknown): { readonly at: Address; readonly bytes: number } {
  const bytes = new TextEncoder().encode(String(text));
  const at = ws.alloc(bytes.length);
  ws.memory.u8.set(bytes, at);
  return { at, bytes: bytes.length };
}

const length = strict(({ ws }, [a], rows) => {
  const { vector } = a as Datum;
  const values = ws.alloc(rows * 4);
  ws.kernels.text_length(vector.offsets, vector.values, rows, values);
  return { kind: 'int32', validity: NONE, offsets: NONE, values };
});

function has(where: number): ColumnFunction {
  return strict(({ ws, bound }, [a], rows) => {
    const { vector } = a as Datum;
    const text = constant(ws, bound.options['text']);
    const values = ws.alloc(bitmapBytes(rows));
    ws.kernels.text_has(vector.offsets, vector.values, text.at, text.bytes, where, rows, values);
    return { kind: 'bool', validity: NONE, offsets: NONE, values };
  });
}

const contains = has(0);
const startsWith = has(1);
const endsWith = has(2);

/**
 * Letters A to Z in the kernel, all at once; rows that hold anything beyond ASCII by JavaScript's own tables, which depend
 * on no locale.
 */
function changeCase(upperCase: boolean): ColumnFunction {
  return strict(({ ws }, [a], rows) => {
    const { vector } = a as Datum;
    const { kernels } = ws;
    const from = vector.values;
    const end = endOfBytes(ws, vector, rows);
    const values = ws.alloc(end - from);
    kernels.text_case_ascii(from, end, upperCase ? 1 : 0, values);
    const result: Vector = { kind: 'utf8', validity: NONE, offsets: vector.offsets, values };
    if (kernels.text_is_ascii(from, end) === 1) return result;
    const rest = ws.alloc(rows * 4);
    const count = kernels.text_rows_beyond_ascii(vector.offsets, from, rows, rest);
    const texts = readTexts(ws, result, rows);
    for (const row of ws.memory.u32.subarray(rest / 4, rest / 4 + count)) {
      const text = must(texts[row], 'a text');
      texts[row] = upperCase ? text.toUpperCase() : text.toLowerCase();
    }
    return textColumn(ws, texts);
  });
}

const lower = changeCase(false);
const upper = changeCase(true);

/** All arguments, one after another. */
const concat = strict(({ ws }, args, rows, _check, validity) => {
  const { kernels } = ws;
  const lengths = ws.alloc(rows * 4);
  ws.memory.u32.fill(0, lengths / 4, lengths / 4 + rows);
  for (const { vector, single } of args) kernels.text_add_lengths(vector.offsets, single ? 1 : 0, rows, lengths);
  const offsets = ws.alloc((rows + 1) * 4);
  const bytes = kernels.text_offsets_of_lengths(lengths, validity, rows, offsets);
  checkColumnBytes(bytes);
  const values = ws.alloc(bytes);
  const cursors = ws.alloc(rows * 4);
  kernels.select_copy(cursors, offsets, rows * 4);
  for (const { vector, single } of args) {
    kernels.text_append(vector.offsets, vector.values, single ? 1 : 0, validity, rows, cursors, values);
  }
  return { kind: 'utf8', validity: NONE, offsets, values };
});

/** Whether a regular expression is found in the text; JavaScript's own, row by row. */
const matches = strict(({ ws, bound }, [a], rows) => {
  const { vector } = a as Datum;
  // Without `g` a test has no memory of the last one.
  const pattern = new RegExp(String(bound.options['source']), String(bound.options['flags'] ?? '').replace('g', ''));
  const values = ws.alloc(bitmapBytes(rows));
  ws.memory.u8.fill(0, values, values + bitmapBytes(rows));
  for (const [row, text] of readTexts(ws, vector, rows).entries()) {
    pattern.lastIndex = 0;
    if (pattern.test(text)) ws.memory.u8[values + (row >> 3)] = must(ws.memory.u8[values + (row >> 3)], 'a byte') | (1 << (row & 7));
  }
  return { kind: 'bool', validity: NONE, offsets: NONE, values };
});

/** Functions of text, by their names in plan/functions.ts. */
export const TEXT: Readonly<Record<string, ColumnFunction>> = {
  lower,
  upper,
  trim,
  concat,
  slice,
  split,
  length,
  contains,
  startsWith,
  endsWith,
  matches,
};
