import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { FramedRows, type Frame } from '../../ts/operators/framed-rows.js';
import { RankedRows } from '../../ts/operators/ranked-rows.js';
import { SpacedRows } from '../../ts/operators/spaced-rows.js';
import { RowStore } from '../../ts/state/row-store.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows, valuesOf } from '../support/columns.js';

const BUILDS = ['debug', 'scalar', 'simd'] as const;
/** More columns than one word of nulls tells of. */
const WIDE: Schema = [
  field('text', 'utf8', true),
  field('raw', 'binary'),
  field('n', 'int64', true),
  field('f', 'float64', true),
  field('i', 'int32'),
  field('b', 'bool', true),
  ...Array.from({ length: 40 }, (_, i) => field(`c${i}`, 'int32', i % 3 === 0)),
];

function wideRow(random: Random): (string | Uint8Array | bigint | number | boolean | null)[] {
  const length = random.pick([0, 1, 7, 8, 9, 16, 127, 128, 129, 255, 256, 257, 3000, 70_000]);
  return [
    random.bool(0.2) ? null : 'x'.repeat(length),
    new Uint8Array(random.int(0, 300)).fill(random.int(0, 255)),
    random.bool(0.2) ? null : BigInt(random.int(-1000, 1000)),
    random.bool(0.2) ? null : random.pick([-0, 0, 1.5, Infinity, -1e300]),
    random.int(-1000, 1000),
    random.bool(0.2) ? null : random.bool(),
    ...Array.from({ length: 40 }, (_, i) => (i % 3 === 0 && random.bool(0.3) ? null : random.int(-5, 5))),
  ];
}

const show = (row: readonly unknown[]): string =>
  JSON.stringify(row, (_, v: unknown) =>
    typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? [...v].join() : Object.is(v, -0) ? '-0' : v,
  );

for (const build of BUILDS) {
  test(`rows come back as they were kept, whatever was given back between (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 256 << 20 });
    const random = new Random(1);
    const store = new RowStore(ws, WIDE);
    const kept = new Map<number, string>();
    for (let round = 0; round < 30; round++) {
      const mark = ws.scratch.mark();
      const rows = Array.from({ length: random.int(1, 60) }, () => wideRow(random));
      const words = store.words(batchOfRows(ws, WIDE, rows));
      const ats = ws.alloc(rows.length * 4);
      store.fill(rows.length, (at) => ws.kernels.rows_keep(store.at, words, at, rows.length, ats + at * 4));
      rows.forEach((row, i) => kept.set(ws.memory.u32[ats / 4 + i] as number, show(row)));
      assert.equal(store.live, kept.size);
      const all = [...kept.keys()];
      const list = ws.alloc(all.length * 4);
      ws.memory.u32.set(all, list / 4);
      const columns = store.read({ ws, ats: list, count: all.length }).map((v) => valuesOf(ws, v, all.length));
      all.forEach((at, i) => assert.equal(show(columns.map((c) => c[i])), kept.get(at)));
      const gone = random.shuffle(all).slice(0, random.int(0, all.length));
      ws.memory.u32.set(gone, list / 4);
      ws.kernels.rows_drop(store.at, list, gone.length);
      for (const at of gone) kept.delete(at);
      ws.scratch.release(mark);
    }
    const { bytesInUse } = store;
    assert.ok(bytesInUse < 16 << 20, `${bytesInUse} bytes: what is given back is used again`);
    store.close();
  });
}

const ROWS: Schema = [field('key', 'int64'), field('n', 'int64'), field('name', 'utf8')];
interface Row {
  readonly key: bigint;
  readonly n: bigint;
  readonly name: string;
  readonly time: number;
}
const randomRows = (random: Random, count: number, from = 0): Row[] =>
  Array.from({ length: count }, () => ({
    key: BigInt(random.int(0, 9)),
    n: BigInt(random.int(-50, 50)),
    name: 'y'.repeat(random.int(0, 200)),
    time: from + random.int(0, 100),
  }));
const batchOf = (ws: Workspace, rows: readonly Row[]) =>
  batchOfRows(
    ws,
    ROWS,
    rows.map(({ key, n, name }) => [key, n, name]),
    rows.map(({ time }) => time),
  );

for (const build of BUILDS) {
  test(`the best rows of each key, by a sort of all (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 128 << 20 });
    const random = new Random(2);
    for (const n of [1, 3, 40]) {
      const orders = [{ column: 1, descending: true, nullsFirst: false }];
      const config = { schema: ROWS, keys: [0], n, orders, timed: true, placed: true, keepAll: false, latestFirst: false, bySet: false };
      const ranked = new RankedRows(ws, config);
      const all: Row[] = [];
      for (let step = 0; step < 12; step++) {
        const mark = ws.scratch.mark();
        const rows = randomRows(random, random.int(1, 200));
        all.push(...rows);
        ranked.add(batchOf(ws, rows));
        ranked.begin();
        while (ranked.changes(random.int(1, 50)) !== undefined);
        ranked.told();
        ranked.rewind();
        const found: string[] = [];
        for (let next = ranked.next(7); next !== undefined; next = ranked.next(7)) {
          const { rows: got } = next;
          const columns = ranked.read(got).map((v) => valuesOf(ws, v, got.count));
          for (let i = 0; i < got.count; i++) found.push(show(columns.map((c) => c[i])));
        }
        const wanted = [...new Set(all.map(({ key }) => key))].flatMap((key) =>
          all
            .filter((row) => row.key === key)
            .sort((a, b) => Number(b.n - a.n) || a.time - b.time)
            .slice(0, n)
            .map((row) => show([row.key, row.n, row.name])),
        );
        assert.deepEqual(found.sort(), wanted.sort());
        ws.scratch.release(mark);
      }
      ranked.close();
    }
  });

  test(`rows that are no duplicates, by looking at all (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 128 << 20 });
    const random = new Random(3);
    const config = { schema: ROWS, keys: [0], withinMs: 15, timed: true, keyGroups: 8 };
    const [first, last] = [new SpacedRows(ws, config, false), new SpacedRows(ws, config, true)];
    const kept: Row[] = [];
    const latest: Row[] = [];
    for (let step = 0; step < 30; step++) {
      const mark = ws.scratch.mark();
      const watermark = step * 20;
      const rows = randomRows(random, random.int(1, 50), watermark - 14);
      const near = (row: Row) => (k: Row) => k.key === row.key && Math.abs(k.time - row.time) < 15;
      const wanted: number[] = [];
      rows.forEach((row, i) => {
        if (!kept.some(near(row))) {
          kept.push(row);
          wanted.push(i);
        }
        const other = latest.findIndex((k) => near(row)(k) && k.time <= row.time);
        if (latest.some((k) => near(row)(k) && k.time > row.time)) return;
        if (other >= 0) latest.splice(other, 1);
        latest.push(row);
      });
      const batch = batchOf(ws, rows);
      const { selection, count } = first.first(batch);
      assert.deepEqual([...ws.memory.u32.subarray(selection / 4, selection / 4 + count)], wanted);
      last.last(batch);
      last.begin();
      while (last.changes(random.int(1, 9)) !== undefined);
      last.told();
      const before = latest.filter(({ time }) => time > watermark + 21 - 30).length;
      for (const each of [first, last]) each.expire(watermark + 20);
      assert.ok(last.store.live >= before, 'what may still matter stays');
      ws.scratch.release(mark);
    }
    assert.ok(first.store.live < kept.length && last.store.live < latest.length, 'and the rest goes');
    for (const each of [first, last]) each.close();
  });

  test(`frames, by adding up all of their rows (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 128 << 20 });
    const random = new Random(4);
    const frames: Frame[] = [{ kind: 'rows', rows: 6 }, { kind: 'range', ms: 25 }, { kind: 'unbounded' }];
    for (const frame of frames) {
      const aggregates = [
        { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
        { name: 'longest', fn: 'max', args: [2], kinds: ['utf8'] },
      ] as const;
      const framed = new FramedRows(ws, { schema: ROWS, keys: [0], frame, aggregates, neighbours: [{ column: 1, rows: -3 }] });
      const all: Row[] = [];
      for (let step = 0; step < 15; step++) {
        const mark = ws.scratch.mark();
        const rows = randomRows(random, random.int(1, 80), step * 101).sort((a, b) => a.time - b.time);
        all.push(...rows);
        const ats = ws.alloc(rows.length * 4);
        framed.keep(batchOf(ws, rows), ats);
        framed.append({ ws, ats, count: rows.length });
        const columns = framed.results({ ws, ats, count: rows.length }).map((v) => valuesOf(ws, v, rows.length));
        rows.forEach((row, i) => {
          const mine = all.filter(({ key }) => key === row.key);
          const at = mine.indexOf(row);
          const inFrame =
            frame.kind === 'rows'
              ? mine.slice(Math.max(0, at - frame.rows), at + 1)
              : mine.filter(({ time }) => time <= row.time && (frame.kind === 'unbounded' || time >= row.time - frame.ms));
          const wanted = [
            inFrame.reduce((sum, { n }) => sum + n, 0n),
            inFrame
              .map(({ name }) => name)
              .sort()
              .at(-1),
            mine[at - 3]?.n ?? null,
          ];
          assert.equal(show(columns.map((c) => c[i])), show(wanted));
        });
        framed.told({ ws, ats, count: rows.length }, step * 101 + 100);
        framed.sweep(step * 101 + 100);
        ws.scratch.release(mark);
      }
      assert.ok(framed.store.live <= (frame.kind === 'unbounded' ? 30 : 200), `${framed.store.live} rows are kept`);
      framed.close();
    }
    assert.equal(ws.blocks.bytesInUse <= 4 << 20, true, 'only scratch is left');
  });
}
