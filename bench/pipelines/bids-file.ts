import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { scatter } from '../peers/rows.js';

const FOLDER = '.cache/bench';
const FIRST_TIME = 1_700_000_000_000;
/** A million a window of ten seconds. */
const ROWS_PER_MS = 100;
const CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple', 'channel-17', 'channel-4711'];

export interface BidsFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** How often each auction comes: all alike; by Zipf's law with exponent 1; one auction has nine rows of ten. */
export type Skew = 'even' | 'zipf' | 'hot';

/** Nexmark-like bids of about 184 bytes as NDJSON, auctions drawn from `keys` numbers. Written once, then kept. */
export function bidsFile(rows: number, keys: number, skew: Skew = 'even'): BidsFile {
  const path = join(FOLDER, `bids-${rows}-${keys}${skew === 'even' ? '' : `-${skew}`}.ndjson`);
  if (!existsSync(path)) write(path, rows, drawing(keys, skew));
  return { path, rows, bytes: statSync(path).size };
}

/** The number of an auction from 32 random bits. */
function drawing(keys: number, skew: Skew): (bits: number) => number {
  if (skew === 'even') return (bits) => bits % keys;
  if (skew === 'hot') return (bits) => (bits % 10 < 9 ? 0 : Math.floor(bits / 10) % keys);
  const upTo = new Float64Array(keys);
  let sum = 0;
  for (let i = 0; i < keys; i++) upTo[i] = sum += 1 / (i + 1);
  return (bits) => {
    const wanted = (bits / 2 ** 32) * sum;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** So many copies of the file: its path is a pattern. Not links: their blocks would be read again from the cache. */
export function repeated({ path, rows, bytes }: BidsFile, times: number): BidsFile {
  for (let i = 0; i < times; i++) {
    const name = `${path}-part${i}.ndjson`;
    if (!existsSync(name)) copyFileSync(path, name);
  }
  return { path: `${path}-part*.ndjson`, rows: rows * times, bytes: bytes * times };
}

function write(path: string, rows: number, auction: (bits: number) => number): void {
  mkdirSync(FOLDER, { recursive: true });
  const part = `${path}.${process.pid}`;
  const file = openSync(part, 'w');
  let lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    lines.push(bid(i, auction));
    if (lines.length === 20_000 || i === rows - 1) {
      writeSync(file, lines.join(''));
      lines = [];
    }
  }
  closeSync(file);
  renameSync(part, path);
}

function bid(i: number, auction: (bits: number) => number): string {
  const [a, b, c, d] = [scatter(4 * i), scatter(4 * i + 1), scatter(4 * i + 2), scatter(4 * i + 3)] as const;
  const extra = (a.toString(36) + b.toString(36) + c.toString(36)).padEnd(20, 'x');
  const url = `https://www.nexmark.com/item.htm?query=${b % 100_000}&id=${c % 1000}`;
  const head = `{"auction":${1000 + auction(a)},"bidder":${1000 + (b % 100_000)},"price":${100 + (c % 10_000_000)}`;
  const time = FIRST_TIME + Math.floor(i / ROWS_PER_MS);
  return `${head},"channel":"${CHANNELS[d % 6]}","url":"${url}","dateTime":${time},"extra":"${extra}"}\n`;
}
