import {
  ascending,
  avg,
  count,
  file,
  int64,
  job,
  max,
  min,
  outOfOrder,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
  milliseconds,
} from '../../ts/index.js';

/** Bids of a file, per auction and bidder's channel, then per channel: two keyed stages; `boundMs` decides what is late. */
export const bidsJob = job(import.meta, 'bids-twice', (env, params: { path: string; boundMs: number }) => {
  const bids = env.from(file(params.path), {
    schema: { auction: int64(), price: int64(), channel: utf8(), dateTime: timestamp() },
    eventTime: { column: 'dateTime', watermark: params.boundMs < 0 ? ascending() : outOfOrder(milliseconds(params.boundMs)) },
  });
  const perAuction = bids
    .where((c) => c.price.ge(1000n))
    .keyBy('auction', 'channel')
    .window(tumbling(seconds(2)))
    .aggregate((c) => ({ bids: count(), total: sum(c.price), dearest: max(c.price), first: min(c.dateTime), mean: avg(c.price) }));
  const perChannel = perAuction
    .keyBy('channel')
    .window(tumbling(seconds(10)))
    .aggregate((c) => ({ auctions: count(), bids: sum(c.bids), total: sum(c.total), dearest: max(c.dearest) }));
  return { bids, perAuction, perChannel, late: perAuction.late };
});
