// where(n > literal) over 1M rows of (int64, float64), columns in memory: the condition alone, and with both columns
// compacted; against plain loops in JavaScript over typed arrays. Answers are compared.
// usage: filter.bench.js [--small] [--json FILE]
import { bindExpression } from '../../ts/build/expressions.js';
import { type Batch, batchOf } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { evaluateCondition } from '../../ts/operators/expression.js';
import { Where } from '../../ts/operators/where.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite } from '../harness.js';

const BATCH_ROWS = 32_768;
const BATCHES = small ? 2 : 32;
const ROWS = BATCH_ROWS * BATCHES;
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

const ws = createWorkspace({ bytes: 256 << 20 });
const batches = fill(ws);
const keptInts = new BigInt64Array(BATCH_ROWS);
const keptFloats = new Float64Array(BATCH_ROWS);

const suite = new Suite('kernels/filter');
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
  const selected = () => {
    let count = 0;
    for (const batch of batches) {
      count += evaluateCondition(ws, condition, batch).count;
      ws.scratch.reset();
    }
    return count;
  };
  const where = new Where(ws, condition);
  const filtered = () => {
    let count = 0;
    const out = { room: () => BATCH_ROWS, emit: (_: number, batch: Batch) => (count += batch.rows) };
    for (const batch of batches) {
      where.push(0, batch);
      while (where.pull(out) === 'more');
      ws.scratch.reset();
    }
    return count;
  };
  const bound = BigInt(least);
  const plain = () => {
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
  };
  await suite.case(`${share * 100} % kept`, { rows: ROWS, repeat: 'kernel' }, [
    { name: 'millrace, where', run: filtered },
    { name: 'millrace, the condition alone', run: selected },
    { name: 'JavaScript over BigInt64Array', run: plain },
  ]);
}
suite.end();
