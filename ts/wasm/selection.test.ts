import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../columns/batch.js';
import type { Kind } from '../columns/schema.js';
import { Random } from '../core/random.js';
import type { KernelBuild } from './module.js';
import { bitmapToSelection, concatBatches, copyBatchTo, rangeSelection, sliceBatch, takeBatch } from './selection.js';
import { readBatch, readColumn, writeBatch, writeBits, writeColumn, type Value } from './twins/columns.js';
import { createWorkspace, type Workspace } from './workspace.js';

const BUILDS: readonly KernelBuild[] = ['debug', 'scalar', 'simd'];
const LENGTHS = [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 300];

type Nulls = 'none' | 'all' | 'some';

function randomBatch(ws: Workspace, random: Random, rows: number, nulls: Nulls): Batch {
  const column = (kind: Kind, value: () => Value): readonly [Kind, readonly Value[]] => [
    kind,
    Array.from({ length: rows }, () => (nulls === 'all' || (nulls === 'some' && random.bool(0.3)) ? null : value())),
  ];
  const batch = writeBatch(ws, {
    b: column('bool', () => random.bool()),
    i: column('int32', () => random.int(-100, 100)),
    l: column('int64', () => BigInt(random.int(-1e9, 1e9)) << 20n),
    d: column('float64', () => random.float()),
    s: column('utf8', () => 'æ☃'.repeat(random.int(0, 3)) + 'x'.repeat(random.int(0, random.bool(0.02) ? 700 : 20))),
    y: column('binary', () => '\xff\x00'.repeat(random.int(0, 5))),
    t: column('timestamp', () => BigInt(random.int(-1e12, 1e12))),
  });
  const words = Array.from({ length: rows }, () => BigInt(random.int(-1e12, 1e12)));
  const ops = ws.alloc(rows);
  for (let i = 0; i < rows; i++) ws.memory.u8[ops + i] = random.int(0, 3);
  return {
    ...batch,
    times: writeColumn(ws, 'timestamp', words).values,
    clocks: writeColumn(
      ws,
      'timestamp',
      words.map((w) => w + 5n),
    ).values,
    ops,
    positions: writeColumn(
      ws,
      'int64',
      words.map((w) => w * 3n),
    ).values,
  };
}

/** Rows with their times, clocks and operations. */
function everything(ws: Workspace, batch: Batch): Value[][] {
  const { rows } = batch;
  const words = (values: number): Value[] => readColumn(ws.memory, { kind: 'timestamp', validity: 0, offsets: 0, values }, rows);
  const times = words(batch.times);
  const clocks = words(batch.clocks);
  const positions = words(batch.positions);
  return readBatch(ws.memory, batch).map((row, i) => [
    ...row,
    times[i] as Value,
    clocks[i] as Value,
    positions[i] as Value,
    batch.ops === 0 ? 0 : (ws.memory.u8[batch.ops + i] as number),
  ]);
}

for (const build of BUILDS) {
  const ws = createWorkspace({ build, bytes: 64 << 20 });

  test(`${build}: a bitmap becomes a selection`, () => {
    const random = new Random(11);
    for (const rows of LENGTHS) {
      for (const share of [0, 0.02, 0.5, 1]) {
        const bits = Array.from({ length: rows }, () => random.bool(share));
        const valid = Array.from({ length: rows }, () => random.bool(0.7));
        for (const validity of [undefined, valid]) {
          const got = bitmapToSelection(ws, writeBits(ws, bits), validity === undefined ? 0 : writeBits(ws, validity), rows);
          const wanted = bits.flatMap((bit, i) => (bit && (validity === undefined || validity[i]) ? [i] : []));
          assert.deepEqual([...ws.memory.i32.subarray(got.selection / 4, got.selection / 4 + got.count)], wanted);
        }
      }
      ws.scratch.reset();
    }
  });

  test(`${build}: take, slice, concatenate and copy keep every column, time, clock and operation`, () => {
    const random = new Random(12);
    for (const rows of LENGTHS) {
      for (const nulls of ['none', 'all', 'some'] as const) {
        const batch = randomBatch(ws, random, rows, nulls);
        const wanted = everything(ws, batch);

        const picked = rows === 0 ? [] : Array.from({ length: random.int(0, 2 * rows) }, () => random.int(0, rows - 1));
        const selection = ws.alloc(picked.length * 4);
        ws.memory.i32.set(picked, selection / 4);
        const taken = takeBatch(ws, batch, selection, picked.length);
        assert.deepEqual(
          everything(ws, taken),
          picked.map((i) => wanted[i]),
        );

        const from = random.int(0, rows);
        const to = random.int(from, rows);
        const slice = sliceBatch(ws, batch, from, to);
        assert.deepEqual(everything(ws, slice), wanted.slice(from, to));
        for (const column of slice.columns) if (column.offsets !== 0) assert.equal(ws.memory.u32[column.offsets / 4], 0);

        const rest = sliceBatch(ws, batch, to, rows);
        const joined = concatBatches(ws, [rest, slice, taken]);
        assert.deepEqual(everything(ws, joined), [...wanted.slice(to), ...wanted.slice(from, to), ...picked.map((i) => wanted[i])]);

        const copy = copyBatchTo(ws, ws.memory, slice);
        for (const column of slice.columns) ws.memory.u8.fill(0x55, column.values, column.values + 8);
        assert.deepEqual(everything(ws, copy), wanted.slice(from, to));
        ws.scratch.reset();
      }
    }
  });

  test(`${build}: batches without operations or clocks join those with them`, () => {
    const random = new Random(13);
    const a = randomBatch(ws, random, 5, 'none');
    const b = { ...randomBatch(ws, random, 3, 'some'), ops: 0, clocks: 0 };
    const joined = concatBatches(ws, [a, b]);
    assert.deepEqual([...ws.memory.u8.subarray(joined.ops + 5, joined.ops + 8)], [0, 0, 0]);
    assert.deepEqual([...ws.memory.i64.subarray(joined.clocks / 8 + 5, joined.clocks / 8 + 8)], [-(2n ** 63n), -(2n ** 63n), -(2n ** 63n)]);
  });

  test(`${build}: a range is a selection`, () => {
    const { selection, count } = rangeSelection(ws, 3, 8);
    assert.deepEqual([...ws.memory.i32.subarray(selection / 4, selection / 4 + count)], [3, 4, 5, 6, 7]);
  });
}
