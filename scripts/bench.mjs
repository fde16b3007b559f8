// Builds and runs the benches of bench/, or those whose path holds one of the given parts: `npm run bench -- group`.
// usage: bench.mjs [part ...] [--small] [--json out.json] [--no-build]     other options go to the benches: --rows 5000000
// Each bench runs in a process of its own. Results, with the machine's facts, go to .cache/bench/last.json unless --json says otherwise.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const args = process.argv.slice(2);
const flag = (name) => args.includes(name) && args.splice(args.indexOf(name), 1).length > 0;
const valueOf = (name) => (args.includes(name) ? args.splice(args.indexOf(name), 2)[1] : undefined);
const out = valueOf('--json') ?? '.cache/bench/last.json';
const rows = valueOf('--rows');
const small = flag('--small');
const build = !flag('--no-build');
const unknown = args.find((arg) => arg.startsWith('--'));
if (unknown) throw new Error(`${unknown} is not an option of bench.mjs; it takes --small, --json, --rows, --no-build and parts of paths`);

if (build) {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const benches = readdirSync('dist/bench', { recursive: true })
  .map((name) => join('dist/bench', String(name)))
  .filter((path) => path.endsWith('.bench.js') && existsSync(relative('dist', path).replace(/\.js$/, '.ts')))
  .filter((path) => args.length === 0 || args.some((part) => path.includes(part)))
  .sort();
if (benches.length === 0) {
  console.error(`no bench matches ${args.join(' ') || 'bench/**/*.bench.ts'}`);
  process.exit(1);
}

const suites = [];
const one = `.cache/bench/suite-${process.pid}.json`;
const options = ['--json', one, ...(small ? ['--small'] : []), ...(rows === undefined ? [] : ['--rows', rows])];
for (const bench of benches) {
  console.log(`\n# ${relative('dist/bench', bench).replace(/\.bench\.js$/, '')}`);
  const done = spawnSync(process.execPath, ['--expose-gc', bench, ...options], { stdio: 'inherit' });
  if (done.status === 0) suites.push(JSON.parse(readFileSync(one, 'utf8')));
  else process.exitCode = done.status ?? 1;
}
rmSync(one, { force: true });
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, `${JSON.stringify(suites, undefined, 1)}\n`);
const facts = suites[0]?.machine;
if (facts !== undefined) {
  const noise = suites.some((suite) => suite.machine.noisy) ? 'others were at work: trust the ratios, not the rates' : 'quiet';
  console.log(`\n${facts.cpu}, ${facts.cores} cores, Node ${facts.node}, ${facts.date}; ${noise}. Written to ${out}.`);
}
