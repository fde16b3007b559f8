import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { apiSurface } from './api-surface.js';

const SNAPSHOT = 'docs/api-surface.txt';
const HEADER = `The public surface, as the compiler sees it. A test compares it; UPDATE_SNAPSHOTS=1 npm test -- api-surface writes it anew.\n`;
const read = (path: string) => readFileSync(path, 'utf8');

test('the public surface is the one that was reviewed', () => {
  const entries = { millrace: 'dist/ts/index.d.ts', 'millrace/testing': 'dist/ts/testing/index.d.ts' };
  const parts = Object.entries(entries).map(([name, path]) => `\n=== ${name} ===\n\n${apiSurface(path, read)}`);
  const surface = HEADER + parts.join('');
  if (process.env.UPDATE_SNAPSHOTS === '1') writeFileSync(SNAPSHOT, surface);
  const reviewed = existsSync(SNAPSHOT) ? read(SNAPSHOT) : '';
  assert.equal(surface, reviewed, `${SNAPSHOT} differs: look at what changed for users, then write it with UPDATE_SNAPSHOTS=1`);
});

const files: Readonly<Record<string, string>> = {
  'a/index.d.ts': [
    "export { one, type Two, three as drei } from './lib/x.js';",
    "export type { Five } from './lib/x.js';",
    "export * from './all.js';",
    "export { Table } from 'apache-arrow';",
    'export {};',
  ].join('\n'),
  'a/all.d.ts':
    "import type { Two } from './lib/x.js';\n/** Sums; really. */\nexport declare function sum(a: number): Two;\nexport declare function sum(a: bigint): Two;",
  'a/lib/x.d.ts': [
    'export declare const one: "a;b";',
    'export interface Two {',
    '    /** private matters { */',
    '    readonly a: { b: number; };',
    '}',
    'declare const three: 3;',
    'export { three };',
    "export { Five } from './y.js';",
    'export declare const hidden = 1;',
  ].join('\n'),
  'a/lib/y.d.ts': 'export declare class Five<T = {}> {\n    #private;\n    private secret;\n    five(): T;\n}',
};
const readMade = (path: string) => files[path] ?? assert.fail(`${path} is not there`);

test('a surface is followed through every sort of export', () => {
  assert.equal(
    apiSurface('a/index.d.ts', readMade),
    [
      'class Five<T = {}> {\n    five(): T;\n}\n',
      'Table: Table of apache-arrow\n',
      'interface Two {\n    readonly a: { b: number; };\n}\n',
      'drei = const three: 3;\n',
      'const one: "a;b";\n',
      'function sum(a: number): Two;\nfunction sum(a: bigint): Two;\n',
    ].join('\n'),
  );
});

test('a changed signature, a new name and a lost one all show', () => {
  const surface = apiSurface('a/index.d.ts', readMade);
  const changed = (path: string, from: string, to: string) =>
    apiSurface('a/index.d.ts', (each) => (each === path ? readMade(path).replace(from, to) : readMade(each)));
  assert.notEqual(changed('a/all.d.ts', 'a: number', 'a: string'), surface);
  assert.notEqual(changed('a/lib/y.d.ts', 'five(): T', 'five(): T | undefined'), surface);
  assert.notEqual(changed('a/index.d.ts', 'one, ', ''), surface);
  assert.notEqual(changed('a/index.d.ts', 'one, ', 'one, hidden, '), surface);
  assert.equal(changed('a/lib/y.d.ts', 'private secret', 'private other'), surface);
  assert.throws(() => changed('a/index.d.ts', 'one, ', 'won, '), /does not export won/);
});
