import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { run } from 'millrace';
import { generateNexmark } from '../../ts/connectors/nexmark/generate.js';
import { nodeHost } from '../../ts/core/node-host.js';
import bidsPerAuction from './bids-per-auction.js';
import dearBids from './dear-bids.js';
import flightDelays from './flight-delays.js';
import { dataset, flights, readNdjson, writeNdjson, type Flight } from './inputs.js';
import weatherStories from './weather-stories.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-examples-'));
const inFolder = (name: string): string => join(folder, name);
const BIDS = inFolder('bids.ndjson');
let duck: DuckDBConnection;

before(async () => {
  duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duck.run("set TimeZone = 'UTC'");
  await generateNexmark({ host: nodeHost, path: BIDS, rows: 200_000, rate: 2_000, outOfOrderGroup: 30 });
});
after(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true });
});

/** A query's rows, in its own order. */
async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await duck.runAndReadAll(sql)).getRowObjects();
}

function sorted<T>(rows: readonly T[], key: (row: T) => string): T[] {
  return rows
    .map((row) => [key(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row);
}

interface Delays {
  origin: string;
  windowStart: string;
  windowEnd: string;
  flights: number;
  delayed: number;
  mean: number;
  worst: number;
}

function naiveDelays(all: readonly Flight[]): Delays[] {
  const groups = new Map<string, Flight[]>();
  for (const f of all) {
    const key = `${f.date.slice(0, 13)} ${f.origin}`;
    groups.set(key, [...(groups.get(key) ?? []), f]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    const start = Date.parse(`${first?.date.slice(0, 13)}:00:00Z`);
    const delays = group.map((f) => f.delay);
    return {
      origin: first?.origin ?? '',
      windowStart: new Date(start).toISOString(),
      windowEnd: new Date(start + 3_600_000).toISOString(),
      flights: group.length,
      delayed: delays.filter((d) => d >= 15).length,
      mean: delays.reduce((a, b) => a + b, 0) / delays.length,
      worst: Math.max(...delays),
    };
  });
}

test('delays per airport and hour, from real flights', async () => {
  const [input, output] = [inFolder('flights.ndjson'), inFolder('delays.ndjson')];
  const all = flights();
  assert.equal(all.length, 20_000);
  writeNdjson(input, all);
  const handle = await run(flightDelays, { lanes: 2, params: { flights: input, delays: output } });
  await handle.done;
  const delays = readNdjson<Delays>(output);
  const key = (d: Delays) => `${d.windowStart} ${d.origin}`;
  assert.deepEqual(sorted(delays, key), sorted(naiveDelays(all), key));
  const theirs = await query(`
    select strftime(date_trunc('hour', date::timestamp), '%Y-%m-%dT%H:%M:%S.000Z') as windowStart, origin, count(*)::int as flights,
      (count(*) filter (delay >= 15))::int as delayed, avg(delay) as mean, max(delay)::int as worst
    from read_json('${input}', columns = {date: 'VARCHAR', delay: 'INTEGER', origin: 'VARCHAR'}, format = 'newline_delimited')
    group by all order by windowStart, origin`);
  assert.deepEqual(
    sorted(delays, key).map(({ windowEnd: _, ...d }) => d),
    theirs.map((d) => ({ ...d })),
  );
});

test('bids per auction in ten seconds, from generated bids', async () => {
  const handle = await run(bidsPerAuction, { lanes: 2, params: { bids: BIDS } });
  await handle.done;
  const ours = handle.take('perAuction').map((r) => [r.windowStart, r.auction, r.bids, r.highest, r.mean] as const);
  assert.ok(ours.length > 10_000);
  const theirs = await query(`
    select epoch_ms(time_bucket(interval 10 seconds, dateTime)) as windowStart, auction, count(*) as bids, max(price) as highest, avg(price) as mean
    from read_json('${BIDS}', columns = {auction: 'BIGINT', price: 'BIGINT', dateTime: 'TIMESTAMP'}, format = 'newline_delimited') group by all`);
  const key = (r: readonly unknown[]) => `${r[0]} ${r[1]}`;
  const expected = theirs.map((r) => [Number(r['windowStart']), r['auction'], r['bids'], r['highest'], r['mean']] as const);
  assert.deepEqual(sorted(ours, key), sorted(expected, key));
});

test('dear bids: a filter and a projection', async () => {
  const output = inFolder('dear.ndjson');
  const handle = await run(dearBids, { lanes: 2, params: { bids: BIDS, dear: output, leastCents: 10_000_000n } });
  await handle.done;
  const ours = readNdjson<object>(output).map((row) => JSON.stringify(row));
  const expected = readNdjson<{ auction: number; bidder: number; price: number; channel: string; dateTime: string }>(BIDS)
    .filter((bid) => bid.price >= 10_000_000 && ['Google', 'Apple'].includes(bid.channel))
    .map(({ auction, bidder, price, channel, dateTime }) =>
      JSON.stringify({ auction, bidder, euro: price * 0.00908, channel, at: dateTime }),
    );
  assert.ok(expected.length > 5_000);
  assert.deepEqual(ours.sort(), expected.sort());
  const [theirs] = await query(`
    select count(*)::int as n, sum(auction)::double as auctions from read_json('${BIDS}', format = 'newline_delimited')
    where price >= 10000000 and channel in ('Google', 'Apple')`);
  assert.deepEqual(
    [theirs?.['n'], theirs?.['auctions']],
    [ours.length, ours.reduce((sum, row) => sum + (JSON.parse(row) as { auction: number }).auction, 0)],
  );
});

test('weather told by JavaScript functions, from real days', async () => {
  const path = inFolder('weather.csv');
  // Dates become times of day, as a timestamp column wants them.
  writeFileSync(path, readFileSync(dataset('weather.csv'), 'utf8').replace(/^([^,]+,\d{4}-\d{2}-\d{2}),/gm, '$1T00:00:00Z,'));
  const handle = await run(weatherStories, { lanes: 2, params: { weather: path } });
  await handle.done;
  const tally = new Map<string, number>();
  for (const { location, word } of handle.take('words')) tally.set(`${location} ${word}`, (tally.get(`${location} ${word}`) ?? 0) + 1);
  const theirs = await query(`
    with days as (select *, (temp_max + temp_min) / 2 - if(wind > 6, 3, 0) as felt from read_csv('${path}') where weather <> 'sun' or temp_max >= 30),
    stories as (select location, 'a ' || case when felt < 5 then 'cold' when felt < 15 then 'cool' when felt < 23 then 'mild' else 'hot' end
      || ' day of ' || weather || if(precipitation > 20, ', very wet', '') as story from days)
    select location, word, count(*)::int as n from (select location, unnest(regexp_split_to_array(story, '\\W+')) as word from stories) group by all`);
  assert.ok(tally.size > 15);
  const expected = theirs.map((r) => [`${r['location']} ${r['word']}`, r['n']] as const);
  assert.deepEqual(
    sorted([...tally], ([key]) => key),
    sorted(expected, ([key]) => key),
  );
});

test('what npm start runs tells results and throughput', () => {
  const done = spawnSync(process.execPath, [fileURLToPath(new URL('start.js', import.meta.url)), BIDS], { encoding: 'utf8' });
  assert.equal(done.stderr, '');
  assert.match(done.stdout, /busiest auctions/);
  assert.match(done.stdout, /200,000 bids \(0\.05 GB of NDJSON\) became [\d,]+ results in [\d.]+ s on \d+ lanes/);
});
