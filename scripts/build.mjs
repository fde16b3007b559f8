// Builds kernels (AssemblyScript -> dist/kernels/*.wasm), their typed exports, and the TypeScript.
// usage: build.mjs [--kernels-only] [--targets debug,scalar,simd,simd.mt]
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeKernelTypes } from './kernel-types.mjs';

const args = process.argv.slice(2);
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const all = ['debug', 'scalar', 'simd', 'simd.mt'];
const targets = option('--targets')?.split(',') ?? all;

function run(command, parameters) {
  const done = spawnSync(process.execPath, [command, ...parameters], { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') || path.endsWith('.json'));
}

if (existsSync('scripts/generate.mjs')) run('scripts/generate.mjs', []);

const hash = createHash('sha256');
for (const path of ['asconfig.json', 'package-lock.json', ...filesBelow('assembly')])
  if (existsSync(path)) hash.update(path).update(readFileSync(path));
const stamp = hash.digest('hex');
mkdirSync('dist/kernels', { recursive: true });
mkdirSync('.cache', { recursive: true });
for (const target of targets) {
  const mark = `.cache/kernels-${target}`;
  const out = `dist/kernels/${target}.wasm`;
  if (existsSync(out) && existsSync(mark) && readFileSync(mark, 'utf8') === stamp) continue;
  rmSync(out, { force: true }); // a failed compile must not leave the old module behind
  run('node_modules/assemblyscript/bin/asc.js', ['--config', 'asconfig.json', '--target', target]);
  writeFileSync(mark, stamp);
}
writeKernelTypes(`dist/kernels/${targets.includes('simd') ? 'simd' : targets[0]}.wasm`, 'ts/wasm/generated/kernels.ts');
if (!args.includes('--kernels-only')) {
  run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json']);
  // AssemblyScript of examples and tests is read where their modules run.
  for (const path of ['docs/examples', 'native-tests'].flatMap(filesBelow)) {
    if (!path.endsWith('.as.ts')) continue;
    mkdirSync(dirname(join('dist', path)), { recursive: true });
    copyFileSync(path, join('dist', path));
  }
}
