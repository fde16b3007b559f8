// The jobs that the benches of pipelines run. Lanes import this module too, so nothing here runs a job.
import {
  count,
  customSink,
  customSource,
  type DetachedBatch,
  type DetachedVector,
  file,
  int64,
  job,
  nexmark,
  rowsBlock,
  seconds,
  sum,
  timestamp,
  tumbling,
} from 'millrace';

/** Results, their rows, sum of n², sum of n · (key mod 1009): squares, so that rows in the wrong group show. */
export class ResultSums {
  #results = 0;
  #rows = 0;
  #squares = 0;
  #products = 0;

  add(key: number, n: number): void {
    this.#results++;
    this.#rows += n;
    this.#squares += n * n;
    this.#products += n * (key % 1009);
  }

  get all(): number[] {
    return [this.#results, this.#rows, this.#squares, this.#products];
  }
}

/** The same sums in SQL, over a table of groups with columns "key" and n. */
export const SUMS_IN_SQL = 'count(*), sum(n), sum(n * n), sum(n * ("key" % 1009))';

/** What the last job has given: its sink runs on the thread that called `run`. */
let sums = new ResultSums();

export function lastSums(): number[] {
  return sums.all;
}

/** The low halves of a column of int64 that holds small numbers: reading BigInts would cost more than the job. */
function lowHalves({ values }: DetachedVector, rows: number): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, rows * 2);
}

function addResults({ rows, columns }: DetachedBatch, key: number, n: number): void {
  const keys = lowHalves(columns[key] as DetachedVector, rows);
  const counts = lowHalves(columns[n] as DetachedVector, rows);
  for (let i = 0; i < rows * 2; i += 2) sums.add(keys[i] as number, counts[i] as number);
}

/** Sums results whose first column is the key and whose fourth is n. */
const summing = () =>
  customSink(() => ({
    takes: 'columns',
    open: () => {
      sums = new ResultSums();
    },
    write(_step, chunk) {
      if (chunk.kind === 'columns') addResults(chunk.batch, 0, 3);
    },
    close() {},
  }));

/** Bids per auction in windows of ten seconds, from NDJSON. */
export const countBids = job(import.meta, 'count-bids', (env, params: { bids: string }) => {
  const bids = env.from(file(params.bids), {
    schema: { auction: int64(), dateTime: timestamp() },
    eventTime: nexmark.bids.eventTime,
  });
  const counted = bids
    .keyBy('auction')
    .window(tumbling(seconds(10)))
    .aggregate(() => ({ n: count() }));
  return { counted: counted.to(summing()) };
});

/** Count and sum of generated bids by a key made from their price, in windows of ten seconds. */
export const sumPrices = job(import.meta, 'sum-prices', (env, params: { events: number; rate: number; keys: bigint }) => {
  const bids = env.from(nexmark({ events: params.events, rate: params.rate }), nexmark.bids);
  const counted = bids
    .select((c) => ({ key: c.price.mod(params.keys), price: c.price, dateTime: c.dateTime }))
    .keyBy('key')
    .window(tumbling(seconds(10)))
    .aggregate((c) => ({ n: count(), total: sum(c.price) }));
  return { counted: counted.to(summing()) };
});

/** A source that gives a row when it is told to, and counts what came out at the other end. */
export class PingPong {
  #give: ((row: number) => void) | undefined;
  #given = 0;
  #arrived: (() => void) | undefined;

  readonly source = customSource<{ key: bigint; at: number }>({
    source: ({ schema }) => ({
      schema,
      runsIn: 'coordinator',
      splits: () => [{ id: 'pings', options: {} }],
      open: () => ({
        next: async () => {
          const row = await new Promise<number>((resolve) => (this.#give = resolve));
          return row < 0 ? undefined : rowsBlock(schema, [{ key: BigInt(row), at: row }], row + 1);
        },
        close() {},
      }),
    }),
  });

  readonly sink = customSink(() => ({ takes: 'columns', write: () => this.#arrived?.(), close() {} }));

  /** Sends a row through the job and waits until it is out. */
  async ping(): Promise<void> {
    const arrived = new Promise<void>((resolve) => (this.#arrived = resolve));
    this.#next(this.#given++);
    await arrived;
  }

  end(): void {
    this.#next(-1);
  }

  #next(row: number): void {
    const give = this.#give;
    if (give === undefined) throw new Error('the source has not asked for a row');
    this.#give = undefined;
    give(row);
  }
}

export const pings = new PingPong();

/** Rows that are told one at a time, through a lane and out. */
export const echo = job(import.meta, 'echo', (env) => {
  const rows = env.from(pings.source, { schema: { key: int64(), at: timestamp() } });
  return { echo: rows.select((c) => ({ key: c.key.add(1n), at: c.at })).to(pings.sink) };
});
