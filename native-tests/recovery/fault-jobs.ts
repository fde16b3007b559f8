// Jobs that go wrong in every way a user's module can, and some that must not.
import { isMainThread } from 'node:worker_threads';
import {
  callback,
  collect,
  count,
  customSink,
  customSource,
  file,
  float64,
  int64,
  job,
  json,
  memory,
  outOfOrder,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
  wasmAggregator,
} from '../../ts/index.js';

const schema = { user: utf8(), amount: float64(), at: timestamp() };

export interface Order {
  readonly user: string;
  readonly amount: number;
  readonly at: number;
}

export function ordersOf(n: number): Order[] {
  return Array.from({ length: n }, (_, i) => ({ user: `u${(i * 7919) % 97}`, amount: i % 101, at: 1_000_000 + i * 10 - (i % 13) * 40 }));
}

/** Rows for ever, with a turn of the event loop now and then. */
async function* endless(): AsyncGenerator<Order> {
  for (let i = 0; ; i++) {
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield { user: `u${i % 7}`, amount: 1, at: i };
  }
}

/** Nothing for ever. */
async function* silent(): AsyncGenerator<Order> {
  await new Promise(() => undefined);
}

const eventTime = { column: 'at', watermark: outOfOrder(seconds(1)) } as const;

/** A file to a file and to windows. */
export const totals = job(import.meta, 'totals', (env, params: { path: string }) => {
  const perUser = env
    .from(file(params.path, { format: json() }), { schema, eventTime })
    .where((c) => c.amount.gt(1))
    .keyBy('user')
    .window(tumbling(seconds(2)))
    .aggregate((c) => ({ orders: count(), total: sum(c.amount) }));
  const all = perUser.window(tumbling(seconds(10))).aggregate((c) => ({ users: count(), total: sum(c.total) }));
  return { perUser: perUser.to(collect()), all: all.to(collect()), late: perUser.late.to(collect()) };
});

/** A file to a file: nothing is kept, nothing changes lane. */
export const copy = job(import.meta, 'copy', (env, params: { path: string; out: string }) => {
  const rows = env.from(file(params.path, { format: json() }), { schema, eventTime });
  return { out: rows.where((c) => c.amount.gt(1)).to(file(params.out, { format: json() })) };
});

/** A file whose rows all cross an exchange one by one: nothing groups them before. */
export const crosses = job(import.meta, 'crosses', (env, params: { path: string }) => {
  const rows = env.from(file(params.path, { format: json() }), { schema, eventTime });
  return { latest: rows.dedup({ by: ['user', 'at'], keep: 'last' }).to(collect()) };
});

export type Misdeed = 'throws' | 'exits' | 'loops' | 'promises' | 'rejects';

/** Rows go by key first, so that one lane alone goes wrong. */
export const misbehaves = job(import.meta, 'misbehaves', (env, params: { how: Misdeed; when: number }) => {
  const rows = env.from(memory<Order>(ordersOf(20_000)), { schema, eventTime });
  const bad = rows
    .keyBy('user')
    .window(tumbling(seconds(1)))
    .aggregate(() => ({ orders: count() }))
    .map({ user: utf8(), orders: int64() }, (r) => {
      if (r.windowStart >= params.when) misbehave(params.how);
      return { user: r.user, orders: r.orders };
    })
    .named('bad-map');
  return { bad: bad.to(collect()) };
});

function misbehave(how: Misdeed): void {
  if (how === 'throws') throw new TypeError('no such user');
  if (how === 'exits') process.exit(3);
  if (how === 'loops') for (;;);
  if (how === 'promises') void Promise.resolve().then(() => 1);
  if (how === 'rejects') void Promise.reject(new Error('nobody listens'));
}

const goesWrong = wasmAggregator('./goes-wrong.as.ts', { input: int64(), output: int64() });

/** An aggregate in AssemblyScript that goes wrong late in the stream, with `how` as its value. */
export const wrongModule = job(import.meta, 'wrong-module', (env, params: { how: number }) => {
  const rows = env.from(memory<Order>(ordersOf(5_000)), { schema, eventTime });
  const counts = rows
    .map({ user: utf8(), value: int64(), at: timestamp() }, (r) => ({ user: r.user, value: r.at > 1_040_000 ? params.how : 0, at: r.at }))
    .keyBy('user')
    .window(tumbling(seconds(1)))
    .aggregate((c) => ({ n: goesWrong(c.value) }))
    .named('counts');
  return { counts: counts.to(collect()) };
});

export const differs = job(import.meta, 'differs', (env) => {
  const rows = env.from(memory<Order>(ordersOf(10)), { schema, eventTime });
  return { rows: (isMainThread ? rows : rows.where((c) => c.amount.gt(5))).to(collect()) };
});

export const forever = job(import.meta, 'forever', (env) => {
  const perUser = env
    .from(memory<Order>(endless()), { schema, eventTime })
    .keyBy('user')
    .window(tumbling(seconds(1)))
    .aggregate((c) => ({ orders: count(), total: sum(c.amount) }));
  return { perUser: perUser.to(collect()) };
});

export const silence = job(import.meta, 'silence', (env) => ({
  rows: env.from(memory<Order>(silent()), { schema, eventTime }).to(collect()),
}));

/** Every row becomes many, between two exchanges. */
export const swells = job(import.meta, 'swells', (env, params: { rows: number; times: number }) => {
  const many = env
    .from(memory<Order>(ordersOf(params.rows)), { schema, eventTime })
    .keyBy('user')
    .window(tumbling(seconds(1)))
    .aggregate(() => ({ orders: count() }))
    .flatMap({ user: utf8(), n: int64(), text: utf8() }, function* (r) {
      for (let i = 0; i < params.times; i++) yield { user: r.user, n: BigInt(i % 1000), text: 'a text of some length, to fill memory' };
    });
  const perN = many
    .keyBy('n')
    .window(tumbling(seconds(100_000)))
    .aggregate(() => ({ rows: count() }));
  return { perN: perN.to(collect()) };
});

export const drips = job(import.meta, 'drips', (env, params: { take: () => void | Promise<void> }) => ({
  rows: env.from(memory<Order>(endless()), { schema, eventTime }).to(callback(params.take)),
}));

export type Fault = 'open' | 'write' | 'close' | 'next' | 'plan' | 'read';

/** Connectors of one's own that fail, with errors of no type that we know. */
export const fails = job(import.meta, 'fails', (env, params: { where: Fault }) => {
  const failing = (at: Fault, message: string): void => {
    if (params.where === at) throw new Error(message);
  };
  async function* rows(): AsyncGenerator<Order> {
    yield* ordersOf(10);
    failing('next', 'the line is cut');
  }
  const lanes = customSource<Order>({
    source: (context) => ({
      schema: context.schema,
      runsIn: 'lane',
      splits: () => [{ id: 'own', options: {} }],
      blocks: {
        next: (_split, from) => {
          failing('plan', 'cannot look');
          return from === 0 ? { to: 1 } : undefined;
        },
        ended: (_split, position) => position === 1,
      },
    }),
    laneReader: () => ({
      read: () => {
        failing('read', 'cannot read');
        return [];
      },
      metrics: () => ({}),
      close: () => undefined,
    }),
  });
  const source = params.where === 'plan' || params.where === 'read' ? lanes : memory<Order>(rows());
  const sink = customSink(() => ({
    takes: 'columns',
    open: () => failing('open', 'no such disk'),
    write: () => failing('write', 'the disk is full'),
    close: () => failing('close', 'it will not close'),
  }));
  return { rows: env.from(source, { schema }).to(sink) };
});
