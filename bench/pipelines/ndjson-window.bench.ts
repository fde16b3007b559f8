// A file of NDJSON bids to counts per auction and window of ten seconds: the engine on one lane and on two, DuckDB's
// read_json and group by with one thread and two, and plain JavaScript (readline, JSON.parse, a Map).
// The file is in the page cache. The engine's time begins when its lanes are ready; once it is also told with its start.
// Every job's JavaScript is optimized anew (about a quarter of a CPU second a lane, whatever the rows): the last case has four
// times the rows, so that the difference shows what a row costs.
// usage: ndjson-window.bench.js [--small] [--json FILE] [--rows N]
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { run } from 'millrace';
import { option, small, Suite, timed, type Contender } from '../harness.js';
import { Duck } from '../peers/duckdb.js';
import { bidsFile, repeated, type BidsFile } from './bids-file.js';
import { countBids, lastSums, ResultSums, SUMS_IN_SQL } from './jobs.js';

const ROWS = Number(option('rows') ?? (small ? 20_000 : 2_500_000));
const WINDOW_MS = 10_000;

function engine(bids: BidsFile, lanes: number): Contender {
  const work = async () => {
    const handle = await run(countBids, { lanes, params: { bids: bids.path } });
    return timed(async () => {
      await handle.done;
      return lastSums();
    });
  };
  return { name: `millrace, ${lanes} lane${lanes > 1 ? 's' : ''}`, run: work };
}

function engineWithStart(bids: BidsFile, lanes: number): Contender {
  const work = async () => {
    const handle = await run(countBids, { lanes, params: { bids: bids.path } });
    await handle.done;
    return lastSums();
  };
  return { name: `millrace, ${lanes} lane, with its start`, run: work };
}

function duckdb(duck: Duck, bids: BidsFile, threads: number): Contender {
  const rows = `read_json('${bids.path}', format = 'newline_delimited', columns = {auction: 'BIGINT', dateTime: 'BIGINT'})`;
  const groups = `select auction "key", dateTime // ${WINDOW_MS} w, count(*) n from ${rows} group by all`;
  return { name: `DuckDB, ${threads} thread${threads > 1 ? 's' : ''}`, run: () => duck.oneRow(`select ${SUMS_IN_SQL} from (${groups})`) };
}

async function plain(bids: BidsFile): Promise<number[]> {
  const windows = new Map<number, Map<number, number>>();
  for await (const line of createInterface({ input: createReadStream(bids.path), crlfDelay: Infinity })) {
    const { auction, dateTime } = JSON.parse(line) as { auction: number; dateTime: number };
    const start = dateTime - (dateTime % WINDOW_MS);
    let counts = windows.get(start);
    if (counts === undefined) windows.set(start, (counts = new Map()));
    counts.set(auction, (counts.get(auction) ?? 0) + 1);
  }
  const sums = new ResultSums();
  for (const counts of windows.values()) for (const [key, n] of counts) sums.add(key, n);
  return sums.all;
}

const suite = new Suite('pipelines/ndjson-window');
const [one, two] = [await Duck.open(1), await Duck.open(2)];
for (const keys of small ? [1000] : [1000, 100_000, 1_000_000]) {
  const bids = bidsFile(ROWS, keys);
  await suite.case(`${keys.toLocaleString('en')} keys`, { rows: bids.rows, bytes: bids.bytes, repeat: 'once' }, [
    engine(bids, 1),
    engine(bids, 2),
    ...(keys === 1000 ? [engineWithStart(bids, 1)] : []),
    duckdb(one, bids, 1),
    duckdb(two, bids, 2),
    { name: 'readline, JSON.parse, Map', run: () => plain(bids), slow: true },
  ]);
}
const long = repeated(bidsFile(ROWS, 1000), 4);
await suite.case('1,000 keys, four files', { rows: long.rows, bytes: long.bytes, repeat: 'once' }, [
  engine(long, 1),
  engine(long, 2),
  { ...duckdb(one, long, 1), slow: true },
]);
one.close();
two.close();
suite.end();
