import { file, job, nexmark } from '../../ts/index.js';
import { QUERIES } from './queries.js';

/** Every query as a job over a file of bids; its part is `result`. */
export const nexmarkJob = job(import.meta, 'nexmark', (env, params: { bids: string; query: keyof typeof QUERIES }) => {
  const bids = env.from(file(params.bids), { schema: nexmark.bids.schema, eventTime: nexmark.bids.eventTime }).named('bids');
  return { result: QUERIES[params.query](bids) };
});
