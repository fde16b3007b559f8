import { NONE, type Address } from '../columns/memory.js';
import type { Batch } from '../columns/batch.js';
import type { Workspace } from '../wasm/workspace.js';
import { keyShapeOf, keyWordsOf, type KeyWords } from './key-words.js';
import { must } from '../core/assert.js';

/** Some rows of a batch. `selection`: int32[count] row numbers, ascending; NONE: all of them. */
export interface Selection {
  readonly selection: Address;
  readonly count: number;
}

/**
 * Each row's key group, u32[rows] in scratch: `(fixed hash of the key's values >>> 32) mod groups`. The hash is written
 * down in assembly/state/hash.ts and never changes: checkpoints and the exchange depend on it.
 * native-tests/kernels/hash.test.ts holds the vectors. A null's place is kept in the mask, and an
 * int32 key hashes as the int64 of the same value, so that neither nullability nor widening moves a key.
 */
export function keyGroupsOf(ws: Workspace, keys: KeyWords, groups: number): Address {
  const out = ws.alloc(keys.rows * 4);
  const { shape } = keys;
  ws.kernels.words_key_groups(keys.addresses, shape.words, shape.references, shape.masked ? 1 : 0, keys.rows, groups, out);
  return out;
}

/**
 * Which rows of a batch go to which lane: lane `floor(group * lanes / keyGroups)` of each row's key group. One entry a
 * lane, in scratch, each in the batch's order.
 */
export function partitionByLane(ws: Workspace, batch: Batch, keys: readonly number[], keyGroups: number, lanes: number): Selection[] {
  if (lanes === 1) return [{ selection: NONE, count: batch.rows }];
  const shape = keyShapeOf(keys.map((i) => must(batch.schema[i], 'a key column')));
  const parts = keyGroupsOf(ws, keyWordsOf(ws, shape, batch, keys), keyGroups);
  ws.kernels.partition_lanes(parts, batch.rows, keyGroups, lanes);
  return partitionRows(ws, parts, batch.rows, lanes);
}

/** Rows by a number below `count` that each has (u32[rows]), stably; or, with `values` (u32[rows]), those values. */
export function partitionRows(ws: Workspace, parts: Address, rows: number, count: number, values: Address = NONE): Selection[] {
  const ends = ws.alloc(count * 4);
  const selection = ws.alloc(rows * 4);
  ws.kernels.partition_rows(parts, rows, count, ends, values, selection);
  return Array.from({ length: count }, (_, p) => {
    const from = p === 0 ? 0 : must(ws.memory.u32[ends / 4 + p - 1], 'an end');
    return { selection: selection + from * 4, count: must(ws.memory.u32[ends / 4 + p], 'an end') - from };
  });
}
