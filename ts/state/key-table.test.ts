import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsToBatch } from '../columns/builder.js';
import { batchToRows } from '../columns/rows.js';
import { batchOf } from '../columns/batch.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { createWorkspace } from '../wasm/workspace.js';
import { KeyTable, KEY_GONE } from './key-table.js';

const SCHEMA: Schema = [field('user', 'utf8', true), field('n', 'int64')];

test('keys keep their numbers while they are referred to, and are numbered anew when others go', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const random = new Random(9);
  const table = new KeyTable(ws, SCHEMA);
  const counts = new Map<string, number>();
  let numbers = new Map<string, number>();
  const ids = ws.alloc(4096);
  const idOf = (i: number): number => ws.memory.u32[ids / 4 + i] ?? -1;
  for (let round = 0; round < 200; round++) {
    const mark = ws.scratch.mark();
    const rows = Array.from({ length: random.int(1, 100) }, () => ({
      user: random.bool(0.1) ? null : 'u'.repeat(random.int(0, 30)),
      n: BigInt(random.int(0, 40)),
    }));
    const names = rows.map((r) => `${r.user} ${r.n}`);
    table.intern(rowsToBatch(ws, SCHEMA, rows), [0, 1], ids);
    names.forEach((name, i) => {
      assert.equal(numbers.get(name) ?? idOf(i), idOf(i));
      numbers.set(name, idOf(i));
    });
    assert.equal(new Set(numbers.values()).size, numbers.size);
    assert.equal(table.size, numbers.size);
    const values = batchToRows(ws.memory, batchOf(SCHEMA, rows.length, table.values(ids, rows.length)));
    assert.deepEqual(values, rows);
    table.retain(ids, rows.length);
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [name, count] of counts) {
      if (!random.bool(0.15)) continue;
      ws.memory.u32.fill(numbers.get(name) ?? -1, ids / 4, ids / 4 + count);
      table.release(ids, count);
      counts.set(name, 0);
    }
    if (random.bool(0.2)) {
      const { numbers: remap, count } = table.compact();
      assert.equal(count, numbers.size);
      const moved = new Map<string, number>();
      for (const [name, old] of numbers) {
        const now = ws.memory.u32[remap / 4 + old] ?? -1;
        assert.equal(now !== KEY_GONE, (counts.get(name) ?? 0) > 0, name);
        if (now !== KEY_GONE) moved.set(name, now);
      }
      assert.deepEqual(
        [...moved.values()].sort((a, b) => a - b),
        [...moved.keys()].map((_, i) => i),
      );
      numbers = moved;
      assert.equal(table.size, moved.size);
    }
    ws.scratch.release(mark);
  }
  table.close();
});

test('memory stays flat while keys come and go', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const table = new KeyTable(ws, [field('k', 'utf8')]);
  let most = 0;
  for (let round = 0; round < 300; round++) {
    const mark = ws.scratch.mark();
    const rows = Array.from({ length: 500 }, (_, i) => ({ k: `a key of round ${round}, ${i}` }));
    const ids = ws.alloc(rows.length * 4);
    table.intern(rowsToBatch(ws, [field('k', 'utf8')], rows), [0], ids);
    table.retain(ids, rows.length);
    table.release(ids, rows.length);
    if (table.wantsCompaction()) table.compact();
    most = Math.max(most, table.bytesInUse);
    ws.scratch.release(mark);
  }
  assert.ok(most < 1 << 20, `${most} bytes for at most 1,500 keys`);
  table.close();
});

test('giving back more than was taken is a bug', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const table = new KeyTable(ws, [field('k', 'int64')]);
  const ids = ws.alloc(4);
  table.intern(rowsToBatch(ws, [field('k', 'int64')], [{ k: 7n }]), [0], ids);
  assert.throws(() => table.release(ids, 1), /released more often/);
});
