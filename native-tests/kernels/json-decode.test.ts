import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { field } from '../../ts/columns/schema.js';
import { DEFAULT_LIMITS, type Limits } from '../../ts/core/limits.js';
import { Random } from '../../ts/core/random.js';
import type { KernelBuild } from '../../ts/wasm/module.js';
import { decodeJsonLines } from '../../ts/wasm/twins/json.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { checkAgainstTwin, FIELDS, Harness, TIERS } from './json-check.js';

const BUILDS: readonly KernelBuild[] = ['debug', 'scalar', 'simd'];

interface Document {
  readonly accept: boolean;
  readonly bytes: Uint8Array;
  readonly line: string;
}

const DOCUMENTS = readFileSync(new URL('../../../native-tests/golden/json/documents.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Document => ({ accept: line.startsWith('accept '), bytes: bytesOf(line.slice(7)), line }));

function bytesOf(text: string): Uint8Array {
  const expanded = text.replace(/<repeat:(.*?),(\d+)>/g, (_, what: string, n: string) => what.replaceAll('@', ',').repeat(Number(n)));
  const parts = expanded.split(/<([0-9A-F]{2})>/);
  return Buffer.concat(parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : Buffer.from(part, 'hex'))));
}

function lines(...records: readonly (Uint8Array | string)[]): Uint8Array {
  return Buffer.concat(records.flatMap((record) => [Buffer.from(record), Buffer.from('\n')]));
}

function workspace(build: KernelBuild): Workspace {
  return createWorkspace({ build, bytes: 64 << 20 });
}

/** Runs the body with a harness for each tier of each build. */
function everywhere(name: string, body: (make: (fields?: typeof FIELDS, limits?: Partial<Limits>) => Harness) => void): void {
  for (const build of BUILDS)
    test(`${name}, ${build}`, () => {
      const ws = workspace(build);
      for (const tier of TIERS) {
        const made: Harness[] = [];
        const make = (fields = FIELDS, limits: Partial<Limits> = {}): Harness => {
          const harness = new Harness(ws, tier, fields, { ...DEFAULT_LIMITS, ...limits });
          made.push(harness);
          return harness;
        };
        body(make);
        for (const harness of made) harness.close();
      }
    });
}

test('the corpus is what it says', () => {
  assert.ok(DOCUMENTS.length >= 300, `${DOCUMENTS.length} documents`);
  for (const { accept, bytes, line } of DOCUMENTS) {
    const twin = decodeJsonLines(bytes, FIELDS, DEFAULT_LIMITS);
    assert.equal(twin.length === 1 && twin[0]?.values !== undefined, accept, line.slice(0, 200));
  }
});

everywhere('each document alone, with and without a newline', (make) => {
  const harness = make();
  for (const { bytes } of DOCUMENTS) {
    checkAgainstTwin(harness.run(bytes), bytes);
    const ended = lines(bytes);
    checkAgainstTwin(harness.run(ended), ended);
  }
});

everywhere('the whole corpus as one block', (make) => {
  const harness = make();
  const small = DOCUMENTS.filter(({ bytes }) => bytes.length < 4_000).map(({ bytes }) => bytes);
  for (let round = 0; round < 3; round++) {
    const block = lines(...small);
    checkAgainstTwin(harness.run(block), block);
  }
});

for (const build of BUILDS)
  test(`each document among rows of its own shape and of others, ${build}`, () => {
    const ws = workspace(build);
    let fast = 0;
    for (const { bytes, line } of DOCUMENTS) {
      if (bytes.length > 400) continue;
      const harness = new Harness(ws, 'template', FIELDS, DEFAULT_LIMITS, 1 << 14);
      const other = Buffer.from('{"i":5,"s":"other"}');
      const copies = Array.from({ length: 24 + Math.ceil(2_048 / (bytes.length + 1)) }, (_, i) => (i === 20 ? other : bytes));
      const [expected] = decodeJsonLines(bytes, FIELDS, DEFAULT_LIMITS);
      const { rows, bad, counters } = harness.run(lines(...copies));
      assert.equal(bad.length, expected?.values === undefined ? copies.length - 1 : 0, line);
      assert.equal(rows.length, copies.length - bad.length);
      for (const row of rows) if (row.start !== 20 * (bytes.length + 1)) assert.deepEqual(row.values, expected?.values, line);
      fast += counters.templateRows ?? 0;
      harness.close();
    }
    if (build === 'scalar') assert.equal(fast, 0);
    else assert.ok(fast > 5_000, `the template tier took ${fast} rows only`);
  });

everywhere('blocks cut at any place keep their rows and their surroundings', (make) => {
  const harness = make();
  const rows = Array.from(
    { length: 30 },
    (_, i) => `{"l":${i * 1_000},"s":"${'é'.repeat(i)}","t":${1_700_000_000_000 + i},"b":${i % 2 === 0}}`,
  );
  const block = lines(...rows);
  for (let n = 0; n < 400; n += 3) checkAgainstTwin(harness.run(block.subarray(0, n)), block.subarray(0, n));
  checkAgainstTwin(harness.run(new Uint8Array(0)), new Uint8Array(0));
});

everywhere('stripes with bad and blank lines close up, in order', (make) => {
  const harness = make();
  const random = new Random(11);
  for (let round = 0; round < 4; round++) {
    const rows = Array.from({ length: 500 }, (_, i) =>
      random.bool(0.2) ? random.pick(['', '{', '{"s":1}', ' ']) : `{"l":${i},"f":${i}.5,"s":"v${i}","b":${i % 3 === 0},"i":null}`,
    );
    const block = lines(...rows);
    const outcome = harness.run(block);
    checkAgainstTwin(outcome, block);
    assert.deepEqual(
      outcome.bad.map((b) => b.start),
      outcome.bad.map((b) => b.start).sort((a, b) => a - b),
    );
  }
});

everywhere('selected rows are materialised alone', (make) => {
  const harness = make();
  const rows = Array.from(
    { length: 300 },
    (_, i) => `{"l":${i},"i":${i % 7 === 0 ? 'null' : i},"s":"v\\n${i}","b":${i % 3 === 0},"x":"aGk=","f":0.${i}}`,
  );
  const block = lines(...rows);
  const whole = harness.run(block).rows;
  for (const keep of [(row: number) => row % 5 === 0, () => false, (row: number) => row > 250])
    assert.deepEqual(
      harness.run(block, keep).rows,
      whole.filter((_, i) => keep(i)),
    );
});

everywhere('columns that are not nullable refuse rows without a value', (make) => {
  const harness = make([field('i', 'int32'), field('s', 'utf8')]);
  const rows = Array.from({ length: 200 }, (_, i) =>
    i % 10 === 0 ? '{"s":"x"}' : i % 10 === 1 ? '{"i":1,"s":null}' : `{"i":${i},"s":"x"}`,
  );
  const block = lines(...rows);
  const outcome = harness.run(block);
  checkAgainstTwin(outcome, block, [field('i', 'int32'), field('s', 'utf8')]);
  assert.equal(outcome.bad[0]?.reason, 'i: missing');
  assert.equal(outcome.bad[1]?.reason, 's: null, but the column is not nullable');
});

everywhere('reasons speak of the record', (make) => {
  const harness = make(FIELDS, { recordBytes: 300, stringBytes: 20, nestingDepth: 4, fieldsPerRecord: 5 });
  const cases: readonly (readonly [string | Uint8Array, string])[] = [
    ['{"i":"x"}', 'i: expected a whole number, found "x"'],
    ['{"i":2.5}', 'i: expected a whole number, found 2.5'],
    ['{"i":3000000000}', 'i: 3000000000 is out of the range of int32'],
    ['{"f":1e400}', 'f: 1e400 is out of the range of float64'],
    ['{"f":[1,2]}', 'f: expected a number, found [1,2]'],
    ['{"bid":{"price":true}}', 'bid.price: expected a whole number, found true'],
    ['{"t":"soon"}', 't: expected an ISO 8601 time or epoch milliseconds, found "soon"'],
    ['{"at":{"s":"1"}}', 'at.s: expected epoch seconds, found "1"'],
    ['{"x":"?"}', 'x: expected base64, found "?"'],
    ['{"s":"' + 'x'.repeat(21) + '"}', 's: a string longer than 20 bytes (limit stringBytes)'],
    ['{"z":"' + 'x'.repeat(300) + '"}', 'a record longer than 300 bytes (limit recordBytes)'],
    ['{"z":[[[[1]]]]}', 'values nest deeper than 4 at byte 8 (limit nestingDepth)'],
    ['{"a":1,"b":2,"c":3,"d":4,"e":{"f":5}}', 'more than 5 fields (limit fieldsPerRecord)'],
    ['[1]', 'expected a JSON object, found [1]'],
    ['{"i":1]', 'not JSON at byte 6: ]'],
    ['{"i":1', 'not JSON: the record ends early, at byte 6'],
    [Buffer.concat([Buffer.from('{"s":"é'), Buffer.from([0xff]), Buffer.from('"}')]), 'invalid UTF-8 at byte 8'],
  ];
  for (const [record, reason] of cases) assert.equal(harness.run(lines(record)).bad[0]?.reason, reason);
});

everywhere('limits hold in every tier, to the byte', (make) => {
  const limits = { recordBytes: 200, stringBytes: 30, nestingDepth: 5, fieldsPerRecord: 8 };
  const harness = make(FIELDS, limits);
  const string = (n: number): string => `{"l":1,"s":"${'s'.repeat(n)}","z":[1]}`;
  const long = (n: number): string => `{"l":1,"s":"x","z":"${'z'.repeat(n - 22)}"}`;
  const array = (n: number): string => `{"l":1,"s":"x","z":[${Array.from({ length: n }, () => '{"q":1}').join(',')}]}`;
  const deep = (n: number): string => `{"l":1,"s":"x","z":${'['.repeat(n)}${']'.repeat(n)}}`;
  for (const make of [string, long, array, deep]) {
    const sizes = make === string ? [29, 30, 31] : make === long ? [199, 200, 201] : make === array ? [4, 5, 6] : [3, 4, 5];
    for (let round = 0; round < 2; round++) {
      const rows = Array.from({ length: 200 }, (_, i) => make(i % 4 === 3 ? (sizes[(i >> 2) % 3] as number) : (sizes[0] as number)));
      const block = lines(...rows);
      const outcome = harness.run(block);
      checkAgainstTwin(outcome, block, FIELDS, { ...DEFAULT_LIMITS, ...limits });
      assert.ok(outcome.bad.length > 10 && outcome.rows.length > 100);
    }
  }
  const escaped = `{"s":"${'\\u0041'.repeat(30)}"}`;
  checkAgainstTwin(harness.run(lines(escaped, escaped.replace('A', 'AA'))), lines(escaped, escaped.replace('A', 'AA')), FIELDS, {
    ...DEFAULT_LIMITS,
    ...limits,
  });
});

everywhere('two columns of one path, and a path below another', (make) => {
  const fields = [
    field('n', 'int32', true),
    { ...field('copy', 'float64', true), path: 'n' },
    { ...field('inner', 'int32', true), path: 'o.n' },
    { ...field('o', 'utf8', true), path: 'o' },
  ];
  const harness = make(fields);
  const block = lines('{"n":1}', '{"n":2,"o":"x"}', '{"o":{"n":3}}', '{"n":2.5}', '{"o":null,"n":null}');
  checkAgainstTwin(harness.run(block), block, fields);
});

test('rows of several shapes, wide rows and changing shapes stay off the exact tier', () => {
  const ws = workspace('simd');
  const shapes = [
    (i: number) => `{"l":${i},"s":"a${i}"}`,
    (i: number) => `{"i":${i},"f":${i}.25,"b":true}`,
    (i: number) => `{"t":"2024-05-17T10:20:30.${100 + (i % 900)}Z","x":"aGk=","tags":[${i},${i}]}`,
    (i: number) => `{"l":-${i},"i":null,"note":${i % 2 === 0 ? 'null' : 'true'}}`,
    (i: number) => `{${Array.from({ length: 120 }, (_, k) => `"field${k}":${i + k}.5`).join(',')},"l":${i}}`,
  ];
  const harness = new Harness(ws, 'template');
  const blockOf = (shape: (i: number) => number): Uint8Array =>
    lines(...Array.from({ length: 300 }, (_, i) => (shapes[shape(i)] as (i: number) => string)(i)));
  const one = shapes.map((_, k) => blockOf(() => k));
  const mixed = blockOf((i) => i % shapes.length);
  const share = (counter: string, blocks: readonly Uint8Array[]): number => {
    const before = { ...harness.run(new Uint8Array(0)).counters };
    for (const block of blocks) checkAgainstTwin(harness.run(block), block);
    const after = harness.run(new Uint8Array(0)).counters;
    return ((after[counter] ?? 0) - (before[counter] ?? 0)) / ((after.rows ?? 0) - (before.rows ?? 0));
  };
  share('rows', one);
  assert.equal(share('exactRows', one), 0, 'shapes that are known');
  assert.ok(share('templateRows', [one[0], one[0], one[0]] as Uint8Array[]) > 0.6, 'a shape that stays');
  assert.ok(share('templateRows', [one[4], one[4], one[4]] as Uint8Array[]) > 0.6, 'wide rows that stay');
  assert.equal(share('exactRows', [mixed, mixed]), 0, 'shapes that alternate');
});
