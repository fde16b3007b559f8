import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../../..');
const HERE = join(ROOT, 'native-tests/types');
/** About 22,000 when this was written. Without a ceiling, one careless type can make every editor slow. */
const MOST_INSTANTIATIONS = 60_000;

/** Compiles files against the declarations that are published, as strictly as a careful user would. */
function compile(files: readonly string[], ...flags: readonly string[]): string {
  const folder = mkdtempSync(join(ROOT, '.cache/types-'));
  try {
    const compilerOptions = {
      strict: true,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      noEmit: true,
      skipLibCheck: true,
      types: [],
      pretty: false,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      paths: { millrace: [join(ROOT, 'dist/ts/index.d.ts')], 'millrace/testing': [join(ROOT, 'dist/ts/testing/index.d.ts')] },
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, ...flags], { cwd: ROOT, encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The compiler's errors by line: `error TS…` with its indented continuation. */
function errorsByLine(output: string): Map<number, string[]> {
  const errors = new Map<number, string[]>();
  let current: string[] | undefined;
  for (const line of output.split('\n')) {
    const head = /^[^\s(][^(]*\((\d+),\d+\): (error .*)$/.exec(line);
    if (head !== null) {
      current = errors.get(Number(head[1])) ?? [];
      errors.set(Number(head[1]), current);
      current.push(head[2] as string);
    } else if (line.startsWith(' ') && current !== undefined) current.push(line);
    else assert.equal(line, '', 'a line of the compiler that belongs to no error');
  }
  return errors;
}

test('every wrong program is refused at compile time, in the words of the snapshot', () => {
  const source = readFileSync(join(HERE, 'wrong.ts'), 'utf8').split('\n');
  const errors = errorsByLine(compile([join(HERE, 'wrong.ts')]));
  const found: string[] = [];
  for (const [i, line] of source.entries()) {
    const program = /^\/\* (\d\d .*?) +\*\//.exec(line)?.[1];
    const said = errors.get(i + 1);
    if (program === undefined) assert.equal(said, undefined, `line ${i + 1} of wrong.ts is to compile`);
    else found.push(`[${program}]`, ...(said ?? ['compiles']).map((text) => `   ${text}`), '');
  }
  const path = join(HERE, 'wrong-messages.txt');
  if (process.env['UPDATE_SNAPSHOTS'] === '1') writeFileSync(path, found.join('\n'));
  assert.deepEqual(found, readFileSync(path, 'utf8').split('\n'));
  assert.ok(!found.includes('   compiles'), 'a wrong program compiles');
});

test('good programs compile', () => {
  assert.equal(compile([join(HERE, 'jobs.ts')]), '');
});

test('a job of 63 columns and 30 operators stays cheap for the compiler', () => {
  const folder = mkdtempSync(join(ROOT, '.cache/types-big-'));
  try {
    writeFileSync(join(folder, 'big.ts'), bigJob());
    const output = compile([join(folder, 'big.ts')], '--extendedDiagnostics');
    assert.doesNotMatch(output, /error/);
    const instantiations = Number(/Instantiations:\s+(\d+)/.exec(output)?.[1]);
    assert.ok(instantiations < MOST_INSTANTIATIONS, `${instantiations} instantiations, at most ${MOST_INSTANTIATIONS}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function bigJob(): string {
  const kinds = ['int64()', 'float64()', 'utf8()', 'int32().nullable()', 'bool()', 'timestamp()'];
  const columns = Array.from({ length: 60 }, (_, i) => `c${i}: ${kinds[i % kinds.length]}`);
  const lines = [
    "import { avg, bool, count, file, float64, int32, int64, job, max, minutes, outOfOrder, seconds, sum, timestamp, tumbling, utf8 } from 'millrace';",
    "export default job(import.meta, 'big', (env) => {",
    `  const s0 = env.from(file('x.ndjson'), { schema: { user: utf8(), amount: float64(), at: timestamp(), ${columns.join(', ')} },`,
    "    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) } });",
  ];
  for (let i = 0; i < 27; i++) {
    const steps = [
      `s${i}.where((c) => c.amount.gt(${i}).and(c.c${i}.isNotNull()))`,
      `s${i}.select((c) => ({ ...c, x${i}: c.amount.mul(${i}) }))`,
      `s${i}.map({ ...s${i}.schema, y${i}: int32() }, (r) => ({ ...r, y${i}: r.amount > ${i} ? 1 : 0 }))`,
      `s${i}.merge(s${i})`,
      `s${i}.filter((r) => r.amount > ${i} && r.user !== '')`,
    ];
    lines.push(`  const s${i + 1} = ${steps[i % steps.length]};`);
  }
  lines.push(
    "  const w1 = s27.keyBy('user', 'c0').window(tumbling(minutes(1))).aggregate((c) => ({ n: count(), t: sum(c.amount), m: avg(c.c1), x: max(c.c2) }));",
    "  const w2 = w1.keyBy('user').window(tumbling(minutes(5))).aggregate((c) => ({ n: sum(c.n), t: sum(c.t) }));",
    '  const w3 = s27.window(tumbling(minutes(5))).aggregate((c) => ({ n: count().where(c.amount.gt(9)) }));',
    '  return { s0, w1, w2, w3 };',
    '});',
  );
  return lines.join('\n');
}
