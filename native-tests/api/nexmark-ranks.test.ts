// Nexmark q18 and q19 through the API, on one lane and two, on the calling thread and on others, against a plain model of the same bids.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, type Op } from '../../ts/index.js';
import { bidsAlone, q18, q19 } from './nexmark-rank-jobs.js';

const params = { events: 30_000, seed: 7, outOfOrderGroup: 40 };

interface Bid {
  readonly auction: bigint;
  readonly bidder: bigint;
  readonly price: bigint;
  readonly dateTime: number;
}

const show = (row: object): string => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));

/** What changes add up to. */
function added(changes: readonly { readonly op: Op }[]): string[] {
  const rows = new Map<string, number>();
  for (const { op, ...row } of changes) {
    const text = show(row);
    const n = (rows.get(text) ?? 0) + (op === '+I' || op === '+U' ? 1 : -1);
    if (n === 0) rows.delete(text);
    else rows.set(text, n);
  }
  assert.ok([...rows.values()].every((n) => n === 1));
  return [...rows.keys()].sort();
}

/** All bids in the order of their source. */
async function allBids(): Promise<readonly Bid[]> {
  const handle = await run(bidsAlone, { lanes: 1, threads: false, params });
  await handle.done;
  const bids = handle.take('bids');
  assert.ok(bids.length > 20_000);
  return bids;
}

const RUNS = [
  { lanes: 1, threads: false },
  { lanes: 3, threads: false },
  { lanes: 2, threads: true },
] as const;

test('q18: the last bid of each bidder on each auction, the later of equal times', async () => {
  const last = new Map<string, Bid>();
  for (const bid of await allBids()) {
    const key = `${bid.bidder} ${bid.auction}`;
    const before = last.get(key);
    if (before === undefined || bid.dateTime >= before.dateTime) last.set(key, bid);
  }
  const wanted = [...last.values()].map(show).sort();
  for (const options of RUNS) {
    const handle = await run(q18, { ...options, params });
    await handle.done;
    assert.deepEqual(added(handle.take('last')), wanted);
  }
});

test('q19: the ten highest bids on each auction, the earlier of equal prices', async () => {
  const auctions = new Map<bigint, Bid[]>();
  for (const bid of await allBids()) auctions.set(bid.auction, [...(auctions.get(bid.auction) ?? []), bid]);
  const wanted = [...auctions.values()].flatMap((bids) =>
    bids
      .sort((a, b) => Number(b.price - a.price) || a.dateTime - b.dateTime)
      .slice(0, 10)
      .map((bid, i) => show({ ...bid, rank_number: i + 1 })),
  );
  for (const options of RUNS) {
    const handle = await run(q19, { ...options, params });
    await handle.done;
    assert.deepEqual(added(handle.take('top')), wanted.sort());
  }
});
