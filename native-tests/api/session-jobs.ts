import { collect, count, job, nexmark, seconds, session } from '../../ts/index.js';

export const Q11_GAP_MS = 10_000;

/** Nexmark's question 11: how many bids does each user make in each session of activity? */
export const userSessions = job(import.meta, 'user-sessions', (env, params: { events: number; splits: number; group: number }) => {
  const bids = env.from(nexmark({ events: params.events, rate: 100, splits: params.splits, outOfOrderGroup: params.group }), nexmark.bids);
  const sessions = bids
    .keyBy('bidder')
    .window(session(seconds(10)))
    .aggregate(() => ({ bids: count() }));
  return { bids: bids.select((c) => ({ bidder: c.bidder, at: c.dateTime })).to(collect()), sessions: sessions.to(collect()) };
});
