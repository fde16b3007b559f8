import {
  count,
  file,
  hopping,
  int64,
  job,
  max,
  milliseconds,
  outOfOrder,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';

/** Windows of 200 s side by side, and of 100 s every 20 s: with a maximum, which only combines, and with sums, which also take back. */
export const spilling = job(import.meta, 'spilling', (env, params: { path: string; window: string }) => {
  const rows = env.from(file(params.path), {
    schema: { k: utf8(), n: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(milliseconds(0)) },
  });
  const keyed = rows.keyBy('k');
  if (params.window === 'tumbling')
    return { totals: keyed.window(tumbling(seconds(200))).aggregate((c) => ({ rows: count(), total: sum(c.n), most: max(c.k) })) };
  const hops = keyed.window(hopping(seconds(100), seconds(20)));
  if (params.window === 'running') return { totals: hops.aggregate((c) => ({ rows: count(), total: sum(c.n) })) };
  return { totals: hops.aggregate((c) => ({ rows: count(), most: max(c.n) })) };
});
