// Tumbling count and sum by int64 key, columns in memory: WindowAggregate against the same algorithm in C, DuckDB and a Map.
// Two cases for each set of keys: from rows to results (groups are made, tables grow, the window fires), and rows that
// meet groups which are all there, as in the later part of a window. Keys lie side by side, as ids often do, or far apart:
// the engine finds the former by an array and the latter by their hashes.
// usage: group-by.bench.js [--small] [--json FILE]
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite, Timed, timed, type Contender } from '../harness.js';
import { Duck } from '../peers/duckdb.js';
import { nativeProgram } from '../peers/native.js';
import { keyAt, rowsInSql, valueAt } from '../peers/rows.js';

const BATCH_ROWS = 32_768;
const ROWS = small ? 131_072 : 4_194_304;

const SCHEMA: Schema = [field('key', 'int64'), field('value', 'int64')];

function fill(ws: Workspace, keys: number, spread: number): Batch[] {
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, b) => {
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < BATCH_ROWS; i++) {
      const row = b * BATCH_ROWS + i;
      ws.memory.i64[k / 8 + i] = BigInt(keyAt(row, keys) * spread);
      ws.memory.i64[v / 8 + i] = BigInt(valueAt(row));
      ws.memory.i64[t / 8 + i] = BigInt(Math.floor((row / ROWS) * 1000));
    }
    const column = (values: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, BATCH_ROWS, [column(k), column(v)], t);
  });
}

function windowAggregate(ws: Workspace): WindowAggregate {
  return new WindowAggregate(ws, {
    window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
    inputSchema: SCHEMA,
    keys: [0],
    aggregates: [
      { name: 'n', fn: 'count', args: [], kinds: [] },
      { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
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
}

/** Groups, sum of n², sum of total², sum of total · (key mod 1009): squares, so that rows in the wrong group show. */
class Answer {
  readonly #sums: [number, number, number, number] = [0, 0, 0, 0];

  add(key: number, n: number, total: number): void {
    this.#sums[0]++;
    this.#sums[1] += n * n;
    this.#sums[2] += total * total;
    this.#sums[3] += total * (key % 1009);
  }

  get sums(): number[] {
    return [...this.#sums];
  }
}

function addAll(operator: WindowAggregate, batches: readonly Batch[], out: Parameters<WindowAggregate['pull']>[0]): void {
  for (const batch of batches) {
    operator.push(0, batch);
    while (operator.pull(out) === 'more');
  }
}

/** From an empty table to results. What came out is summed the first time only: reading it row by row is no part of the work. */
function engine(ws: Workspace, batches: readonly Batch[], rounds: number): Contender {
  let checked = false;
  const run = async (): Promise<Timed> => {
    const answer = new Answer();
    const check = !checked;
    const emit = (_port: number, batch: Batch): void => {
      if (!check) return;
      const [key, , , n, total] = batch.columns.map((c) => c.values / 8) as [number, number, number, number, number];
      for (let i = 0; i < batch.rows; i++)
        answer.add(Number(ws.memory.i64[key + i]), Number(ws.memory.i64[n + i]), Number(ws.memory.i64[total + i]));
    };
    const out = { room: () => BATCH_ROWS, emit };
    const operator = windowAggregate(ws);
    const { wallMs, cpuMs } = await timed(() => {
      for (let round = 0; round < rounds; round++) addAll(operator, batches, out);
      operator.mark(0, { step: 0, clockMs: 0, watermark: Infinity });
      while (operator.pull(out) === 'more');
    });
    operator.close();
    checked = true;
    return new Timed(check ? answer.sums : undefined, wallMs, cpuMs);
  };
  return { name: 'millrace', run };
}

function engineKnown(ws: Workspace, batches: readonly Batch[], rounds: number): { contender: Contender; close: () => void } {
  const operator = windowAggregate(ws);
  const out = { room: () => BATCH_ROWS, emit: () => undefined };
  for (let round = 0; round < rounds; round++) addAll(operator, batches, out);
  const run = () => {
    addAll(operator, batches, out);
    return [operator.metrics()['groups']];
  };
  return { contender: { name: 'millrace', run }, close: () => operator.close() };
}

/** Plain JavaScript: a Map of objects, over Float64Arrays (BigInt would cost it five times as much). */
class PlainMap {
  readonly #keys: Float64Array;
  readonly #values: Float64Array;
  #groups = new Map<number, { n: number; total: number }>();

  constructor(keys: number, spread: number) {
    this.#keys = Float64Array.from({ length: ROWS }, (_, i) => keyAt(i, keys) * spread);
    this.#values = Float64Array.from({ length: ROWS }, (_, i) => valueAt(i));
  }

  add(rounds: number): void {
    const [keys, values, groups] = [this.#keys, this.#values, this.#groups];
    for (let round = 0; round < rounds; round++) {
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
  }

  contender(rounds: number): Contender {
    const run = () => {
      this.#groups = new Map();
      this.add(rounds);
      const answer = new Answer();
      for (const [key, { n, total }] of this.#groups) answer.add(key, n, total);
      return answer.sums;
    };
    return { name: 'JavaScript Map', run, slow: true };
  }

  known(): Contender {
    const run = () => {
      this.add(1);
      return [this.#groups.size];
    };
    return { name: 'JavaScript Map', run, slow: true };
  }
}

const FAR = 1_000_003;
const suite = new Suite('kernels/group-by');
const native = nativeProgram('group-by');

async function compare(keys: number, spread: number): Promise<void> {
  // With a million keys, enough rows for a group to be met as often as it is made.
  const rounds = keys >= 1_000_000 && !small ? 2 : 1;
  const ws = createWorkspace({ bytes: small ? 128 << 20 : 1 << 30 });
  const batches = fill(ws, keys, spread);
  const duck = await Duck.open(1);
  await duck.run(rowsInSql('once', ROWS, keys));
  const columns = `"key" * ${spread} "key", "value", (1000 * rowid) // ${ROWS} ms`;
  await duck.run(`create table rows as select ${columns} from once`);
  for (let round = 1; round < rounds; round++) await duck.run(`insert into rows select ${columns} from once`);
  const map = new PlainMap(keys, spread);
  const inC = (mode: 'new' | 'known'): Contender[] =>
    native === undefined ? [] : [{ name: 'C, same algorithm', run: () => native.run([keys, ROWS, rounds, mode, spread]) }];
  const grouped = (by: string) => `select "key", count(*) n, sum("value") total from rows group by ${by}`;
  const sums = (by: string) => `select count(*), sum(n * n), sum(total * total), sum(total * ("key" % 1009)) from (${grouped(by)})`;
  const named = `${keys.toLocaleString('en')} keys ${spread === 1 ? 'side by side' : 'far apart'}`;
  await suite.case(`${named}, rows to results`, { rows: ROWS * rounds, repeat: 'once' }, [
    engine(ws, batches, rounds),
    ...inC('new'),
    { name: 'DuckDB, 1 thread, key and window', run: () => duck.oneRow(sums('"key", ms // 1000')) },
    { name: 'DuckDB, 1 thread, key alone', run: () => duck.oneRow(sums('"key"')) },
    map.contender(rounds),
  ]);
  duck.close();
  const known = engineKnown(ws, batches, rounds);
  await suite.case(`${named}, groups known`, { rows: ROWS, repeat: 'once' }, [known.contender, ...inC('known'), map.known()]);
  known.close();
}

for (const keys of small ? [1000, 20_000] : [1000, 100_000, 1_000_000]) for (const spread of [1, FAR]) await compare(keys, spread);
suite.end();
