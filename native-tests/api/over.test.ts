// Frames through the API: over lanes and restores, with rows out of order and late ones, against lists of all rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import * as api from '../../ts/index.js';
import { avg, count, float64, job, lag, lead, max, memory, milliseconds, min, outOfOrder, sum, timestamp, utf8 } from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

const schema = { key: utf8(), x: float64().nullable(), name: utf8(), at: timestamp() };
const BOUND = 20;

interface Row {
  readonly key: string;
  readonly x: number | null;
  readonly name: string;
  readonly at: number;
}

const frames = job(import.meta, 'frames', (env) => {
  const rows = env.from(memory<Row>([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(BOUND)) } });
  const byRows = rows.over({ partitionBy: ['key'], preceding: { rows: 5 } }, (c) => ({
    mean: avg(c.x.mul(2)),
    two: lag(c.name, 2),
    total: sum(c.x).where(c.name.ne('a')),
    before: lag(c.x),
  }));
  const byTime = rows.over({ partitionBy: ['key'], orderBy: 'event-time', preceding: { range: milliseconds(30) } }, (c) => ({
    rows: count(),
    longest: max(c.name),
    least: min(c.x),
  }));
  const all = rows.over({}, (c) => ({ rows: count(), total: sum(c.x) }));
  const ahead = rows.over({ partitionBy: ['key'], preceding: 'unbounded' }, (c) => ({ next: lead(c.name, 2), rows: count() }));
  const keys = byRows.select((c) => ({ key: c.key, mean: c.mean }));
  return { rows, byRows, byTime, all, ahead, keys, late: byRows.late };
});

const numbers = (rows: readonly Row[]): number[] => rows.flatMap(({ x }) => (x === null ? [] : [x]));
const total = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0));
const lines = (rows: readonly object[]): string[] =>
  rows.map((row) => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))).sort();

/** All that is to come out, by the rules alone. */
function model(sent: readonly Row[]): Record<'byRows' | 'byTime' | 'all' | 'ahead' | 'late', object[]> {
  let watermark = -Infinity;
  const [late, kept]: [Row[], Row[]] = [[], []];
  for (const row of sent) {
    (row.at <= watermark ? late : kept).push(row);
    watermark = Math.max(watermark, row.at - BOUND - 1);
  }
  const inOrder = [...kept].sort((a, b) => a.at - b.at);
  const out = { byRows: [] as object[], byTime: [] as object[], all: [] as object[], ahead: [] as object[], late };
  for (const row of inOrder) {
    const mine = inOrder.filter(({ key }) => key === row.key);
    const i = mine.indexOf(row);
    const five = mine.slice(Math.max(0, i - 5), i + 1);
    const mean = numbers(five);
    out.byRows.push({
      ...row,
      mean: mean.length === 0 ? null : ((total(mean) as number) * 2) / mean.length,
      two: mine[i - 2]?.name ?? null,
      total: total(numbers(five.filter(({ name }) => name !== 'a'))),
      before: mine[i - 1]?.x ?? null,
    });
    const range = mine.filter(({ at }) => at <= row.at && at >= row.at - 30);
    const least = numbers(range);
    out.byTime.push({
      ...row,
      rows: range.length,
      longest: range
        .map(({ name }) => name)
        .sort()
        .at(-1),
      least: least.length === 0 ? null : Math.min(...least),
    });
    const before = inOrder.filter(({ at }) => at <= row.at);
    out.all.push({ ...row, rows: before.length, total: total(numbers(before)) });
    out.ahead.push({ ...row, next: mine[i + 2]?.name ?? null, rows: mine.filter(({ at }) => at <= row.at).length });
  }
  return out;
}

for (const lanes of [1, 2, 3]) {
  test(`frames over restores, from ${lanes} lanes on`, async () => {
    const random = new Random(50 + lanes);
    const t = await testDriver(frames, { lanes });
    const names = ['byRows', 'byTime', 'all', 'ahead', 'late'] as const;
    const told: Record<(typeof names)[number], object[]> = { byRows: [], byTime: [], all: [], ahead: [], late: [] };
    const means: object[] = [];
    const takeAll = (): void => {
      for (const name of names) told[name].push(...t.take(name));
      means.push(...t.take('keys'));
    };
    const sent: Row[] = [];
    let now = 0;
    for (let step = 0; step < 15; step++) {
      const rows = Array.from({ length: random.int(0, 40) }, (): Row => {
        now += random.int(0, 3);
        return {
          key: `k${random.int(0, 4)}`,
          x: random.bool(0.2) ? null : random.int(-8, 8) / 2,
          name: random.pick(['a', 'b', `a name that is longer than ${random.int(0, 9)}`, 'z'.repeat(random.int(0, 400))]),
          at: now - random.pick([0, 0, 3, 15, 40]),
        };
      });
      sent.push(...rows);
      await t.send('rows', rows);
      takeAll();
      if (step % 3 === 1) await t.checkpointAndRestore({ lanes: 1 + ((lanes + step) % 3) });
    }
    await t.end();
    takeAll();
    const wanted = model(sent);
    for (const name of names) assert.deepEqual(lines(told[name]), lines(wanted[name]), name);
    assert.equal(means.length, wanted.byRows.length);
    assert.ok(wanted.late.length > 0);
    for (const name of ['byRows', 'byTime', 'ahead'] as const) {
      for (const key of new Set(sent.map((row) => row.key))) {
        const times = (told[name] as Row[]).filter((row) => row.key === key).map(({ at }) => at);
        assert.deepEqual(
          times,
          [...times].sort((a, b) => a - b),
          `${name} of ${key} in order`,
        );
      }
    }
    const metrics = t.metrics();
    assert.equal(metrics['byTime.heldRows'], 0);
    await t.close();
  });
}

test('what is refused', () => {
  interface Loose {
    (...args: unknown[]): Loose;
    readonly [name: string]: Loose;
  }
  const js = api as unknown as Loose;
  const timed = {
    schema: { key: js.utf8!(), x: js.int64!(), at: js.timestamp!() },
    eventTime: { column: 'at', watermark: js.ascending!() },
  };
  const rows = js.from!(js.file!('r.ndjson'), timed);
  const timeless = js.from!(js.file!('r.ndjson'), { schema: timed.schema });
  const changes = rows.keyBy!('key').topN!(1, (c: Loose) => c.x!.desc!());
  const n = () => ({ n: js.count!() });
  const wrong: readonly (readonly [string, RegExp, () => unknown])[] = [
    ['plan.no-event-time', /over: rows stand in order of event time/, () => timeless.over!({}, n)],
    ['plan.no-event-time', /over: rows stand in order of event time/, () => changes.over!({}, n)],
    ['plan.invalid', /partitionBy is "key"; give an array/, () => rows.over!({ partitionBy: 'key' }, n)],
    ['plan.unknown-column', /there is no column 'kay'; did you mean 'key'/, () => rows.over!({ partitionBy: ['kay'] }, n)],
    ['plan.invalid', /orderBy is "x"; rows stand in order of 'event-time'/, () => rows.over!({ orderBy: 'x' }, n)],
    ['plan.invalid', /preceding is 5; it may be 'unbounded'/, () => rows.over!({ preceding: 5 }, n)],
    ['plan.invalid', /preceding is \{ rows: -1 \}; give a whole number/, () => rows.over!({ preceding: { rows: -1 } }, n)],
    ['plan.invalid', /the range of preceding is -1 ms/, () => rows.over!({ preceding: { range: -1 } }, n)],
    ['plan.invalid', /there is no option 'row'; did you mean 'rows'/, () => rows.over!({ preceding: { row: 1 } }, n)],
    ['plan.invalid', /over: there is no column; give at least one/, () => rows.over!({}, () => ({}))],
    ['plan.name-taken', /'x' is the name of a column already/, () => rows.over!({}, () => ({ x: js.count!() }))],
    ['plan.wrong-type', /'y' is the column x; give an aggregate/, () => rows.over!({}, (c: Loose) => ({ y: c.x }))],
    ['plan.wrong-type', /lag\(3\): give a column/, () => rows.over!({}, () => ({ y: js.lag!(3) }))],
    ['plan.invalid', /lead\(x, -1\): give how many rows/, () => rows.over!({}, (c: Loose) => ({ y: js.lead!(c.x, -1) }))],
    [
      'plan.wrong-type',
      /'y' is an object, not an aggregate/,
      () => rows.window!(js.tumbling!(js.seconds!(1))).aggregate!((c: Loose) => ({ y: js.lag!(c.x) })),
    ],
  ];
  for (const [code, message, f] of wrong) {
    assert.throws(
      f,
      (error: unknown) => error instanceof api.MillraceError && error.code === code && message.test(error.message),
      String(message),
    );
  }
});
