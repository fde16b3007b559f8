// Totals of each user, and how many users have so many orders: see docs/operators/group-aggregate.md.
import { count, float64, hours, job, memory, sum, utf8 } from 'millrace';

export default job(import.meta, 'order-counts', (env) => {
  const orders = env.from(memory<{ user: string; amount: number }>([]), { schema: { user: utf8(), amount: float64() } });

  const totals = orders.keyBy('user').aggregate((c) => ({ orders: count(), total: sum(c.amount) }), { ttl: hours(24) });

  const bySize = orders
    .keyBy('user')
    .aggregate(() => ({ orders: count() }))
    .keyBy('orders')
    .aggregate(() => ({ users: count() })); // how many users have so many orders

  return { orders, totals, bySize };
});
