// where(n > literal) over 1M rows of (int64, float64), columns in memory: the condition alone, and with both columns
// compacted; against plain loops in JavaScript over typed arrays. Answers are compared.
// usage: filter.bench.js [--small]
import assert from 'node:assert/strict';
import { bindExpression } from '../../ts/build/expressions.js';
import { type Batch, batchOf } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { evaluateCondition } from '../../ts/operators/expression.js';
import { Where } from '../../ts/operators/where.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

const small = process.argv.includes('--small');
const BATCH_ROWS = 32_768;
const BATCHES = small ? 2 : 32;
const ROWS = BATCH_ROWS * BATCHES;
const TURNS = small ? 1 : 15;
const SCHEMA = [field('n', 'int64'), field('price', 'float64')];

function fill(ws: Workspace): Batch[] {
  const random = new Random(1);
  return Array.from({ length: BATCHES }, () => {
    const [n, price] = [ws.blocks.alloc(BATCH_ROWS * 8), ws.blocks.alloc(BATCH_ROWS * 8)];
    for (let i = 0; i < BATCH_ROWS; i++) {
      ws.memory.i64[n / 8 + i] = BigInt(random.int(0, 999));
      ws.memory.f64[price / 8 + i] = random.int(0, 1000);
    }
    const column = (kind: 'int64' | 'float64', values: number) => ({ kind, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, BATCH_ROWS, [column('int64', n), column('float64', price)]);
  });
}

/** ns a row, of the best turn. */
function best(run: () => number): { ns: number; answer: number } {
  let ns = Infinity;
  let answer = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const from = process.hrtime.bigint();
    answer = run();
    ns = Math.min(ns, Number(process.hrtime.bigint() - from) / ROWS);
  }
  return { ns, answer };
}

const ws = createWorkspace({ bytes: 256 << 20 });
const batches = fill(ws);
const keptInts = new BigInt64Array(BATCH_ROWS);
const keptFloats = new Float64Array(BATCH_ROWS);

for (const share of [0.01, 0.5, 0.99]) {
  const least = Math.round(1000 * (1 - share)) - 1;
  const condition = bindExpression(
    {
      op: 'call',
      fn: 'gt',
      args: [
        { op: 'column', name: 'n' },
        { op: 'literal', kind: 'float64', value: least },
      ],
    },
    SCHEMA,
  );
  const selected = best(() => {
    let count = 0;
    for (const batch of batches) {
      count += evaluateCondition(ws, condition, batch).count;
      ws.scratch.reset();
    }
    return count;
  });
  const where = new Where(ws, condition);
  const filtered = best(() => {
    let count = 0;
    const out = { room: () => BATCH_ROWS, emit: (_: number, batch: Batch) => (count += batch.rows) };
    for (const batch of batches) {
      where.push(0, batch);
      while (where.pull(out) === 'more');
      ws.scratch.reset();
    }
    return count;
  });
  const bound = BigInt(least);
  const plain = best(() => {
    let count = 0;
    for (const { columns } of batches) {
      const [n, price] = columns.map((c) => c.values / 8) as [number, number];
      let kept = 0;
      for (let i = 0; i < BATCH_ROWS; i++) {
        const value = ws.memory.i64[n + i] as bigint;
        if (value > bound) {
          keptInts[kept] = value;
          keptFloats[kept++] = ws.memory.f64[price + i] as number;
        }
      }
      count += kept;
    }
    return count;
  });
  assert.equal(selected.answer, plain.answer);
  assert.equal(filtered.answer, plain.answer);
  const [ofCondition, ofWhere, ofPlain] = [selected, filtered, plain].map(({ ns }) => ns.toFixed(2).padStart(6));
  const ratio = (plain.ns / filtered.ns).toFixed(1);
  console.log(
    `${String(share * 100).padStart(3)} % kept: condition${ofCondition}, where${ofWhere}, JavaScript over BigInt64Array${ofPlain} ns a row (${ratio}x)`,
  );
}
