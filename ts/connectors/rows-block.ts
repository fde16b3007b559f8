import { rowsToDetached } from '../columns/builder.js';
import { attach } from '../columns/detached.js';
import type { Schema } from '../columns/schema.js';
import type { RowsBlock } from './connector.js';

/** Rows as plain objects, as a source's `next()` gives them. `position`: the split's, after these rows. Throws `value.invalid`. */
export function rowsBlock(schema: Schema, rows: readonly Readonly<Record<string, unknown>>[], position: number): RowsBlock {
  const batch = rowsToDetached(schema, rows);
  return { position, content: { kind: 'batch', rows: batch.rows, write: (space) => attach(space, batch) } };
}
