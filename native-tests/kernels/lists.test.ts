// Lists through everything that moves columns, against plain arrays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../ts/columns/batch.js';
import { rowsToBatch } from '../../ts/columns/builder.js';
import { copyFrom, writeDescriptor } from '../../ts/columns/descriptor.js';
import { attach, concatDetached, detach } from '../../ts/columns/detached.js';
import { batchToRows, type Row } from '../../ts/columns/rows.js';
import { field, itemOf, LIST_KINDS, type ListKind, type ScalarKind, type Schema, type TimestampFormat } from '../../ts/columns/schema.js';
import type { Item } from '../../ts/columns/values.js';
import { Random } from '../../ts/core/random.js';
import { faultOfBatch } from '../../ts/testing/check-batch.js';
import { CsvEncoder } from '../../ts/wasm/csv-encoder.js';
import { JsonEncoder } from '../../ts/wasm/json-encoder.js';
import { concatBatches, copyBatchTo, sliceBatch, takeBatch } from '../../ts/wasm/selection.js';
import type { EncodedRows } from '../../ts/wasm/text-columns.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { BUILDS } from '../support/expressions.js';

const TEXTS = [
  '',
  'a',
  '"',
  '\\',
  ',',
  '\n',
  '\u0001',
  'žluť 🐎',
  'x;y\t',
  'plain text that is rather longer than sixteen bytes',
  '""""""""',
  '\u0000\u0000',
];

function randomItem(random: Random, kind: ScalarKind): Item {
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-999, 999)]);
    case 'int64':
      return random.pick([0n, -(2n ** 63n), 2n ** 63n - 1n, BigInt(random.int(-1e12, 1e12))]);
    case 'float64':
      return random.pick([0, -0, 1.5, 5e-324, -1.7976931348623157e308, 1e21, Number.NaN, Infinity, random.float()]);
    case 'timestamp':
      return random.pick([0, -1, 8.64e15, -8.64e15, random.int(-5e12, 5e12)]);
    case 'utf8':
      return random.pick(TEXTS);
    case 'binary':
      return Uint8Array.from({ length: random.int(0, 7) }, () => random.int(0, 255));
  }
}

const schemaOf = (format: TimestampFormat): Schema => [
  field('n', 'int32'),
  ...LIST_KINDS.map((kind) => (kind === 'list<timestamp>' ? { ...field(kind, kind, true), format } : field(kind, kind, true))),
];

function randomRows(random: Random, schema: Schema, count: number): Row[] {
  return Array.from({ length: count }, (_, n) =>
    Object.fromEntries(
      schema.map(({ name, kind }) => {
        if (kind === 'int32') return [name, n];
        const items = Array.from({ length: random.int(0, random.pick([1, 3, 20])) }, () => randomItem(random, itemOf(kind as ListKind)));
        return [name, random.bool(0.2) ? null : items];
      }),
    ),
  );
}

/** An item as JSON.stringify would have it, were it not for bigints and formats. */
function itemText(kind: ScalarKind, format: TimestampFormat, item: Item): string {
  if (typeof item === 'bigint') return String(item);
  if (item instanceof Uint8Array) return JSON.stringify(Buffer.from(item).toString('base64'));
  if (kind === 'timestamp' && format === 'us') return String(BigInt(item as number) * 1000n);
  return kind === 'timestamp' && format === 'auto' ? JSON.stringify(new Date(item as number)) : JSON.stringify(item);
}

const listText = (kind: ListKind, format: TimestampFormat, items: readonly Item[]): string =>
  `[${items.map((item) => itemText(itemOf(kind), format, item)).join(',')}]`;

const textOf = (ws: Workspace, { at, bytes }: EncodedRows): string => new TextDecoder().decode(ws.memory.u8.slice(at, at + bytes));

function checkTexts(ws: Workspace, batch: Batch, rows: readonly Row[], format: TimestampFormat, delimiter: string): void {
  const { schema } = batch;
  const cells = (row: Row) =>
    schema.map(({ name, kind }) => {
      const value = row[name] as number | readonly Item[] | null;
      return value === null || typeof value === 'number' ? value : listText(kind as ListKind, format, value);
    });
  const json = new JsonEncoder(ws, schema);
  const asJson = (row: Row) =>
    `{${cells(row)
      .map((cell, c) => `${JSON.stringify(schema[c]?.name)}:${cell}`)
      .join(',')}}\n`;
  assert.equal(textOf(ws, json.encode(batch)), rows.map(asJson).join(''));
  json.close();
  const csv = new CsvEncoder(ws, schema, { delimiter });
  const quoted = (cell: number | string | null) =>
    typeof cell === 'string' && (/["\r\n]/.test(cell) || cell.includes(delimiter)) ? `"${cell.replaceAll('"', '""')}"` : (cell ?? '');
  assert.equal(textOf(ws, csv.encode(batch)), rows.map((row) => `${cells(row).map(quoted).join(delimiter)}\n`).join(''));
  csv.close();
}

for (const build of BUILDS) {
  test(`lists keep their items wherever columns are moved (${build})`, () => {
    const ws = createWorkspace({ bytes: 64 << 20, build });
    const other = createWorkspace({ bytes: 64 << 20, build });
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed);
      const format = random.pick(['auto', 'us'] as const);
      const schema = schemaOf(format);
      const rows = randomRows(random, schema, random.pick([0, 1, 7, 8, 9, 64, 65, 130]));
      const mark = ws.scratch.mark();
      const batch = rowsToBatch(ws, schema, rows);
      const same = (found: Batch, expected: readonly Row[], what: string, memory = ws.memory): void => {
        assert.equal(faultOfBatch(memory, found), undefined, `${what}, seed ${seed}`);
        assert.deepEqual(batchToRows(memory, found), expected, `${what}, seed ${seed}`);
      };
      same(batch, rows, 'built');
      const order = rows.length === 0 ? [] : Array.from({ length: random.int(0, 99) }, () => random.int(0, rows.length - 1));
      const selection = ws.alloc(order.length * 4);
      ws.memory.i32.set(order, selection / 4);
      same(
        takeBatch(ws, batch, selection, order.length),
        order.map((r) => rows[r] as Row),
        'taken',
      );
      const from = random.int(0, rows.length);
      const to = random.int(from, rows.length);
      const slice = sliceBatch(ws, batch, from, to);
      same(slice, rows.slice(from, to), 'sliced');
      same(concatBatches(ws, [batch, slice, batch]), [...rows, ...rows.slice(from, to), ...rows], 'put together');
      same(attach(ws, detach(ws.memory, slice)), rows.slice(from, to), 'detached');
      same(
        attach(ws, concatDetached(schema, [detach(ws.memory, slice), detach(ws.memory, batch)])),
        [...rows.slice(from, to), ...rows],
        'detached, put together',
      );
      const theirs = other.scratch.mark();
      same(copyFrom(ws.memory, writeDescriptor(ws, slice).at, schema, other), rows.slice(from, to), 'sent', other.memory);
      same(copyBatchTo(other, ws.memory, batch), rows, 'copied', other.memory);
      other.scratch.release(theirs);
      checkTexts(ws, slice, rows.slice(from, to), format, random.pick([',', ';', '1']));
      ws.scratch.release(mark);
    }
  });
}

test('bytes that are no whole items are a fault of the batch', () => {
  const ws = createWorkspace({ bytes: 16 << 20 });
  const batch = rowsToBatch(ws, [field('t', 'list<utf8>')], [{ t: ['abc'] }]);
  ws.memory.u32[(batch.columns[0]?.values as number) / 4] = 9;
  assert.match(faultOfBatch(ws.memory, batch) ?? '', /row 0 has 7 bytes, which are no whole items of list<utf8>/);
});
