import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NexmarkColumns } from '../../ts/connectors/nexmark/nexmark-columns.js';
import { nexmarkOptions } from '../../ts/connectors/nexmark/nexmark-options.js';
import { NEXMARK_TABLE_NAMES, NEXMARK_TABLES, type NexmarkTableName } from '../../ts/connectors/nexmark/nexmark-tables.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { rowsOf } from '../support/columns.js';
import { adjustedNumber, nexmarkEvent } from '../twins/nexmark.js';

const BYTES = 64 << 20;
type Row = Record<string, bigint | string>;

function generate(
  ws: Workspace,
  table: NexmarkTableName,
  given: Record<string, unknown>,
  from: number,
  to: number,
  firstId = 0,
  names?: readonly string[],
): Row[] {
  const mark = ws.scratch.mark();
  const columns = new NexmarkColumns(ws, table, nexmarkOptions(given));
  const fields = NEXMARK_TABLES[table].filter((f) => names?.includes(f.name) ?? true);
  const rows = rowsOf(ws, columns.batch({ firstId }, columns.select({ firstId }, from, to), fields));
  columns.close();
  ws.scratch.release(mark);
  return rows.map((row) => Object.fromEntries(row.map((value, i) => [fields[i]?.name ?? '', value as bigint | string])));
}

function twinRows(table: NexmarkTableName, given: Record<string, unknown>, from: number, to: number, firstId = 0): Row[] {
  const options = nexmarkOptions(given);
  return Array.from({ length: to - from }, (_, i) => nexmarkEvent(options, firstId, from + i))
    .filter((e) => e.table === table)
    .map((e) => e.row);
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  const ws = createWorkspace({ build, bytes: BYTES });

  test(`nexmark columns are the twin's (${build})`, () => {
    const cases = [
      [{}, 0, 700, 0],
      [{ seed: 7, rate: 333.5 }, 5_003, 5_555, 0],
      [{ seed: 2 ** 53 - 1, outOfOrderGroup: 7, baseTime: -1_000 }, 12_345, 12_745, 0],
      [{ seed: 0, outOfOrderGroup: 953, rate: 1e7 }, 900, 1_400, 0],
      [{ events: 1e9, splits: 3, rate: 100 }, 0, 333, 333_333_333],
      [{ rate: 0.5 }, 2 ** 30 * 50 - 200, 2 ** 30 * 50, 0],
    ] as const;
    for (const [given, from, to, firstId] of cases)
      for (const table of NEXMARK_TABLE_NAMES)
        assert.deepEqual(generate(ws, table, given, from, to, firstId), twinRows(table, given, from, to, firstId));
  });

  test(`the first events are these for ever (${build})`, () => {
    const [person] = generate(ws, 'persons', {}, 0, 1);
    assert.equal(
      Object.values(person ?? {})
        .slice(0, 7)
        .join('|'),
      '1000|Saul Bartels|zwakh@laue.com|5526 1972 9626 0452|Cheyenne|CA|1436918400000',
    );
    const [auction] = generate(ws, 'auctions', {}, 0, 2);
    assert.equal(
      Object.values(auction ?? {})
        .slice(0, 9)
        .join('|'),
      '1000|njds|rgv eihlpjsynanqaqy i ooiafnqmempygkq i ktgvebiutsmzaebvcdbtvcitfp erum|80115|80449|1436918400000|1436918400290|1000|13',
    );
    const [bid] = generate(ws, 'bids', {}, 0, 5);
    assert.equal(
      Object.values(bid ?? {}).join('|'),
      '1000|1010|585|channel-7592|https://www.nexmark.com/het/ajhx/vxkj/item.htm?query=1&channel_id=364380160|1436918400000|' +
        'fzvpevzcahkejsftktbeoadogyigkbawweewedlrwxoeiwuasidwkezlnbtvjbtlulrujiyh',
    );
  });

  test(`a table's columns do not depend on where a piece begins, nor on each other (${build})`, () => {
    for (const given of [{}, { outOfOrderGroup: 50 }]) {
      const whole = generate(ws, 'bids', given, 0, 1_000);
      const cut = [0, 1, 4, 49, 50, 51, 777].flatMap((from, i, all) => generate(ws, 'bids', given, from, all[i + 1] ?? 1_000));
      assert.deepEqual(cut, whole);
      const some = generate(ws, 'bids', given, 0, 1_000, 0, ['price', 'extra']);
      assert.deepEqual(
        some,
        whole.map(({ price, extra }) => ({ price, extra })),
      );
    }
  });

  test(`rows kept by a selection are those rows (${build})`, () => {
    const mark = ws.scratch.mark();
    for (const table of NEXMARK_TABLE_NAMES) {
      const columns = new NexmarkColumns(ws, table, nexmarkOptions({}));
      const rows = columns.select({ firstId: 0 }, 0, 2_000);
      const all = rowsOf(ws, columns.batch({ firstId: 0 }, rows, NEXMARK_TABLES[table]));
      const chosen = all.map((_, i) => i).filter((i) => i % 3 === 1);
      const selection = ws.alloc(chosen.length * 4);
      ws.memory.i32.set(chosen, selection / 4);
      const kept = columns.batch({ firstId: 0 }, columns.keep(rows, selection, chosen.length), NEXMARK_TABLES[table]);
      assert.deepEqual(
        rowsOf(ws, kept),
        chosen.map((i) => all[i]),
      );
      columns.close();
    }
    ws.scratch.release(mark);
  });
}

const ws = createWorkspace({ bytes: BYTES });

test('events are 1 : 3 : 46', () => {
  const counts = NEXMARK_TABLE_NAMES.map((table) => generate(ws, table, {}, 0, 50_000, 0, ['dateTime']).length);
  assert.deepEqual(counts, [1_000, 3_000, 46_000]);
});

test('shares of hot auctions, bidders, sellers and channels', () => {
  const bids = generate(ws, 'bids', {}, 100_000, 200_000, 0, ['auction', 'bidder', 'channel', 'url']);
  const share = (rows: readonly Row[], is: (row: Row) => boolean) => rows.filter(is).length / rows.length;
  const near = (actual: number, expected: number, tolerance: number) =>
    assert.ok(Math.abs(actual - expected) < tolerance, `${actual}, not ${expected}`);
  near(
    share(bids, (b) => Number(b['auction']) % 100 === 0),
    0.5 + 0.5 / 100,
    0.01,
  );
  near(
    share(bids, (b) => Number(b['bidder']) % 100 === 1),
    0.75 + 0.25 / 100,
    0.01,
  );
  near(
    share(bids, (b) => !String(b['channel']).startsWith('channel-')),
    0.5,
    0.01,
  );
  near(
    share(bids, (b) => b['channel'] === 'Apple'),
    0.125,
    0.005,
  );
  near(
    share(
      bids.filter((b) => String(b['channel']).startsWith('channel-')),
      (b) => String(b['url']).includes('&channel_id='),
    ),
    0.9,
    0.02,
  );
  const auctions = generate(ws, 'auctions', {}, 100_000, 300_000, 0, ['seller', 'category']);
  near(
    share(auctions, (a) => Number(a['seller']) % 100 === 0),
    0.75 + 0.25 / 100,
    0.02,
  );
  near(
    share(auctions, (a) => a['category'] === 12n),
    0.2,
    0.02,
  );
});

test('prices are log-uniform from 1.00 to 1,000,000.00', () => {
  const prices = generate(ws, 'bids', {}, 0, 100_000, 0, ['price']).map((b) => Number(b['price']));
  assert.ok(Math.min(...prices.slice(0, 50_000)) >= 100 && Math.max(...prices.slice(0, 50_000)) <= 1e8);
  const deciles = Array<number>(10).fill(0);
  for (const price of prices) deciles[Math.min(9, Math.floor((Math.log10(price / 100) / 6) * 10))]! += 1 / prices.length;
  for (const share of deciles) assert.ok(Math.abs(share - 0.1) < 0.006, String(deciles));
});

test('bids name auctions and persons that exist, or will soon', () => {
  const bids = generate(ws, 'bids', {}, 60_000, 70_000, 0, ['auction', 'bidder']);
  bids.forEach(({ auction, bidder }, i) => {
    const epoch = 1_200 + Math.floor(i / 46);
    const lastAuction = 1_000 + epoch * 3 + 2;
    assert.ok(Number(auction) >= lastAuction - 102 && Number(auction) <= lastAuction + 10);
    assert.ok(Number(bidder) > 1_000 + epoch - 1_000 && Number(bidder) <= 1_000 + epoch + 10);
  });
});

test('out-of-order groups are permutations, group by group', () => {
  for (const group of [2, 50, 101]) {
    for (let start = 0; start < 1_000; start += group) {
      const numbers = Array.from({ length: group }, (_, i) => adjustedNumber(start + i, group));
      assert.deepEqual(
        [...numbers].sort((a, b) => a - b),
        Array.from({ length: group }, (_, i) => start + i),
      );
    }
    const key = (row: Row) => Object.values(row).join();
    const shuffled = generate(ws, 'bids', { outOfOrderGroup: group }, 0, group * 20).map(key);
    const ordered = generate(ws, 'bids', {}, 0, group * 20).map(key);
    if (group > 2) assert.notDeepEqual(shuffled, ordered);
    assert.deepEqual(shuffled.sort(), ordered.sort());
  }
});
