// What each user put into the basket, hour by hour: all rows of a window at once, and aggregates with a function after them.
import { count, file, float64, hours, job, list, outOfOrder, seconds, sum, timestamp, tumbling, utf8 } from 'millrace';

export default job(import.meta, 'baskets', (env, params: { orders: string; baskets: string; means: string }) => {
  const orders = env.from(file(params.orders), {
    schema: { user: utf8(), item: utf8(), price: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(10)) },
  });
  const perHour = orders.keyBy('user').window(tumbling(hours(1)));

  const baskets = perHour.apply({ user: utf8(), hour: timestamp(), items: list(utf8()), dearest: utf8() }, (rows, window, out) => {
    let dearest = { item: '', price: -1 };
    for (const { item, price } of rows) if (price > dearest.price) dearest = { item, price };
    const items = [...new Set([...rows].map((r) => r.item))];
    out.emit({ user: window.key.user, hour: window.start, items, dearest: dearest.item });
  });

  const means = perHour
    .aggregate((c) => ({ n: count(), total: sum(c.price) }))
    .map({ user: utf8(), hour: timestamp(), text: utf8() }, (r) => ({
      user: r.user,
      hour: r.windowStart,
      text: `${r.n} for ${r.total.toFixed(2)}, ${(r.total / Number(r.n)).toFixed(2)} each`,
    }));
  return { baskets: baskets.to(file(params.baskets)), means: means.to(file(params.means)) };
});
