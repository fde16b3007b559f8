// Bids per auction in windows of ten seconds, from Nexmark's bids as NDJSON (`millrace generate nexmark`).
import { avg, count, file, int64, job, max, nexmark, seconds, tumbling, timestamp, collect } from 'millrace';

export default job(import.meta, 'bids-per-auction', (env, params: { bids: string }) => {
  // Only the columns that are named here are ever decoded.
  const bids = env.from(file(params.bids), {
    schema: { auction: int64(), price: int64(), dateTime: timestamp() },
    eventTime: nexmark.bids.eventTime,
  });
  const perAuction = bids
    .keyBy('auction')
    .window(tumbling(seconds(10)))
    .aggregate((c) => ({ bids: count(), highest: max(c.price), mean: avg(c.price) }));
  return { perAuction: perAuction.to(collect()) };
});
