// The millrace command as a user meets it: a process of its own, with a job in TypeScript.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const command = fileURLToPath(new URL('../../ts/cli/main.js', import.meta.url));

function millrace(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
writeFileSync(
  join(folder, 'orders.ts'),
  `import { count, file, int64, job, outOfOrder, seconds, sum, timestamp, tumbling, utf8 } from 'millrace';
type Params = { path: string; out: string };
export default job(import.meta, 'orders', (env, params: Params) => {
  const orders = env.from(file(params.path), {
    schema: { user: utf8(), amount: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  return {
    totals: orders
      .filter((r) => r.amount > 0n)
      .keyBy('user')
      .window(tumbling(seconds(10)))
      .aggregate((c) => ({ n: count(), total: sum(c.amount) }))
      .to(file(params.out)),
  };
});
export const other = job(import.meta, 'other', (env, params: Params) => ({
  copy: env.from(file(params.path), { schema: { user: utf8() } }).to(file(params.out)),
}));
`,
);
writeFileSync(
  join(folder, 'orders.ndjson'),
  Array.from({ length: 3000 }, (_, i) => JSON.stringify({ user: `u${i % 3}`, amount: (i % 5) - 1, at: i * 10 })).join('\n'),
);
const params = ['--param', 'path=orders.ndjson', '--param', 'out=totals.ndjson'];

test('help, and refusal of wrong usage', () => {
  assert.equal(millrace('--help').status, 0);
  assert.match(millrace('run', '--help').stdout, /millrace run orders\.ts --lanes 2/);
  assert.equal(millrace().status, 2);
  assert.match(millrace('dance').stderr, /there is no command 'dance'/);
  assert.match(millrace('run', 'orders.ts', '--lanes', 'many').stderr, /--lanes many: give a whole number from 1/);
  assert.equal(millrace('run', 'orders.ts', '--wrong').status, 2);
});

test('a TypeScript job runs in threads, and its summary is JSON if asked', () => {
  const done = millrace('run', 'orders.ts', '--job', 'orders', '--lanes', '2', '--json', ...params);
  assert.equal(done.status, 0, done.stderr);
  const summary = JSON.parse(done.stdout) as { rows: number; metrics: Record<string, number> };
  assert.equal(summary.rows, 3000);
  const rows = readFileSync(join(folder, 'totals.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { n: number; total: number });
  assert.equal(rows.length, 9);
  assert.equal(
    rows.reduce((sum, row) => sum + row.n, 0),
    1800,
  );
  assert.equal(
    rows.reduce((sum, row) => sum + row.total, 0),
    3600,
  );
});

test('explain shows the plan and how it runs', () => {
  const { status, stdout, stderr } = millrace('explain', 'orders.ts', '--job', 'orders', '--lanes', '3', ...params);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /tumbling 10 s by user/);
  assert.match(stdout, /on 3 lanes:\nstage 0\n/);
  assert.match(stdout, /exchange 0 by user/);
  assert.match(millrace('explain', 'orders.ts', '--job', 'orders', '--json', ...params).stdout, /"kind": "window-aggregate"/);
});

test('what fails says so and ends with 1', () => {
  const several = millrace('run', 'orders.ts', ...params);
  assert.equal(several.status, 1);
  assert.match(several.stderr, /choose one of 'orders', 'other' with --job/);
  const missing = millrace('run', 'orders.ts', '--job', 'other', '--param', 'path=nowhere.ndjson', '--param', 'out=x.ndjson');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /file\.not-found.*nowhere\.ndjson/s);
  assert.match(millrace('run', 'none.ts').stderr, /there is no file none\.ts/);
});

test('generated data are the same each time', () => {
  const first = millrace('generate', 'nexmark', '--rows', '1000', '--seed', '7');
  assert.equal(first.status, 0, first.stderr);
  assert.equal(first.stdout.trim().split('\n').length, 1000);
  assert.match(first.stderr, /1,000 bids/);
  assert.equal(millrace('generate', 'nexmark', '--rows', '1_000', '--seed', '7').stdout, first.stdout);
});
