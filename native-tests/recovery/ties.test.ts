// Rows of equal event time, of several sources and splits: what orders rows does so by source, split and place, wherever blocks and
// steps are cut, at any number of lanes, over restores; in every kind of window, and for `apply` too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob, type Job } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { Random } from '../../ts/core/random.js';
import {
  collectList,
  first,
  hopping,
  int64,
  job,
  last,
  list,
  maxBy,
  memory,
  milliseconds,
  minBy,
  outOfOrder,
  session,
  timestamp,
  tumbling,
  utf8,
  type Columns,
  type Int64,
  type Timestamp,
  type Utf8,
} from '../../ts/index.js';
import { ManualJob, type ManualRows } from '../../ts/testing/manual-job.js';

const schema = { id: int64(), user: utf8(), weight: int64(), at: timestamp() };
const SOURCES = ['one', 'two'];
const SPLITS = ['b', 'a', '10', '9'];
/** Larger than any row's lateness here, so that none is late. */
const BOUND = 400;

const tied = job(import.meta, 'tied', (env) => {
  const options = { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(BOUND)) } } as const;
  const [one, two] = SOURCES.map((name) => env.from(memory<never>([]), options).named(name)) as [
    ReturnType<typeof env.from<typeof schema, 'at'>>,
    ReturnType<typeof env.from<typeof schema, 'at'>>,
  ];
  const users = one
    .where((c) => c.weight.ge(0n))
    .merge(two.filter((r) => r.weight >= 0n))
    .keyBy('user');
  const picks = (c: Columns<{ id: Int64; user: Utf8; weight: Int64; at: Timestamp }>) => ({
    first: first(c.id),
    last: last(c.id),
    least: minBy(c.id, c.weight),
    most: maxBy(c.id, c.weight),
    all: collectList(c.id),
  });
  const [fixed, overlapping, active] = [tumbling(milliseconds(50)), hopping(milliseconds(60), milliseconds(20)), session(milliseconds(15))];
  const rest = { user: utf8(), windowStart: timestamp(), ids: list(int64()) };
  const [a, b, c] = [users.window(fixed), users.window(overlapping), users.window(active)];
  // Results of one moment, of many keys, in a window over them all.
  const results = a.aggregate((of) => ({ most: maxBy(of.id, of.weight) })).window(hopping(milliseconds(100), milliseconds(50)));
  return {
    again: results.aggregate((of) => ({
      first: first(of.user),
      last: last(of.most),
      all: collectList(of.user),
      most: collectList(of.most),
    })),
    appliedAgain: results.apply({ windowStart: timestamp(), users: list(utf8()) }, (rows, { start }, out) =>
      out.emit({ windowStart: start, users: [...rows].map((r) => r.user) }),
    ),
    tumbling: a.aggregate(picks),
    hopping: b.aggregate(picks),
    session: c.aggregate(picks),
    appliedTumbling: a.apply(rest, (rows, { key, start }, out) =>
      out.emit({ user: key.user, windowStart: start, ids: [...rows].map((r) => r.id) }),
    ),
    appliedHopping: b.apply(rest, (rows, { key, start }, out) =>
      out.emit({ user: key.user, windowStart: start, ids: [...rows].map((r) => r.id) }),
    ),
    appliedSession: c.apply(rest, (rows, { key, start }, out) =>
      out.emit({ user: key.user, windowStart: start, ids: [...rows].map((r) => r.id) }),
    ),
  };
});

/** Their order is that of a hash: it is only held against another run. */
const AGAIN = ['again', 'appliedAgain'];

interface Tied {
  readonly id: bigint;
  readonly user: string;
  readonly weight: bigint;
  readonly at: number;
}

/** By source, by split: few times, so that most rows share theirs with others. */
function randomRows(random: Random): Tied[][][] {
  let id = 0n;
  return SOURCES.map(() =>
    SPLITS.map(() =>
      Array.from({ length: random.int(0, 60) }, (_, i) => {
        const at = 1000 + Math.floor(i / 6) * 10 + random.pick([0, 0, 10, -20]);
        return { id: id++, user: `user ${random.int(0, 3)}`, weight: BigInt(random.int(-1, 2)), at };
      }),
    ),
  );
}

const starts: Readonly<Record<string, (rows: readonly Tied[]) => Map<number, Tied[]>>> = {
  tumbling: (rows) => groupedBy(rows, ({ at }) => [Math.floor(at / 50) * 50]),
  hopping: (rows) => groupedBy(rows, ({ at }) => [0, 1, 2].map((back) => (Math.floor(at / 20) - back) * 20)),
  session: (rows) => {
    const inTime = [...rows].sort((a, b) => a.at - b.at);
    let start = -Infinity;
    let end = -Infinity;
    return groupedBy(inTime, ({ at }) => {
      if (at > end) start = at;
      end = Math.max(end, at + 15);
      return [start];
    });
  },
};

function groupedBy(rows: readonly Tied[], windowsOf: (row: Tied) => number[]): Map<number, Tied[]> {
  const groups = new Map<number, Tied[]>();
  for (const row of rows) for (const start of windowsOf(row)) groups.set(start, [...(groups.get(start) ?? []), row]);
  return groups;
}

/** What each part gives, from all rows in order of (event time, source, split, place). */
function expected(rows: readonly (readonly (readonly Tied[])[])[]): Record<string, string[]> {
  const inOrder = rows
    .flat(2)
    .filter(({ weight }) => weight >= 0n)
    .sort((a, b) => a.at - b.at || Number(a.id - b.id));
  const out: Record<string, string[]> = {};
  for (const [kind, split] of Object.entries(starts)) {
    const found: object[] = [];
    const applied: object[] = [];
    for (const user of new Set(inOrder.map((r) => r.user))) {
      for (const [windowStart, window] of split(inOrder.filter((r) => r.user === user))) {
        const by = (weight: (a: bigint, b: bigint) => boolean) =>
          window.reduce((best, row) => (weight(row.weight, best.weight) ? row : best), window[0] as Tied).id;
        const all = window.map((r) => r.id);
        const picks = { first: all[0], last: all.at(-1), least: by((a, b) => a < b), most: by((a, b) => a > b), all };
        found.push({ user, windowStart, ...picks });
        applied.push({ user, windowStart, ids: all });
      }
    }
    out[kind] = texts(found);
    out[`applied${kind[0]?.toUpperCase()}${kind.slice(1)}`] = texts(applied);
  }
  return out;
}

const texts = (rows: readonly object[]): string[] =>
  rows
    .map((row) => JSON.stringify(row, (name, v: unknown) => (name === 'windowEnd' ? undefined : typeof v === 'bigint' ? `${v}n` : v)))
    .sort();

/** The rows, in steps of blocks that are cut at random. */
async function run(random: Random, rows: readonly (readonly (readonly Tied[])[])[], lanes: number): Promise<Record<string, string[]>> {
  const parts = [...Object.keys(expected([])), ...AGAIN];
  const taps = [...parts];
  const manual = await ManualJob.start(buildJob(tied as unknown as Job<unknown, never>), {
    host: nodeHost,
    lanes,
    taps,
    splits: Object.fromEntries(SOURCES.map((name) => [name, SPLITS])),
    tuning: random.bool() ? { room: random.int(1, 9), messageBytes: random.int(1, 2000) } : undefined,
  });
  const at = rows.map((splits) => splits.map(() => 0));
  const found: Record<string, object[]> = {};
  const gather = () => {
    for (const part of parts) (found[part] ??= []).push(...manual.take(part));
  };
  while (rows.some((splits, s) => splits.some((of, i) => (at[s]?.[i] as number) < of.length))) {
    const blocks: ManualRows[] = [];
    for (let n = random.int(1, 5); n > 0; n--) {
      const [s, i] = [random.int(0, SOURCES.length - 1), random.int(0, SPLITS.length - 1)];
      const from = at[s]?.[i] as number;
      const of = rows[s]?.[i] as readonly Tied[];
      const to = Math.min(of.length, from + random.pick([0, 1, 7, 60]));
      (at[s] as number[])[i] = to;
      blocks.push({ source: SOURCES[s] as string, split: SPLITS[i] as string, rows: of.slice(from, to) as unknown as ManualRows['rows'] });
    }
    await manual.step(blocks);
    gather();
    if (random.bool(0.3)) await manual.checkpointAndRestore(random.int(1, 3));
  }
  await manual.drain();
  gather();
  await manual.close();
  return Object.fromEntries(parts.map((part) => [part, texts(found[part] ?? [])]));
}

test('rows of equal event time have one order, whatever the cuts, lanes and restores', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Random(seed);
    const rows = randomRows(random);
    const wanted = expected(rows);
    assert.ok((wanted['tumbling'] as string[]).length > 3, 'there are windows');
    let again: Record<string, string[]> | undefined;
    for (const lanes of [1, 2, 3]) {
      const found = await run(random, rows, lanes);
      again ??= found;
      for (const part of AGAIN) {
        assert.ok((found[part] as string[]).length > 2, `${part} has rows`);
        assert.deepEqual(found[part], again[part], `${part}, seed ${seed}, ${lanes} lanes`);
      }
      for (const [part, texts] of Object.entries(wanted)) assert.deepEqual(found[part], texts, `${part}, seed ${seed}, ${lanes} lanes`);
    }
  }
});
