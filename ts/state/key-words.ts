import { assert, must } from '../core/assert.js';
import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { layoutOf, type Field, type Kind } from '../columns/schema.js';
import type { Workspace } from '../wasm/workspace.js';

/** How a key of some columns becomes 64-bit words (assembly/kernels/words.ts): one a column, and a null mask if any is nullable. */
export interface KeyShape {
  readonly fields: readonly Field[];
  /** The mask included. */
  readonly words: number;
  /** Bit i: word i stands for bytes. */
  readonly references: number;
  readonly masked: boolean;
}

/** The keys of a batch's rows, as columns of words, in scratch (or the batch's own buffers). */
export interface KeyWords {
  readonly shape: KeyShape;
  readonly rows: number;
  readonly columns: readonly Address[];
  /** u32[words]: the columns' addresses, for kernels. NONE for a key of no columns. */
  readonly addresses: Address;
}

const MAX_KEY_COLUMNS = 31;

export function keyShapeOf(fields: readonly Field[]): KeyShape {
  assert(fields.length <= MAX_KEY_COLUMNS, 'a key has at most 31 columns');
  const masked = fields.some((f) => f.nullable);
  const references = fields.reduce((bits, f, i) => (isBytes(f.kind) ? bits | (1 << i) : bits), 0);
  return { fields, words: fields.length + (masked ? 1 : 0), references, masked };
}

export function isBytes(kind: Kind): boolean {
  return layoutOf(kind) === 'bytes';
}

export function keyWordsOf(ws: Workspace, shape: KeyShape, batch: Batch, columns: readonly number[]): KeyWords {
  assert(columns.length === shape.fields.length, 'a key has the columns of its shape');
  const { kernels } = ws;
  const rows = batch.rows;
  const vectors = columns.map((i) => must(batch.columns[i], 'a key column'));
  const words = vectors.map((v) => wordsOf(ws, v, rows, shape.masked && v.validity !== NONE));
  if (shape.masked) {
    const mask = ws.alloc(rows * 8);
    ws.memory.u8.fill(0, mask, mask + rows * 8);
    vectors.forEach((v, i) => {
      assert(v.validity === NONE || shape.fields[i]?.nullable, () => `key column ${shape.fields[i]?.name} is not nullable but has nulls`);
      if (v.validity !== NONE) kernels.words_mask_nulls(must(words[i], 'a word'), v.validity, rows, mask, 1n << BigInt(i));
    });
    words.push(mask);
  }
  const addresses = words.length === 0 ? NONE : ws.alloc(words.length * 4);
  ws.memory.u32.set(words, addresses / 4);
  return { shape, rows, columns: words, addresses };
}

/** A column as words; `owned`: a copy that may be written, where zero copy would do otherwise. */
export function wordsOf(ws: Workspace, v: Vector, rows: number, owned = false): Address {
  if ((v.kind === 'int64' || v.kind === 'timestamp') && !owned) return v.values;
  const out = ws.alloc(rows * 8);
  switch (v.kind) {
    case 'int64':
    case 'timestamp':
      ws.memory.u8.copyWithin(out, v.values, v.values + rows * 8);
      break;
    case 'int32':
      ws.kernels.words_from_i32(v.values, rows, out);
      break;
    case 'bool':
      ws.kernels.words_from_bits(v.values, rows, out);
      break;
    case 'float64':
      ws.kernels.words_from_f64(v.values, rows, out);
      break;
    default:
      ws.kernels.words_from_bytes(v.offsets, v.values, rows, out);
  }
  return out;
}
