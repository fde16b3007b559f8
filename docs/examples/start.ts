// What `npm start` runs: bids per auction over a file of Nexmark bids, on all cores.
// usage: start.js FILE
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { argv } from 'node:process';
import { run } from 'millrace';
import bidsPerAuction from './bids-per-auction.js';

const path = argv[2] ?? '';
const lanes = availableParallelism();
const started = performance.now();
const handle = await run(bidsPerAuction, { lanes, params: { bids: path } });
await handle.done;
const seconds = (performance.now() - started) / 1000;

const results = handle.take('perAuction');
const bids = results.reduce((sum, row) => sum + Number(row.bids), 0);
const busiest = [...results].sort((a, b) => Number(b.bids - a.bids)).slice(0, 8);
console.log('The busiest auctions, in windows of ten seconds:\n');
console.table(
  busiest.map((row) => ({
    from: new Date(row.windowStart).toISOString(),
    auction: Number(row.auction),
    bids: Number(row.bids),
    highest: (Number(row.highest) / 100).toFixed(2),
    mean: (row.mean / 100).toFixed(2),
  })),
);
const rate = (bids / seconds / 1e6).toFixed(1);
const gigabytes = (statSync(path).size / 1e9).toFixed(2);
console.log(
  `\n${bids.toLocaleString('en')} bids (${gigabytes} GB of NDJSON) became ${results.length.toLocaleString('en')} results` +
    ` in ${seconds.toFixed(1)} s on ${lanes} lanes: ${rate} million bids a second, start included.`,
);
