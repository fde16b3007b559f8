import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Batch } from '../../columns/batch.js';
import { NONE } from '../../columns/memory.js';
import { field, type Schema } from '../../columns/schema.js';
import type { MillraceError } from '../../core/errors.js';
import { DEFAULT_LIMITS, type Limits } from '../../core/limits.js';
import { nodeHost } from '../../core/node-host.js';
import { Random } from '../../core/random.js';
import { createWorkspace, type Workspace } from '../../wasm/workspace.js';
import { createLaneReader, createSource } from '../registry.js';
import type { MalformedPolicy } from '../record-stage.js';

const SCHEMA: Schema = [field('n', 'int64'), field('s', 'utf8')];
const decoder = new TextDecoder();

function utf8At(ws: Workspace, batch: Batch, column: number, row: number): string {
  const vector = batch.columns[column];
  assert.ok(vector);
  const { i32, u8 } = ws.memory;
  return decoder.decode(
    u8.slice(vector.values + (i32[vector.offsets / 4 + row] ?? 0), vector.values + (i32[vector.offsets / 4 + row + 1] ?? 0)),
  );
}

interface Got {
  rows: { n: bigint; s: string }[];
  malformed: string[][];
}

/** Reads a file in blocks of `bytes`, as the runtime does. */
function readAll(
  path: string,
  bytes: number,
  policy: MalformedPolicy = 'fail',
  limits: Limits = DEFAULT_LIMITS,
  more: Record<string, unknown> = {},
): Got {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const spec = { connector: 'file', options: { path, ...more } };
  const context = { host: nodeHost, limits, schema: SCHEMA, object: () => undefined };
  const source = createSource(spec, context);
  const reader = createLaneReader(spec, { ...context, ws, fields: SCHEMA, onMalformed: policy });
  assert.ok(reader && source.blocks);
  const got: Got = { rows: [], malformed: [] };
  let no = 0;
  for (const split of source.splits(nodeHost) as { id: string; options: object; end: number }[]) {
    const spec = { ...split, options: { ...split.options } };
    for (let from = 0; ; ) {
      const next = source.blocks.next(spec, from, bytes);
      if (next === undefined) break;
      for (const item of reader.read({ source: 0, split: split.id, from, to: next.to, no: no++ }, spec, undefined)) {
        const batch = item.port === 'rows' ? item.finish(NONE, item.partial.rows) : item.batch;
        for (let row = 0; row < batch.rows; row++) {
          if (item.port === 'rows')
            got.rows.push({ n: ws.memory.i64[(batch.columns[0]?.values ?? 0) / 8 + row] ?? 0n, s: utf8At(ws, batch, 1, row) });
          else got.malformed.push([0, 1, 2, 3].map((c) => utf8At(ws, batch, c, row)));
        }
      }
      ws.scratch.reset();
      from = next.to;
    }
    assert.ok(source.blocks.ended(spec, split.end));
  }
  reader.close();
  return got;
}

describe('files of lines', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('gives every row once and in order, wherever blocks are cut', () => {
    const random = new Random(7);
    const rows = Array.from({ length: 60 }, (_, i) => ({ n: i, s: 'x'.repeat(random.int(0, 30)) + random.pick(['', 'é', '"', '\\n']) }));
    for (const ending of ['', '\n']) {
      const path = write('cut.ndjson', `${rows.map((r) => JSON.stringify(r)).join('\n')}${ending}`);
      for (const bytes of [1, 2, 3, 7, 20, 64, 100, 1000, 1 << 20]) {
        assert.deepEqual(
          readAll(path, bytes).rows,
          rows.map((r) => ({ n: BigInt(r.n), s: r.s })),
          `blocks of ${bytes} bytes`,
        );
      }
    }
  });

  it('reads on for a record longer than a block, up to its limit', () => {
    const path = write('long.ndjson', `{"n":1,"s":"${'a'.repeat(100_000)}"}\n{"n":2,"s":""}\n`);
    assert.deepEqual(
      readAll(path, 100).rows.map((r) => [r.n, r.s.length]),
      [
        [1n, 100_000],
        [2n, 0],
      ],
    );
    assert.throws(
      () => readAll(path, 100, 'skip', { ...DEFAULT_LIMITS, recordBytes: 20_000 }),
      (e: MillraceError) => e.code === 'record.too-large',
    );
  });

  it('skips a byte order mark and blank lines', () => {
    assert.deepEqual(readAll(write('bom.ndjson', '\ufeff{"n":1,"s":"a"}\n\n{"n":2,"s":"b"}\n\n'), 1 << 20).rows.length, 2);
    assert.deepEqual(readAll(write('empty.ndjson', ''), 1 << 20).rows.length, 0);
  });

  it('reads all files of a pattern in the order of their paths', () => {
    write('part-2.ndjson', '{"n":2,"s":""}');
    write('part-1.ndjson', '{"n":1,"s":""}');
    assert.deepEqual(
      readAll(join(folder, 'part-*.ndjson'), 100).rows.map((r) => r.n),
      [1n, 2n],
    );
  });

  it('obeys the policy for malformed records', () => {
    const path = write('bad.ndjson', '{"n":1,"s":"a"}\n{"n":"x","s":"b"}\n{"n":3,"s":"c"}\noops\n');
    assert.deepEqual(
      readAll(path, 25, 'skip').rows.map((r) => r.n),
      [1n, 3n],
    );
    const routed = readAll(path, 25, 'route');
    assert.deepEqual(
      routed.rows.map((r) => r.n),
      [1n, 3n],
    );
    assert.deepEqual(
      routed.malformed.map((m) => m.slice(0, 3)),
      [
        [path, 'byte 16', '{"n":"x","s":"b"}'],
        [path, 'byte 50', 'oops'],
      ],
    );
    assert.throws(
      () => readAll(path, 25),
      (e: MillraceError) => {
        assert.equal(e.code, 'record.malformed');
        assert.match(e.message, /bad\.ndjson, line 2 \(byte 16\): .*\bn\b/);
        return true;
      },
    );
  });

  it('gives every CSV record once and in order, wherever blocks are cut', () => {
    const random = new Random(9);
    const rows = Array.from({ length: 60 }, (_, n) => ({
      n: BigInt(n),
      s: random.pick(['', 'plain', 'é', '"', 'a\nb', ',', '\n"\n', 'x'.repeat(50)]),
    }));
    const quote = (s: string) => (/[",\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
    for (const [name, header] of [
      ['head.csv', 'n,s\r\n'],
      ['bom.csv', '\ufeffn,s\n'],
      ['other.csv', 'unread,"s","n"\n'],
      ['none.csv', ''],
    ] as const) {
      const line = (r: { n: bigint; s: string }) => (name === 'other.csv' ? `"a, b",${quote(r.s)},${r.n}` : `${r.n},${quote(r.s)}`);
      for (const newlines of [true, false]) {
        const chosen = newlines ? rows : rows.filter((r) => !r.s.includes('\n'));
        const path = write(name, header + chosen.map(line).join('\r\n') + (newlines ? '' : '\n'));
        for (const bytes of [1, 7, 20, 100, 1 << 20]) {
          const got = readAll(path, bytes, 'fail', DEFAULT_LIMITS, { header: header !== '', quotedNewlines: newlines });
          assert.deepEqual(got.rows, chosen, `${name}, blocks of ${bytes} bytes`);
        }
      }
    }
  });

  it('finds the columns of each CSV file by its own header', () => {
    write('year-1.csv', 'n,s\n1,a\n2,b\n');
    write('year-2.csv', 's,x,n\nc,,3\n');
    assert.deepEqual(readAll(join(folder, 'year-*.csv'), 5).rows, [
      { n: 1n, s: 'a' },
      { n: 2n, s: 'b' },
      { n: 3n, s: 'c' },
    ]);
    assert.throws(() => readAll(write('miss.csv', 'n,t\n1,a\n'), 100), /miss\.csv has no column 's'; its first line names 'n', 't'/);
    assert.throws(() => readAll(write('twice.csv', 'n,s,s\n1,a,b\n'), 100), /more than one column 's'/);
    assert.deepEqual(readAll(write('only.csv', 'n,s'), 100).rows, []);
    assert.deepEqual(readAll(write('semi.csv', 'n;s\n1;a,b\n'), 100, 'fail', DEFAULT_LIMITS, { delimiter: ';' }).rows, [
      { n: 1n, s: 'a,b' },
    ]);
    assert.deepEqual(readAll(write('tabs.tsv', 'n\ts\n1\ta,b\n'), 100).rows, [{ n: 1n, s: 'a,b' }]);
  });

  it('tells where a bad CSV record is', () => {
    const path = write('bad.csv', 'n,s\n1,a\nx,b\n3,"c\nd"\n4,e,f\n');
    const got = readAll(path, 1 << 20, 'route');
    assert.deepEqual(
      got.rows.map((r) => r.n),
      [1n, 3n],
    );
    assert.deepEqual(got.malformed, [
      [path, 'byte 8', 'x,b', 'n: expected int64, found "x"'],
      [path, 'byte 20', '4,e,f', 'expected 2 fields, found 3'],
    ]);
    assert.throws(() => readAll(path, 5), /bad\.csv, line 3 \(byte 8\): n: expected int64, found "x"/);
    const open = write('open.csv', `n,s\n1,"${'z'.repeat(5000)}\n2,a\n`);
    assert.throws(
      () => readAll(open, 100, 'skip', { ...DEFAULT_LIMITS, recordBytes: 1000 }),
      (e: MillraceError) => e.code === 'record.too-large' && /byte 4 /.test(e.message),
    );
    assert.deepEqual(
      readAll(open, 1 << 20, 'route').malformed.map((m) => m[1]),
      ['byte 4'],
    );
  });

  it('refuses wrong options and missing files before anything runs', () => {
    const context = { host: nodeHost, limits: DEFAULT_LIMITS, schema: SCHEMA, object: () => undefined };
    const make = (options: Record<string, unknown>) => () => createSource({ connector: 'file', options }, context);
    assert.throws(make({ path: 'a.txt' }), /format 'ndjson', 'csv' or 'arrow'/);
    assert.throws(make({ path: 'a.csv', delimiter: ';;' }), /delimiter of one ASCII character/);
    assert.throws(make({ path: 'a.csv', hedaer: true }), /no option 'hedaer'/);
    assert.throws(make({ path: '' }), /needs a path/);
    assert.throws(() => createSource({ connector: 'fiel', options: {} }, context), /there is no source 'fiel'/);
    assert.throws(
      () => make({ path: join(folder, 'none.ndjson') })().splits(nodeHost),
      (e: MillraceError) => e.code === 'file.not-found',
    );
  });
});
