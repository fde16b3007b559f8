import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '../../core/limits.js';
import { nodeHost } from '../../core/node-host.js';
import type { Schema } from '../../columns/schema.js';
import { createWorkspace } from '../../wasm/workspace.js';
import { createLaneReader, createSource } from '../registry.js';
import type { Batch } from '../../columns/batch.js';
import { NEXMARK_TABLES } from './nexmark-tables.js';

const ws = createWorkspace({ bytes: 64 << 20 });
const BIDS = NEXMARK_TABLES.bids;

function contextOf(schema: Schema, fields: Schema = schema) {
  return { host: nodeHost, limits: DEFAULT_LIMITS, object: () => undefined, schema, fields, ws, onMalformed: 'fail' } as const;
}

function int64s(batch: Batch, column: number): bigint[] {
  const at = (batch.columns[column]?.values ?? 0) / 8;
  return [...ws.memory.i64.slice(at, at + batch.rows)];
}

/** Every row's number column 0, read block by block. */
async function readAll(options: Record<string, unknown>, bytes: number): Promise<Map<string, bigint[]>> {
  const spec = { connector: 'nexmark', options };
  const fields = BIDS.filter((f) => f.name === 'price' || f.name === 'url');
  const source = createSource(spec, contextOf(BIDS));
  const reader = createLaneReader(spec, contextOf(BIDS, fields));
  assert.ok(reader && source.blocks);
  const out = new Map<string, bigint[]>();
  let no = 0;
  for (const split of await source.splits(nodeHost)) {
    const prices: bigint[] = [];
    for (let from = 0; !source.blocks.ended(split, from); ) {
      const to: number = source.blocks.next(split, from, bytes)?.to ?? assert.fail('a split that has not ended has a block');
      for (const item of reader.read({ source: 0, split: split.id, from, to, no: no++ }, split, undefined)) {
        assert.ok(item.port === 'rows' && item.deferred);
        prices.push(...int64s(item.partial, 0));
        const batch = item.finish(0, item.partial.rows);
        assert.equal(batch.rows, item.partial.rows);
        assert.ok(batch.columns.every((c) => c.values !== 0));
      }
      ws.scratch.reset();
      from = to;
    }
    out.set(split.id, prices);
  }
  reader.close();
  return out;
}

test('blocks of any size give the same rows', async () => {
  const options = { events: 100_000 };
  const whole = await readAll(options, 1 << 30);
  assert.equal(whole.get('nexmark-0')?.length, 92_000);
  for (const bytes of [1, 100_000, 1 << 20]) {
    const few = bytes === 1 ? { events: 200 } : options;
    assert.deepEqual(await readAll(few, bytes), bytes === 1 ? await readAll(few, 1 << 30) : whole);
  }
});

test('splits share the events, and have ids of their own', async () => {
  const splits = await readAll({ events: 1_000, splits: 3 }, 1 << 20);
  assert.deepEqual([...splits.keys()], ['nexmark-0', 'nexmark-1', 'nexmark-2']);
  const one = await readAll({ events: 1_000 }, 1 << 20);
  assert.deepEqual([...splits.values()].flat(), one.get('nexmark-0'));
});

test('a source without end does not end', () => {
  const source = createSource({ connector: 'nexmark', options: {} }, contextOf(BIDS));
  const [split] = source.splits(nodeHost) as readonly { id: string; options: object; end?: number }[];
  assert.ok(split && split.end === undefined && !source.blocks?.ended(split as never, 1e10));
});

test('wrong options and columns are refused by name', () => {
  const make =
    (options: Record<string, unknown>, schema: Schema = BIDS) =>
    () =>
      createSource({ connector: 'nexmark', options }, contextOf(schema));
  assert.throws(make({ rates: 1 }), /no option 'rates'; there are rate, /);
  assert.throws(make({ rate: 0 }), /rate must be a number of events a second above 0, not 0/);
  assert.throws(make({ events: 1.5 }), /events must be a whole number from 0 to \d+, not 1.5/);
  assert.throws(make({ splits: 2 }), /say how many events/);
  assert.throws(make({ table: 'offers' }), /no table 'offers'; there are persons, auctions, bids/);
  assert.throws(
    make(
      {},
      NEXMARK_TABLES.bids.filter((f) => f.name === 'extra'),
    ),
    /several tables \(persons, auctions, bids\)/,
  );
  assert.throws(make({ table: 'bids' }, NEXMARK_TABLES.auctions), /no table has these columns \(bids has no id int64\)/);
});
