import type { Batch, Vector } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { layoutOf } from '../columns/schema.js';
import { unreachable } from '../core/assert.js';
import type { Selection } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';

/**
 * The rows of a batch of changes without the updates that change nothing: whose before and after, side by side, are the
 * same in every column. `selection` NONE: all rows stay.
 */
export function changedRows(ws: Workspace, batch: Batch): Selection {
  const { rows, ops } = batch;
  const all = { selection: NONE, count: rows };
  if (ops === NONE || rows < 2) return all;
  const pairs = ws.alloc(rows);
  ws.kernels.changed_pairs(ops, rows, pairs);
  for (const column of batch.columns) comparePairs(ws, column, rows, pairs);
  const selection = ws.alloc(rows * 4);
  const count = ws.kernels.changed_pairs_kept(pairs, rows, selection) >>> 0;
  return count === rows ? all : { selection, count };
}

function comparePairs({ kernels }: Workspace, { kind, validity, offsets, values }: Vector, rows: number, pairs: number): void {
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      kernels.changed_pairs_bits(values, validity, rows, pairs);
      return;
    case 'words32':
      kernels.changed_pairs_32(values, validity, rows, pairs);
      return;
    case 'words64':
      kernels.changed_pairs_64(values, validity, rows, pairs);
      return;
    case 'bytes':
      kernels.changed_pairs_bytes(offsets, values, validity, rows, pairs);
      return;
    default:
      unreachable(layout);
  }
}
