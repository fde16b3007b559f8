import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import { nodeHost } from '../../core/node-host.js';
import { generateNexmark, type GenerateNexmarkOptions } from './generate.js';
import { NEXMARK_TABLES } from './nexmark-tables.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'));
after(() => rmSync(folder, { recursive: true }));

async function generated(name: string, options: Omit<GenerateNexmarkOptions, 'host' | 'path'>): Promise<Buffer> {
  const path = join(folder, name);
  const result = await generateNexmark({ host: nodeHost, path, ...options });
  const bytes = readFileSync(path);
  assert.equal(result.bytes, bytes.length);
  return bytes;
}

const FIRST_BID =
  '{"auction":1000,"bidder":1010,"price":585,"channel":"channel-7592",' +
  '"url":"https://www.nexmark.com/het/ajhx/vxkj/item.htm?query=1&channel_id=364380160","dateTime":"2015-07-15T00:00:00.000Z",' +
  '"extra":"fzvpevzcahkejsftktbeoadogyigkbawweewedlrwxoeiwuasidwkezlnbtvjbtlulrujiyh"}';

test('rows as NDJSON, the first of them for ever the same', async () => {
  const lines = (await generated('bids.ndjson', { rows: 40_000 })).toString().split('\n');
  assert.equal(lines.length, 40_001);
  assert.equal(lines[0], FIRST_BID);
  assert.equal(lines[40_000], '');
  for (const line of lines.slice(0, -1))
    assert.deepEqual(
      Object.keys(JSON.parse(line)),
      NEXMARK_TABLES.bids.map((f) => f.name),
    );
});

test('the rows among some events, of each table', async () => {
  for (const [table, rows] of [
    ['bids', 920],
    ['auctions', 60],
    ['persons', 20],
  ] as const) {
    const text = (await generated(`${table}.ndjson`, { table, events: 1_000 })).toString();
    assert.equal(text.split('\n').length - 1, rows);
  }
});

test('a piece does not show: fewer rows are the beginning of more', async () => {
  const many = (await generated('many', { rows: 20_000, seed: 5 })).toString();
  const few = (await generated('few', { rows: 15_500, seed: 5 })).toString();
  assert.ok(many.startsWith(few) && few.length > 3_000_000);
  assert.notEqual((await generated('other', { rows: 15_500, seed: 6 })).toString(), few);
});

test('CSV and Arrow hold the rows of NDJSON', async () => {
  const given = { table: 'auctions', events: 40_000, outOfOrderGroup: 20 } as const;
  const json = (await generated('a.ndjson', given))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const csv = (await generated('a.csv', { ...given, format: 'csv' })).toString().trimEnd().split('\n');
  assert.equal(csv[0], NEXMARK_TABLES.auctions.map((f) => f.name).join(','));
  assert.deepEqual(
    csv.slice(1),
    json.map((row) =>
      Object.values(row)
        .map((value) => (value === '' ? '""' : String(value)))
        .join(','),
    ),
  );
  const arrow = tableFromIPC(await generated('a.arrow', { ...given, format: 'arrow' }));
  assert.equal(arrow.numRows, json.length);
  assert.deepEqual(
    [...(arrow.getChild('extra') ?? [])],
    json.map((row) => row['extra']),
  );
  assert.deepEqual(
    [...(arrow.getChild('reserve') ?? [])].map(Number),
    json.map((row) => row['reserve']),
  );
});

test('what is written is told, and wrong options are refused', async () => {
  const told: number[] = [];
  await generated('told', { rows: 30_000, onProgress: ({ rows }) => told.push(rows) });
  assert.equal(told.at(-1), 30_000);
  assert.ok(told.length > 1 && told.every((rows, i) => i === 0 || rows > (told[i - 1] ?? 0)));
  const wrong = (options: object) => generateNexmark({ host: nodeHost, path: join(folder, 'wrong'), ...options });
  await assert.rejects(wrong({}), /how many rows or events/);
  await assert.rejects(wrong({ rows: 1.5 }), /rows must be a whole number, not 1.5/);
  await assert.rejects(wrong({ rows: 1, format: 'xml' }), /no format 'xml'; there are ndjson, csv, arrow/);
  await assert.rejects(wrong({ rows: 1, table: 'offers' }), /no table 'offers'/);
});
