import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFromJson, planToJson } from '../plan/json.js';
import type { From, Job } from '../index.js';
import { callback, collect, int64, memory, nexmark } from '../index.js';
import { buildJob, findJob } from './job.js';
import { count, file, float64, job, minutes, outOfOrder, print, seconds, sum, timestamp, tumbling, utf8 } from '../index.js';

const orders = job(import.meta, 'orders-per-user', (env, params: { least: number }) => {
  const read = env.from(file('orders.ndjson'), {
    schema: { user: utf8(), amount: float64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(10)), idleAfter: minutes(1) },
  });
  const totals = read
    .where((c) => c.amount.gt(params.least))
    .filter((r) => r.amount < 1000)
    .keyBy('user')
    .window(tumbling(minutes(5)), { allowedLateness: minutes(1) })
    .aggregate((c) => ({ orders: count(), total: sum(c.amount), big: sum(c.amount).where(c.amount.gt(100)) }));
  return { orders: read, totals: totals.to(print()), late: totals.late.to(file('late.ndjson')) };
});

test('a job becomes a plan', () => {
  const built = buildJob(orders, { least: 3 });
  assert.deepEqual(
    built.plan.nodes.map((node) => [node.id, node.kind, node.inputs.map((input) => `${input.node}.${input.port}`)]),
    [
      ['orders', 'source', []],
      ['where-1', 'where', ['orders.main']],
      ['filter-1', 'filter', ['where-1.main']],
      ['totals', 'window-aggregate', ['filter-1.main']],
      ['totals-sink', 'sink', ['totals.main']],
      ['late', 'sink', ['totals.late']],
    ],
  );
  assert.deepEqual(built.plan.parts, {
    orders: { node: 'orders', port: 'main' },
    totals: { node: 'totals', port: 'main' },
    late: { node: 'totals', port: 'late' },
  });
  assert.equal(built.functions.length, 1);
  const totals = built.plan.nodes.find((node) => node.id === 'totals');
  assert.deepEqual(
    totals?.schema.map((f) => `${f.name} ${f.kind}${f.nullable ? '?' : ''}`),
    ['user utf8', 'windowStart timestamp', 'windowEnd timestamp', 'orders int64', 'total float64', 'big float64?'],
  );
  assert.equal(totals?.changes, true);
});

test('plans are the same each time, frozen, and go through JSON', () => {
  const one = buildJob(orders, { least: 3 });
  const two = buildJob(orders, { least: 3 });
  assert.equal(one.hash, two.hash);
  assert.notEqual(one.hash, buildJob(orders, { least: 4 }).hash);
  assert.throws(() => Object.assign(one.plan.nodes[0] as object, { id: 'x' }), TypeError);
  assert.deepEqual(planFromJson(planToJson(one.plan)), one.plan);
});

/** Builds a job made on the spot. */
function built(face: (env: { readonly from: From }) => unknown): ReturnType<typeof buildJob> {
  return buildJob(job(import.meta, 'made', face as never) as Job<unknown, never>);
}
const ids = ({ plan }: ReturnType<typeof buildJob>): string[] => plan.nodes.map((node) => node.id);
const schema = { user: utf8(), n: int64() };

test('an operator is named by the job, else after what it is; a sink after its stream', () => {
  const made = built((env) => {
    const a = env.from(file('a'), { schema }).named('first');
    const b = env.from(file('b'), { schema });
    const all = a.merge(b);
    all.to(print());
    all.to(print());
    return { out: all.to(print()), all, again: all };
  });
  assert.deepEqual(ids(made), ['first', 'source-1', 'all', 'all-sink', 'all-sink-1', 'out']);
  assert.deepEqual(made.plan.parts, {
    out: { node: 'all', port: 'main' },
    all: { node: 'all', port: 'main' },
    again: { node: 'all', port: 'main' },
  });
});

test('what a job does not return but gives to a sink runs; what nobody reads does not', () => {
  const made = built((env) => {
    const read = env.from(file('a'), { schema });
    read.where((c) => c.n.gt(1)).to(print());
    read.where((c) => c.n.gt(2));
  });
  assert.deepEqual(ids(made), ['source-1', 'where-1', 'where-1-sink']);
});

test('functions and objects are found by slot', () => {
  const rows = [{ user: 'a', n: 1 }];
  const look = (): void => undefined;
  const keep = (): boolean => true;
  const take = (): void => undefined;
  const made = built((env) => ({
    out: env.from(memory(rows), { schema }).peek(look).filter(keep).to(callback(take)),
    more: env.from(memory(rows), { schema }).to(collect()),
  }));
  assert.deepEqual(made.functions, [look, keep]);
  assert.deepEqual(made.objects, [rows, rows, take]);
  const slots = made.plan.nodes.map((node) =>
    node.kind === 'source' ? node.source.slot : node.kind === 'sink' ? node.sink.slot : undefined,
  );
  assert.deepEqual(slots, [0, undefined, undefined, 1, 2, undefined]);
});

test('to read malformed records is to route them', () => {
  const policy = (face: Parameters<typeof built>[0]): unknown => {
    const [source] = built(face).plan.nodes;
    return source?.kind === 'source' ? source.onMalformed : undefined;
  };
  assert.equal(
    policy((env) => ({ a: env.from(file('a'), { schema }) })),
    'fail',
  );
  assert.equal(
    policy((env) => ({ a: env.from(file('a'), { schema, onMalformed: 'skip' }) })),
    'skip',
  );
  assert.equal(
    policy((env) => ({ bad: env.from(file('a'), { schema }).malformed })),
    'route',
  );
  assert.equal(
    policy((env) => {
      env.from(file('a'), { schema, onMalformed: 'skip' }).malformed.to(print());
    }),
    'route',
  );
  assert.equal(
    policy((env) => {
      const read = env.from(file('a'), { schema });
      void read.malformed;
      return { read };
    }),
    'fail',
  );
});

test('branches are ports of one operator', () => {
  const made = built((env) => {
    const { big, rest } = env.from(file('a'), { schema }).branch({ big: (r) => r.n > 9n, rest: () => true });
    return { big, both: big.merge(rest) };
  });
  const branch = made.plan.nodes.find((node) => node.kind === 'branch');
  assert.deepEqual(branch?.kind === 'branch' && [branch.id, branch.ports, branch.functions], [
    'branch-1',
    ['big', 'rest'],
    [{ slot: 0 }, { slot: 1 }],
  ]);
  assert.deepEqual(made.plan.parts['big'], { node: 'branch-1', port: 'big' });
  assert.deepEqual(made.plan.nodes.at(-1)?.inputs, [
    { node: 'branch-1', port: 'big' },
    { node: 'branch-1', port: 'rest' },
  ]);
});

test('mapValues keeps the key, whatever the function gives', () => {
  const made = built((env) => ({
    out: env
      .from(file('a'), { schema: { ...schema, at: timestamp() }, eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) } })
      .keyBy('user')
      .mapValues({ twice: int64() }, (r) => (r.n < 0n ? (Promise.resolve() as never) : { twice: r.n * 2n, user: 'mine' }))
      .window(tumbling(seconds(1)))
      .aggregate((c) => ({ sum: sum(c.twice) })),
  }));
  const map = made.plan.nodes.find((node) => node.kind === 'map');
  assert.deepEqual(
    map?.schema.map((f) => f.name),
    ['user', 'twice'],
  );
  const f = made.functions[0] as unknown as (row: object) => unknown;
  assert.deepEqual(f({ user: 'a', n: 2n }), { twice: 4n, user: 'a' });
  assert.ok(f({ user: 'a', n: -1n }) instanceof Promise, 'the operator must see that it is a promise');
});

test('a table of a generator is an option of its source', () => {
  const made = built((env) => ({ bids: env.from(nexmark({ events: 50, seed: 7 }), nexmark.bids) }));
  const [source] = made.plan.nodes;
  assert.deepEqual(source?.kind === 'source' && source.source.options, { events: 50, seed: 7, table: 'bids' });
  const read = built((env) => ({ bids: env.from(file('bids.ndjson'), nexmark.bids) })).plan.nodes[0];
  assert.deepEqual(read?.kind === 'source' && read.source.options, { path: 'bids.ndjson' });
});

test('a lane finds a job by its module and name', () => {
  assert.equal(findJob(import.meta.url, 'orders-per-user'), orders);
});
