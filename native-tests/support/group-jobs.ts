// Jobs that lanes in worker threads import.
import { avg, collect, count, countWindow, int64, job, max, memory, sum, utf8 } from '../../ts/index.js';

export interface Bid {
  readonly user: string;
  readonly item: string;
  readonly price: bigint;
}

/** The same rows for whoever asks. */
export function bidsOf(count: number): Bid[] {
  return Array.from({ length: count }, (_, i) => ({
    user: `user ${(i * 7919) % 101}`,
    item: `item ${(i * 31) % 11}`,
    price: BigInt(((i * 104_729) % 2003) - 1000),
  }));
}

export const totals = job(import.meta, 'group-totals', (env, params: { rows: number }) => {
  const bids = env.from(memory(bidsOf(params.rows)), { schema: { user: utf8(), item: utf8(), price: int64() } });
  const perUser = bids.keyBy('user').aggregate((c) => ({ n: count(), total: sum(c.price), top: max(c.item) }));
  const bySize = perUser.keyBy('n').aggregate((c) => ({ users: count(), mean: avg(c.total) }));
  return { perUser: perUser.to(collect()), bySize: bySize.to(collect()) };
});

export const counted = job(import.meta, 'counted-windows', (env, params: { rows: number }) => {
  const bids = env.from(memory(bidsOf(params.rows)), { schema: { user: utf8(), item: utf8(), price: int64() } });
  const windows = bids
    .keyBy('user')
    .window(countWindow(25, 10))
    .aggregate((c) => ({ n: count(), total: sum(c.price) }));
  return { windows: windows.to(collect()) };
});
