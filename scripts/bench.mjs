// Builds and runs every bench of bench/ (or those whose path holds one of the given parts): `npm run bench -- group`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const parts = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const options = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
const benches = readdirSync('dist/bench', { recursive: true })
  .map((name) => join('dist/bench', String(name)))
  .filter((path) => path.endsWith('.bench.js') && existsSync(relative('dist', path).replace(/\.js$/, '.ts')))
  .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
  .sort();
if (benches.length === 0) {
  console.error(`no bench matches ${parts.join(' ') || 'bench/**/*.bench.ts'}`);
  process.exit(1);
}
for (const bench of benches) {
  console.log(`\n# ${relative('dist', bench).replace(/\.bench\.js$/, '')}`);
  const done = spawnSync(process.execPath, ['--expose-gc', bench, ...options], { stdio: 'inherit' });
  if (done.status !== 0) process.exitCode = done.status ?? 1;
}
