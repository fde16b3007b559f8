// Rows without duplicates through the API: over lanes and restores, against a list that forgets nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import * as api from '../../ts/index.js';
import { count, int64, job, memory, milliseconds, outOfOrder, timestamp, tumbling, utf8 } from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

const schema = { key: utf8(), n: int64(), at: timestamp() };
const WITHIN = 50;
const BOUND = 20;

interface Row {
  readonly key: string;
  readonly n: bigint;
  readonly at: number;
}

const unique = job(import.meta, 'unique', (env) => {
  const rows = env.from(memory<Row>([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(BOUND)) } });
  const first = rows.dedup({ by: ['key'], within: milliseconds(WITHIN) });
  const last = rows.dedup({ by: ['key'], within: milliseconds(WITHIN), keep: 'last' });
  const newest = rows.dedup({ by: ['key'], keep: 'last' });
  return { rows, first, last, newest, late: first.late, lateLast: last.late };
});

const show = ({ key, n, at }: Row): string => `${key} ${n} ${at}`;

/** What stays, by the rules alone: nothing is ever forgotten. */
class Model {
  readonly first: Row[] = [];
  readonly late: Row[] = [];
  readonly #last = new Map<string, Row[]>();
  readonly #newest = new Map<string, Row>();
  #watermark = -Infinity;

  add(row: Row): void {
    const newest = this.#newest.get(row.key);
    if (newest === undefined || row.at >= newest.at) this.#newest.set(row.key, row);
    const late = row.at + WITHIN <= this.#watermark;
    this.#watermark = Math.max(this.#watermark, row.at - BOUND - 1);
    if (late) {
      this.late.push(row);
      return;
    }
    const near = (k: Row): boolean => k.key === row.key && Math.abs(k.at - row.at) < WITHIN;
    if (!this.first.some(near)) this.first.push(row);
    const last = this.#last.get(row.key) ?? [];
    if (last.some((k) => near(k) && k.at > row.at)) return;
    this.#last.set(row.key, [...last.filter((k) => !near(k)), row]);
  }

  get last(): string[] {
    return [...this.#last.values()].flat().map(show).sort();
  }

  get newest(): string[] {
    return [...this.#newest.values()].map(show).sort();
  }
}

for (const lanes of [1, 2, 3]) {
  test(`the first and the last of duplicates, over restores, from ${lanes} lanes on`, async () => {
    const random = new Random(30 + lanes);
    const t = await testDriver(unique, { lanes });
    const model = new Model();
    const [first, late, last, newest] = [[] as string[], [] as string[], new Map<string, number>(), new Map<string, number>()];
    const add = (into: Map<string, number>, changes: readonly (Row & { readonly op: string })[]): void => {
      for (const row of changes) {
        const n = (into.get(show(row)) ?? 0) + (row.op === '+I' || row.op === '+U' ? 1 : -1);
        assert.ok(n === 0 || n === 1, `${row.op} ${show(row)}`);
        if (n === 0) into.delete(show(row));
        else into.set(show(row), n);
      }
    };
    let now = 0;
    for (let step = 0; step < 20; step++) {
      const rows = Array.from({ length: random.int(0, 30) }, (_, i): Row => {
        now += random.int(0, 4);
        return { key: `k${random.int(0, 6)}`, n: BigInt(step * 100 + i), at: now - random.pick([0, 0, 5, 20, 60, 90]) };
      });
      for (const row of rows) model.add(row);
      await t.send('rows', rows);
      first.push(...t.take('first').map(show));
      const lateNow = t.take('late').map(show);
      late.push(...lateNow);
      assert.deepEqual(t.take('lateLast').map(show), lateNow);
      add(last, t.take('last'));
      add(newest, t.take('newest'));
      assert.deepEqual([...first].sort(), model.first.map(show).sort());
      assert.deepEqual([...late].sort(), model.late.map(show).sort());
      assert.deepEqual([...last.keys()].sort(), model.last);
      assert.deepEqual([...newest.keys()].sort(), model.newest);
      if (step % 3 === 1) await t.checkpointAndRestore({ lanes: 1 + ((lanes + step) % 3) });
    }
    assert.ok(late.length > 0);
    const { 'first.keptRows': kept = 0 } = t.metrics();
    assert.ok(kept < model.first.length, 'what cannot matter any more is forgotten');
    await t.close();
  });
}

const counted = job(import.meta, 'counted', (env) => {
  const rows = env.from(memory<Row>([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(BOUND)) } });
  const windows = rows
    .dedup({ by: ['n'], within: milliseconds(500) })
    .window(tumbling(milliseconds(40)))
    .aggregate(() => ({ rows: count() }));
  return { rows, windows, late: windows.late };
});

test('what is passed on is judged by its own clock further down, wherever steps are cut', async () => {
  const random = new Random(99);
  let now = 0;
  const rows = Array.from({ length: 200 }, (_, i): Row => {
    now += random.int(0, 5);
    return { key: 'a', n: BigInt(i % 150), at: now - random.pick([0, 0, 10, 40, 80]) };
  });
  const outcomes: object[] = [];
  for (const size of [1, 7, 50, 200]) {
    const t = await testDriver(counted, { lanes: 2 });
    for (let from = 0; from < rows.length; from += size) await t.send('rows', rows.slice(from, from + size));
    await t.end();
    outcomes.push({
      windows: t.take('windows').map(({ windowStart, rows: n }) => `${windowStart} ${n}`),
      late: t.take('late').map(show).sort(),
    });
    await t.close();
  }
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  assert.ok((outcomes[0] as { late: string[] }).late.length > 0);
});

test('what is refused', () => {
  interface Loose {
    (...args: unknown[]): Loose;
    readonly [name: string]: Loose;
  }
  const js = api as unknown as Loose;
  const timed = { schema: { key: js.utf8!(), at: js.timestamp!() }, eventTime: { column: 'at', watermark: js.ascending!() } };
  const rows = js.from!(js.file!('r.ndjson'), timed);
  const timeless = js.from!(js.file!('r.ndjson'), { schema: timed.schema });
  const changes = rows.keyBy!('key').topN!(1, (c: Loose) => c.at!.desc!());
  const within = js.seconds!(1);
  const wrong: readonly (readonly [string, RegExp, () => unknown])[] = [
    ['plan.invalid', /dedup\(\): give what makes rows equal/, () => rows.dedup!()],
    ['plan.invalid', /dedup: by is "key"; give an array/, () => rows.dedup!({ by: 'key', within })],
    ['plan.invalid', /dedup: by names no column/, () => rows.dedup!({ by: [], within })],
    ['plan.unknown-column', /there is no column 'kay'; did you mean 'key'/, () => rows.dedup!({ by: ['kay'], within })],
    ['plan.invalid', /there is no within; keep: 'first' needs one/, () => rows.dedup!({ by: ['key'] })],
    ['plan.invalid', /dedup: within is 0 ms; it must be above 0/, () => rows.dedup!({ by: ['key'], within: 0 })],
    ['plan.invalid', /dedup: keep is "both"; it may be 'first' or 'last'/, () => rows.dedup!({ by: ['key'], within, keep: 'both' })],
    ['plan.no-event-time', /within needs an event time/, () => timeless.dedup!({ by: ['key'], within })],
    ['plan.invalid', /holds changes/, () => changes.dedup!({ by: ['key'], keep: 'last' })],
    ['plan.invalid', /\.late: this stream has none/, () => rows.dedup!({ by: ['key'], keep: 'last' }).late],
  ];
  for (const [code, message, f] of wrong) {
    assert.throws(
      f,
      (error: unknown) => error instanceof api.MillraceError && error.code === code && message.test(error.message),
      String(message),
    );
  }
});
