import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readSource } from '../../../native-tests/support/read-source.js';
import { rowsToDetached } from '../../columns/builder.js';
import { ArrowEncoder } from '../../columns/arrow-ipc.js';
import { field, type Schema } from '../../columns/schema.js';
import type { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import { DEFAULT_LIMITS } from '../../core/limits.js';
import { nodeHost } from '../../core/node-host.js';
import { Random } from '../../core/random.js';

const SCHEMA: Schema = [field('n', 'int64'), field('s', 'utf8')];
const encoder = new TextEncoder();

/** A host whose stdin, or every file, gives these bytes in pieces of `piece`. */
function hostOf(bytes: Uint8Array, piece: number): Host {
  async function* read() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return { ...nodeHost, streams: { ...nodeHost.streams, read } };
}

const random = new Random(4);
const rows = Array.from({ length: 40 }, (_, n) => ({ n: BigInt(n), s: random.pick(['', 'é', 'a\nb', '"', ',', 'plain']) }));
const ndjson = rows.map((r) => `${JSON.stringify({ n: Number(r.n), s: r.s })}\n`).join('');
const csv = `n,s\r\n${rows.map((r) => `${r.n},"${r.s.replaceAll('"', '""')}"\r\n`).join('')}`;

describe('streams of bytes', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('gives every record once and in order, however the bytes come, from any position', async () => {
    for (const [format, text] of [
      ['ndjson', ndjson],
      ['csv', csv],
      ['ndjson', `\ufeff${ndjson.trimEnd()}`],
      ['csv', `\ufeff${csv.trimEnd()}`],
    ] as const) {
      for (const piece of [1, 3, 10, 100, 100_000]) {
        const host = hostOf(encoder.encode(text), piece);
        const got = await readSource('file', { options: { path: '-', format }, schema: SCHEMA, host });
        assert.deepEqual(got.rows, rows, `${format} in pieces of ${piece}`);
        assert.equal(got.positions.at(-1), encoder.encode(text).length);
        const stops = got.positions.slice(0, -1);
        if (stops.length === 0) continue;
        const path = join(folder, `again.${format}.gz`);
        writeFileSync(path, gzipSync(text));
        const position = stops[Math.floor(stops.length / 2)] as number;
        const rest = await readSource('file', { options: { path, format }, schema: SCHEMA, position });
        assert.ok(rest.rows.length > 0 && rest.rows.length < rows.length);
        assert.deepEqual(rest.rows, rows.slice(-rest.rows.length), `from ${position}`);
      }
    }
  });

  it('reads gzip files by pattern, header by header', async () => {
    writeFileSync(join(folder, 'a-1.csv.gz'), gzipSync('n,s\n1,a\n'));
    writeFileSync(join(folder, 'a-2.csv.gz'), gzipSync('s,n\nb,2\n'));
    const got = await readSource('file', { options: { path: join(folder, 'a-*.csv.gz') }, schema: SCHEMA });
    assert.deepEqual(got.rows, [
      { n: 1n, s: 'a' },
      { n: 2n, s: 'b' },
    ]);
  });

  it('reads Arrow streams', async () => {
    const arrow = new ArrowEncoder(SCHEMA, 'stream');
    const parts = [rows.slice(0, 7), rows.slice(7, 7), rows.slice(7)].map((some) => arrow.write(rowsToDetached(SCHEMA, some)));
    const bytes = Buffer.concat([...parts, arrow.end()]);
    const got = await readSource('file', { options: { path: '-', format: 'arrow' }, schema: SCHEMA, host: hostOf(bytes, 50) });
    assert.deepEqual(got.rows, rows);
    const path = join(folder, 'rows.arrows.gz');
    writeFileSync(path, gzipSync(bytes));
    assert.deepEqual((await readSource('file', { options: { path }, schema: SCHEMA, position: 10 })).rows, rows.slice(10));
    writeFileSync(path, gzipSync('no arrow at all, but long enough to be read'));
    await assert.rejects(
      readSource('file', { options: { path }, schema: SCHEMA }),
      (e: MillraceError) => e.code === 'record.malformed' && e.message.includes(path),
    );
  });

  it('tells positions of malformed records, and bounds them', async () => {
    for (const [format, text, position] of [
      ['ndjson', '{"n":1,"s":""}\n{"n":true}\n', 15],
      ['csv', 'n,s\n1,a\nx,b\n', 8],
    ] as const) {
      for (const piece of [1, 1000]) {
        const got = await readSource('file', {
          options: { path: '-', format },
          schema: SCHEMA,
          policy: 'route',
          host: hostOf(encoder.encode(text), piece),
        });
        assert.deepEqual(
          got.malformed.map((m) => [m['source'], m['position']]),
          [['stdin', `byte ${position}`]],
          `${format} in pieces of ${piece}`,
        );
      }
    }
    const limits = { ...DEFAULT_LIMITS, recordBytes: 1000 };
    for (const text of ['x'.repeat(5000), `n,s\n1,"${'x'.repeat(5000)}`]) {
      await assert.rejects(
        readSource('file', { options: { path: '-', format: 'csv' }, schema: SCHEMA, limits, host: hostOf(encoder.encode(text), 100) }),
        (e: MillraceError) => e.code === 'record.too-large',
      );
    }
  });

  it('says what is wrong with a file', async () => {
    const path = join(folder, 'not.ndjson.gz');
    writeFileSync(path, ndjson);
    await assert.rejects(
      readSource('file', { options: { path }, schema: SCHEMA }),
      (e: MillraceError) => e.code === 'source.failed' && /cannot gunzip .*not\.ndjson\.gz/.test(e.message),
    );
    await assert.rejects(
      readSource('file', { options: { path: join(folder, 'none.gz'), format: 'csv' }, schema: SCHEMA }),
      (e: MillraceError) => e.code === 'file.not-found',
    );
    await assert.rejects(readSource('file', { options: { path: '-' }, schema: SCHEMA, position: 5 }), /stdin cannot be read again/);
  });
});
