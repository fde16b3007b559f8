// One's own aggregates through the API: against a slow model, over lanes and restores, and what is refused.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
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
  wasmAggregator,
} from '../../ts/index.js';
import type { WordType } from '../../ts/index.js';
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

/** The same in AssemblyScript. */
const spreadToo = wasmAggregator('../../docs/examples/spread.as.ts', { input: int64(), output: float64() });

const own = job(import.meta, 'own', (env) => {
  const rows = env.from(memory([]), {
    schema: { key: utf8(), n: int64().nullable(), word: utf8(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(2)) },
  });
  const perKey = rows
    .keyBy('key')
    .window(tumbling(seconds(10)))
    .aggregate((c) => ({
      rows: count(),
      spread: spread(c.n),
      high: spread(c.n).where(c.n.gt(5)),
      words: words(c.word),
      spreadToo: spreadToo(c.n),
      highToo: spreadToo(c.n).where(c.n.gt(5)),
    }));
  const updates = rows
    .keyBy('key')
    .window(tumbling(seconds(10)), { emit: 'updates' })
    .aggregate((c) => ({
      rows: count(),
      spread: spread(c.n),
      high: spread(c.n).where(c.n.gt(5)),
      words: words(c.word),
      spreadToo: spreadToo(c.n),
      highToo: spreadToo(c.n).where(c.n.gt(5)),
    }));
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
  readonly spreadToo: number | null;
  readonly highToo: number | null;
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
    const show = (r: Result): string => {
      assert.deepEqual(
        [r.spreadToo, r.highToo],
        [r.spread, r.high].map((n) => (n === null ? null : Number(n))),
      );
      return `${r.windowStart} ${r.key}: ${r.rows} ${r.spread ?? ''} ${r.high ?? ''} ${r.words}`;
    };
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
  assert.match(
    explain(buildJob(own).plan),
    /high = aggregator\(n\) in JavaScript where n > 5.* spreadToo = wasmAggregator\(n\) of ..\/..\/docs\/examples\/spread.as.ts/,
  );
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

const folder = mkdtempSync(join(tmpdir(), 'millrace-own-'));
after(() => rmSync(folder, { recursive: true }));

/** One result of an aggregate whose file has this text, over some values: 1, 2, 3 unless said. */
async function resultOf(text: string, more: { output?: WordType; retract?: boolean; values?: number[] } = {}): Promise<unknown> {
  const path = join(folder, 'it.as.ts');
  writeFileSync(path, text);
  const it = wasmAggregator(pathToFileURL(path), { input: int64(), output: more.output ?? int64(), retract: more.retract ?? false });
  const rows = from(memory((more.values ?? [1, 2, 3]).map((n) => ({ n, at: n }))), {
    schema: { n: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const [row] = await rows
    .window(tumbling(minutes(1)))
    .aggregate((c) => ({ x: it(c.n) }))
    .toArray();
  return row?.x;
}

/** A file whose parts are replaced by others. */
function fileWith(more: Readonly<Record<string, string>>): string {
  const parts: Readonly<Record<string, string>> = {
    top: '',
    state: '@unmanaged export class State { sum: i64; }',
    init: 'export function init(state: State): void {}',
    add: 'export function add(state: State, value: i64): void { state.sum += value; }',
    merge: 'export function merge(state: State, other: State): void { state.sum += other.sum; }',
    result: 'export function result(state: State): i64 { return state.sum; }',
    ...more,
  };
  return Object.values(parts).join('\n');
}

test('a file may import another, and is compiled anew when either changes', async () => {
  assert.equal(await resultOf(fileWith({})), 6n);
  const add = 'import { weight } from "./weights";\nexport function add(state: State, value: i64): void { state.sum += value * weight(); }';
  for (const weight of [2, 3]) {
    writeFileSync(join(folder, 'weights.ts'), `export function weight(): i64 { return ${weight}; }`);
    assert.equal(await resultOf(fileWith({ add })), BigInt(6 * weight));
  }
});

test('a trap is an error that names aggregate, function and file; nothing else is harmed', async () => {
  const add = `export function add(state: State, value: i64): void {
    switch (<i32>value) {
      case 1: unreachable();
      case 2: assert(value < 2);
      case 3: state.sum = value / (value - 3); break;
      case 4: store<i64>(0xfffffff0, value); break;
      case 5: add(state, value); state.sum++; break;
      case 6: memory.fill(0, 0xff, <usize>memory.size() << 16); break;
      case 7: memory.grow(3); break;
    }
    state.sum += value;
  }`;
  const result = 'export function result(state: State): i64 { return state.sum == 8 ? load<i64>(0x7fffffff) : state.sum; }';
  const file = fileWith({ add, result });
  const trap = async (value: number, message: RegExp): Promise<void> =>
    await assert.rejects(resultOf(file, { values: [value] }), { code: 'function.trapped', domain: 'user', message });
  await trap(1, /aggregate 'x': add, in it\.as\.ts, trapped: unreachable/);
  await trap(2, /: add, in it\.as\.ts, trapped: unreachable/);
  await trap(3, /: add, .* trapped: divide by zero/);
  await trap(4, /: add, .* out of bounds/);
  await trap(5, /: add, .* trapped: .*call stack/);
  await trap(8, /: result, .* out of bounds/);
  // A whole memory overwritten is this module's own: states are spoiled, and that is all.
  assert.equal(await resultOf(file, { values: [6] }), 5n);
  assert.equal(await resultOf(file, { values: [7] }), 7n);
  const top = 'let a: i32 = 0;\na = 1 / a;';
  await assert.rejects(resultOf(fileWith({ top })), { code: 'function.trapped', message: /: its top level, .* trapped: divide by zero/ });
});

test('a file that cannot be used is refused with what it should be', async () => {
  const refused = async (more: Readonly<Record<string, string>>, message: RegExp, options = {}): Promise<void> =>
    await assert.rejects(resultOf(fileWith(more), options), { code: 'plan.invalid', message });
  await refused({ merge: '' }, /aggregate 'x': it\.as\.ts does not compile: .*merge.*The file exports class State and functions init/s);
  await refused({ add: 'export function add(state: State, value: string): void {}' }, /does not compile.*add\(state: State, value: i64\)/s);
  await refused({}, /does not compile.*retract.*retract\(state: State, value: i64\)/s, { retract: true });
  await refused({ result: 'export function result(state: State): i64 { return new Array<i64>(3).length; }' }, /nothing is allocated/);
  const result = 'export function result(state: State): i64 { return clock(); }';
  await refused({ top: 'declare function clock(): i64;', result }, /asks its host for it\.as\.clock; an aggregate stands alone/);
  const state = `@unmanaged export class State { sum: i64; ${Array.from({ length: 600 }, (_, i) => `x${i}: i64;`).join(' ')} }`;
  await assert.rejects(resultOf(fileWith({ state })), {
    code: 'state.too-large',
    message: /State in it\.as\.ts has 4808 bytes; at most 4096/,
  });
  const late = 'export function result(state: State): i64 { return i64.MAX_VALUE; }';
  await assert.rejects(resultOf(fileWith({ result: late }), { output: timestamp() }), {
    code: 'function.failed',
    message: /gave a time beyond/,
  });
  assert.throws(() => wasmAggregator('./x.as.ts', { input: utf8() as never, output: int64() }), {
    code: 'plan.wrong-type',
    message: /^wasmAggregator\('\.\/x\.as\.ts'\): input is utf8; it may be bool, int32, int64, float64, timestamp/,
  });
  assert.throws(() => wasmAggregator('./x.as.ts', { input: int64(), output: int64().nullable() as never }), { code: 'plan.wrong-type' });
  assert.throws(() => wasmAggregator(5 as never, { input: int64(), output: int64() }), {
    code: 'plan.invalid',
    message: /^wasmAggregator\(5\)/,
  });
  const lost = wasmAggregator(new URL('./lost.as.ts', pathToFileURL(`${folder}/`)), { input: int64(), output: int64() });
  const rows = from(memory([{ n: 1, at: 1 }]), {
    schema: { n: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  }).window(tumbling(minutes(1)));
  await assert.rejects(rows.aggregate((c) => ({ x: lost(c.n) })).toArray(), {
    code: 'file.not-found',
    message: /there is no file .*lost\.as\.ts/,
  });
  const relative = wasmAggregator('./lost.as.ts', { input: int64(), output: int64() });
  await assert.rejects(rows.aggregate((c) => ({ x: relative(c.n) })).toArray(), {
    code: 'plan.invalid',
    message: /outside a job there is no module that the path is relative to; give new URL\('\.\/lost\.as\.ts', import\.meta\.url\)/,
  });
});
