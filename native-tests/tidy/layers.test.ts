import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brokenLayers, importCycles, LAYERS, unreachedFiles } from './layers.js';
import { codeOnly, importsOf, isTest, readSources, sourceFile } from './source-files.js';

const files = readSources(['ts'], ['.ts']);

test('layers import only what the table of layers allows', () => {
  assert.ok(files.length > 10, 'the sources were found');
  assert.deepEqual(brokenLayers(files), []);
});

test('a forbidden import of each sort is caught', () => {
  const offence = (path: string, line: string) => brokenLayers([operator, sourceFile(path, '', line)]);
  const operator = sourceFile('ts/operators/sort.ts', 'export class Sort implements Operator {}');
  assert.match(
    offence('ts/columns/a.ts', "import { x } from '../wasm/arena.js';")[0] ?? '',
    /^ts\/columns\/a\.ts:2: columns may not import wasm\/arena\.ts/,
  );
  assert.match(offence('ts/core/a.ts', "import type { x } from '../columns/batch.js';")[0] ?? '', /core may not import/);
  assert.match(offence('ts/plan/a.ts', "import { x } from '../columns/batch.js';")[0] ?? '', /plan may not import columns\/batch/);
  assert.match(offence('ts/runtime/a.ts', "export { x } from '../plan/plan.js';")[0] ?? '', /runtime may not import plan/);
  assert.match(offence('ts/runtime/a.ts', "import { Sort } from '../operators/sort.js';")[0] ?? '', /runtime may not import operators/);
  assert.match(offence('ts/operators/a.ts', "import { Sort } from './sort.js';")[0] ?? '', /an operator imports another operator/);
  assert.match(offence('ts/state/a.ts', "const x = await import('../build/build.js');")[0] ?? '', /state may not import build/);
  assert.match(offence('ts/operators/a.ts', "import { readFileSync } from 'node:fs';")[0] ?? '', /node:fs may be used in/);
  assert.match(offence('ts/runtime/a.ts', "import lodash from 'lodash/fp';")[0] ?? '', /not among PACKAGES/);
  assert.match(offence('ts/api/a.ts', "import { x } from '../../bench/harness.js';")[0] ?? '', /leads out of ts/);
  assert.match(offence('ts/core/a.ts', "import { x } from './b.test.js';")[0] ?? '', /is a test/);
  assert.match(offence('ts/extras/a.ts', '')[0] ?? '', /extras is no layer/);
  assert.deepEqual(offence('ts/plan/a.ts', "import { x } from '../columns/schema.js';"), []);
  assert.deepEqual(offence('ts/plan/a.ts', "// import { x } from '../wasm/arena.js';"), []);
});

test('no file imports itself by way of others', () => {
  assert.deepEqual(importCycles(files), []);
});

test('a cycle of three files is caught', () => {
  const ring = [
    sourceFile('ts/core/a.ts', "import { b } from './b.js';"),
    sourceFile('ts/core/b.ts', "import type { c } from './c.js';"),
    sourceFile('ts/core/c.ts', "export { a } from './a.js';"),
    sourceFile('ts/core/d.ts', "import { a } from './a.js';"),
  ];
  assert.deepEqual(importCycles(ring), [
    'ts/core/a.ts -> ts/core/b.ts -> ts/core/c.ts -> ts/core/a.ts is a cycle of imports; move what both need to a third file',
  ]);
  assert.deepEqual(importCycles(ring.slice(1)), []);
});

/** Made for what comes next: reference-counted keys, for keyed state that outlives windows. */
const AHEAD = ['ts/state/key-table.ts'];

test('every file is used by something other than its own test', () => {
  const others = readSources(['native-tests', 'bench', 'docs/examples'], ['.ts']);
  const published = ['ts/index.ts', 'ts/testing/index.ts', 'ts/cli/main.ts'];
  const tests = [...files.filter((file) => isTest(file.path)), ...others].map((file) => file.path);
  assert.deepEqual(unreachedFiles([...files, ...others], [...published, ...tests, ...AHEAD]), []);
  const unused = unreachedFiles(files, published).map((offence) => offence.split(':')[0]);
  for (const path of AHEAD) assert.ok(unused.includes(path), `${path} is in use now: take it off the list`);
});

test('a file that nothing uses is caught, one that a worker loads is not', () => {
  const some = [
    sourceFile('ts/index.ts', "export { a } from './api/a.js';"),
    sourceFile('ts/api/a.ts', "export const a = new URL('./worker.js', import.meta.url);"),
    sourceFile('ts/api/worker.ts'),
    sourceFile('ts/api/idle.ts'),
    sourceFile('ts/api/idle.test.ts', "import './idle.js';"),
  ];
  assert.deepEqual(unreachedFiles(some, ['ts/index.ts', 'ts/api/idle.test.ts']), [
    'ts/api/idle.ts: nothing but its own test imports this file; use it or remove it',
  ]);
});

test('imports are read from code, in every form, and not from text', () => {
  const file = sourceFile(
    'ts/core/a.ts',
    "import a from './a.js'; // import './not.js'",
    'import type {',
    '  B,',
    "} from './b.js';",
    "import './c.js';",
    "export * from './d.js';",
    "export const e = 'from ./e.js';",
    "const f = `import './no.js' ${await import('./f.js')}`;",
    "import { type G, type H } from './g.js';",
    "/* import './no.js' */ const r = /import '.\\/no.js'/;",
  );
  assert.deepEqual(
    importsOf(file).map(({ from, line, kind, typeOnly }) => `${line} ${kind}${typeOnly ? ' type' : ''} ${from}`),
    ['1 import ./a.js', '4 import type ./b.js', '5 import ./c.js', '6 export-all ./d.js', '9 import type ./g.js', '8 dynamic ./f.js'],
  );
  assert.equal(codeOnly("a(/'\\//g, 'x`' + b / 2 / c); // d"), "a(/   /g, '  ' + b / 2 / c);     ");
});

test('docs/ARCHITECTURE.md tells the same layers', () => {
  const rows = [...readFileSync('docs/ARCHITECTURE.md', 'utf8').matchAll(/^\| `(\w+)` \| [^|]+ \|([^|]*)\|$/gm)];
  const told = Object.fromEntries(rows.map(([, layer, uses]) => [layer, (uses ?? '').trim()]));
  const ruled = Object.entries(LAYERS).filter(([layer]) => layer !== 'index.ts');
  assert.deepEqual(told, Object.fromEntries(ruled.map(([layer, uses]) => [layer, uses.join(', ')])));
});
