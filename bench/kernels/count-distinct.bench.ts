// Distinct values of an int64 column by group, columns in memory, from rows to results: exactly (a hash set for each group) and
// by HyperLogLog, against JavaScript's Set and DuckDB. One group of a thousand or a million values, and many groups of a few.
// usage: count-distinct.bench.js [--small] [--json FILE]
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite, Timed, timed, type Contender } from '../harness.js';
import { Duck } from '../peers/duckdb.js';
import { keyAt, rowsInSql } from '../peers/rows.js';

const BATCH_ROWS = 32_768;
const ROWS = small ? 131_072 : 4_194_304;
const SCHEMA: Schema = [field('key', 'int64'), field('value', 'int64')];
/** Values lie far apart. */
const FAR = 1_000_003;

interface Shape {
  readonly name: string;
  readonly groups: number;
  readonly values: number;
}

/** Each value is of the group value mod groups, so that a group has values / groups of them. */
function fill(ws: Workspace, { groups, values }: Shape): Batch[] {
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, b) => {
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < BATCH_ROWS; i++) {
      const value = keyAt(b * BATCH_ROWS + i, values);
      ws.memory.i64[k / 8 + i] = BigInt(value % groups);
      ws.memory.i64[v / 8 + i] = BigInt(value * FAR);
      ws.memory.i64[t / 8 + i] = 0n;
    }
    const column = (at: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values: at });
    return batchOf(SCHEMA, BATCH_ROWS, [column(k), column(v)], t);
  });
}

/** The answer that is compared: of estimates, whether they are near. */
type Answer = (groups: number, total: number) => unknown;

const exactly: Answer = (groups, total) => [groups, total];

function engine(ws: Workspace, batches: readonly Batch[], fn: string, name: string, answer: Answer): Contender {
  const run = async (): Promise<Timed> => {
    const operator = new WindowAggregate(ws, {
      window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
      inputSchema: SCHEMA,
      keys: [0],
      aggregates: [{ name: 'n', fn, args: [1], kinds: ['int64'] }],
      outputSchema: [field('key', 'int64'), field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), field('n', 'int64')],
      allowedLatenessMs: 0,
      emit: 'final',
      changes: false,
      mode: 'rows',
      keyGroups: { count: 128, lane: 0, lanes: 1 },
    });
    let [groups, total] = [0, 0];
    const emit = (_port: number, batch: Batch): void => {
      const counts = (batch.columns[3]?.values ?? 0) / 8;
      groups += batch.rows;
      for (let i = 0; i < batch.rows; i++) total += Number(ws.memory.i64[counts + i]);
    };
    const out = { room: () => BATCH_ROWS, emit };
    const { wallMs, cpuMs } = await timed(() => {
      for (const batch of batches) {
        operator.push(0, batch);
        while (operator.pull(out) === 'more');
      }
      operator.mark(0, { step: 0, clockMs: 0, watermark: Infinity });
      while (operator.pull(out) === 'more');
    });
    operator.close();
    return new Timed(answer(groups, total), wallMs, cpuMs);
  };
  return { name, run };
}

function plainSets({ groups, values }: Shape): Contender {
  const rows = Float64Array.from({ length: ROWS }, (_, i) => keyAt(i, values));
  const run = (): number[] => {
    const sets = new Map<number, Set<number>>();
    for (const value of rows) {
      const key = value % groups;
      const set = sets.get(key);
      if (set === undefined) sets.set(key, new Set([value * FAR]));
      else set.add(value * FAR);
    }
    let total = 0;
    for (const set of sets.values()) total += set.size;
    return [sets.size, total];
  };
  return { name: 'JavaScript Set', run, slow: true };
}

const suite = new Suite('kernels/count-distinct');

async function compare(shape: Shape): Promise<void> {
  const ws = createWorkspace({ bytes: small ? 256 << 20 : 1 << 30 });
  const batches = fill(ws, shape);
  const duck = await Duck.open(1);
  await duck.run(rowsInSql('once', ROWS, shape.values));
  await duck.run(`create table rows as select "key" % ${shape.groups} "key", "key" * ${FAR} "value" from once`);
  const counted = (by: string) => `select count(*), sum(n)::bigint from (select "key", ${by} n from rows group by "key")`;
  await suite.case(`${shape.name}, exactly`, { rows: ROWS, repeat: 'once' }, [
    engine(ws, batches, 'countDistinct', 'millrace', exactly),
    { name: 'DuckDB, 1 thread', run: () => duck.oneRow(counted('count(distinct "value")')) },
    plainSets(shape),
  ]);
  // Estimates of all groups together are within a twentieth.
  const distinct = new Set(Array.from({ length: ROWS }, (_, i) => keyAt(i, shape.values))).size;
  const nearly: Answer = (groups, total) => [groups, Math.abs(total - distinct) <= distinct / 20];
  // DuckDB's sketch is a small one: within a half.
  const estimated = async (): Promise<unknown> => {
    const [groups, total] = (await duck.oneRow(counted('approx_count_distinct("value")'))) as [number, number];
    return [groups, Math.abs(total - distinct) <= distinct / 2];
  };
  await suite.case(`${shape.name}, nearly`, { rows: ROWS, repeat: 'once' }, [
    engine(ws, batches, 'approxCountDistinct', 'millrace, HyperLogLog', nearly),
    engine(ws, batches, 'countDistinct', 'millrace, exactly', nearly),
    ...(shape.groups === 1 ? [{ name: 'DuckDB, 1 thread, HyperLogLog', run: estimated }] : []),
  ]);
  duck.close();
}

const shapes: readonly Shape[] = small
  ? [
      { name: '1 group of 1,000 values', groups: 1, values: 1000 },
      { name: '5,000 groups of 4 values', groups: 5000, values: 20_000 },
    ]
  : [
      { name: '1 group of 1,000 values', groups: 1, values: 1000 },
      { name: '1 group of 1,000,000 values', groups: 1, values: 1_000_000 },
      { name: '250,000 groups of 4 values', groups: 250_000, values: 1_000_000 },
    ];
for (const shape of shapes) await compare(shape);
suite.end();
