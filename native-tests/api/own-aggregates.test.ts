// One's own aggregates through the API: against a slow model, over lanes and restores, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob } from '../../ts/api/job.js';
import { Random } from '../../ts/core/random.js';
import {
  aggregator,
  count,
  float64,
  from,
  int32,
  int64,
  job,
  memory,
  minutes,
  outOfOrder,
  seconds,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';
import { explain } from '../../ts/plan/explain.js';
import { testDriver } from '../../ts/testing/index.js';

const spread = aggregator({
  input: int64(),
  output: int64(),
  init: () => ({ least: 2n ** 62n, most: -(2n ** 62n) }),
  add: (s, value) => ({ least: value < s.least ? value : s.least, most: value > s.most ? value : s.most }),
  merge: (a, b) => ({ least: b.least < a.least ? b.least : a.least, most: b.most > a.most ? b.most : a.most }),
  result: (s) => s.most - s.least,
});

const words = aggregator({
  input: utf8(),
  output: utf8().nullable(),
  init: () => new Set<string>(),
  add: (s, value) => s.add(value),
  merge: (a, b) => new Set([...a, ...b]),
  result: (s) => (s.size > 3 ? null : [...s].sort().join(' ')),
});

const own = job(import.meta, 'own', (env) => {
  const rows = env.from(memory([]), {
    schema: { key: utf8(), n: int64().nullable(), word: utf8(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(2)) },
  });
  const perKey = rows
    .keyBy('key')
    .window(tumbling(seconds(10)))
    .aggregate((c) => ({ rows: count(), spread: spread(c.n), high: spread(c.n).where(c.n.gt(5)), words: words(c.word) }));
  const updates = rows
    .keyBy('key')
    .window(tumbling(seconds(10)), { emit: 'updates' })
    .aggregate((c) => ({ rows: count(), spread: spread(c.n), high: spread(c.n).where(c.n.gt(5)), words: words(c.word) }));
  return { rows, perKey, updates };
});

interface Input {
  readonly key: string;
  readonly n: bigint | null;
  readonly word: string;
  readonly at: number;
}

interface Result {
  readonly windowStart: number;
  readonly key: string;
  readonly rows: bigint;
  readonly spread: bigint | null;
  readonly high: bigint | null;
  readonly words: string | null;
}

function model(rows: readonly Input[]): string[] {
  const groups = new Map<string, Input[]>();
  for (const row of rows) {
    const id = `${Math.floor(row.at / 10_000) * 10_000} ${row.key}`;
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  const spreadOf = (of: readonly (bigint | null)[]): bigint | null => {
    const sorted = of.filter((n) => n !== null).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return sorted.length === 0 ? null : (sorted.at(-1) as bigint) - (sorted[0] as bigint);
  };
  return [...groups]
    .map(([id, of]) => {
      const distinct = [...new Set(of.map((row) => row.word))].sort();
      const high = of.filter((row) => row.n !== null && row.n > 5n);
      const numbers = [spreadOf(of.map((row) => row.n)), spreadOf(high.map((row) => row.n))];
      return `${id}: ${of.length} ${numbers.join(' ')} ${distinct.length > 3 ? null : distinct.join(' ')}`.replace(/ (?= )/g, ' ');
    })
    .sort();
}

test('windows give what a slow model gives, over lanes and restores', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const driver = await testDriver(own, { lanes: random.int(1, 3) });
    const sent: Input[] = [];
    for (let step = 0; step < 8; step++) {
      const rows = Array.from(
        { length: random.pick([0, 1, 40, 400]) },
        (): Input => ({
          key: `k${random.int(0, 30)}`,
          n: random.bool(0.2) ? null : BigInt(random.int(-10, 10)),
          word: `w${random.int(0, 5)}`,
          at: step * 3000 + random.int(0, 1900),
        }),
      );
      sent.push(...rows);
      await driver.send('rows', rows);
      if (random.bool(0.3)) await driver.checkpointAndRestore({ lanes: random.int(1, 3) });
    }
    await driver.end();
    const show = (r: Result): string => `${r.windowStart} ${r.key}: ${r.rows} ${r.spread ?? ''} ${r.high ?? ''} ${r.words}`;
    assert.deepEqual(driver.take('perKey').map(show).sort(), model(sent), `seed ${seed}`);
    // An update takes back exactly what was told, and what was told last is the result.
    const told = new Set<string>();
    for (const { op, ...r } of driver.take('updates')) {
      if (op === '+I' || op === '+U') told.add(show(r));
      else assert.ok(told.delete(show(r)), `seed ${seed}: ${op} ${show(r)}`);
    }
    assert.deepEqual([...told].sort(), model(sent), `seed ${seed}, updates`);
    await driver.close();
  }
});

test('explain says that it is JavaScript', () => {
  assert.match(explain(buildJob(own).plan), /spread = aggregator\(n\) in JavaScript, high = aggregator\(n\) in JavaScript where n > 5/);
});

test('what cannot be is refused', async () => {
  const parts = {
    input: float64(),
    output: float64(),
    init: () => 0,
    add: (s: number) => s,
    merge: (s: number) => s,
    result: (s: number) => s,
  };
  const refused = (spec: unknown, code: string, message: RegExp): void =>
    assert.throws(() => aggregator(spec as typeof parts), { code, message });
  refused(undefined, 'plan.invalid', /^aggregator: give its parts, as in aggregator\(\{ input: float64\(\)/);
  refused({ ...parts, merge: undefined }, 'plan.invalid', /^aggregator: 'merge': undefined is no function; give one such as aggregator/);
  refused({ ...parts, input: 'float64' }, 'plan.invalid', /^aggregator: input: "float64" is no type/);
  refused({ ...parts, retrat: () => 0 }, 'plan.invalid', /^aggregator: there is no option 'retrat'; did you mean 'retract'\?/);
  const rows = from(memory([{ n: 1, at: 0 }]), {
    schema: { n: int32(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const windows = rows.window(tumbling(minutes(1)));
  const wrong = aggregator(parts) as unknown as (column: unknown) => ReturnType<typeof count>;
  assert.throws(() => windows.aggregate((c) => ({ x: wrong(c.n) })), {
    code: 'plan.wrong-type',
    message: "aggregate 'x' of n: its input is float64, not int32; give a column of that type",
  });
  assert.throws(() => windows.aggregate(() => ({ x: wrong(5) })), { code: 'plan.wrong-type', message: /^aggregator\(5\): give a column/ });
});

test('a function that fails names the aggregate', async () => {
  const failing = aggregator({
    input: int32(),
    output: int32(),
    init: () => 0,
    add: () => {
      throw new Error('no');
    },
    merge: (a) => a,
    result: (s) => s,
  });
  const rows = from(memory([{ n: 1, at: 0 }]), {
    schema: { n: int32(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const results = rows.window(tumbling(minutes(1))).aggregate((c) => ({ x: failing(c.n) }));
  await assert.rejects(results.toArray(), {
    code: 'function.failed',
    message: /aggregate 'x': its add threw Error: no; for the value the number 1$/,
  });
});
