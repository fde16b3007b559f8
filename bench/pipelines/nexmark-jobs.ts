// Nexmark's queries as jobs over generated bids. Lanes import this module too, so nothing here runs by itself.
import { customSink, type DetachedBatch, type Handle, job, nexmark, run } from 'millrace';
import { QUERIES } from '../../native-tests/nexmark/queries.js';

/** Rows, and sums of whole numbers in them, what was taken back subtracted: the same however often results were told. */
class Digest {
  #rows = 0;
  #sum = 0;

  add({ rows, schema, columns, ops }: DetachedBatch): void {
    const signs = new Int8Array(rows).fill(1);
    if (ops !== undefined) for (let i = 0; i < rows; i++) signs[i] = ops[i] === 1 || ops[i] === 3 ? -1 : 1;
    for (let i = 0; i < rows; i++) this.#rows += signs[i] as number;
    for (const [at, { kind }] of schema.entries()) {
      const vector = columns[at];
      if ((kind !== 'int64' && kind !== 'timestamp') || vector === undefined) continue;
      const low = new Int32Array(vector.values.buffer, vector.values.byteOffset, rows * 2);
      for (let i = 0; i < rows; i++) this.#sum += (signs[i] as number) * ((low[i * 2] as number) % 1_000_003);
    }
  }

  get all(): number[] {
    return [this.#rows, this.#sum];
  }
}

let digest = new Digest();

/** What the last job's results come to. */
export function lastDigest(): number[] {
  return digest.all;
}

const digesting = () =>
  customSink(() => ({
    takes: 'columns',
    open: () => {
      digest = new Digest();
    },
    write(_step, chunk) {
      if (chunk.kind === 'columns') digest.add(chunk.batch);
    },
    close() {},
  }));

export type Measured = keyof typeof QUERIES | 'bids alone';
export const measuredQueries: readonly Measured[] = ['bids alone', ...(Object.keys(QUERIES) as (keyof typeof QUERIES)[])];

/** 92 events of a hundred are bids. */
const nexmarkQueries = job(import.meta, 'nexmark-queries', (env, params: { query: Measured; events: number }) => {
  const bids = env.from(nexmark({ events: params.events, rate: 10_000 }), nexmark.bids);
  const alone = () => bids.select((c) => ({ auction: c.auction, price: c.price })).where((c) => c.price.lt(0n));
  return { result: (params.query === 'bids alone' ? alone() : QUERIES[params.query](bids)).to(digesting()) };
});

export function startQuery(query: Measured, lanes: number, events: number): Promise<Handle<unknown>> {
  return run(nexmarkQueries, { lanes, params: { query, events } }) as Promise<Handle<unknown>>;
}
