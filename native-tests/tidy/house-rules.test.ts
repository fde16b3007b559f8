import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  deadPaths,
  fileNames,
  fileSize,
  functionLengths,
  lineLength,
  longFunctions,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  MAX_LINE_LENGTH,
  noBannedCalls,
  noBarrels,
  noCommentedOutCode,
  noMachinePaths,
  nothingUnfinished,
  type Rule,
  strayTests,
} from './house-rules.js';
import { isTest, readSources, type SourceFile, sourceFile } from './source-files.js';

const engine = readSources(['ts'], ['.ts']);
const kernels = readSources(['assembly'], ['.ts']);
const scripts = readSources(['scripts', '.ci'], ['.mjs', 'run']);
/** Programs that must not compile stand in numbered lines. */
const proofs = readSources(['native-tests', 'bench', 'docs/examples'], ['.ts', '.mjs']).filter((file) => !file.path.endsWith('/wrong.ts'));
const pages = readSources(['docs', 'README.md'], ['.md']);
const written = [...engine, ...kernels, ...scripts, ...proofs];

/** Functions that were longer than the limit when it was set. Numbers may only go down. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {};

/** A rule, what it reads, and files that it must and must not refuse. */
const RULES: readonly {
  name: string;
  rule: Rule;
  over: readonly SourceFile[];
  refuses: readonly SourceFile[];
  accepts: readonly SourceFile[];
}[] = [
  {
    name: 'clocks, chance, timers, the process and the console are used by adapters only',
    rule: noBannedCalls,
    over: engine,
    refuses: [
      ...[
        'Date.now()',
        'new Date()',
        'performance.now()',
        'Math.random()',
        'setTimeout(f, 1)',
        'process.env.HOME',
        'console.log(1)',
        'eval(s)',
      ].map((call) => sourceFile('ts/runtime/a.ts', `const a = ${call};`)),
      sourceFile('ts/plan/a.ts', 'export default function a() {}'),
      sourceFile('ts/plan/a.ts', 'export enum Kind {'),
      sourceFile('ts/plan/a.ts', 'let a: any;'),
      sourceFile('ts/plan/a.ts', 'const a = b as any;'),
      sourceFile('ts/plan/a.ts', 'const a = `${Date.now()}`;'),
    ],
    accepts: [
      sourceFile('ts/core/node-host.ts', 'const a = Date.now();'),
      sourceFile('ts/runtime/a.test.ts', 'const a = Date.now();'),
      sourceFile(
        'ts/runtime/a.ts',
        '// unlike Date.now(), this',
        "const a = 'Math.random()';",
        'const b = new Date(ms);',
        'let many: unknown;',
      ),
    ],
  },
  {
    name: 'only the public surface gathers exports',
    rule: noBarrels,
    over: engine,
    refuses: [
      sourceFile('ts/plan/a.ts', "export * from './b.js';", 'export const c = 1;'),
      sourceFile('ts/plan/a.ts', "export { a } from './b.js';", "export type { c } from './d.js';"),
    ],
    accepts: [
      sourceFile('ts/index.ts', "export * from './api/a.js';"),
      sourceFile('ts/plan/a.ts', "export type { B } from './b.js';", 'export const c = 1;'),
    ],
  },
  {
    name: `a file has at most ${MAX_FILE_LINES} lines`,
    rule: fileSize,
    over: [...engine, ...scripts, ...proofs],
    refuses: [sourceFile('ts/plan/a.ts', '\n'.repeat(MAX_FILE_LINES))],
    accepts: [sourceFile('ts/plan/a.ts', '\n'.repeat(MAX_FILE_LINES - 1))],
  },
  {
    name: `a line has at most ${MAX_LINE_LENGTH} characters`,
    rule: lineLength,
    over: written,
    refuses: [sourceFile('ts/plan/a.ts', `// ${'x'.repeat(MAX_LINE_LENGTH)}`)],
    accepts: [sourceFile('ts/plan/a.ts', 'x'.repeat(MAX_LINE_LENGTH))],
  },
  {
    name: 'nothing is marked as unfinished',
    rule: nothingUnfinished,
    over: [...written, ...pages],
    refuses: [sourceFile('ts/plan/a.ts', `// ${'TO'}DO: later`), sourceFile('docs/a.md', `${'FIX'}ME`)],
    accepts: [sourceFile('ts/plan/a.ts', '// what is to do')],
  },
  {
    name: 'no path of one machine',
    rule: noMachinePaths,
    over: [...written, ...pages],
    refuses: [sourceFile('ts/plan/a.ts', `const a = '/${'home'}/someone/a.ndjson';`), sourceFile('docs/a.md', `see /${'Users'}/someone`)],
    accepts: [sourceFile('ts/plan/a.ts', "const a = 'https://example.org/home/x';", "const b = '/tmp/bids.ndjson';")],
  },
  {
    name: 'no commented-out code',
    rule: noCommentedOutCode,
    over: written,
    refuses: [sourceFile('ts/plan/a.ts', '// const a = 1;', '// return a;')],
    accepts: [sourceFile('ts/plan/a.ts', '// the first half; then', '// the second one')],
  },
  {
    name: 'files are named in kebab-case',
    rule: fileNames,
    over: [...written, ...pages],
    refuses: [sourceFile('ts/plan/planNode.ts'), sourceFile('ts/Plan/node.ts'), sourceFile('ts/plan/plan_node.ts')],
    accepts: [sourceFile('ts/plan/plan-node.test-d.ts'), sourceFile('.ci/run'), sourceFile('docs/STYLE.md')],
  },
];

for (const { name, rule, over, refuses, accepts } of RULES) {
  test(name, () => {
    assert.ok(over.length > 0, 'there are files to read');
    for (const file of refuses) assert.notDeepEqual(rule(file), [], `the rule must refuse ${file.path}: ${file.text.slice(0, 60)}`);
    for (const file of accepts) assert.deepEqual(rule(file), []);
    assert.deepEqual(over.flatMap(rule), []);
  });
}

const body = (lines: number) => Array.from({ length: lines }, () => '    step();');

test('functions keep to their length, and known long ones only shrink', () => {
  const long = sourceFile('ts/plan/a.ts', 'export function a(): void {', ...body(MAX_FUNCTION_LINES), '}');
  const method = sourceFile(
    'ts/plan/b.ts',
    'class B {',
    '  async #run(x: number): Promise<void> {',
    ...body(MAX_FUNCTION_LINES),
    '  }',
    '}',
  );
  const arrow = sourceFile('ts/plan/c.ts', 'const c = (x: number) => {', ...body(MAX_FUNCTION_LINES), '};');
  const short = sourceFile('ts/plan/d.ts', 'function d() {', ...body(MAX_FUNCTION_LINES - 2), '}');
  for (const file of [long, method, arrow]) assert.equal(longFunctions([file], {}).length, 1, file.path);
  assert.deepEqual(functionLengths(method), [{ name: '#run', line: 2, lines: MAX_FUNCTION_LINES + 2 }]);
  assert.deepEqual(longFunctions([short], {}), []);
  assert.deepEqual(longFunctions([long], { 'ts/plan/a.ts a': MAX_FUNCTION_LINES + 2 }), []);
  assert.equal(longFunctions([long], { 'ts/plan/a.ts a': MAX_FUNCTION_LINES + 1 }).length, 1);
  assert.equal(longFunctions([short], { 'ts/plan/d.ts d': 100 }).length, 1);
  assert.deepEqual(
    longFunctions(
      engine.filter((file) => !isTest(file.path)),
      LONG_FUNCTIONS,
    ),
    [],
  );
});

test('tests stand beside what they test', () => {
  assert.equal(strayTests([sourceFile('ts/plan/b.test.ts', "import { b } from '../build/b.js';", "import '../build/c.js';")]).length, 1);
  assert.deepEqual(strayTests([sourceFile('ts/plan/b.test.ts', "import { b } from './b.js';")]), []);
  assert.deepEqual(strayTests(engine), []);
});

test('what pages name is there', () => {
  const page = sourceFile(
    'docs/A.md',
    'see `ts/plan/plan.ts` and [style](STYLE.md#shape), not `ts/plan/lost.ts`',
    'nor [this](LOST.md), https://a.example/b is no path',
  );
  const tree = new Set(['ts/plan/plan.ts', 'docs/STYLE.md']);
  assert.deepEqual(
    deadPaths(page, (path) => tree.has(path)),
    ['docs/A.md:1: there is no ts/plan/lost.ts', 'docs/A.md:2: there is no docs/LOST.md'],
  );
  assert.deepEqual(
    pages.flatMap((each) => deadPaths(each, existsSync)),
    [],
  );
});
