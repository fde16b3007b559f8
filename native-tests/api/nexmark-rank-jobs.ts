// Nexmark q18 and q19 as jobs of their own module, which every lane loads.
import { collect, job, nexmark } from '../../ts/index.js';

export interface RankParams {
  readonly events: number;
  readonly seed: number;
  readonly outOfOrderGroup: number;
}

export const bidsAlone = job(import.meta, 'bids-alone', (env, params: RankParams) => ({
  bids: env.from(nexmark(params), nexmark.bids).to(collect()),
}));

/** q18: the last bid of each bidder on each auction. */
export const q18 = job(import.meta, 'q18', (env, params: RankParams) => ({
  last: env
    .from(nexmark(params), nexmark.bids)
    .dedup({ by: ['bidder', 'auction'], keep: 'last' })
    .to(collect()),
}));

/** q19: the ten highest bids on each auction, with their ranks. */
export const q19 = job(import.meta, 'q19', (env, params: RankParams) => ({
  top: env
    .from(nexmark(params), nexmark.bids)
    .keyBy('auction')
    .topN(10, (c) => c.price.desc(), { rank: 'rank_number' })
    .to(collect()),
}));
