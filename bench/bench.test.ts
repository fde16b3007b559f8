// Every bench runs here with few rows: its contenders' answers must agree, and it must say what it measured. No time is judged.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SuiteResult } from './harness.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
after(() => rmSync(folder, { recursive: true }));

const benches = ['kernels', 'operators', 'pipelines'].flatMap((kind) =>
  (existsSync(join('bench', kind)) ? readdirSync(join('bench', kind)) : [])
    .filter((name) => name.endsWith('.bench.ts'))
    .map((name) => `${kind}/${name.replace(/\.bench\.ts$/, '')}`),
);

test('there are benches', () => {
  assert.ok(benches.length >= 5, `only ${benches.join(', ')}`);
});

for (const bench of benches) {
  test(bench, () => {
    const json = join(folder, `${bench.replace('/', '-')}.json`);
    const path = join('dist', 'bench', `${bench}.bench.js`);
    const done = spawnSync(process.execPath, ['--expose-gc', path, '--small', '--json', json], { encoding: 'utf8' });
    assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
    assert.ok(existsSync(json), 'it wrote no results');
    const result = JSON.parse(readFileSync(json, 'utf8')) as SuiteResult;
    assert.equal(result.suite, bench);
    assert.ok(result.cases.length > 0);
    for (const { name, rows, contenders } of result.cases) {
      assert.ok(rows > 0 && contenders.length > 0, name);
      for (const c of contenders) assert.ok(c.nsPerRow > 0 && c.wallRatio > 0, `${name}: ${c.name} took no time`);
    }
  });
}
