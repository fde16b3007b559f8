// Queries of the Nexmark benchmark over windows, groups and rankings, as one writes them for the engine; what each means is told in SQL in
// queries.test.ts. Jobs of tests and of a bench are made of them.
import {
  avg,
  count,
  countDistinct,
  hopping,
  int64,
  max,
  milliseconds,
  min,
  nexmark,
  processingTime,
  seconds,
  session,
  sum,
  tumbling,
  type Stream,
} from '../../ts/index.js';

export type Bids = Stream<typeof nexmark.bids.schema, 'event-time'>;

/** The auctions with the most bids in the last ten seconds, every two seconds; all of them when several have as many. */
export const q5 = (bids: Bids) => {
  const counts = bids
    .keyBy('auction')
    .window(hopping(seconds(10), seconds(2)))
    .aggregate(() => ({ num: count() }));
  // All results of a hop have its last millisecond as their time: two seconds' windows hold one hop each.
  return counts
    .select((c) => ({ auction: c.auction, num: c.num }))
    .window(tumbling(seconds(2)))
    .apply({ auction: int64(), num: int64() }, (rows, _window, out) => {
      const all = [...rows];
      const most = all.reduce((n, row) => (row.num > n ? row.num : n), 0n);
      for (const { auction, num } of all) if (num === most) out.emit({ auction, num });
    });
};

/**
 * The highest bids of every ten seconds. A bid at the very end of the window counts among those that reach its highest price, but
 * not towards it: windows of a millisecond more see both.
 */
export const q7 = (bids: Bids) => {
  const { auction, bidder, price, dateTime, extra } = nexmark.bids.schema;
  return bids.window(hopping(milliseconds(10_001), seconds(10))).apply({ auction, price, bidder, dateTime, extra }, (rows, window, out) => {
    const all = [...rows];
    const last = window.end - 1;
    const most = all.reduce((p, row) => (row.dateTime < last && row.price > p ? row.price : p), 0n);
    for (const row of all) if (row.price === most) out.emit(row);
  });
};

/** Bids of each bidder in a row, with at most ten seconds between one and the next. */
export const q11 = (bids: Bids) =>
  bids
    .keyBy('bidder')
    .window(session(seconds(10)))
    .aggregate(() => ({ bids: count() }));

/** Bids of each bidder in ten seconds of the clock. */
export const q12 = (bids: Bids) =>
  bids
    .keyBy('bidder')
    .window(processingTime(tumbling(seconds(10))))
    .aggregate(() => ({ bids: count() }));

const CHEAP = 10_000n;
const DEAR = 1_000_000n;

/** Bids, bidders and auctions of each day, by three ranks of price. */
export const q15 = (bids: Bids) =>
  bids
    .select((c) => ({ day: c.dateTime.startOf('day'), price: c.price, bidder: c.bidder, auction: c.auction }))
    .keyBy('day')
    .aggregate((c) => ({
      bids: count(),
      bids1: count().where(c.price.lt(CHEAP)),
      bids2: count().where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      bids3: count().where(c.price.ge(DEAR)),
      bidders: countDistinct(c.bidder),
      bidders1: countDistinct(c.bidder).where(c.price.lt(CHEAP)),
      bidders2: countDistinct(c.bidder).where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      bidders3: countDistinct(c.bidder).where(c.price.ge(DEAR)),
      auctions: countDistinct(c.auction),
      auctions1: countDistinct(c.auction).where(c.price.lt(CHEAP)),
      auctions2: countDistinct(c.auction).where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      auctions3: countDistinct(c.auction).where(c.price.ge(DEAR)),
    }));

/** The same of each channel and day, with the last minute that had a bid. */
export const q16 = (bids: Bids) =>
  bids
    .select((c) => ({
      channel: c.channel,
      day: c.dateTime.startOf('day'),
      minute: c.dateTime.startOf('minute'),
      price: c.price,
      bidder: c.bidder,
      auction: c.auction,
    }))
    .keyBy('channel', 'day')
    .aggregate((c) => ({
      minute: max(c.minute),
      bids: count(),
      bids1: count().where(c.price.lt(CHEAP)),
      bids2: count().where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      bids3: count().where(c.price.ge(DEAR)),
      bidders: countDistinct(c.bidder),
      bidders1: countDistinct(c.bidder).where(c.price.lt(CHEAP)),
      bidders2: countDistinct(c.bidder).where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      bidders3: countDistinct(c.bidder).where(c.price.ge(DEAR)),
      auctions: countDistinct(c.auction),
      auctions1: countDistinct(c.auction).where(c.price.lt(CHEAP)),
      auctions2: countDistinct(c.auction).where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      auctions3: countDistinct(c.auction).where(c.price.ge(DEAR)),
    }));

/** Prices of each auction and day. */
export const q17 = (bids: Bids) =>
  bids
    .select((c) => ({ auction: c.auction, day: c.dateTime.startOf('day'), price: c.price }))
    .keyBy('auction', 'day')
    .aggregate((c) => ({
      bids: count(),
      bids1: count().where(c.price.lt(CHEAP)),
      bids2: count().where(c.price.ge(CHEAP).and(c.price.lt(DEAR))),
      bids3: count().where(c.price.ge(DEAR)),
      least: min(c.price),
      most: max(c.price),
      mean: avg(c.price),
      total: sum(c.price),
    }));

/** The last bid of each bidder for each auction. */
export const q18 = (bids: Bids) => bids.dedup({ by: ['bidder', 'auction'], keep: 'last' });

/** The ten highest bids of each auction, with their rank. */
export const q19 = (bids: Bids) => bids.keyBy('auction').topN(10, (c) => c.price.desc());

export const QUERIES = Object.freeze({ q5, q7, q11, q12, q15, q16, q17, q18, q19 });
