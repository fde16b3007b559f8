// Builds, finds the compiled tests and runs them with node:test, one process a file.
// usage: test.mjs [--no-build] [--verbose] [--timeout seconds-per-file] [path part ...]
// The last line is `tests: N passed, N failed, N skipped`; the exit code is 0 only when nothing failed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

const ROOTS = ['ts', 'native-tests', 'bench', 'docs/examples'];
const args = process.argv.slice(2);
const flag = (name) => args.includes(name) && args.splice(args.indexOf(name), 1).length > 0;
const skipBuild = flag('--no-build');
const verbose = flag('--verbose');
const timeoutSeconds = args.includes('--timeout') ? Number(args.splice(args.indexOf('--timeout'), 2)[1]) : 240;
if (!(timeoutSeconds > 0)) throw new Error('--timeout takes a number of seconds above 0, for example --timeout 60');
const unknown = args.find((arg) => arg.startsWith('--'));
if (unknown) throw new Error(`${unknown} is not an option of test.mjs; it takes --no-build, --verbose, --timeout and parts of paths`);

if (!skipBuild) {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  if (built.status !== 0) {
    console.log('the build failed, no test was run\ntests: 0 passed, 1 failed, 0 skipped');
    process.exit(1);
  }
}

const files = ROOTS.flatMap(testFilesOf).filter((file) => args.length === 0 || args.some((part) => file.includes(part)));
if (files.length === 0) {
  console.log(`no test file matches ${args.join(' ') || ROOTS.join(', ')}\ntests: 0 passed, 1 failed, 0 skipped`);
  process.exit(1);
}

const started = performance.now();
const totals = await runAll();
const failed = totals.fail + totals.cancelled;
// A file that never reported a test must not look like a success.
const silent = totals.tests === 0;
if (silent) console.log('the runner reported no test at all');
console.log(`${files.length} files on Node ${process.version}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.log(`tests: ${totals.pass} passed, ${failed + (silent ? 1 : 0)} failed, ${totals.skipped + totals.todo} skipped`);
process.exitCode = failed > 0 || silent ? 1 : 0;

/** Compiled test files whose source still exists: an old one left in dist/ is not run. */
function testFilesOf(root) {
  const folder = join('dist', root);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.test.js') && existsSync(relative('dist', path).replace(/\.js$/, '.ts')))
    .sort();
}

async function runAll() {
  const counted = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  const perFile = new Map();
  for await (const { type, data } of run({
    files: files.map((file) => join(process.cwd(), file)),
    concurrency: 2,
    timeout: timeoutSeconds * 1000,
  })) {
    if (type === 'test:diagnostic') {
      const [name, value] = data.message.split(' ');
      if (data.nesting === 0 && Object.hasOwn(counted, name)) counted[name] = Number(value);
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      process.stdout.write(data.message);
    } else if (type === 'test:pass' || type === 'test:fail') {
      report(type === 'test:pass', data, perFile);
    }
  }
  const slowest = [...perFile].sort((a, b) => b[1].ms - a[1].ms).slice(0, 5);
  console.log(`slowest files: ${slowest.map(([file, { ms }]) => `${file} ${(ms / 1000).toFixed(1)} s`).join(', ')}`);
  return counted;
}

function report(passed, data, perFile) {
  const file = relative(process.cwd(), data.file ?? data.name);
  const isFile = data.nesting === 0 && (data.name === data.file || data.name.endsWith('.test.js'));
  const seen = perFile.get(file) ?? { ms: 0 };
  if (data.nesting === 0) seen.ms += data.details.duration_ms;
  perFile.set(file, seen);
  if (passed) {
    const mark = data.skip === undefined ? 'ok' : 'skipped';
    const reason = typeof data.skip === 'string' && data.skip ? ` (${data.skip})` : '';
    if (verbose || data.nesting === 0) {
      const shown = isFile ? file : `${file} > ${'  '.repeat(data.nesting)}${data.name}`;
      console.log(`${mark} ${shown}${reason} ${Math.round(data.details.duration_ms)} ms`);
    }
    return;
  }
  console.log(`FAILED ${file}${data.line ? `:${data.line}` : ''} > ${data.name}`);
  const error = data.details.error;
  // A parent that only reports that its children failed adds nothing to what they said.
  if (error?.failureType === 'subtestsFailed') return;
  const cause = typeof error?.cause === 'object' ? inspect(error.cause, { depth: 4 }) : `${error?.cause ?? error}`;
  const exit = error?.exitCode
    ? ` (its process ended with code ${error.exitCode})`
    : error?.signal
      ? ` (its process got ${error.signal})`
      : '';
  console.log(`${cause}${exit}`.replace(/^/gm, '    '));
}
