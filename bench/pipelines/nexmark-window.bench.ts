// Generated Nexmark bids to count and sum per key and window of ten seconds (a million events each), at one lane and two. The engine's
// time includes making the rows; its peers find the same rows in memory: DuckDB in a table, plain JavaScript in typed arrays.
// usage: nexmark-window.bench.js [--small] [--json FILE] [--rows EVENTS]
import { mkdirSync, rmSync } from 'node:fs';
import { from, nexmark, run } from 'millrace';
import { generateNexmark } from '../../ts/connectors/nexmark/generate.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { option, small, Suite, timed, type Contender } from '../harness.js';
import { Duck } from '../peers/duckdb.js';
import { lastSums, ResultSums, SUMS_IN_SQL, sumPrices } from './jobs.js';

const EVENTS = Number(option('rows') ?? (small ? 50_000 : 4_000_000));
const RATE = 100_000;
const WINDOW_MS = 10_000;

function engine(keys: number, lanes: number): Contender {
  const work = async () => {
    const handle = await run(sumPrices, { lanes, params: { events: EVENTS, rate: RATE, keys: BigInt(keys) } });
    return timed(async () => {
      await handle.done;
      return lastSums();
    });
  };
  return { name: `millrace, ${lanes} lane${lanes > 1 ? 's' : ''}`, run: work };
}

interface Bids {
  readonly prices: Float64Array;
  readonly times: Float64Array;
}

async function bidsInArrays(rows: number): Promise<Bids> {
  const bids: Bids = { prices: new Float64Array(rows), times: new Float64Array(rows) };
  let at = 0;
  const stream = from(nexmark({ events: EVENTS, rate: RATE }), nexmark.bids).select((c) => ({ price: c.price, dateTime: c.dateTime }));
  for await (const batch of stream.batches()) {
    const [price, time] = [batch.getChild('price')?.toArray() as BigInt64Array, batch.getChild('dateTime')?.toArray() as BigInt64Array];
    for (let i = 0; i < batch.numRows; i++, at++) {
      bids.prices[at] = Number(price[i]);
      bids.times[at] = Number(time[i]);
    }
  }
  if (at !== rows) throw new Error(`${at} bids, not ${rows}`);
  return bids;
}

function plain({ prices, times }: Bids, keys: number): number[] {
  const windows = new Map<number, Map<number, { n: number; total: number }>>();
  for (let i = 0; i < prices.length; i++) {
    const price = prices[i] as number;
    const time = times[i] as number;
    const start = time - (time % WINDOW_MS);
    let groups = windows.get(start);
    if (groups === undefined) windows.set(start, (groups = new Map()));
    const group = groups.get(price % keys);
    if (group === undefined) groups.set(price % keys, { n: 1, total: price });
    else {
      group.n++;
      group.total += price;
    }
  }
  const sums = new ResultSums();
  for (const groups of windows.values()) for (const [key, { n }] of groups) sums.add(key, n);
  return sums.all;
}

const suite = new Suite('pipelines/nexmark-window');
const CSV = `.cache/bench/nexmark-${process.pid}.csv`;
mkdirSync('.cache/bench', { recursive: true });
const { rows } = await generateNexmark({ host: nodeHost, path: CSV, format: 'csv', events: EVENTS, rate: RATE });
const duck = await Duck.open(1);
await duck.run(`create table bids as select price::bigint price, epoch_ms(dateTime::timestamp) ms from read_csv('${CSV}')`);
rmSync(CSV);
const bids = await bidsInArrays(rows);
for (const keys of small ? [1000] : [1000, 1_000_000]) {
  const groups = `select price % ${keys} "key", ms // ${WINDOW_MS} w, count(*) n, sum(price) total from bids group by all`;
  await suite.case(`price mod ${keys.toLocaleString('en')}`, { rows, repeat: 'once' }, [
    engine(keys, 1),
    engine(keys, 2),
    { name: 'DuckDB, 1 thread, rows in a table', run: () => duck.oneRow(`select ${SUMS_IN_SQL} from (${groups})`) },
    { name: 'JavaScript Map, rows in arrays', run: () => plain(bids, keys), slow: true },
  ]);
}
duck.close();
suite.end();
