import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Kind, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { laneOfGroup } from '../../ts/state/snapshot.js';
import { keyShapeOf, keyWordsOf } from '../../ts/state/key-words.js';
import { keyGroupsOf, partitionByLane } from '../../ts/state/partition.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';
import { fixedHash, keyGroup, mix, unmix, type KeyValue } from '../twins/hash.js';

const BYTES = 64 << 20;
const G = 128;

/** Hashes that checkpoints of every version depend on: never to be changed. */
const VECTORS: readonly (readonly [readonly KeyValue[], string])[] = [
  [[], '6d696c6c72616365'],
  [[0n], '2b89c13c8681b47e'],
  [[1n], '6da44aee3b41d8cd'],
  [[-1n], 'e5964d302211630f'],
  [[1.5], '1c257fa7ffc50ae5'],
  [[''], '2b89c13c8681b47e'],
  [['a'], '97d09dcdaa55664d'],
  [['millrace'], '6da74b665166e73b'],
  [['a longer key, of more than 16 bytes'], 'eeb7b154662604fc'],
  [[null], 'ebcd998bfb1df1d4'],
  [[1n, 'a'], 'd5384079ae3b204b'],
  [['a', 1n], '18aa3749e6627acc'],
  [[null, 1n], 'f8da75591bd6d4cf'],
];

function randomValue(random: Random, kind: Kind): KeyValue {
  if (random.bool(0.2)) return null;
  switch (kind) {
    case 'bool':
      return random.bool();
    case 'int32':
      return BigInt(random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-1000, 1000)]));
    case 'float64':
      return random.pick([0, -0, Number.NaN, Infinity, -Infinity, 5e-324, random.float()]);
    case 'utf8':
      return 'añ€😀'.repeat(3).slice(0, random.int(0, 12)) + 'x'.repeat(random.int(0, 20));
    case 'binary':
      return Uint8Array.from({ length: random.int(0, 33) }, () => random.int(0, 255));
    default:
      return random.pick([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(random.int(-1e9, 1e9))]);
  }
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`fixed hash: key groups equal the twin's for keys of every kind (${build})`, () => {
    const ws = createWorkspace({ build, bytes: BYTES });
    const random = new Random(7);
    const kinds: Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
    for (let round = 0; round < 60; round++) {
      const nullable = random.bool(0.7);
      const schema: Schema = Array.from({ length: round < kinds.length ? 1 : random.int(0, 4) }, (_, i) =>
        field(`k${i}`, round < kinds.length ? (kinds[round] as Kind) : random.pick(kinds), nullable),
      );
      const rows = Array.from({ length: random.int(0, 300) }, () =>
        schema.map(
          (f) =>
            randomValue(random, f.kind) ??
            (nullable
              ? null
              : f.kind === 'binary'
                ? new Uint8Array()
                : f.kind === 'utf8'
                  ? ''
                  : f.kind === 'bool'
                    ? false
                    : f.kind === 'float64'
                      ? 0
                      : 0n),
        ),
      );
      const mark = ws.scratch.mark();
      const batch = batchOfRows(ws, schema, rows);
      const shape = keyShapeOf(schema);
      const words = keyWordsOf(
        ws,
        shape,
        batch,
        schema.map((_, i) => i),
      );
      const groups = keyGroupsOf(ws, words, G);
      const places = ws.alloc(rows.length * 8);
      ws.kernels.words_key_places(words.addresses, shape.words, shape.references, shape.masked ? 1 : 0, rows.length, places);
      assert.deepEqual(
        [...ws.memory.i64.subarray(places / 8, places / 8 + rows.length)],
        rows.map((r) => fixedHash(r) >> 1n),
      );
      assert.deepEqual(
        [...ws.memory.u32.subarray(groups / 4, groups / 4 + rows.length)],
        rows.map((r) => keyGroup(r, G)),
      );
      for (const lanes of [1, 2, 3, 5]) {
        const parts = partitionByLane(
          ws,
          batch,
          schema.map((_, i) => i),
          G,
          lanes,
        );
        assert.equal(parts.length, lanes);
        parts.forEach((part, lane) => {
          const expected = rows.flatMap((r, i) => (laneOfGroup(keyGroup(r, G), G, lanes) === lane ? [i] : []));
          const actual =
            part.selection === 0
              ? expected.map((_, i) => i)
              : [...ws.memory.i32.subarray(part.selection / 4, part.selection / 4 + part.count)];
          assert.deepEqual([part.count, actual], [expected.length, expected]);
        });
      }
      ws.scratch.release(mark);
    }
  });
}

test('fixed hash: the written vectors hold', () => {
  for (const [key, hash] of VECTORS) assert.equal(fixedHash(key).toString(16).padStart(16, '0'), hash);
});

test('fixed hash: a key of one word can be computed back', () => {
  const random = new Random(3);
  for (let i = 0; i < 100; i++) {
    const [h, w] = [BigInt(random.uint32()) << 20n, BigInt(random.uint32()) * 77777777777n];
    assert.equal(unmix(h, mix(h, w)), w & ((1n << 64n) - 1n));
  }
});
