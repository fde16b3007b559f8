import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import { nodeHost } from '../core/node-host.js';
import { detachedToRows } from './rows.js';
import { SpillSpace } from './spill-space.js';
import { parseTable } from './text-table.js';

const dir = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
after(() => rmSync(dir, { recursive: true }));

const TABLES = ['k utf8? | n int64\na | 1\nnull | -2', 'k utf8? | n int64\nlonger | 9007199254740993'];

function space(): SpillSpace {
  return new SpillSpace({ files: nodeHost.files, dir: join(dir, 'below'), prefix: 'lane-0', memoryBytes: 1000 });
}

test('batches come back as they were, from a file that Arrow reads, and go with their run', () => {
  const spill = space();
  const batches = TABLES.map((table) => parseTable(table));
  const schema = batches[0]?.schema ?? [];
  const [run, other] = [spill.write(schema, batches), spill.write(schema, [])];
  assert.deepEqual([run.rows, other.rows, spill.runsWritten, spill.bytesWritten], [3, 0, 2, run.bytes + other.bytes]);
  const rows = batches.flatMap((batch) => detachedToRows(batch));
  for (let i = 0; i < 2; i++)
    assert.deepEqual(
      [...run.read()].flatMap((batch) => detachedToRows(batch)),
      rows,
    );
  assert.equal([...other.read()].flatMap((batch) => detachedToRows(batch)).length, 0);
  const files = readdirSync(join(dir, 'below')).sort();
  assert.equal(files.length, 2);
  assert.equal(tableFromIPC(readFileSync(join(dir, 'below', files[0] as string))).numRows, 3);
  run.drop();
  assert.equal(readdirSync(join(dir, 'below')).length, 1);
  spill.close();
  assert.deepEqual(readdirSync(join(dir, 'below')), []);
});

test('what the disk does to it is told, with the path', () => {
  const spill = space();
  const batch = parseTable(TABLES[0] as string);
  const run = spill.write(batch.schema, [batch]);
  const path = join(dir, 'below', readdirSync(join(dir, 'below'))[0] as string);
  writeFileSync(path, readFileSync(path).subarray(0, 100));
  assert.throws(() => [...run.read()], { code: 'state.spill-failed', message: /below.lane-0-0.arrow/ });
  rmSync(path);
  assert.throws(() => [...run.read()], { code: 'state.spill-failed' });
  run.drop();
  const full = new SpillSpace({
    files: {
      ...nodeHost.files,
      create: (file) =>
        ({
          path: file,
          append: () => {
            throw new Error('no space left');
          },
          close: () => undefined,
        }) as never,
    },
    dir,
    prefix: 'x',
    memoryBytes: 1,
  });
  assert.throws(() => full.write(batch.schema, [batch]), { code: 'state.spill-failed', message: /no space left/ });
});
