// NDJSON to two int64 columns (and two float64 ones), blocks in memory: each tier of the decoder, rows of one shape and of several; against
// JSON.parse, line by line. Answers are compared.
// usage: json-decode.bench.js [--small] [--json FILE]
import assert from 'node:assert/strict';
import { field, type Schema } from '../../ts/columns/schema.js';
import { DEFAULT_LIMITS } from '../../ts/core/limits.js';
import { Random } from '../../ts/core/random.js';
import { JsonDecoder, type JsonTier } from '../../ts/wasm/json-decoder.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite } from '../harness.js';

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
  readonly rows: number;
  readonly auction: number;
  readonly dateTime: number;
}

function place(ws: Workspace, bytes: Uint8Array): { start: number; end: number } {
  const start = ws.blocks.alloc(bytes.length + 2_048) + 64;
  ws.memory.u8.set(bytes, start);
  return { start, end: start + bytes.length };
}

function parse(blocks: readonly Buffer[]): Sums {
  const sums = { rows: 0, auction: 0, dateTime: 0 };
  for (const bytes of blocks) {
    for (const line of bytes.toString('utf8').split('\n')) {
      if (line === '') continue;
      const record = JSON.parse(line) as { auction: number; dateTime: number };
      sums.auction += record.auction;
      sums.dateTime += record.dateTime - FIRST_TIME;
      sums.rows++;
    }
  }
  return sums;
}

/** Decodes all blocks. The columns are summed the first time only: reading them row by row is no part of the work. */
function decodeAll(decoder: JsonDecoder, ws: Workspace, places: readonly { start: number; end: number }[]): () => Sums | undefined {
  let checked = false;
  return () => {
    const sums = { rows: 0, auction: 0, dateTime: 0 };
    for (const { start, end } of places) {
      const mark = ws.scratch.mark();
      const decoded = decoder.decode(start, end, (bad) => assert.fail(bad.reason));
      const [auction, dateTime] = decoder.materialise(decoded, 0, decoded.rows);
      for (let i = 0; i < decoded.rows && !checked; i++) {
        sums.auction += Number(ws.memory.i64[(auction?.values ?? 0) / 8 + i]);
        sums.dateTime += Number(ws.memory.i64[(dateTime?.values ?? 0) / 8 + i]) - FIRST_TIME;
        sums.rows++;
      }
      ws.scratch.release(mark);
    }
    if (checked) return undefined;
    checked = true;
    return sums;
  };
}

interface Case {
  readonly name: string;
  readonly row: (random: Random) => string;
  readonly tiers: readonly JsonTier[];
}

const CASES: readonly Case[] = [
  { name: 'bids', row: (r) => bidRow(r, false), tiers: ['template', 'tolerant', 'exact'] },
  { name: 'bids of varied length', row: (r) => bidRow(r, true), tiers: ['template'] },
  { name: 'three shapes mixed', row: mixedRow, tiers: ['template'] },
  { name: 'rows of floats with 16 digits', row: floatRow, tiers: ['template'] },
];

const suite = new Suite('kernels/json-decode');
const megabytes = small ? 1 : 8;
for (const { name, row, tiers } of CASES) {
  const random = new Random(7);
  const blocks = Array.from({ length: megabytes }, () => {
    let text = '';
    while (text.length < BLOCK_BYTES - 1_024) text += row(random);
    return Buffer.from(text);
  });
  const { rows } = parse(blocks);
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  const ws = createWorkspace({ bytes: (megabytes * 2 + 128) << 20 });
  const places = blocks.map((block) => place(ws, block));
  const fields = row === floatRow ? FLOAT_FIELDS : FIELDS;
  const decoders = tiers.map((tier) => new JsonDecoder(ws, { fields, limits: DEFAULT_LIMITS }, tier));
  await suite.case(name, { rows, bytes, repeat: 'kernel' }, [
    // The first tier is what jobs use; it falls back to the others row by row.
    ...decoders.map((decoder, i) => ({ name: `millrace, ${tiers[i]} tier`, run: decodeAll(decoder, ws, places) })),
    { name: 'JSON.parse, line by line', run: () => parse(blocks) },
  ]);
  for (const decoder of decoders) decoder.close();
}
suite.end();
