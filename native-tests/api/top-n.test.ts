// The n best rows of each key through the API: over lanes and restores, on calling threads and others, from append-only input and from
// changes, against a list that is sorted anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { count, float64, hopping, job, memory, milliseconds, outOfOrder, run, timestamp, tumbling, utf8, type Op } from '../../ts/index.js';
import { topOfMany } from './top-n-job.js';
import { testDriver } from '../../ts/testing/test-driver.js';
import * as api from '../../ts/index.js';

const schema = { key: utf8(), score: float64(), note: utf8().nullable(), at: timestamp() };
const eventTime = { column: 'at', watermark: outOfOrder(milliseconds(1000)) } as const;

interface Row {
  readonly key: string;
  readonly score: number;
  readonly note: string | null;
  readonly at: number;
}

const ranks = job(import.meta, 'ranks', (env) => {
  const rows = env.from(memory<Row>([]), { schema, eventTime });
  const best = rows.keyBy('key').topN(3, (c) => [c.score.abs().desc(), c.note.asc().nullsFirst()], { rank: 'place' });
  const names = rows
    .keyBy('key')
    .topN(2, (c) => c.note.desc(), { rank: false })
    .select((c) => ({ note: c.note, key: c.key }));
  // The changes of one list, ranked again by another key.
  const overall = best
    .select((c) => ({ all: c.score.isNull(), score: c.score, place: c.place }))
    .keyBy('all')
    .topN(4, (c) => c.score.desc());
  return { rows, best, names, overall };
});

function randomRows(random: Random, n: number): Row[] {
  return Array.from({ length: n }, () => ({
    key: `key ${random.int(0, 9)}`,
    score: random.int(-20, 20) / 4,
    note: random.bool(0.2) ? null : `note ${random.int(0, 99)}`,
    at: random.int(0, 100),
  }));
}

/** What changes add up to: rows as text, sorted. */
class Added {
  readonly #counts = new Map<string, number>();

  take(changes: readonly { readonly op: Op }[]): void {
    for (const { op, ...row } of changes) {
      const text = JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
      const n = (this.#counts.get(text) ?? 0) + (op === '+I' || op === '+U' ? 1 : -1);
      if (n === 0) this.#counts.delete(text);
      else this.#counts.set(text, n);
    }
  }

  get rows(): string[] {
    for (const [row, n] of this.#counts) assert.ok(n > 0, `${row}: ${n}`);
    return [...this.#counts].flatMap(([row, n]) => new Array<string>(n).fill(row)).sort();
  }
}

const text = (a: string | null, b: string | null, nullsFirst: boolean, descending: boolean): number => {
  if (a === b) return 0;
  if (a === null || b === null) return (a === null) === nullsFirst ? -1 : 1;
  return (a < b ? -1 : 1) * (descending ? -1 : 1);
};

function byKey(rows: readonly Row[], n: number, order: (a: Row, b: Row) => number): Row[][] {
  const keys = new Map<string, Row[]>();
  for (const row of rows) keys.set(row.key, [...(keys.get(row.key) ?? []), row]);
  return [...keys.values()].map((list) => list.sort((a, b) => order(a, b) || a.at - b.at).slice(0, n));
}

for (const lanes of [1, 2, 3]) {
  test(`lists by key, and a list of lists, over restores, from ${lanes} lanes on`, async () => {
    const random = new Random(lanes);
    const t = await testDriver(ranks, { lanes });
    const [best, names, overall] = [new Added(), new Added(), new Added()];
    const sent: Row[] = [];
    for (let step = 0; step < 12; step++) {
      const rows = randomRows(random, random.int(0, 40));
      sent.push(...rows);
      await t.send('rows', rows);
      best.take(t.take('best'));
      names.take(t.take('names'));
      overall.take(t.take('overall'));
      const lists = byKey(sent, 3, (a, b) => Math.abs(b.score) - Math.abs(a.score) || text(a.note, b.note, true, false));
      const wanted = lists.flatMap((list) => list.map((row, i) => ({ ...row, place: i + 1 })));
      assert.deepEqual(best.rows, wanted.map((row) => JSON.stringify(row)).sort());
      assert.deepEqual(
        names.rows,
        byKey(sent, 2, (a, b) => text(a.note, b.note, false, true))
          .flatMap((list) => list.map(({ note, key }) => JSON.stringify({ note, key })))
          .sort(),
      );
      assert.deepEqual(
        overall.rows.map((row) => (JSON.parse(row) as Row).score).sort((a, b) => a - b),
        wanted
          .map(({ score }) => score)
          .sort((a, b) => a - b)
          .slice(-4),
      );
      if (step % 3 === 1) await t.checkpointAndRestore({ lanes: 1 + ((lanes + step) % 3) });
    }
    await t.end();
    assert.equal(t.take('best').length, 0);
    const metrics = t.metrics();
    assert.equal(metrics['overall.unmatchedRows'], 0);
    await t.close();
  });
}

test('on other threads', async () => {
  for (const threads of [true, false]) {
    const handle = await run(topOfMany, { lanes: 2, threads });
    await handle.done;
    const added = new Added();
    added.take(handle.take('best'));
    const wanted = Array.from({ length: 50 }, (_, key) =>
      [0, 1].map((i) => JSON.stringify({ key, value: 4950 + key - 50 * i, rank: i + 1 })),
    );
    assert.deepEqual(added.rows, wanted.flat().sort());
  }
});

test('the best windows of a key', async () => {
  const windows = job(import.meta, 'windows', (env) => {
    const rows = env.from(memory<Row>([]), { schema, eventTime });
    const counts = rows
      .keyBy('key')
      .window(tumbling(milliseconds(10)), { emit: 'updates' })
      .aggregate(() => ({ n: count() }));
    return { rows, best: counts.keyBy('key').topN(1, (c) => c.n.desc()) };
  });
  const t = await testDriver(windows, { lanes: 2 });
  const at = (time: number): Row => ({ key: 'a', score: 0, note: null, at: time });
  await t.send('rows', [at(1), at(11), at(12)]);
  assert.deepEqual(t.take('best'), [{ op: '+I', key: 'a', windowStart: 10, windowEnd: 20, n: 2n, rank: 1n }]);
  await t.send('rows', [at(3), at(5)]);
  assert.deepEqual(
    t.take('best').map(({ op, windowStart, n }) => [op, windowStart, n]),
    [
      ['-U', 10, 2n],
      ['+U', 0, 3n],
    ],
  );
  await t.close();
});

const windowRanks = job(import.meta, 'window-ranks', (env) => {
  const rows = env.from(memory<Row>([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(10)) } });
  const best = rows
    .keyBy('key')
    .window(hopping(milliseconds(40), milliseconds(20)))
    .topN(2, (c) => c.score.abs().desc());
  const first = rows.window(tumbling(milliseconds(25))).topN(1, (c) => c.note.asc(), { rank: false });
  return { rows, best, first, late: first.late };
});

for (const lanes of [1, 2, 3]) {
  test(`the best rows of windows, over restores, from ${lanes} lanes on`, async () => {
    const random = new Random(70 + lanes);
    const t = await testDriver(windowRanks, { lanes });
    const [best, first, late] = [[] as string[], [] as string[], [] as string[]];
    const takeAll = (): void => {
      best.push(...t.take('best').map((row) => JSON.stringify({ ...row, rank: Number(row.rank) })));
      first.push(...t.take('first').map((row) => JSON.stringify(row)));
      late.push(...t.take('late').map((row) => JSON.stringify(row)));
    };
    let now = 0;
    let watermark = -Infinity;
    const sent: (Row & { readonly clock: number })[] = [];
    for (let step = 0; step < 12; step++) {
      const rows = randomRows(random, random.int(0, 30)).map((row) => {
        now += random.int(0, 4);
        return { ...row, at: now - random.pick([0, 0, 5, 9, 30, 50]) };
      });
      for (const row of rows) {
        sent.push({ ...row, clock: watermark });
        watermark = Math.max(watermark, row.at - 11);
      }
      await t.send('rows', rows);
      takeAll();
      if (step % 3 === 1) await t.checkpointAndRestore({ lanes: 1 + ((lanes + step) % 3) });
    }
    await t.end();
    takeAll();
    const ranked = (size: number, slide: number, n: number, keyed: boolean, order: (a: Row, b: Row) => number): object[] => {
      const windows = new Map<string, Row[]>();
      for (const { clock, ...row } of sent) {
        for (let start = Math.floor(row.at / slide) * slide; start > row.at - size; start -= slide) {
          if (start + size - 1 <= clock) continue;
          const id = `${start} ${keyed ? row.key : ''}`;
          windows.set(id, [...(windows.get(id) ?? []), row]);
        }
      }
      return [...windows].flatMap(([id, list]) => {
        const windowStart = Number(id.split(' ')[0]);
        const kept = list.sort((a, b) => order(a, b) || a.at - b.at).slice(0, n);
        return kept.map((row, i) => ({ ...row, windowStart, windowEnd: windowStart + size, rank: i + 1 }));
      });
    };
    const twoBest = ranked(40, 20, 2, true, (a, b) => Math.abs(b.score) - Math.abs(a.score));
    assert.deepEqual(best.sort(), twoBest.map((row) => JSON.stringify(row)).sort());
    const leastNotes = ranked(25, 25, 1, false, (a, b) => text(a.note, b.note, false, false));
    const withoutRank = leastNotes.map((row) => JSON.stringify({ ...row, rank: undefined }));
    assert.deepEqual(first.sort(), withoutRank.sort());
    const tooLate = sent
      .filter(({ at, clock }) => Math.floor(at / 25) * 25 + 24 <= clock)
      .map(({ clock: _, ...row }) => JSON.stringify(row));
    assert.deepEqual(late.sort(), tooLate.sort());
    assert.ok(late.length > 0);
    await t.close();
  });
}

test('what is refused', () => {
  interface Loose {
    (...args: unknown[]): Loose;
    readonly [name: string]: Loose;
  }
  const js = api as unknown as Loose;
  const rows = js.from!(js.file!('r.ndjson'), { schema: { key: js.utf8!(), n: js.int64!() } });
  const keyed = rows.keyBy!('key');
  const timed = js.from!(js.file!('t.ndjson'), {
    schema: { n: js.int64!(), at: js.timestamp!() },
    eventTime: { column: 'at', watermark: js.ascending!() },
  });
  const other = js.from!(js.file!('o.ndjson'), { schema: { x: js.int64!() } });
  let strange: unknown;
  other.where!((c: Loose) => (strange = c.x!.gt!(0)));
  const wrong: readonly (readonly [string, RegExp, () => unknown])[] = [
    [
      'plan.invalid',
      /topN\(0\): give how many rows of each key, a whole number from 1 to 100000/,
      () => keyed.topN!(0, (c: Loose) => c.n!.desc!()),
    ],
    ['plan.invalid', /topN: undefined is no function/, () => keyed.topN!(3)],
    ['plan.invalid', /topN: there is no order/, () => keyed.topN!(3, () => [])],
    ['plan.wrong-type', /topN: the column n is no order; give one such as c.price.desc\(\)/, () => keyed.topN!(3, (c: Loose) => c.n)],
    ['plan.unknown-column', /no column 'm'/, () => keyed.topN!(3, (c: Loose) => c.m!.desc!())],
    ['plan.name-taken', /'n' is the name of a column already/, () => keyed.topN!(3, (c: Loose) => c.n!.desc!(), { rank: 'n' })],
    ['plan.invalid', /the rank is 3; give its column's name, or false/, () => keyed.topN!(3, (c: Loose) => c.n!.desc!(), { rank: 3 })],
    ['plan.invalid', /there is no option 'ranks'; did you mean 'rank'\?/, () => keyed.topN!(3, (c: Loose) => c.n!.desc!(), { ranks: 'n' })],
    [
      'plan.invalid',
      /windows rank their rows once/,
      () => timed.window!(js.tumbling!(js.seconds!(1)), { emit: 'updates' }).topN!(3, (c: Loose) => c.n!.desc!()),
    ],
    [
      'plan.invalid',
      /windows of kind session do not rank rows/,
      () => timed.window!(js.session!(js.seconds!(1))).topN!(3, (c: Loose) => c.n!.desc!()),
    ],
    [
      'plan.name-taken',
      /'windowEnd' is the name of a column already/,
      () =>
        timed.select!((c: Loose) => ({ windowEnd: c.n, n: c.n })).window!(js.tumbling!(js.seconds!(1))).topN!(3, (c: Loose) =>
          c.n!.desc!(),
        ),
    ],
    ['plan.invalid', /is a column of another stream/, () => keyed.topN!(3, () => (strange as Loose).desc!())],
  ];
  for (const [code, message, f] of wrong) {
    assert.throws(
      f,
      (error: unknown) => error instanceof api.MillraceError && error.code === code && message.test(error.message),
      String(message),
    );
  }
});
