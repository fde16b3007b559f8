// Programs that must compile, against the published declarations.
import {
  avg,
  count,
  file,
  float64,
  from,
  int32,
  int64,
  job,
  memory,
  minutes,
  outOfOrder,
  print,
  run,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from 'millrace';
import { testDriver } from 'millrace/testing';
import type { Columns, Float64 } from 'millrace';

declare function log(...values: readonly unknown[]): void;

export const windowed = job(import.meta, 'orders-per-user', (env) => {
  const orders = env.from(file('orders.ndjson'), {
    schema: { user: utf8(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(10)), idleAfter: minutes(1), maxFuture: minutes(5) },
    onMalformed: 'skip',
    limits: { recordBytes: 1 << 20 },
  });
  const totals = orders
    .where((c) => c.amount.gt(0))
    .keyBy('user')
    .window(tumbling(minutes(5)), { allowedLateness: minutes(1) })
    .aggregate((c) => ({ orders: count(), total: sum(c.amount), mean: avg(c.amount), big: count().where(c.amount.gt(100)) }));
  return { orders, totals: totals.to(print()), late: totals.late.to(file('late.ndjson')), bad: orders.malformed.to(file('bad.ndjson')) };
});

export async function direct(): Promise<void> {
  const bids = from(file('bids.ndjson'), { schema: { auction: int64(), price: float64(), url: utf8().nullable() } });
  for await (const batch of bids.where((c) => c.price.gt(100)).batches()) batch.numRows satisfies number;
  const rows = await bids.toArray();
  rows[0]!.auction satisfies bigint;
  rows[0]!.url satisfies string | null;
}

export const records = job(import.meta, 'records', (env) => {
  const people = env.from(file('people.csv'), {
    schema: {
      auction: int64(),
      price: int64(),
      at: timestamp(),
      url: utf8(),
      city: utf8(),
      age: int32().nullable(),
      user: utf8(),
      name: utf8(),
      amount: float64(),
    },
  });
  const shaped = people.select((c) => ({ id: c.auction, euro: c.price.mul(0.908), day: c.at.startOf('day'), host: c.url.split('/', 2) }));
  const added = people.select((c) => ({ ...c, euro: c.price.mul(0.908) }));
  const fewer = people.select(({ url: _url, age: _age, ...rest }) => rest);
  const some = people.where((c) => c.city.in(['Oslo', 'Bergen']).and(c.age.isNotNull()));
  const cents = people.map({ user: utf8(), cents: int32() }, (r) => ({ user: r.user, cents: Math.round(r.amount * 100) }));
  const wider = people.map({ ...people.schema, cents: int32() }, (r) => ({ ...r, cents: Math.round(r.amount * 100) }));
  const words = people.flatMap({ word: utf8() }, (r) => r.name.split(' ').map((word) => ({ word })));
  const kept = people.filter((r) => r.amount > 0 && r.age !== null).peek((r) => log(r.name));
  const { a, b, rest } = people.branch({ a: (r) => r.name.startsWith('A'), b: (r) => r.name.startsWith('B'), rest: () => true });
  return { people, shaped, added, fewer, some, cents, wider, words, kept, all: a.merge(b, rest).named('merged') };
});

export const silent = job(import.meta, 'silent', (env) => {
  env.from(file('x.csv'), { schema: { a: utf8() } }).to(file('y.csv'));
});

export const withParams = job(import.meta, 'params', (env, params: { dir: string; least: number }) => {
  const orders = env.from(file(params.dir), { schema: { user: utf8(), amount: float64() } });
  return { orders, big: orders.filter((r) => r.amount > params.least) };
});

const valid = (c: Columns<{ amount: Float64 }>) => c.amount.gt(0);
export const shared = from(file('a.csv'), { schema: { user: utf8(), amount: float64() } }).where(valid);
export const inMemory = from(memory([{ user: 'a', n: 1 }]), { schema: { user: utf8(), n: int64() } });

export async function driven(): Promise<void> {
  const t = await testDriver(windowed, { lanes: 2 });
  await t.send('orders', [{ user: 'a', amount: 3, at: new Date(1000) }]);
  await t.watermark('orders', 5_000);
  await t.advanceProcessingTime(60_000);
  await t.checkpointAndRestore({ lanes: 3 });
  const [row] = t.take('totals');
  row?.total satisfies number | undefined;
  row?.op satisfies string | undefined;
  row?.orders satisfies bigint | undefined;
  t.take('late')[0]?.amount satisfies number | undefined;
  await t.end();
  const handle = await run(withParams, { params: { dir: 'x', least: 3 }, lanes: 2 });
  handle.take('big')[0]?.amount satisfies number | undefined;
  await handle.done;
}
