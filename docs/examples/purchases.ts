// What did each user buy? Purchases as rows, several aggregates of each ten minutes.
import {
  bool,
  boolAnd,
  collect,
  count,
  first,
  float64,
  job,
  maxBy,
  memory,
  minutes,
  outOfOrder,
  stddev,
  sum,
  timestamp,
  tumbling,
  utf8,
} from 'millrace';

export interface Purchase {
  readonly user: string;
  readonly shop: string;
  readonly item: string;
  readonly amount: number | null;
  readonly gift: boolean;
  readonly paid: boolean;
  readonly at: Date;
}

export default job(import.meta, 'purchases', (env, params: { purchases: readonly Purchase[] }) => {
  const orders = env.from(memory(params.purchases), {
    schema: {
      user: utf8(),
      shop: utf8(),
      item: utf8(),
      amount: float64().nullable(),
      gift: bool(),
      paid: bool(),
      at: timestamp(),
    },
    eventTime: { column: 'at', watermark: outOfOrder(minutes(1)) },
  });
  const perUser = orders
    .keyBy('user')
    .window(tumbling(minutes(10)))
    .aggregate((c) => ({
      orders: count(),
      spent: sum(c.amount),
      spread: stddev(c.amount),
      began: first(c.shop),
      dearest: maxBy(c.item, c.amount),
      gifts: count().where(c.gift),
      allPaid: boolAnd(c.paid),
    }));
  return { perUser: perUser.to(collect()) };
});
