// Tumbling sum and count by int64 key, columns in memory: WindowAggregate against a plain Map. Answers are compared.
// usage: group-by.bench.js [--small]
import assert from 'node:assert/strict';
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

const small = process.argv.includes('--small');
const BATCH_ROWS = 32_768;
const ROWS = small ? 131_072 : 4_194_304;
/** Repeats of the rows in one window, so that finding groups, not making them, is what is measured. */
const ROUNDS = small ? 1 : 4;

const float = process.argv.includes('--float');
const SCHEMA: Schema = [field('key', 'int64'), field('value', float ? 'float64' : 'int64')];

function fill(ws: Workspace, keys: number): Batch[] {
  const random = new Random(keys);
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, b) => {
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < BATCH_ROWS; i++) {
      ws.memory.i64[k / 8 + i] = BigInt(random.int(0, keys - 1));
      if (float) ws.memory.f64[v / 8 + i] = random.int(-1000, 1000) / 8;
      else ws.memory.i64[v / 8 + i] = BigInt(random.int(-1000, 1000));
      ws.memory.i64[t / 8 + i] = BigInt(Math.floor(((b * BATCH_ROWS + i) / ROWS) * 1000));
    }
    const column = (kind: 'int64' | 'float64', values: number) => ({ kind, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, BATCH_ROWS, [column('int64', k), column(float ? 'float64' : 'int64', v)], t);
  });
}

function ours(ws: Workspace, batches: readonly Batch[]): { rows: number; checksum: number; addNs: number; fireNs: number } {
  const operator = new WindowAggregate(ws, {
    window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
    inputSchema: SCHEMA,
    keys: [0],
    aggregates: [
      { name: 'n', fn: 'count' },
      { name: 'total', fn: 'sum', inputKind: float ? 'float64' : 'int64', argument: 1 },
    ],
    outputSchema: [
      field('key', 'int64'),
      field('windowStart', 'timestamp'),
      field('windowEnd', 'timestamp'),
      field('n', 'int64'),
      field('total', 'int64'),
    ],
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
    keyGroups: { count: 128, lane: 0, lanes: 1 },
  });
  let rows = 0;
  let checksum = 0;
  const out = {
    room: () => BATCH_ROWS,
    emit: (_port: number, batch: Batch) => {
      rows += batch.rows;
      const [, , , n, total] = batch.columns.map((c) => c.values / 8);
      for (let i = 0; i < batch.rows; i += 97)
        checksum +=
          Number(ws.memory.i64[(n as number) + i]) +
          Number(float ? ws.memory.f64[(total as number) + i] : ws.memory.i64[(total as number) + i]);
    },
  };
  const from = process.hrtime.bigint();
  for (let round = 0; round < ROUNDS; round++) {
    for (const batch of batches) {
      operator.push(0, batch);
      while (operator.pull(out) === 'more');
    }
  }
  const between = process.hrtime.bigint();
  operator.mark(0, { step: 0, clockMs: 0, watermark: Infinity });
  while (operator.pull(out) === 'more');
  const to = process.hrtime.bigint();
  operator.close();
  return { rows, checksum, addNs: Number(between - from) / (ROWS * ROUNDS), fireNs: Number(to - between) / rows };
}

function plain(ws: Workspace, batches: readonly Batch[]): { groups: number; ns: number } {
  const groups = new Map<number, { n: number; total: number }>();
  const input = batches.map((b) =>
    b.columns.map((c) =>
      c.kind === 'float64'
        ? ws.memory.f64.slice(c.values / 8, c.values / 8 + b.rows)
        : Float64Array.from(ws.memory.i64.subarray(c.values / 8, c.values / 8 + b.rows), Number),
    ),
  );
  const from = process.hrtime.bigint();
  for (const [keys, values] of input as [Float64Array, Float64Array][]) {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { n: 1, total: values[i] as number });
      else {
        group.n++;
        group.total += values[i] as number;
      }
    }
  }
  return { groups: groups.size, ns: Number(process.hrtime.bigint() - from) / ROWS };
}

for (const keys of small ? [1000] : [1000, 100_000, 1_000_000]) {
  const ws = createWorkspace({ bytes: small ? 128 << 20 : 1 << 30 });
  const batches = fill(ws, keys);
  const runs = Array.from({ length: small ? 1 : 5 }, () => ours(ws, batches));
  const best = runs.reduce((a, b) => (b.addNs < a.addNs ? b : a));
  const map = plain(ws, batches);
  assert.equal(best.rows, map.groups);
  const rate = `${best.addNs.toFixed(2)} ns/row (${(1000 / best.addNs).toFixed(0)} M rows/s)`;
  const peer = `plain Map ${map.ns.toFixed(1)} ns/row: ${(map.ns / best.addNs).toFixed(1)}x`;
  console.log(`${keys} keys: ${rate}, firing ${best.fireNs.toFixed(1)} ns/group; ${peer}`);
}
