// `.apply` over all rows of a window, through the public API, against plain arrays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { from, int32, int64, list, memory, milliseconds, outOfOrder, run, timestamp, tumbling, utf8 } from '../../ts/index.js';
import { testDriver } from '../../ts/testing/index.js';
import { applied, orderSchema } from './apply-job.js';

interface Order {
  readonly id: bigint;
  readonly user: string | null;
  readonly item: string | null;
  readonly at: number;
}

function randomOrders(random: Random, count: number, first: number): Order[] {
  return Array.from({ length: count }, (_, i) => ({
    id: BigInt(first + i),
    user: random.bool(0.1) ? null : `user ${random.int(0, 5)}`,
    item: random.bool(0.2) ? null : `item ${'x'.repeat(random.int(0, 30))}`,
    at: Math.floor((first + i) / 2) * 10 - random.pick([0, 0, 0, 10, 20]),
  }));
}

/** In order of event time; what is equal stays as it was sent. */
const inOrder = (rows: readonly Order[]): Order[] => [...rows].sort((a, b) => a.at - b.at || Number(a.id - b.id));

function grouped(rows: readonly Order[], size: number, keyed: boolean): Map<string, Order[]> {
  const groups = new Map<string, Order[]>();
  for (const row of rows) {
    const key = `${Math.floor(row.at / size)} ${keyed ? JSON.stringify(row.user) : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

const text = (rows: readonly unknown[]): string[] =>
  rows.map((row) => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))).sort();

function expectedPerUser(orders: readonly Order[]) {
  return [...grouped(orders, 100, true).values()].map((group) => {
    const rows = inOrder(group);
    const start = Math.floor((rows[0] as Order).at / 100) * 100;
    const items = rows.flatMap((r) => (r.item === null ? [] : [r.item]));
    return { user: rows[0]?.user, items, ids: rows.map((r) => r.id), from: start, to: start + 100 };
  });
}

test('a function sees all rows of each window and key, in order of event time, at any lanes, over restores', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = new Random(seed);
    const t = await testDriver(applied, { lanes: random.int(1, 3), params: { rows: [] } });
    const orders: Order[] = [];
    for (let step = 0; step < 5; step++) {
      const more = randomOrders(random, random.pick([0, 3, 40]), orders.length);
      orders.push(...more);
      await t.send('orders', more);
      if (random.bool()) await t.checkpointAndRestore({ lanes: random.int(1, 3) });
    }
    await t.end();
    assert.deepEqual(t.take('tooLate'), [], 'rows are at most 20 ms behind');
    assert.deepEqual(text(t.take('perUser')), text(expectedPerUser(orders)), `seed ${seed}`);
    const nths = [...grouped(orders, 50, false).values()].flatMap((group) =>
      inOrder(group).map(({ id }, i) => ({ n: id, nth: BigInt(i) })),
    );
    assert.deepEqual(text(t.take('sizes')), text(nths), `seed ${seed}`);
    await t.close();
  }
});

test('in threads it is the same', async () => {
  const orders = randomOrders(new Random(5), 3000, 0);
  for (const lanes of [1, 2]) {
    const handle = await run(applied, { lanes, threads: true, params: { rows: orders } });
    await handle.done;
    assert.deepEqual(text(handle.take('taken')), text(expectedPerUser(orders)));
  }
});

test('a late row that is allowed takes back what was emitted, and emits anew', async () => {
  const t = await testDriver(applied, { lanes: 2, params: { rows: [] } });
  const order = (id: number, at: number): Order => ({ id: BigInt(id), user: 'ann', item: null, at });
  await t.send('orders', [order(0, 10), order(1, 5), order(2, 140)]);
  await t.watermark('orders', 120);
  const emitted = (ids: readonly bigint[]) => ({ user: 'ann', items: [], ids, from: 0, to: 100 });
  assert.deepEqual(t.take('changing'), [{ op: '+I', ...emitted([1n, 0n]) }]);
  await t.checkpointAndRestore({ lanes: 3 });
  await t.send('orders', [order(3, 7)]);
  assert.deepEqual(t.take('changing'), [
    { op: '-D', ...emitted([1n, 0n]) },
    { op: '+I', ...emitted([1n, 3n, 0n]) },
  ]);
  await t.end();
  // The second window has one row, of which the function emits nothing.
  assert.deepEqual(t.take('changing'), []);
  await t.close();
});

test('what the function does wrong is told with the window and its key', async () => {
  const orders = from(memory([{ id: 1, user: 'ann', item: null, at: 5 }]), {
    schema: orderSchema,
    eventTime: { column: 'at', watermark: outOfOrder(milliseconds(1)) },
  });
  const windows = orders.keyBy('user').window(tumbling(milliseconds(100)));
  const where = /in the window \[1970-01-01T00:00:00\.000Z, 1970-01-01T00:00:00\.100Z\) of \{ user: "ann" \}, 1 row/;
  const fails = async (f: Parameters<typeof windows.apply>[1], message: RegExp) => {
    const made = windows.apply({ n: int32() }, f as never).toArray();
    await assert.rejects(made, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'function.failed');
      assert.match(error.message, message);
      assert.match(error.message, where);
      return true;
    });
  };
  await fails(() => {
    throw new Error('no luck');
  }, /apply: its function threw Error: no luck/);
  await fails(
    (_rows, _window, out) => out.emit({ n: 'x' } as never),
    /a row that its function emitted: column n: expected a whole number .*found the string "x"/,
  );
  await fails(async () => undefined, /gave a Promise/);
  let kept: unknown;
  const late = windows.apply({ n: int32() }, (rows, _window, out) => {
    kept = [...rows][0];
    out.emit({ n: rows.length });
  });
  assert.deepEqual(await late.toArray(), [{ n: 1 }]);
  assert.throws(() => (kept as { user: string }).user, /was read after its batch was given back/);
});

test('what cannot be is refused before anything runs', () => {
  const untimed = from(memory([]), { schema: { user: utf8() } });
  const timed = from(memory<never>([]), {
    schema: { user: utf8(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(milliseconds(1)) },
  });
  const windows = timed.keyBy('user').window(tumbling(milliseconds(5)));
  assert.throws(
    () => windows.apply({ n: int64() }, undefined as never),
    /apply: undefined is no function; give one such as \(rows, window, out\)/,
  );
  assert.throws(() => windows.apply({} as never, () => undefined), /apply: there is no column/);
  assert.throws(() => untimed.window(tumbling(milliseconds(5)) as never), { code: 'plan.no-event-time' });
  const changes = timed.keyBy('user').window(tumbling(milliseconds(5)), { emit: 'updates' });
  assert.throws(() => changes.apply({ op: utf8(), all: list(utf8()) }, () => undefined), {
    code: 'plan.name-taken',
    message: /rows of changes carry 'op'/,
  });
});
