// The code of the pages on the best rows of a key.
import { avg, count, int64, job, lag, lead, max, memory, minutes, outOfOrder, timestamp, utf8 } from 'millrace';

const BIDS = { auction: int64(), bidder: int64(), price: int64(), at: timestamp() };

export const topBids = job(import.meta, 'top-bids', (env) => {
  const bids = env.from(memory([]), { schema: BIDS, eventTime: { column: 'at', watermark: outOfOrder(minutes(1)) } });
  const best = bids.keyBy('auction').topN(2, (c) => c.price.desc());
  const worst = bids.keyBy('auction').topN(1, (c) => [c.price.asc(), c.bidder.asc()], { rank: false });
  return { bids, best, worst };
});

const CLICKS = { user: utf8(), page: utf8(), at: timestamp() };

export const clicksOnce = job(import.meta, 'clicks-once', (env) => {
  const clicks = env.from(memory([]), { schema: CLICKS, eventTime: { column: 'at', watermark: outOfOrder(minutes(1)) } });
  const once = clicks.dedup({ by: ['user', 'page'], within: minutes(10) });
  const latest = clicks.dedup({ by: ['user'], keep: 'last' });
  return { clicks, once, latest, late: once.late };
});

export const bidsCompared = job(import.meta, 'bids-compared', (env) => {
  const bids = env.from(memory([]), { schema: BIDS, eventTime: { column: 'at', watermark: outOfOrder(minutes(1)) } });
  const compared = bids.over({ partitionBy: ['auction'], preceding: { rows: 2 } }, (c) => ({
    mean: avg(c.price),
    before: lag(c.price),
    after: lead(c.price),
  }));
  const recent = bids.over({ partitionBy: ['auction'], preceding: { range: minutes(5) } }, (c) => ({
    bids: count(),
    highest: max(c.price),
  }));
  return { bids, compared, recent };
});
