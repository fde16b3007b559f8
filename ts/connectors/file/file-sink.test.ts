import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync, gunzipSync } from 'node:zlib';
import { dictionary } from '../../../native-tests/support/arrow-dictionary.js';
import { readSource } from '../../../native-tests/support/read-source.js';
import { rowsToDetached } from '../../columns/builder.js';
import { field, type Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import { DEFAULT_LIMITS } from '../../core/limits.js';
import { nodeHost } from '../../core/node-host.js';
import type { Sink } from '../connector.js';
import { createSink } from '../registry.js';

/** Packs at once: the pool has tests of its own. */
const offLanes = { run: async (_task: 'gzip', bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) };

const SCHEMA: Schema = [field('n', 'int64'), field('s', 'utf8', true)];
const rows = Array.from({ length: 1000 }, (_, n) => ({ n: BigInt(n), s: n % 3 === 0 ? null : `row ${n}` }));

const sinkOf = (options: Record<string, unknown>, changes = false): Sink =>
  createSink({ connector: 'file', options }, { host: nodeHost, limits: DEFAULT_LIMITS, schema: SCHEMA, changes, object: () => undefined });
const bytesOf = (text: string) => ({ kind: 'bytes' as const, bytes: new TextEncoder().encode(text), rows: 1 });

describe('file sinks', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('write what lanes encoded, from the start of the file', async () => {
    const path = join(folder, 'out.ndjson');
    writeFileSync(path, 'what was there before');
    const sink = sinkOf({ path });
    assert.equal(sink.takes, 'ndjson');
    await sink.open?.(nodeHost, offLanes);
    await sink.write(0, bytesOf('{"n":1}\n'));
    await sink.write(1, bytesOf('{"n":2}\n'));
    await sink.close();
    assert.equal(readFileSync(path, 'utf8'), '{"n":1}\n{"n":2}\n');
  });

  it('write a CSV header unless told not to', async () => {
    for (const [options, changes, want] of [
      [{}, false, 'n,s\n1,a\n'],
      [{ delimiter: ';' }, true, 'op;n;s\n1,a\n'],
      [{ header: false }, false, '1,a\n'],
    ] as const) {
      const path = join(folder, 'out.csv');
      const sink = sinkOf({ path, ...options }, changes);
      assert.equal(sink.takes, 'csv');
      assert.equal(sink.delimiter, 'delimiter' in options ? ';' : ',');
      await sink.open?.(nodeHost, offLanes);
      await sink.write(0, bytesOf('1,a\n'));
      await sink.close();
      assert.equal(readFileSync(path, 'utf8'), want);
    }
  });

  it('gzip as they write', async () => {
    const path = join(folder, 'out.ndjson.gz');
    const sink = sinkOf({ path });
    await sink.open?.(nodeHost, offLanes);
    const line = `{"n":1,"s":"${'x'.repeat(1000)}"}\n`;
    for (let i = 0; i < 300; i++) await sink.write(i, bytesOf(line));
    await sink.close();
    assert.equal(gunzipSync(readFileSync(path)).toString(), line.repeat(300));
  });

  it('write Arrow, which the source reads again, wherever blocks are cut', async () => {
    for (const name of ['out.arrow', 'out.arrows', 'out.arrow.gz']) {
      const path = join(folder, name);
      const sink = sinkOf({ path });
      assert.equal(sink.takes, 'columns');
      await sink.open?.(nodeHost, offLanes);
      for (let from = 0; from < rows.length; from += 100) {
        await sink.write(0, { kind: 'columns', batch: rowsToDetached(SCHEMA, rows.slice(from, from + 100)) });
      }
      await sink.close();
      for (const bytes of [1, 5000, 1 << 20]) {
        const got = await readSource('file', { options: { path }, schema: SCHEMA, bytes });
        assert.deepEqual(got.rows, rows, `${name} in blocks of ${bytes}`);
        if (!name.endsWith('.gz') && bytes === 1) {
          assert.equal(got.positions.length, 10);
          const rest = await readSource('file', { options: { path }, schema: SCHEMA, bytes, position: got.positions[3] as number });
          assert.deepEqual(rest.rows, rows.slice(400));
        }
      }
      const one = await readSource('file', { options: { path }, schema: SCHEMA, fields: [field('s', 'utf8', true)] });
      if (!name.endsWith('.gz'))
        assert.deepEqual(
          one.rows,
          rows.map(({ s }) => ({ s })),
        );
    }
  });

  it('read dictionaries that stand before a block', async () => {
    for (const form of ['stream', 'file'] as const) {
      const { bytes, values } = dictionary(form);
      const path = join(folder, `dictionary-${form}.arrow`);
      writeFileSync(path, bytes);
      for (const size of [1, 1 << 20]) {
        const got = await readSource('file', { options: { path }, schema: [field('word', 'utf8')], bytes: size });
        assert.deepEqual(
          got.rows.map((r) => r['word']),
          values,
        );
      }
    }
  });

  it('refuse broken Arrow files', async () => {
    const path = join(folder, 'broken.arrow');
    const good = dictionary('file').bytes;
    for (const bytes of [
      new Uint8Array(0),
      good.subarray(0, good.length >> 1),
      new TextEncoder().encode('n,s\n1,2\n'),
      good.map((b, i) => (i === 30 ? b ^ 0x80 : b)),
    ]) {
      writeFileSync(path, bytes);
      const read = readSource('file', { options: { path }, schema: [field('word', 'utf8')], bytes: 1 });
      if (bytes.length === 0) assert.deepEqual((await read).rows, []);
      else await assert.rejects(read, (e: MillraceError) => e instanceof MillraceError && e.message.includes(path));
    }
  });

  it('name the path when writing fails', async () => {
    const full: Host = {
      ...nodeHost,
      files: {
        ...nodeHost.files,
        create: (path) =>
          ({
            ...nodeHost.files.create(path),
            path,
            append: () => {
              throw new Error('no space left');
            },
            close: () => undefined,
          }) as never,
      },
    };
    for (const name of ['full.ndjson', 'full.ndjson.gz']) {
      const sink = sinkOf({ path: join(folder, name) });
      await sink.open?.(full, offLanes);
      await assert.rejects(
        async () => {
          await sink.write(0, bytesOf('{"n":1}\n'));
          await sink.close();
        },
        (e: MillraceError) => e.code === 'sink.failed' && /full\.ndjson.*no space left/.test(e.message),
      );
    }
    await assert.rejects(
      async () => sinkOf({ path: join(folder, 'no/such/x.ndjson') }).open?.(nodeHost, offLanes),
      (e: MillraceError) => e.code === 'sink.failed',
    );
  });
});
