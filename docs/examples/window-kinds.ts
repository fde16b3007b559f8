// One stream, cut into windows of several kinds: see docs/operators/hopping-window.md and the pages beside it.
import {
  avg,
  calendar,
  count,
  cumulating,
  days,
  hopping,
  hours,
  job,
  max,
  memory,
  minutes,
  outOfOrder,
  processingTime,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
  float64,
} from 'millrace';

export default job(import.meta, 'window-kinds', (env) => {
  const orders = env.from(memory([]), {
    schema: { user: utf8(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(minutes(1)) },
  });

  const lately = orders
    .keyBy('user')
    .window(hopping(minutes(10), minutes(1)))
    .aggregate((c) => ({ orders: count(), mean: avg(c.amount) }));

  const today = orders.window(cumulating(days(1), hours(1))).aggregate((c) => ({ orders: count(), total: sum(c.amount) }));

  const daily = orders
    .keyBy('user')
    .window(calendar('day', { timeZone: 'Europe/Oslo' }))
    .aggregate((c) => ({ orders: count(), largest: max(c.amount) }));

  const arriving = orders.window(processingTime(tumbling(seconds(10)))).aggregate(() => ({ orders: count() }));

  return { orders, lately, today, daily, arriving };
});
