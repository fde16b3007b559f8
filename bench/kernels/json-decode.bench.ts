// NDJSON to two int64 columns (and two float64 ones), blocks in memory: each tier of the decoder, rows of one shape and of several; against
// JSON.parse, line by line. Answers are compared.
// usage: json-decode.bench.js [--small]
import assert from 'node:assert/strict';
import { field, type Schema } from '../../ts/columns/schema.js';
import { DEFAULT_LIMITS } from '../../ts/core/limits.js';
import { Random } from '../../ts/core/random.js';
import { JsonDecoder, type JsonTier } from '../../ts/wasm/json-decoder.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

/** One measured way of decoding one kind of rows. */
interface JsonDecodeResult {
  readonly name: string;
  readonly bytesPerRow: number;
  readonly nsPerRow: number;
  readonly gigabytesPerSecond: number;
}

const BLOCK_BYTES = 1 << 20;
const FIRST_TIME = 1_700_000_000_000;
const FIELDS: Schema = [field('auction', 'int64'), field('dateTime', 'int64')];
const FLOAT_FIELDS: Schema = [...FIELDS, field('lat', 'float64'), field('lon', 'float64')];

/** Rows as the Nexmark generator writes bids: about 184 bytes. `varied`: strings of changing length. */
function bidRow(random: Random, varied: boolean): string {
  const word = (n: number): string => Array.from({ length: n }, () => 'abcdefghijklmnopqrstuvwxyz'[random.int(0, 25)]).join('');
  const channel = varied ? word(random.int(3, 20)) : random.pick(['Google', 'Facebk', 'Baidu_', 'Apple_']);
  const extra = word(varied ? random.int(0, 40) : 14);
  const ids = `"auction":${random.int(1000, 9999)},"bidder":${random.int(1000, 9999)},"price":${random.int(100, 99_999_999)}`;
  const url = `https://www.nexmark.com/${word(5)}/${word(5)}/${word(5)}/item.htm?query=1`;
  return `{${ids},"channel":"${channel}","url":"${url}","dateTime":${FIRST_TIME + random.int(0, 1e9)},"extra":"${extra}"}\n`;
}

function mixedRow(random: Random): string {
  const time = `"dateTime":${FIRST_TIME + random.int(0, 1e9)}`;
  switch (random.int(0, 2)) {
    case 0:
      return bidRow(random, true);
    case 1:
      return `{"auction":${random.int(1, 1e6)},"itemName":"thing","reserve":${random.int(1, 1e4)}.5,${time},"seller":{"name":"x","rating":4.5}}\n`;
    default:
      return `{"dateTime":${FIRST_TIME + random.int(0, 1e9)},"auction":${random.int(1, 1e6)},"tags":["a","b"],"note":null}\n`;
  }
}

function floatRow(random: Random): string {
  return `{"auction":${random.int(1, 1e6)},"lat":${random.float() * 90},"lon":${-random.float() * 180},"dateTime":${FIRST_TIME + random.int(0, 1e9)}}\n`;
}

interface Sums {
  auction: bigint;
  dateTime: bigint;
}

/** Decodes `megabytes` of rows in blocks, best of `rounds`, and checks the columns' sums against JSON.parse. */
function benchJsonDecode(megabytes: number, rounds: number): JsonDecodeResult[] {
  const results: JsonDecodeResult[] = [];
  const cases: { name: string; row: (random: Random) => string; tier: JsonTier }[] = [
    { name: 'bids, template', row: (r) => bidRow(r, false), tier: 'template' },
    { name: 'bids of varied length, template', row: (r) => bidRow(r, true), tier: 'template' },
    { name: 'three shapes mixed, template', row: mixedRow, tier: 'template' },
    { name: 'rows of floats with 16 digits, template', row: floatRow, tier: 'template' },
    { name: 'bids, tolerant', row: (r) => bidRow(r, false), tier: 'tolerant' },
    { name: 'bids, exact', row: (r) => bidRow(r, false), tier: 'exact' },
  ];
  for (const { name, row, tier } of cases) {
    const random = new Random(7);
    const blocks: string[] = [];
    for (let b = 0; b < megabytes; b++) {
      let text = '';
      while (text.length < BLOCK_BYTES - 1_024) text += row(random);
      blocks.push(text);
    }
    const expected = parse(blocks);
    const ws = createWorkspace({ bytes: (megabytes * 2 + 128) << 20 });
    const decoder = new JsonDecoder(ws, { fields: row === floatRow ? FLOAT_FIELDS : FIELDS, limits: DEFAULT_LIMITS }, tier);
    const places = blocks.map((text) => place(ws, text));
    // Each block's best round: what a busy machine takes away hits some rounds only.
    const fastest: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sums: Sums = { auction: 0n, dateTime: 0n };
      let rows = 0;
      for (const [block, { start, end }] of places.entries()) {
        const mark = ws.scratch.mark();
        const began = process.hrtime.bigint();
        const decoded = decoder.decode(start, end, (bad) => assert.fail(bad.reason));
        const took = Number(process.hrtime.bigint() - began);
        fastest[block] = Math.min(fastest[block] ?? took, took);
        if (round === 0) {
          const [auction, dateTime] = decoder.materialise(decoded, 0, decoded.rows);
          for (let i = 0; i < decoded.rows; i++) {
            sums.auction += ws.memory.i64[(auction?.values ?? 0) / 8 + i] ?? 0n;
            sums.dateTime += ws.memory.i64[(dateTime?.values ?? 0) / 8 + i] ?? 0n;
          }
        }
        rows += decoded.rows;
        ws.scratch.release(mark);
      }
      assert.equal(rows, expected.rows);
      if (round === 0) assert.deepEqual(sums, expected.sums);
    }
    const bytesPerRow = blocks.reduce((sum, text) => sum + text.length, 0) / expected.rows;
    const best = fastest.reduce((sum, ns) => sum + ns, 0) / expected.rows;
    results.push({ name, bytesPerRow, nsPerRow: best, gigabytesPerSecond: bytesPerRow / best });
    results.push({
      name: `${name}: JSON.parse`,
      bytesPerRow,
      nsPerRow: expected.nsPerRow,
      gigabytesPerSecond: bytesPerRow / expected.nsPerRow,
    });
    decoder.close();
  }
  return results;
}

function place(ws: Workspace, text: string): { start: number; end: number } {
  const bytes = Buffer.from(text);
  const start = ws.blocks.alloc(bytes.length + 2_048) + 64;
  ws.memory.u8.set(bytes, start);
  return { start, end: start + bytes.length };
}

function parse(blocks: readonly string[]): { rows: number; sums: Sums; nsPerRow: number } {
  const sums: Sums = { auction: 0n, dateTime: 0n };
  let rows = 0;
  let elapsed = 0;
  for (const text of blocks) {
    const lines = Buffer.from(text);
    const began = process.hrtime.bigint();
    let auction = 0;
    let dateTime = 0;
    let rowsHere = 0;
    for (const line of lines.toString('utf8').split('\n')) {
      if (line === '') continue;
      const record = JSON.parse(line) as { auction: number; dateTime: number };
      auction += record.auction;
      dateTime += record.dateTime - FIRST_TIME;
      rowsHere++;
    }
    rows += rowsHere;
    elapsed += Number(process.hrtime.bigint() - began);
    sums.auction += BigInt(auction);
    sums.dateTime += BigInt(dateTime) + BigInt(FIRST_TIME) * BigInt(rowsHere);
  }
  return { rows, sums, nsPerRow: elapsed / rows };
}

const small = process.argv.includes('--small');
console.log(`${'rows'.padEnd(48)}    bytes/row     ns/row   GB/s`);
for (const r of benchJsonDecode(small ? 1 : 16, small ? 1 : 5))
  console.log(
    `${r.name.padEnd(48)} ${r.bytesPerRow.toFixed(0).padStart(12)} ${r.nsPerRow.toFixed(1).padStart(10)} ${r.gigabytesPerSecond.toFixed(2).padStart(6)}`,
  );
