import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { brokenManifest, brokenPack, type Manifest } from './package-rules.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

test('the manifest names exact versions, its licence, and types before code', () => {
  assert.deepEqual(brokenManifest(manifest), []);
});

test('each fault of a manifest is caught', () => {
  const faults: readonly [Partial<Manifest>, RegExp][] = [
    [{ dependencies: { piscina: '^5.0.0' } }, /piscina: \^5\.0\.0 is not one version/],
    [{ devDependencies: { typescript: 'latest' } }, /typescript: latest is not one version/],
    [{ dependencies: { ...manifest.dependencies, 'left-pad': '1.3.0' } }, /left-pad has no reason in docs\/RATIONALE\.md/],
    [{ exports: { '.': { default: './dist/ts/index.js', types: './dist/ts/index.d.ts' } } }, /types must come first/],
    [{ license: 'MIT' }, /license/],
    [{ engines: { node: '>=18' } }, /engines/],
    [{ type: 'commonjs' }, /type/],
  ];
  for (const [fault, message] of faults) {
    const offences = brokenManifest({ ...manifest, ...fault });
    assert.ok(
      offences.some((each) => message.test(each)),
      `${message} is not among: ${offences.join('; ')}`,
    );
  }
});

const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command and gives its standard output; its failure is the test's failure, with all it said. */
function run(cwd: string, command: string, ...args: string[]): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 60_000 });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}\n${done.stdout}\n${done.stderr}\n${done.error?.message ?? ''}`);
  return done.stdout;
}

let packed: { filename: string; files: { path: string; size: number }[] };

test('the package holds what a user needs, and no tests', () => {
  const [made] = JSON.parse(run('.', 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as [typeof packed];
  packed = made;
  assert.deepEqual(
    brokenPack(
      packed.files.map((file) => file.path),
      manifest,
    ),
    [],
  );
});

test('each fault of a packed file list is caught', () => {
  const files = packed.files.map((file) => file.path);
  assert.match(brokenPack([...files, 'dist/ts/plan/plan.test.js'], manifest)[0] ?? '', /plan\.test\.js is for development/);
  assert.match(brokenPack([...files, 'native-tests/tidy/layers.ts'], manifest)[0] ?? '', /is for development/);
  for (const path of ['dist/kernels/simd.wasm', 'dist/ts/index.d.ts', 'LICENSE', 'README.md']) {
    assert.match(
      brokenPack(
        files.filter((file) => file !== path),
        manifest,
      )[0] ?? '',
      new RegExp(`${path} is missing`),
    );
  }
});

const JOB = `import { collect, count, job, memory, outOfOrder, seconds, sum, timestamp, tumbling, utf8, int64 } from 'millrace';

const clicks = [
  { user: 'a', amount: 3n, at: 1_000 },
  { user: 'b', amount: 4n, at: 2_000 },
  { user: 'a', amount: 5n, at: 9_999 },
  { user: 'a', amount: 6n, at: 10_000 },
];

export const perUser = job(import.meta, 'per-user', (env) => {
  const source = env.from(memory(clicks), {
    schema: { user: utf8(), amount: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const totals = source.keyBy('user').window(tumbling(seconds(10))).aggregate((c) => ({ clicks: count(), total: sum(c.amount) }));
  return { source, totals: totals.to(collect()) };
});
`;
const MAIN = `import { run } from 'millrace';
import { perUser } from './job.js';

const handle = await run(perUser, { lanes: 2 });
await handle.done;
const rows = handle.take('totals').map(({ user, windowStart, clicks, total }) => [windowStart, user, clicks, total].join(' '));
console.log(rows.sort().join(', '));
`;
const TESTED = `import { testDriver } from 'millrace/testing';
import { perUser } from './job.js';

const driver = await testDriver(perUser, { lanes: 2 });
await driver.send('source', [{ user: 'a', amount: 1, at: 5 }, { user: 'b', amount: 2, at: 6 }]);
await driver.checkpointAndRestore({ lanes: 3 });
await driver.end();
console.log(driver.take('totals').length);
await driver.close();
`;

test('it installs into an empty folder, compiles with its types and runs a windowed job there', () => {
  const app = join(folder, 'app');
  const files: Readonly<Record<string, string>> = {
    'package.json': JSON.stringify({ name: 'app', private: true, type: 'module' }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        outDir: 'out',
        types: ['node'],
        skipLibCheck: false,
      },
      files: ['job.ts', 'main.ts', 'tested.ts'],
    }),
    'job.ts': JOB,
    'main.ts': MAIN,
    'tested.ts': TESTED,
  };
  run(folder, 'mkdir', 'app');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
  const types = `@types/node@${manifest.devDependencies['@types/node']}`;
  run(app, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, packed.filename), types);
  assert.ok(!existsSync(join(app, 'node_modules/typescript')), 'nothing for development is installed');
  run(app, process.execPath, resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json');
  assert.equal(run(app, process.execPath, 'out/main.js').trim(), '0 a 2 8, 0 b 1 4, 10000 a 1 6');
  assert.equal(run(app, process.execPath, 'out/tested.js').trim(), '2');
  const bin = readdirSync(join(app, 'node_modules/.bin'));
  assert.ok(bin.includes('millrace'), 'the command is installed');
  assert.match(run(app, join(app, 'node_modules/.bin/millrace'), '--help'), /millrace run/);
});
