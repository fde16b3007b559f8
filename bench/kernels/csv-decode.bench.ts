// CSV decode into columns, 1 MiB blocks in memory, by shape of row; against plain JavaScript that splits lines and fields
// and converts the same columns. Sums of the first column are compared.
// usage: csv-decode.bench.js [--small] [--json FILE]
import assert from 'node:assert/strict';
import type { Kind } from '../../ts/columns/schema.js';
import { DEFAULT_LIMITS } from '../../ts/core/limits.js';
import { CsvDecoder } from '../../ts/wasm/csv-decoder.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { small, Suite } from '../harness.js';

const BLOCK_BYTES = small ? 64 << 10 : 1 << 20;

interface Shape {
  readonly name: string;
  readonly line: (i: number) => string;
  readonly columns: number;
  /** Which are read, and as what. */
  readonly read: readonly (readonly [number, Kind])[];
}

const bid = (i: number) =>
  `${1000 + (i % 1000)},${1000 + i},${(i * 7919) % 100_000},channel-${i % 10},https://www.nexmark.com/item/${i}?x=1,${1_700_000_000_000 + i},some text ${i}`;
const BID_KINDS: readonly Kind[] = ['int64', 'int64', 'int64', 'utf8', 'utf8', 'timestamp', 'utf8'];

const SHAPES: readonly Shape[] = [
  { name: 'bids, all 7 columns', line: bid, columns: 7, read: BID_KINDS.map((kind, i) => [i, kind] as const) },
  {
    name: 'bids, 3 of 7 columns',
    line: bid,
    columns: 7,
    read: [
      [0, 'int64'],
      [2, 'int64'],
      [5, 'timestamp'],
    ],
  },
  {
    name: 'numbers and ISO times, 5 columns',
    line: (i) => `${i},${(i * 0.37).toFixed(3)},${-i * 3},${(i / 7).toFixed(6)},2024-01-01T00:00:${String(i % 60).padStart(2, '0')}Z`,
    columns: 5,
    read: (['int64', 'float64', 'int32', 'float64', 'timestamp'] as const).map((kind, i) => [i, kind] as const),
  },
];

function plainValue(text: string, kind: Kind): unknown {
  if (kind === 'int64') return BigInt(text);
  if (kind === 'int32' || kind === 'float64') return Number(text);
  if (kind === 'timestamp') return text.includes('-') ? Date.parse(text) : Number(text);
  return text;
}

const suite = new Suite('kernels/csv-decode');
const ws = createWorkspace({ bytes: 128 << 20 });
for (const shape of SHAPES) {
  let text = '';
  let rows = 0;
  while (text.length < BLOCK_BYTES) text += `${shape.line(rows++)}\n`;
  const bytes = new TextEncoder().encode(text);
  const fields = shape.read.map(([, kind], i) => ({ name: `c${i}`, kind, nullable: false }));
  const decoder = new CsvDecoder(ws, { fields, limits: DEFAULT_LIMITS, delimiter: ',', quotedNewlines: true });
  decoder.useLayout({ columns: shape.columns, positions: shape.read.map(([column]) => column) });
  const start = ws.blocks.alloc(bytes.length + 4096) + 64;
  ws.memory.u8.set(bytes, start);
  const kernels = () => {
    const mark = ws.scratch.mark();
    const decoded = decoder.decode(start, start + bytes.length, (bad) => assert.fail(bad.reason));
    const columns = decoder.materialise(decoded, 0, decoded.rows);
    assert.equal(decoded.rows, rows);
    const at = (columns[0]?.values ?? 0) / 8;
    let sum = 0n;
    for (let i = 0; i < rows; i += 97) sum += ws.memory.i64[at + i] ?? 0n;
    ws.scratch.release(mark);
    return sum;
  };
  const plain = () => {
    const lines = new TextDecoder().decode(bytes).split('\n');
    const columns: unknown[][] = shape.read.map(() => []);
    for (let i = 0; i < rows; i++) {
      const cells = (lines[i] as string).split(',');
      shape.read.forEach(([column, kind], c) => columns[c]?.push(plainValue(cells[column] as string, kind)));
    }
    let sum = 0n;
    for (let i = 0; i < rows; i += 97) sum += columns[0]?.[i] as bigint;
    return sum;
  };
  await suite.case(shape.name, { rows, bytes: bytes.length, repeat: 'kernel' }, [
    { name: 'millrace', run: kernels },
    { name: 'JavaScript, split and convert', run: plain },
  ]);
}
suite.end();
