// Triggers: see docs/operators/triggers.md.
import { count, early, float64, job, memory, minutes, onCount, or, outOfOrder, sum, timestamp, tumbling, utf8 } from 'millrace';

export default job(import.meta, 'shops', (env) => {
  const orders = env.from(memory([]), {
    schema: { shop: utf8(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(minutes(5)) },
  });
  const told = orders
    .keyBy('shop')
    .window(tumbling(minutes(10)), { trigger: or(onCount(3), early(minutes(1))) })
    .aggregate((c) => ({ orders: count(), total: sum(c.amount) }));
  return { orders, told };
});
