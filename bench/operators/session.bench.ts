// Sessions of an int64 key with count and sum, columns in memory, from rows to results, with a mark after each batch:
// SessionAggregate against a Map of sorted spans and DuckDB's window functions. A million keys that are all open; one key that has
// every row; rows in order, and rows so far out of order that most of them bridge sessions.
// usage: session.bench.js [--small] [--json FILE]
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import { SessionAggregate } from '../../ts/operators/session-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite, Timed, timed, type Contender } from '../harness.js';
import { Duck } from '../peers/duckdb.js';
import { keyAt, rowsInSql, valueAt } from '../peers/rows.js';

const BATCH_ROWS = 8192;
const ROWS = small ? 65_536 : 4_194_304;
const SPAN_MS = 100_000;
const JITTER_MS = 2000;
const SCHEMA: Schema = [field('key', 'int64'), field('value', 'int64')];

interface Case {
  readonly name: string;
  readonly keys: number;
  readonly gapMs: number;
  /** Rows lie up to JITTER_MS behind their place. */
  readonly shuffled: boolean;
}

function timeAt(i: number, shuffled: boolean): number {
  return Math.floor((i / ROWS) * SPAN_MS) - (shuffled ? valueAt(i) + 1000 : 0);
}

function fill(ws: Workspace, { keys, shuffled }: Case): Batch[] {
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, b) => {
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < BATCH_ROWS; i++) {
      const row = b * BATCH_ROWS + i;
      ws.memory.i64[k / 8 + i] = BigInt(keyAt(row, keys));
      ws.memory.i64[v / 8 + i] = BigInt(valueAt(row));
      ws.memory.i64[t / 8 + i] = BigInt(timeAt(row, shuffled));
    }
    const column = (values: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, BATCH_ROWS, [column(k), column(v)], t);
  });
}

/** Sessions, sum of n², sum of total², sum of lengths · (key mod 1009). */
class Answer {
  readonly sums: [number, number, number, number] = [0, 0, 0, 0];

  add(key: number, n: number, total: number, ms: number): void {
    this.sums[0]++;
    this.sums[1] += n * n;
    this.sums[2] += total * total;
    this.sums[3] += ms * (key % 1009);
  }
}

function sessionAggregate(ws: Workspace, gapMs: number): SessionAggregate {
  return new SessionAggregate(ws, {
    inputSchema: SCHEMA,
    keys: [0],
    aggregates: [
      { name: 'n', fn: 'count', args: [], kinds: [] },
      { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
    ],
    gap: { ms: gapMs },
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

function engine(ws: Workspace, of: Case, batches: readonly Batch[]): Contender {
  let checked = false;
  const run = async (): Promise<Timed> => {
    const answer = new Answer();
    const check = !checked;
    const emit = (_port: number, batch: Batch): void => {
      if (!check) return;
      const [key, start, end, n, total] = batch.columns.map((c) => c.values / 8) as [number, number, number, number, number];
      const at = (column: number, i: number): number => Number(ws.memory.i64[column + i]);
      for (let i = 0; i < batch.rows; i++) answer.add(at(key, i), at(n, i), at(total, i), at(end, i) - at(start, i));
    };
    const out = { room: () => BATCH_ROWS, emit };
    const operator = sessionAggregate(ws, of.gapMs);
    let most = 0;
    let perSession = 0;
    const { wallMs, cpuMs } = await timed(() => {
      for (const [step, batch] of batches.entries()) {
        operator.push(0, batch);
        while (operator.pull(out) === 'more');
        const watermark = timeAt((step + 1) * BATCH_ROWS, false) - JITTER_MS - 1;
        operator.mark(0, { step, clockMs: 0, watermark });
        while (operator.pull(out) === 'more');
        const { openWindows = 0, stateBytes = 0 } = check ? operator.metrics() : {};
        if (openWindows > most) [most, perSession] = [openWindows, stateBytes / openWindows];
      }
      operator.mark(0, { step: batches.length, clockMs: 0, watermark: Infinity });
      while (operator.pull(out) === 'more');
    });
    if (check) {
      const { mergedWindows, firedWindows } = operator.metrics();
      console.log(`  ${most} sessions open at most, ${perSession.toFixed(0)} bytes each; ${firedWindows} fired, ${mergedWindows} merged`);
    }
    operator.close();
    checked = true;
    return new Timed(check ? answer.sums : undefined, wallMs, cpuMs);
  };
  return { name: 'millrace', run };
}

/** Plain JavaScript: for each key its spans, newest last; they are kept to the end. */
function plainMap({ keys, gapMs, shuffled }: Case): Contender {
  const key = Float64Array.from({ length: ROWS }, (_, i) => keyAt(i, keys));
  const value = Float64Array.from({ length: ROWS }, (_, i) => valueAt(i));
  const time = Float64Array.from({ length: ROWS }, (_, i) => timeAt(i, shuffled));
  const run = (): number[] => {
    const spans = new Map<number, { start: number; end: number; n: number; total: number }[]>();
    for (let i = 0; i < ROWS; i++) {
      const own = spans.get(key[i] as number);
      const start = time[i] as number;
      const joined = { start, end: start + gapMs, n: 1, total: value[i] as number };
      if (own === undefined) {
        spans.set(key[i] as number, [joined]);
        continue;
      }
      let at = own.length;
      while (at > 0 && (own[at - 1] as typeof joined).end >= start) at--;
      let to = at;
      for (; to < own.length && (own[to] as typeof joined).start <= joined.end; to++) {
        const other = own[to] as typeof joined;
        joined.start = Math.min(joined.start, other.start);
        joined.end = Math.max(joined.end, other.end);
        joined.n += other.n;
        joined.total += other.total;
      }
      own.splice(at, to - at, joined);
    }
    const answer = new Answer();
    for (const [k, own] of spans) for (const { start, end, n, total } of own) answer.add(k, n, total, end - start);
    return answer.sums;
  };
  return { name: 'JavaScript Map', run, slow: true };
}

const SQL = (gapMs: number): string => `
  with fresh as (
    select *, case when ms - lag(ms) over (partition by "key" order by ms) <= ${gapMs} then 0 else 1 end f from rows
  ), numbered as (
    select *, sum(f) over (partition by "key" order by ms rows unbounded preceding) id from fresh
  ), sessions as (
    select "key", count(*) n, sum("value") total, max(ms) + ${gapMs} - min(ms) length from numbered group by "key", id
  )
  select count(*), sum(n * n), sum(total * total), sum(length * ("key" % 1009)) from sessions`;

const suite = new Suite('operators/session');

async function compare(of: Case): Promise<void> {
  const ws = createWorkspace({ bytes: small ? 128 << 20 : 1 << 30 });
  const duck = await Duck.open(1);
  await duck.run(rowsInSql('once', ROWS, of.keys));
  const ms = `(${SPAN_MS} * rowid) // ${ROWS}${of.shuffled ? ' - ("value" + 1000)' : ''}`;
  await duck.run(`create table rows as select "key", "value", ${ms} ms from once`);
  const slowly: Contender = { name: 'DuckDB, 1 thread', run: () => duck.oneRow(SQL(of.gapMs)), slow: true };
  await suite.case(of.name, { rows: ROWS, repeat: 'once' }, [engine(ws, of, fill(ws, of)), slowly, plainMap(of)]);
  duck.close();
}

const many = small ? 5_000 : 1_000_000;
const named = many.toLocaleString('en');
for (const of of [
  { name: '1,000 keys, in order', keys: 1000, gapMs: 50, shuffled: false },
  { name: `${named} keys, all open, in order`, keys: many, gapMs: 50_000, shuffled: false },
  { name: `${named} keys, all open, out of order`, keys: many, gapMs: 50_000, shuffled: true },
  { name: `${named} keys, most sessions of one row`, keys: many, gapMs: 2000, shuffled: false },
  { name: '1,000 keys, most rows bridge sessions', keys: 1000, gapMs: 20, shuffled: true },
  { name: 'one key, in order', keys: 1, gapMs: 1000, shuffled: false },
  { name: 'one key, out of order', keys: 1, gapMs: 1000, shuffled: true },
])
  await compare(of);
suite.end();
