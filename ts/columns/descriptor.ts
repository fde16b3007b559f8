import { assert } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from './batch.js';
import { valuesBytes } from './detached.js';
import { NONE, type Address, type Memory, type Space } from './memory.js';
import { bitmapBytes, type Schema } from './schema.js';

/**
 * A batch, told to another lane: words in the sender's memory from which the receiver copies the batch over.
 *
 *   word 0   rows
 *   word 1   columns
 *   word 2   times      address or 0, as all that follow
 *   word 3   clocks
 *   word 4   ops
 *   word 5   positions
 *   then for each column
 *     +0     validity
 *     +1     offsets
 *     +2     values
 *     +3     bytes of the values
 *
 * Addresses are unsigned. The schema is known to both sides from the plan.
 */
const HEAD_WORDS = 6;
const COLUMN_WORDS = 4;

export function descriptorWords(columns: number): number {
  return HEAD_WORDS + columns * COLUMN_WORDS;
}

/** Describes a batch of the same memory; valid as long as the batch is. */
export function writeDescriptor(space: Space, batch: Batch): { readonly at: Address; readonly words: number } {
  const { memory } = space;
  const words = descriptorWords(batch.columns.length);
  const at = space.alloc(words * 4);
  const { u32 } = memory;
  let w = at / 4;
  u32[w++] = batch.rows;
  u32[w++] = batch.columns.length;
  u32[w++] = batch.times;
  u32[w++] = batch.clocks;
  u32[w++] = batch.ops;
  u32[w++] = batch.positions;
  for (const vector of batch.columns) {
    u32[w++] = vector.validity;
    u32[w++] = vector.offsets;
    u32[w++] = vector.values;
    u32[w++] = valuesBytes(memory, vector, batch.rows);
  }
  return { at, words };
}

/** Rows of the batch that is described at `at`. */
export function describedRows(sender: Memory, at: Address): number {
  return sender.u32[at / 4] as number;
}

/** Copies the batch described at `at` of the sender's memory into `space`. */
export function copyFrom(sender: Memory, at: Address, schema: Schema, space: Space): Batch {
  const from = sender.u8;
  const words = sender.u32;
  const to = space.memory.u8;
  const copy = (address: Address, bytes: number): Address => {
    if (address === NONE) return NONE;
    const copied = space.alloc(bytes);
    to.set(from.subarray(address, address + bytes), copied);
    return copied;
  };
  let w = at / 4;
  const rows = words[w++] as number;
  const count = words[w++] as number;
  assert(count === schema.length, () => `a batch of ${count} columns came where ${schema.length} were expected`);
  const times = copy(words[w++] as number, rows * 8);
  const clocks = copy(words[w++] as number, rows * 8);
  const ops = copy(words[w++] as number, rows);
  const positions = copy(words[w++] as number, rows * 8);
  const columns = schema.map((field): Vector => {
    const validity = copy(words[w++] as number, bitmapBytes(rows));
    const offsets = copy(words[w++] as number, (rows + 1) * 4);
    const values = words[w++] as number;
    return { kind: field.kind, validity, offsets, values: copy(values, words[w++] as number) };
  });
  return batchOf(schema, rows, columns, times, clocks, ops, positions);
}
