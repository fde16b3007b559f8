// The exchange's own work: each row's key group and lane, rows sorted by lane, and the columns copied out for each of them;
// against plain JavaScript that pushes rows to the lanes' arrays, and over typed arrays.
// usage: partition.bench.js [--small] [--json FILE]
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field } from '../../ts/columns/schema.js';
import { partitionByLane } from '../../ts/state/partition.js';
import { takeBatch } from '../../ts/wasm/selection.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { small, Suite } from '../harness.js';
import { scatter } from '../peers/rows.js';

const BATCH_ROWS = small ? 4096 : 32_768;
const BATCHES = small ? 2 : 16;
const ROWS = BATCH_ROWS * BATCHES;
const KEY_GROUPS = 128;
const SCHEMA = [field('key', 'int64'), field('value', 'int64')];

const ws = createWorkspace({ bytes: 256 << 20 });
const batches = Array.from({ length: BATCHES }, (_, b): Batch => {
  const [key, value] = [ws.blocks.alloc(BATCH_ROWS * 8), ws.blocks.alloc(BATCH_ROWS * 8)];
  for (let i = 0; i < BATCH_ROWS; i++) {
    ws.memory.i64[key / 8 + i] = BigInt(scatter(b * BATCH_ROWS + i) % 100_000);
    ws.memory.i64[value / 8 + i] = BigInt(i);
  }
  const column = (values: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values });
  return batchOf(SCHEMA, BATCH_ROWS, [column(key), column(value)]);
});
const plainKeys = Float64Array.from({ length: ROWS }, (_, i) => scatter(i) % 100_000);
const records = Array.from(plainKeys, (key, i) => ({ key, value: i % BATCH_ROWS }));

/** Rows each lane got; the sum of their values, too, would be the same for any split. */
function ours(lanes: number): number {
  let copied = 0;
  for (const batch of batches) {
    const mark = ws.scratch.mark();
    for (const { selection, count } of partitionByLane(ws, batch, [0], KEY_GROUPS, lanes))
      if (count > 0) copied += takeBatch(ws, batch, selection, count).rows;
    ws.scratch.release(mark);
  }
  return copied;
}

/** A cheap hash, as one would write it by hand. */
function laneOf(key: number, lanes: number): number {
  return (((Math.imul(key, 0x9e3779b1) >>> 16) % KEY_GROUPS) * lanes) >> 7;
}

function ofObjects(lanes: number): number {
  let copied = 0;
  for (let b = 0; b < BATCHES; b++) {
    const parts: { key: number; value: number }[][] = Array.from({ length: lanes }, () => []);
    for (let i = b * BATCH_ROWS; i < (b + 1) * BATCH_ROWS; i++) {
      const record = records[i] as { key: number; value: number };
      (parts[laneOf(record.key, lanes)] as typeof records).push({ ...record });
    }
    copied += parts.reduce((sum, part) => sum + part.length, 0);
  }
  return copied;
}

function ofTypedArrays(lanes: number): number {
  let copied = 0;
  const keys = Array.from({ length: lanes }, () => new Float64Array(BATCH_ROWS));
  const values = Array.from({ length: lanes }, () => new Float64Array(BATCH_ROWS));
  const ends = new Uint32Array(lanes);
  for (let b = 0; b < BATCHES; b++) {
    ends.fill(0);
    for (let i = 0; i < BATCH_ROWS; i++) {
      const key = plainKeys[b * BATCH_ROWS + i] as number;
      const lane = laneOf(key, lanes);
      const at = ends[lane] as number;
      (keys[lane] as Float64Array)[at] = key;
      (values[lane] as Float64Array)[at] = i;
      ends[lane] = at + 1;
    }
    copied += ends.reduce((sum, end) => sum + end, 0);
  }
  return copied;
}

const suite = new Suite('kernels/partition');
for (const lanes of [2, 8]) {
  await suite.case(`2 columns to ${lanes} lanes`, { rows: ROWS, repeat: 'kernel' }, [
    { name: 'millrace', run: () => ours(lanes) },
    { name: 'JavaScript over typed arrays', run: () => ofTypedArrays(lanes) },
    { name: 'JavaScript objects', run: () => ofObjects(lanes) },
  ]);
}
suite.end();
