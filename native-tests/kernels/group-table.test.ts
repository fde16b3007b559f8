import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { readKeys } from '../../ts/state/group-rows.js';
import { GroupTable } from '../../ts/state/group-table.js';
import { keyShapeOf, keyWordsOf } from '../../ts/state/key-words.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows, int64s, valuesOf } from '../support/columns.js';
import { unmix, unword, type KeyValue } from '../twins/hash.js';
import { keyText } from '../twins/windowed.js';

const SEED = 0x0123456789abcdefn;
const BUILDS = ['debug', 'scalar', 'simd'] as const;

/** Finds every row's group, a chunk at a time, and checks the groups against a Map. */
class Checked {
  readonly table: GroupTable;
  readonly #ws: Workspace;
  readonly #schema: Schema;
  readonly #numbers = new Map<string, number>();

  constructor(ws: Workspace, schema: Schema, expected = 0) {
    this.#ws = ws;
    this.#schema = schema;
    this.table = new GroupTable(ws, keyShapeOf(schema), 8, expected);
  }

  add(rows: readonly KeyValue[][], selection?: readonly number[]): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const batch = batchOfRows(ws, this.#schema, rows);
    const words = keyWordsOf(
      ws,
      this.table.shape,
      batch,
      this.#schema.map((_, i) => i),
    );
    const ats = ws.alloc(rows.length * 4);
    const chosen = selection ?? rows.map((_, i) => i);
    const at = selection === undefined ? 0 : ws.alloc(chosen.length * 4);
    if (selection !== undefined) ws.memory.u32.set(chosen, at / 4);
    this.table.find(words, at, 0, chosen.length, ats);
    const { rows: base, stride } = this.table;
    for (const i of chosen) {
      const id = keyText(rows[i] as KeyValue[]);
      if (!this.#numbers.has(id)) this.#numbers.set(id, this.#numbers.size);
      assert.equal(((ws.memory.u32[ats / 4 + i] ?? 0) - base) / stride, this.#numbers.get(id), id);
    }
    assert.equal(this.table.size, this.#numbers.size);
    ws.scratch.release(mark);
  }

  /** The keys come back, in order of arrival. */
  check(): void {
    const ws = this.#ws;
    const ats = ws.alloc(this.table.size * 4);
    this.table.addresses(0, this.table.size, ats);
    const columns = readKeys({ ws, ats, count: this.table.size }, this.table.shape).map((v) => valuesOf(ws, v, this.table.size));
    const ids = Array.from({ length: this.table.size }, (_, i) => keyText(columns.map((c) => c[i] ?? null)));
    assert.deepEqual(ids, [...this.#numbers.keys()]);
  }
}

for (const build of BUILDS) {
  test(`one word: edge values, growth, selections (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(1);
    const checked = new Checked(ws, [field('k', 'int64')]);
    const edges = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 31n];
    checked.add([]);
    checked.add(edges.map((k) => [k]));
    for (let round = 0; round < 20; round++) {
      const rows = Array.from({ length: 2000 }, () => [
        random.bool(0.1) ? random.pick(edges) : BigInt(random.int(0, 10 ** random.int(1, 9))),
      ]);
      checked.add(rows, round % 2 ? random.shuffle(rows.map((_, i) => i)).slice(0, random.int(0, 2000)) : undefined);
    }
    checked.check();
    checked.table.close();
  });

  test(`integers close together need no hash, until one lies far away (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(3);
    for (const start of [0n, -500n, 2n ** 63n - 700n, -(2n ** 63n), 10n ** 15n]) {
      const checked = new Checked(ws, [field('k', 'int64')]);
      const near = (n: number, range: number): KeyValue[][] =>
        Array.from({ length: n }, () => [BigInt.asIntN(64, start + BigInt(random.int(0, range)))]);
      const some = random.shuffle([...Array(999).keys()]);
      for (const range of [300, 500, 600]) checked.add(near(1000, range), range === 500 ? some : undefined);
      assert.ok(checked.table.dense, `dense from ${start}`);
      checked.add([...near(500, 600), [0n], [start < 0n ? start + 2n ** 62n : start - 2n ** 62n], ...near(500, 600)]);
      assert.ok(!checked.table.dense, 'hashed once a key lies far away');
      checked.add(near(2000, 600));
      checked.check();
      checked.table.close();
    }
  });

  test(`a dense index widens up and down, and a hashed one that has filled up becomes dense (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(4);
    const up = new Checked(ws, [field('k', 'int64')]);
    const down = new Checked(ws, [field('k', 'int32')]);
    for (let from = 0; from < 12_000; from += 500) {
      const rows = Array.from({ length: 800 }, () => random.int(Math.max(0, from - 1000), from + 500));
      up.add(rows.map((k) => [BigInt(k)]));
      down.add(rows.map((k) => [-k]));
      assert.ok(up.table.dense && down.table.dense, `at ${from}`);
    }
    const wide = new Checked(ws, [field('k', 'int64')]);
    const seen = new Set<boolean>();
    for (let round = 0; round < 30; round++) {
      wide.add(Array.from({ length: 1000 }, () => [BigInt(random.int(-10_000, 10_000))]));
      seen.add(wide.table.dense);
    }
    assert.deepEqual([...seen], [false, true]);
    for (const checked of [up, down, wide]) {
      checked.check();
      checked.table.close();
    }
  });

  test(`keys of bytes, composite keys and nulls, with growth of index, rows and heap (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 128 << 20 });
    const random = new Random(2);
    for (const schema of [
      [field('s', 'utf8')],
      [field('s', 'utf8', true), field('n', 'int32', true)],
      [field('b', 'binary'), field('f', 'float64', true), field('t', 'timestamp'), field('x', 'bool', true)],
    ]) {
      const checked = new Checked(ws, schema);
      const text = (): string => 'k'.repeat(random.int(0, 17)) + random.int(0, 900);
      for (let round = 0; round < 8; round++) {
        checked.add(
          Array.from({ length: 1500 }, () =>
            schema.map(({ kind, nullable }): KeyValue => {
              if (nullable && random.bool(0.2)) return null;
              if (kind === 'utf8') return random.bool(0.01) ? 'long'.repeat(random.int(1, 3000)) : text();
              if (kind === 'binary') return new TextEncoder().encode(text());
              if (kind === 'float64') return random.pick([0, -0, Number.NaN, 1.5]);
              if (kind === 'bool') return random.bool();
              return kind === 'int32' ? random.int(-3, 3) : BigInt(random.int(-3, 3));
            }),
          ),
        );
      }
      assert.ok(checked.table.size > 1000);
      checked.check();
      checked.table.close();
    }
  });

  test(`keys crafted to collide make the table take another seed (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20, seed: SEED });
    const checked = new Checked(ws, [field('k', 'int64')]);
    // The last slot of any index, and many with one tag.
    checked.add(Array.from({ length: 1000 }, (_, i) => [unword(SEED, (0xffffffffn << 32n) | BigInt(i))]));
    checked.check();
    assert.ok(checked.table.reseeds > 0, 'a long probe was noticed');
    checked.table.close();

    const words = new Checked(ws, [field('a', 'int64'), field('b', 'int64')]);
    const collide = (i: number): bigint[] => [BigInt(i), BigInt.asIntN(64, unmix(mixed(i), 0xffffffff00000000n + BigInt(i)))];
    words.add(Array.from({ length: 1000 }, (_, i) => collide(i)));
    words.check();
    assert.ok(words.table.reseeds > 0);
    words.table.close();
  });

  test(`keys of one slot and one tag are told apart by themselves (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20, seed: SEED });
    // A table of 256 slots takes its slot from the top 8 bits and its tag from the lowest 24: the 32 between are free.
    const hashes = Array.from({ length: 40 }, (_, i) => (0xabn << 56n) | (BigInt(i) << 32n));
    const words = new Checked(ws, [field('k', 'int64')]);
    // The tag is taken after the product's upper half was folded onto the lower.
    words.add(hashes.map((h) => [unword(SEED, h | (h >> 32n))]));
    words.check();
    words.table.close();

    const texts: Uint8Array[] = [];
    for (let i = 0n; texts.length < 20; i++) {
      const tail = unmix(7n, unmix(SEED, (0xabn << 56n) | (i << 24n) | 0x123456n));
      if (tail < 2n ** 56n) texts.push(Uint8Array.from({ length: 7 }, (_, b) => Number((tail >> BigInt(b * 8)) & 0xffn)));
    }
    const bytes = new Checked(ws, [field('k', 'binary')]);
    bytes.add(texts.map((t) => [t]));
    bytes.check();
    bytes.table.close();
  });

  test(`appended rows are groups of their own (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const schema = [field('s', 'utf8')];
    const table = new GroupTable(ws, keyShapeOf(schema), 8);
    const rows = Array.from({ length: 3000 }, (_, i) => [`key ${i % 3}`]);
    const batch = batchOfRows(ws, schema, rows);
    const ats = ws.alloc(rows.length * 4);
    table.append(keyWordsOf(ws, table.shape, batch, [0]), 0, 0, rows.length, ats);
    assert.equal(table.size, rows.length);
    assert.deepEqual(
      valuesOf(ws, readKeys({ ws, ats, count: 3000 }, table.shape)[0] as never, 3000),
      rows.map((r) => r[0]),
    );
    table.close();
  });
}

test('a million distinct keys, and all memory given back', () => {
  const ws = createWorkspace({ bytes: 256 << 20 });
  const n = 1_000_000;
  const before = ws.blocks.bytesInUse;
  const table = new GroupTable(ws, keyShapeOf([field('k', 'int64')]), 24);
  const mark = ws.scratch.mark();
  const chunk = 50_000;
  const ats = ws.alloc(chunk * 4);
  for (let round = 0; round < 2; round++) {
    for (let from = 0; from < n; from += chunk) {
      const inner = ws.scratch.mark();
      const k = int64s(
        ws,
        Array.from({ length: chunk }, (_, i) => BigInt(from + i) * 0x100000001n),
      );
      table.find({ shape: table.shape, rows: chunk, columns: [k], addresses: 0 }, 0, 0, chunk, ats);
      for (const i of [0, 1, chunk - 1]) assert.equal(((ws.memory.u32[ats / 4 + i] ?? 0) - table.rows) / table.stride, from + i);
      ws.scratch.release(inner);
    }
    assert.equal(table.size, n);
  }
  ws.scratch.release(mark);
  ws.scratch.reset();
  table.close();
  assert.ok(ws.blocks.bytesInUse - before <= 2 << 20);
});

/** The hash of the first of two words, under SEED. */
function mixed(i: number): bigint {
  const mask = (1n << 64n) - 1n;
  let x = ((SEED ^ BigInt(i)) * 0x9e3779b97f4a7c15n) & mask;
  x ^= x >> 32n;
  x = (x * 0xd6e8feb86659fd93n) & mask;
  return x ^ (x >> 32n);
}
