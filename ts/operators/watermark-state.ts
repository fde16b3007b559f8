import { must } from '../core/assert.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import type { Workspace } from '../wasm/workspace.js';

/** An operator's watermark in its snapshot: one row, the same on every lane. ±Infinity included. */
export const WATERMARK: Schema = [field('watermark', 'float64')];

export function watermarkBatch(ws: Workspace, watermark: number): Batch {
  const values = ws.alloc(8);
  ws.memory.f64[values / 8] = watermark;
  return batchOf(WATERMARK, 1, [{ kind: 'float64', validity: NONE, offsets: NONE, values }]);
}

/** The larger of `known` and those in the batch. */
export function readWatermark(ws: Workspace, batch: Batch, known: number): number {
  const { values } = must(batch.columns[0], 'the watermark');
  let watermark = known;
  for (let i = 0; i < batch.rows; i++) watermark = Math.max(watermark, must(ws.memory.f64[values / 8 + i], 'a watermark'));
  return watermark;
}
