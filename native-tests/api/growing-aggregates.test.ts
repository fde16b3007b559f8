// Aggregates of growing state through the API: over lanes, with restores at other numbers of lanes, with and without changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import {
  approxCountDistinct,
  approxQuantile,
  collectList,
  collectSet,
  count,
  countDistinct,
  float64,
  hopping,
  int64,
  job,
  max,
  median,
  memory,
  outOfOrder,
  quantile,
  seconds,
  session,
  stringJoin,
  timestamp,
  topN,
  tumbling,
  utf8,
} from '../../ts/index.js';
import { testDriver } from '../../ts/testing/test-driver.js';

interface Visit {
  readonly site: string;
  readonly user: string | null;
  readonly took: number;
  readonly page: bigint;
  readonly at: number;
}

const visits = job(import.meta, 'visits', (env) => {
  const rows = env.from(memory<Visit>([]), {
    schema: { site: utf8(), user: utf8().nullable(), took: float64(), page: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const windows = rows.keyBy('site').window(tumbling(seconds(10)));
  const updates = rows.keyBy('site').window(tumbling(seconds(10)), { emit: 'updates', allowedLateness: seconds(5) });
  return {
    rows,
    final: windows.aggregate((c) => ({ n: count(), users: countDistinct(c.user), slow: countDistinct(c.page).where(c.took.gt(0.5)) })),
    changing: updates.aggregate((c) => ({
      users: countDistinct(c.user),
      pages: countDistinct(c.page),
      middle: median(c.took),
      names: collectSet(c.user),
      best: topN(c.page, 3, c.took.desc()),
    })),
    lists: windows.aggregate((c) => ({
      near: approxCountDistinct(c.page),
      middle: median(c.took),
      most: quantile(c.page, 0.9),
      about: approxQuantile(c.took, 0.5),
      all: stringJoin(c.user, '; '),
      pages: collectList(c.page),
      names: collectSet(c.user),
      best: topN(c.page, 3, c.took.desc()),
    })),
  };
});

function made(random: Random, count: number, from: number): Visit[] {
  return Array.from({ length: count }, () => ({
    site: `site ${random.int(0, 5)}`,
    user: random.bool(0.1) ? null : `user ${random.int(0, 40)} of a long name`.slice(0, random.int(6, 24)),
    took: random.int(0, 100) / 100,
    page: BigInt(random.int(-30, 30)),
    at: from + random.int(0, 900),
  }));
}

function quantileOf(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
  return low + (high - low) * (place - Math.floor(place));
}

function modelOf(rows: readonly Visit[]): Record<string, unknown>[] {
  const groups = new Map<string, Visit[]>();
  for (const r of rows) {
    const id = `${r.site} ${Math.floor(r.at / 10_000)}`;
    groups.set(id, [...(groups.get(id) ?? []), r]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Visit];
    const start = Math.floor(first.at / 10_000) * 10_000;
    const distinct = (values: readonly unknown[]): bigint => BigInt(new Set(values.filter((v) => v !== null)).size);
    // A sort that keeps the order of equals: of places in the source.
    const inOrder = [...group].sort((a, b) => a.at - b.at);
    const users = inOrder.flatMap((r) => (r.user === null ? [] : [r.user]));
    const took = group.map((r) => r.took).sort((a, b) => a - b);
    return {
      middle: quantileOf(took, 0.5),
      most: quantileOf(
        group.map((r) => Number(r.page)).sort((a, b) => a - b),
        0.9,
      ),
      about: took[Math.floor((took.length - 1) / 2)],
      all: users.length === 0 ? null : users.join('; '),
      list: inOrder.map((r) => r.page),
      names: [...new Set(users)].sort(),
      best: [...inOrder]
        .sort((a, b) => b.took - a.took)
        .slice(0, 3)
        .map((r) => r.page),
      site: first.site,
      windowStart: start,
      windowEnd: start + 10_000,
      n: BigInt(group.length),
      users: distinct(group.map((r) => r.user)),
      pages: distinct(group.map((r) => r.page)),
      slow: distinct(group.filter((r) => r.took > 0.5).map((r) => r.page)),
    };
  });
}

/** The same in windows that overlap, and in sessions: a list, a set, a count, a median and the best of each. */
const shapes = job(import.meta, 'shapes', (env) => {
  const rows = env.from(memory<Visit>([]), {
    schema: { site: utf8(), user: utf8().nullable(), took: float64(), page: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const hops = rows.keyBy('site').window(hopping(seconds(10), seconds(2)));
  const changing = rows.keyBy('site').window(hopping(seconds(6), seconds(3)), { emit: 'updates' });
  const sessions = rows.keyBy('site').window(session(seconds(1)), { emit: 'updates' });
  return {
    rows,
    taken: hops.aggregate((c) => ({ users: countDistinct(c.user), middle: median(c.took), names: collectSet(c.user) })),
    combined: hops.aggregate((c) => ({
      pages: collectList(c.page),
      near: approxCountDistinct(c.page),
      best: topN(c.page, 3, c.took.desc()),
    })),
    changing: changing.aggregate((c) => ({ users: countDistinct(c.user), pages: collectList(c.page), middle: median(c.took) })),
    sessions: sessions.aggregate((c) => ({
      users: countDistinct(c.user),
      pages: collectList(c.page),
      best: topN(c.page, 3, c.took.desc()),
    })),
  };
});

/** Rows by site in windows that a function gives for each, in order of time and of sending. */
function windowsOf(rows: readonly Visit[], windows: (at: number) => readonly (readonly [number, number])[]): Map<string, Visit[]> {
  const groups = new Map<string, Visit[]>();
  for (const r of [...rows].sort((a, b) => a.at - b.at)) {
    for (const [start, end] of windows(r.at)) {
      const id = `${r.site} ${start} ${end}`;
      groups.set(id, [...(groups.get(id) ?? []), r]);
    }
  }
  return groups;
}

function sessionsOf(rows: readonly Visit[], gapMs: number): Map<string, Visit[]> {
  const groups = new Map<string, Visit[]>();
  for (const site of new Set(rows.map((r) => r.site))) {
    let open: Visit[] = [];
    const close = (): void => {
      if (open.length > 0) groups.set(`${site} ${open[0]?.at} ${(open.at(-1)?.at ?? 0) + gapMs}`, open);
      open = [];
    };
    for (const r of [...rows].filter((x) => x.site === site).sort((a, b) => a.at - b.at)) {
      if (r.at > (open.at(-1)?.at ?? r.at) + gapMs) close();
      open.push(r);
    }
    close();
  }
  return groups;
}

function overlapping(sizeMs: number, slideMs: number): (at: number) => (readonly [number, number])[] {
  return (at) =>
    Array.from({ length: sizeMs / slideMs }, (_, i) => Math.floor(at / slideMs) * slideMs - i * slideMs).map((start) => [
      start,
      start + sizeMs,
    ]);
}

function resultsOf(rows: readonly Visit[]): Readonly<Record<string, unknown>> {
  const users = rows.flatMap((r) => (r.user === null ? [] : [r.user]));
  const best = [...rows].sort((a, b) => b.took - a.took).slice(0, 3);
  return {
    users: BigInt(new Set(users).size),
    middle: quantileOf(
      rows.map((r) => r.took).sort((a, b) => a - b),
      0.5,
    ),
    names: [...new Set(users)].sort(),
    pages: rows.map((r) => r.page),
    near: BigInt(new Set(rows.map((r) => r.page)).size),
    best: best.map((r) => r.page),
  };
}

const sorted = (rows: readonly object[]): string[] =>
  rows.map((r) => JSON.stringify(r, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))).sort();
const pick = (row: Record<string, unknown>, names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, row[name]]));

test('aggregates of growing state agree with a model at any number of lanes, over restores', async () => {
  for (const lanes of [1, 2, 3]) {
    const random = new Random(7);
    const driver = await testDriver(visits, { lanes });
    const all: Visit[] = [];
    const held = new Map<string, object>();
    for (let step = 0; step < 30; step++) {
      const rows = made(random, random.pick([0, 1, 40, 120]), step * 1000);
      all.push(...rows);
      await driver.send('rows', rows);
      if (step % 7 === 3) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
    }
    await driver.end();
    const model = modelOf(all);
    const keys = ['site', 'windowStart', 'windowEnd'];
    assert.deepEqual(sorted(driver.take('final')), sorted(model.map((r) => pick(r, [...keys, 'n', 'users', 'slow']))), `${lanes} lanes`);
    const lists = driver.take('lists');
    assert.equal(lists.length, model.length);
    for (const { near, about, ...row } of lists) {
      const wanted = model.find((r) => r['site'] === row.site && r['windowStart'] === row.windowStart);
      const { pages, most } = row;
      assert.deepEqual(
        { ...row, pages: undefined },
        { ...pick(wanted ?? {}, [...keys, 'middle', 'all', 'names', 'best']), most, pages: undefined },
      );
      assert.deepEqual(pages, wanted?.['list']);
      assert.ok(Math.abs(most - (wanted?.['most'] as number)) < 1e-9);
      assert.equal(near, wanted?.['pages'], 'so few are counted exactly');
      assert.ok(Math.abs(about - (wanted?.['about'] as number)) <= 0.0100001 * about);
    }
    for (const { op, ...row } of driver.take('changing')) {
      const id = JSON.stringify(pick(row, keys));
      if (op === '-U') assert.deepEqual(row, held.get(id));
      else held.set(id, row);
    }
    assert.deepEqual(
      sorted([...held.values()]),
      sorted(model.map((r) => pick(r, [...keys, 'users', 'pages', 'middle', 'names', 'best']))),
      `${lanes} lanes, changes`,
    );
    await driver.close();
  }
});

test('the same in windows that overlap and in sessions, with changes, over lanes and restores', async () => {
  for (const lanes of [1, 2]) {
    const random = new Random(9);
    const driver = await testDriver(shapes, { lanes });
    const all: Visit[] = [];
    for (let step = 0; step < 16; step++) {
      const rows = made(random, random.pick([0, 1, 12, 30]), step * 1000);
      all.push(...rows);
      await driver.send('rows', rows);
      if (step % 5 === 3) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
    }
    await driver.end();
    const check = (name: string, found: readonly object[], groups: ReadonlyMap<string, Visit[]>): void => {
      const rows = found as (Record<string, unknown> & { site: string; windowStart: number; windowEnd: number; op?: string })[];
      const held = new Map<string, Record<string, unknown>>();
      for (const { site, windowStart, windowEnd, op = '+I', ...results } of rows) {
        const id = `${site} ${windowStart} ${windowEnd}`;
        if (op === '-U' || op === '-D') assert.deepEqual(results, held.get(id), `${name}, ${lanes} lanes: ${id} ${op}`);
        if (op === '-D') held.delete(id);
        else if (op !== '-U') held.set(id, results);
      }
      assert.deepEqual([...held.keys()].sort(), [...groups.keys()].sort(), `${name}, ${lanes} lanes`);
      for (const [id, results] of held)
        assert.deepEqual(results, pick(resultsOf(groups.get(id) ?? []), Object.keys(results)), `${name}, ${lanes} lanes: ${id}`);
    };
    check('taken', driver.take('taken'), windowsOf(all, overlapping(10_000, 2000)));
    check('combined', driver.take('combined'), windowsOf(all, overlapping(10_000, 2000)));
    check('changing', driver.take('changing'), windowsOf(all, overlapping(6000, 3000)));
    check('sessions', driver.take('sessions'), sessionsOf(all, 1000));
    await driver.close();
  }
});

/** Users by how often they came: each row of a user takes what it was counted in back, and counts in the next. */
const changes = job(import.meta, 'changes', (env) => {
  const rows = env.from(memory<Omit<Visit, 'at'>>([]), {
    schema: { site: utf8(), user: utf8().nullable(), took: float64(), page: int64() },
  });
  const perUser = rows
    .keyBy('user')
    .aggregate((c) => ({ visits: count(), most: max(c.took), page: max(c.page), sites: collectSet(c.site) }));
  const byVisits = perUser.keyBy('visits').aggregate((c) => ({
    users: countDistinct(c.user),
    middle: median(c.most),
    about: approxQuantile(c.most, 0.5),
    pages: collectList(c.page),
    each: collectSet(c.page),
    names: stringJoin(c.user, ','),
    best: topN(c.user, 2, c.most.desc()),
  }));
  return { rows, perUser, byVisits };
});

test('over changes what is taken back is gone from every aggregate, over lanes and restores', async () => {
  for (const lanes of [1, 2, 3]) {
    const random = new Random(10);
    const driver = await testDriver(changes, { lanes });
    const all: Omit<Visit, 'at'>[] = [];
    const held = new Map<bigint, object>();
    for (let step = 0; step < 25; step++) {
      const rows = made(random, random.pick([0, 1, 9, 40]), 0).map(({ at: _, ...row }) => row);
      all.push(...rows);
      await driver.send('rows', rows);
      for (const { op, visits, ...row } of driver.take('byVisits')) {
        if (op === '-U' || op === '-D') assert.deepEqual(row, held.get(visits), `${lanes} lanes, step ${step}: ${op}`);
        if (op === '-D') held.delete(visits);
        else if (op !== '-U') held.set(visits, row);
      }
      const users = new Map<string | null, Omit<Visit, 'at'>[]>();
      for (const row of all) users.set(row.user, [...(users.get(row.user) ?? []), row]);
      const groups = new Map<bigint, { user: string | null; most: number; page: bigint }[]>();
      for (const [user, visits] of users) {
        const page = visits.reduce((x, r) => (r.page > x ? r.page : x), -1000n);
        const n = BigInt(visits.length);
        groups.set(n, [...(groups.get(n) ?? []), { user, most: Math.max(...visits.map((r) => r.took)), page }]);
      }
      assert.deepEqual([...held.keys()].sort(), [...groups.keys()].sort(), `${lanes} lanes, step ${step}`);
      for (const [visits, group] of groups) {
        const names = group.flatMap(({ user }) => (user === null ? [] : [user])).sort();
        const pages = group.map((g) => g.page).sort((a, b) => (a < b ? -1 : 1));
        const most = group.map((g) => g.most).sort((a, b) => a - b);
        const { about, ...found } = held.get(visits) as { about: number };
        assert.deepEqual(found, {
          users: BigInt(names.length),
          middle: quantileOf(most, 0.5),
          pages,
          each: [...new Set(pages)],
          names: names.length === 0 ? null : names.join(','),
          best: [...group]
            .filter((g) => g.user !== null)
            .sort((a, b) => b.most - a.most || ((a.user as string) < (b.user as string) ? -1 : 1))
            .slice(0, 2)
            .map((g) => g.user),
        });
        const exact = most[Math.floor((most.length - 1) / 2)] as number;
        assert.ok(Math.abs(about - exact) <= 0.0100001 * exact, `${about}, not ${exact}`);
      }
      if (step % 4 === 2) await driver.checkpointAndRestore({ lanes: 1 + (step % 3) });
    }
    await driver.close();
  }
});

test('what cannot be taken back is refused over changes', async () => {
  const refused = job(import.meta, 'refused', (env) => {
    const rows = env.from(memory<{ user: string }>([]), { schema: { user: utf8() } });
    const counts = rows.keyBy('user').aggregate(() => ({ visits: count() }));
    return { users: counts.keyBy('visits').aggregate((c) => ({ near: approxCountDistinct(c.user) })) };
  });
  await assert.rejects(testDriver(refused), /aggregate 'near': this stream holds changes .* use countDistinct\(\)/);
});
