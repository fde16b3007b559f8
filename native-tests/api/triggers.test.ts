// Triggers on windows: changes step by step against a slow model, over lanes and restores, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildJob } from '../../ts/api/job.js';
import { Random } from '../../ts/core/random.js';
import {
  aggregator,
  count,
  early,
  from,
  hopping,
  int64,
  job,
  memory,
  milliseconds,
  onCount,
  onProcessingTime,
  onWatermark,
  or,
  outOfOrder,
  purging,
  seconds,
  session,
  sum,
  timestamp,
  tumbling,
  utf8,
  type Trigger,
} from '../../ts/index.js';
import { explain } from '../../ts/plan/explain.js';
import { testDriver } from '../../ts/testing/index.js';

/** All values, as text: its state is no number, and lies outside the groups' rows. */
const all = aggregator({
  input: int64(),
  output: utf8(),
  init: (): bigint[] => [],
  add: (state, value) => [...state, value],
  merge: (a, b) => [...a, ...b],
  result: (state) => [...state].sort((a, b) => Number(a - b)).join(),
});

interface Rule {
  readonly rows?: number;
  readonly everyMs?: readonly number[];
  readonly watermark?: boolean;
  readonly purging?: boolean;
}

const TRIGGERS: readonly (readonly [Trigger, Rule])[] = [
  [onWatermark(), { watermark: true }],
  [onCount(3), { rows: 3 }],
  [onProcessingTime(milliseconds(40)), { everyMs: [40] }],
  [early(milliseconds(25)), { everyMs: [25], watermark: true }],
  [or(onCount(2), onWatermark()), { rows: 2, watermark: true }],
  [or(onCount(4), early(milliseconds(60)), onProcessingTime(milliseconds(35))), { rows: 4, everyMs: [60, 35], watermark: true }],
  [purging(onWatermark()), { watermark: true, purging: true }],
  [purging(onCount(3)), { rows: 3, purging: true }],
  [purging(or(onCount(2), early(milliseconds(30)))), { rows: 2, everyMs: [30], watermark: true, purging: true }],
];

const SIZE = 100;
const triggered = TRIGGERS.flatMap(([trigger, rule]) =>
  ([0, 150] as const).map((lateMs) => {
    const definition = job(import.meta, `${JSON.stringify(rule)} ${lateMs}`, (env) => {
      const rows = env.from(memory([]), {
        schema: { key: utf8(), n: int64(), at: timestamp() },
        eventTime: { column: 'at', watermark: outOfOrder(seconds(1_000)) },
      });
      const options = lateMs === 0 ? { trigger } : { trigger, allowedLateness: milliseconds(lateMs) };
      const results = rows
        .keyBy('key')
        .window(tumbling(milliseconds(SIZE)), options)
        .aggregate((c) => ({ n: count(), total: sum(c.n), big: sum(c.n).where(c.n.gt(5)), all: all(c.n) }));
      return { rows, results };
    });
    return { rule, lateMs, definition };
  }),
);

interface Input {
  readonly key: string;
  readonly n: bigint;
  readonly at: number;
}

/** What a group has had, and what was told of it. */
interface Group {
  readonly key: string;
  readonly start: number;
  values: bigint[];
  since: number;
  told: string | undefined;
}

class Model {
  readonly #rule: Rule;
  readonly #lateMs: number;
  readonly #groups = new Map<string, Group>();
  #watermark = Number.NEGATIVE_INFINITY;
  #clock = 0;

  constructor(rule: Rule, lateMs: number) {
    this.#rule = rule;
    this.#lateMs = lateMs;
  }

  /** The changes of one step. */
  step(rows: readonly Input[], watermark: number, clock: number): string[] {
    const { rows: least, everyMs = [], watermark: atEnd = false, purging: forgets = false } = this.#rule;
    for (const { key, n, at } of rows) {
      const start = Math.floor(at / SIZE) * SIZE;
      if (start + SIZE - 1 + this.#lateMs <= this.#watermark) continue;
      const id = `${start} ${key}`;
      const group = this.#groups.get(id) ?? { key, start, values: [], since: 0, told: undefined };
      group.values.push(n);
      group.since++;
      this.#groups.set(id, group);
    }
    const passed = everyMs.some((every) => Math.floor(clock / every) > Math.floor(this.#clock / every));
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#clock = clock;
    const out: string[] = [];
    for (const [id, group] of this.#groups) {
      const last = group.start + SIZE - 1;
      const due = passed || (atEnd && last <= this.#watermark) || (least !== undefined && group.since >= least);
      if (due && group.since > 0) {
        const now = resultOf(group);
        if (group.told === undefined) out.push(`+I ${now}`);
        else out.push(`-U ${group.told}`, `+U ${now}`);
        group.told = now;
        group.since = 0;
        if (forgets) this.#groups.delete(id);
      }
      if (last + this.#lateMs <= this.#watermark) this.#groups.delete(id);
    }
    return out.sort();
  }
}

function resultOf({ key, start, values }: Group): string {
  const total = (of: readonly bigint[]): bigint | null => (of.length === 0 ? null : of.reduce((a, b) => a + b));
  const sorted = [...values].sort((a, b) => Number(a - b));
  return `${start} ${key}: ${values.length} ${total(values)} ${total(values.filter((n) => n > 5n))} [${sorted.join()}]`;
}

test('windows tell what a slow model tells, step by step, over lanes and restores', async () => {
  for (const [i, { rule, lateMs, definition }] of triggered.entries()) {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed * 100 + i);
      const model = new Model(rule, lateMs);
      const driver = await testDriver(definition, { lanes: random.int(1, 3) });
      let [watermark, clock] = [Number.NEGATIVE_INFINITY, 0];
      for (let step = 0; step < 25; step++) {
        let rows: Input[] = [];
        const what = random.int(0, 9);
        if (what < 5) {
          rows = Array.from({ length: random.pick([1, 5, 40]) }, () => ({
            key: `k${random.int(0, 5)}`,
            n: BigInt(random.int(0, 9)),
            at: random.int(0, 700),
          }));
          await driver.send('rows', rows);
        } else if (what < 7) {
          watermark = Math.max(watermark, random.int(-50, 650));
          await driver.watermark('rows', watermark);
        } else if (what < 9) {
          const ms = random.int(0, 50);
          clock += ms;
          await driver.advanceProcessingTime(ms);
        } else {
          await driver.checkpointAndRestore({ lanes: random.int(1, 3) });
        }
        const found = driver.take('results').map((r) => `${r.op} ${r.windowStart} ${r.key}: ${r.n} ${r.total} ${r.big} [${r.all}]`);
        assert.deepEqual(found.sort(), model.step(rows, watermark, clock), `${definition.name}, seed ${seed}, step ${step}`);
      }
      await driver.end();
      const found = driver.take('results').map((r) => `${r.op} ${r.windowStart} ${r.key}: ${r.n} ${r.total} ${r.big} [${r.all}]`);
      assert.deepEqual(found.sort(), model.step([], Number.POSITIVE_INFINITY, clock), `${definition.name}, seed ${seed}, end`);
      await driver.close();
    }
  }
});

test('what is never told is counted', async () => {
  const never = triggered.find(({ rule, lateMs }) => rule.rows === 3 && rule.purging === undefined && lateMs === 0);
  assert.ok(never !== undefined);
  const driver = await testDriver(never.definition);
  await driver.send('rows', [
    { key: 'a', n: 1n, at: 5 },
    { key: 'b', n: 1n, at: 5 },
    { key: 'b', n: 2n, at: 6 },
    { key: 'b', n: 3n, at: 7 },
  ]);
  await driver.end();
  assert.deepEqual(
    driver.take('results').map(({ key }) => key),
    ['b'],
  );
  assert.deepEqual(
    Object.entries(driver.metrics())
      .filter(([name]) => name.endsWith('untoldGroups'))
      .map(([, n]) => n),
    [1],
  );
  await driver.close();
});

test('explain tells the trigger, and what hangs on arrival', () => {
  const shown = triggered.map(({ definition }) => explain(buildJob(definition).plan));
  assert.match(shown[6] as string, /told early\(25 ms\) {2}\[.*which changes come before the last one/);
  assert.match(shown[2] as string, /told onCount\(3\) {2}\[.*which changes come, and which rows none comes after/);
  assert.match(shown[14] as string, /told purging\(onCount\(3\)\) {2}\[.*which rows each result is of/);
});

test('what cannot be is refused', () => {
  const rows = from(memory([{ n: 1, at: 1 }]), {
    schema: { n: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const minute = seconds(60);
  assert.throws(() => rows.window(tumbling(minute), { trigger: onCount(5), emit: 'updates' }), {
    code: 'plan.invalid',
    message: "window: give either emit: 'updates' or a trigger; onCount(5) says when results are told",
  });
  assert.throws(() => rows.window(hopping(minute, seconds(10)), { trigger: early(seconds(5)) }), {
    code: 'plan.invalid',
    message: /^window: hopping windows take no trigger such as early\(5 s\); give emit: 'updates'/,
  });
  assert.throws(() => rows.window(session(minute), { trigger: onCount(5) }), {
    code: 'plan.invalid',
    message: /session windows take no trigger/,
  });
  assert.throws(() => rows.window(tumbling(minute), { trigger: 5 as never }), {
    code: 'plan.invalid',
    message: /^window: trigger\(5\): give a trigger/,
  });
});
