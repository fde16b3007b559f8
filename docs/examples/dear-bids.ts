// Only filters and projects: bids above a price, in another currency, with the page they were made on.
import { file, int64, job, timestamp, utf8 } from 'millrace';

/** What a hundred US cents are worth. */
const EURO_PER_CENT = 0.00908;

export default job(import.meta, 'dear-bids', (env, params: { bids: string; dear: string; leastCents: bigint }) => {
  const bids = env.from(file(params.bids), {
    schema: { auction: int64(), bidder: int64(), price: int64(), channel: utf8(), dateTime: timestamp() },
  });
  const dear = bids
    .where((c) => c.price.ge(params.leastCents).and(c.channel.in(['Google', 'Apple'])))
    .select((c) => ({ auction: c.auction, bidder: c.bidder, euro: c.price.mul(EURO_PER_CENT), channel: c.channel, at: c.dateTime }));
  return { dear: dear.to(file(params.dear)) };
});
