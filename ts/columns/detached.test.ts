import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import type { Batch } from './batch.js';
import { BatchBuilder } from './builder.js';
import { copyFrom, describedRows, writeDescriptor } from './descriptor.js';
import { attach, attachAll, batchBytes, detach, detachedBytes, transferables, type DetachedBatch } from './detached.js';
import { Memory, type Space } from './memory.js';
import { batchToRows, detachedToRows } from './rows.js';
import { field, type Schema } from './schema.js';

function space(bytes = 1 << 22): Space {
  const memory = new Memory(new SharedArrayBuffer(bytes));
  memory.u8.fill(0xa5);
  let top = 256;
  return {
    memory,
    alloc(n) {
      const at = top;
      top += Math.ceil((n + 64) / 16) * 16;
      return at;
    },
  };
}

const SCHEMA: Schema = [
  field('b', 'bool', true),
  field('i', 'int32'),
  field('l', 'int64', true),
  field('d', 'float64'),
  field('s', 'utf8', true),
  field('x', 'binary'),
  field('t', 'timestamp'),
];

function randomBatch(random: Random, to: Space, rows: number, nulls: boolean): Batch {
  const builder = new BatchBuilder(SCHEMA);
  for (let r = 0; r < rows; r++) {
    const row = {
      b: nulls && random.bool() ? null : random.bool(),
      i: random.int(-(2 ** 31), 2 ** 31 - 1),
      l: nulls && random.bool(0.2) ? null : BigInt(random.int(-1e15, 1e15)),
      d: random.float(),
      s: nulls && random.bool(0.2) ? null : 'ab€🐎'.slice(0, random.int(0, 3)),
      x: Uint8Array.from({ length: random.int(0, 5) }, () => random.int(0, 255)),
      t: random.int(-1e12, 1e12),
    };
    builder.append(row, { time: row.t, clock: row.t - 5, op: random.int(0, 3), position: BigInt(row.i) });
  }
  return builder.finish(to);
}

function all(batch: DetachedBatch): unknown {
  return { rows: detachedToRows(batch), times: batch.times, clocks: batch.clocks, ops: batch.ops, positions: batch.positions };
}

test('a batch is copied out and in again, through another memory too', () => {
  const random = new Random(11);
  for (const rows of [0, 1, 7, 8, 63, 64, 65, 500]) {
    for (const nulls of [false, true]) {
      const [a, b, c] = [space(), space(), space()] as const;
      const batch = randomBatch(random, a, rows, nulls);
      const expected = batchToRows(a.memory, batch);
      const detached = detach(a.memory, batch);
      assert.deepEqual(detachedToRows(detached), expected);
      assert.equal(detachedBytes(detached), batchBytes(a.memory, batch));
      assert.equal(transferables(detached).length, 1);
      assert.deepEqual(batchToRows(b.memory, attach(b, detached)), expected);
      const { at, words } = writeDescriptor(a, batch);
      assert.equal(words, 6 + 4 * SCHEMA.length);
      assert.equal(describedRows(a.memory, at), rows);
      const copy = copyFrom(a.memory, at, SCHEMA, c);
      a.memory.u8.fill(0);
      assert.deepEqual(all(detach(c.memory, copy)), all(detached));
    }
  }
});

test('a detached batch survives being posted with its buffer transferred', () => {
  const a = space();
  const detached = detach(a.memory, randomBatch(new Random(3), a, 20, true));
  const before = all(structuredClone(detached));
  const moved = structuredClone(detached, { transfer: transferables(detached) });
  assert.equal(detached.columns[0]?.values.byteLength, 0);
  assert.deepEqual(all(moved), before);
});

test('batches become one, in order, at any bit position', () => {
  const random = new Random(5);
  for (let round = 0; round < 20; round++) {
    const a = space();
    const parts = Array.from({ length: random.int(1, 6) }, () => randomBatch(random, a, random.int(0, 20), random.bool()));
    const whole = attachAll(
      a,
      SCHEMA,
      parts.map((part) => detach(a.memory, part)),
    );
    assert.deepEqual(
      batchToRows(a.memory, whole).map((r) => ({ ...r })),
      parts.flatMap((part) => batchToRows(a.memory, part)).map((r) => ({ ...r })),
    );
    assert.equal(whole.rows === 0 || whole.clocks !== 0, true);
  }
});
