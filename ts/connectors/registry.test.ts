import { gzipSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableFromArrays, type RecordBatch } from 'apache-arrow';
import { rowsToDetached } from '../columns/builder.js';
import { batchToRows, detachedToRows, type Row } from '../columns/rows.js';
import { field, type Schema } from '../columns/schema.js';
import type { MillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { DEFAULT_LIMITS } from '../core/limits.js';
import { nodeHost } from '../core/node-host.js';
import { createWorkspace } from '../wasm/workspace.js';
import type { PushReader, Sink } from './connector.js';
import type { CollectSink } from './memory/collect-sink.js';
import { createLaneReader, createSink, createSource } from './registry.js';

/** Packs at once: the pool has tests of its own. */
const offLanes = { run: async (_task: 'gzip', bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) };

const SCHEMA: Schema = [field('n', 'int32'), field('s', 'utf8', true)];
const ws = createWorkspace({ bytes: 32 << 20 });

const contextWith = (object: unknown, host: Host = nodeHost) => ({
  host,
  limits: DEFAULT_LIMITS,
  schema: SCHEMA,
  changes: false,
  object: () => object,
});
const sourceOf = (connector: string, object: unknown) => createSource({ connector, options: {}, slot: 0 }, contextWith(object));

async function drain(reader: PushReader): Promise<{ rows: Row[]; blocks: number[] }> {
  const rows: Row[] = [];
  const blocks: number[] = [];
  for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
    assert.equal(block.content.kind, 'batch');
    if (block.content.kind === 'batch') rows.push(...batchToRows(ws.memory, block.content.write(ws)));
    blocks.push(block.position);
    ws.scratch.reset();
  }
  await reader.close();
  return { rows, blocks };
}

async function drainSource(connector: string, object: unknown, position = 0) {
  const source = sourceOf(connector, object);
  assert.equal(source.runsIn, 'coordinator');
  const [split] = await source.splits(nodeHost);
  assert.ok(split && source.open);
  return drain(source.open(split, position));
}

const rows = Array.from({ length: 10_000 }, (_, n) => ({ n, s: n % 3 === 0 ? null : `row ${n}` }));

describe('rows from memory', () => {
  it('gives an array in order, from any position', async () => {
    assert.deepEqual((await drainSource('memory', rows)).rows, rows);
    assert.deepEqual((await drainSource('memory', rows, 9_990)).rows, rows.slice(9_990));
    assert.deepEqual((await drainSource('memory', [])).rows, []);
    assert.equal((await drainSource('memory', rows)).blocks.at(-1), 10_000);
  });

  it('gives iterables and async iterables', async () => {
    assert.deepEqual((await drainSource('memory', new Set(rows))).rows, rows);
    async function* slowly() {
      for (const row of rows.slice(0, 500)) {
        if (row.n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        yield row;
      }
    }
    const got = await drainSource('memory', { [Symbol.asyncIterator]: slowly });
    assert.deepEqual(got.rows, rows.slice(0, 500));
    assert.ok(got.blocks.length >= 5, 'a slow iterable must not hold back the rows that it has given');
    assert.deepEqual((await drainSource('memory', { [Symbol.asyncIterator]: slowly }, 450)).rows, rows.slice(450, 500));
  });

  it('names the row and the column that do not fit', async () => {
    await assert.rejects(
      drainSource('memory', [
        { n: 1, s: 'a' },
        { n: 'x', s: 'b' },
      ]),
      (e: MillraceError) => e.code === 'value.invalid' && /row 1: column n/.test(e.message),
    );
    assert.throws(() => sourceOf('memory', 5), /needs an array, an iterable/);
  });
});

describe('Arrow batches', () => {
  it('are read by the names of their columns, from any row', async () => {
    const table = tableFromArrays({ s: rows.map((r) => r.s), n: Int32Array.from(rows, (r) => r.n) });
    assert.deepEqual((await drainSource('arrow', table.batches)).rows, rows);
    const three = [table.batches[0]?.slice(0, 10), table.batches[0]?.slice(10, 30), table.batches[0]?.slice(30, 31)] as RecordBatch[];
    assert.deepEqual((await drainSource('arrow', three, 12)).rows, rows.slice(12, 31));
    assert.throws(() => sourceOf('arrow', undefined), /needs an iterable of record batches/);
  });
});

describe('sinks of columns', () => {
  const batch = rowsToDetached(SCHEMA, [
    { n: 7, s: 'seven' },
    { n: -100, s: null },
  ]);
  const sinkOf = (connector: string, object?: unknown, host?: Host): Sink =>
    createSink({ connector, options: {}, slot: 0 }, contextWith(object, host));

  it('collect', () => {
    const sink = sinkOf('collect') as CollectSink;
    sink.write(0, { kind: 'columns', batch });
    assert.deepEqual(
      sink.take().flatMap((b) => detachedToRows(b)),
      [
        { n: 7, s: 'seven' },
        { n: -100, s: null },
      ],
    );
    assert.deepEqual(sink.take(), []);
  });

  it('callback', async () => {
    const seen: unknown[] = [];
    await sinkOf('callback', (b: RecordBatch) => seen.push(...b.toArray().map((r: object) => ({ ...r })))).write(0, {
      kind: 'columns',
      batch,
    });
    assert.deepEqual(seen, [
      { n: 7, s: 'seven' },
      { n: -100, s: null },
    ]);
    const angry = sinkOf('callback', () => Promise.reject(new Error('no')));
    await assert.rejects(
      async () => angry.write(0, { kind: 'columns', batch }),
      (e: MillraceError) => e.code === 'function.failed' && /threw: no/.test(e.message),
    );
    assert.throws(() => sinkOf('callback', 3), /needs a function/);
  });

  it('print', async () => {
    let printed = '';
    const host: Host = {
      ...nodeHost,
      streams: { ...nodeHost.streams, print: async (bytes) => void (printed += new TextDecoder().decode(bytes)) },
    };
    const sink = sinkOf('print', undefined, host);
    await sink.open?.(host, offLanes);
    await sink.write(0, { kind: 'columns', batch });
    await sink.write(1, { kind: 'columns', batch: rowsToDetached(SCHEMA, [{ n: 1, s: 'a\u001b[2Jb\n' }]) });
    assert.equal(printed, '   n  s\n----  -----\n   7  seven\n-100\n   1  a\\u001b[2Jb\\n\n');
  });
});

describe('the registry', () => {
  it('says which connectors there are', () => {
    assert.throws(
      () => createSource({ connector: 'fiel', options: {} }, contextWith(undefined)),
      /there is no source 'fiel'; there are file, memory, arrow/,
    );
    assert.throws(() => createSink({ connector: 'constructor', options: {} }, contextWith(undefined)), /there is no sink 'constructor'/);
    const context = { ...contextWith(undefined), ws, fields: SCHEMA, onMalformed: 'fail' as const };
    assert.equal(createLaneReader({ connector: 'memory', options: {} }, context), undefined);
  });
});
