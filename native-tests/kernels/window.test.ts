import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NONE } from '../../ts/columns/memory.js';
import { Random } from '../../ts/core/random.js';
import { floorTo } from '../../ts/operators/window-policy.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { int64s } from '../support/columns.js';

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`slices of a batch equal the twin's (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(3);
    const numbers = (at: number, count: number): number[] => [...memory.i64.subarray(at / 8, at / 8 + count)].map(Number);
    const rowNumbers = (at: number, count: number): number[] => [...memory.u32.subarray(at / 4, at / 4 + count)];
    for (let round = 0; round < 300; round++) {
      const mark = ws.scratch.mark();
      const period = random.pick([1, 2, 10, 1000, 86_400_000]);
      const cut = random.pick([0, random.int(0, period - 1)]);
      const offset = random.int(-20, 20);
      const reach = random.pick([1, 10, 5000, 1e12]);
      const n = random.int(1, 600);
      const list = Array.from({ length: n }, () => random.int(-reach, reach));
      const times = int64s(ws, list);
      const starts = list.map((t) => {
        const base = floorTo(t, period, offset);
        return cut > 0 && t - base >= cut ? base + cut : base;
      });
      const out = ws.alloc(n * 8);
      kernels.window_starts(times, n, period, cut, offset, out);
      assert.deepEqual(numbers(out, n), starts);
      assert.equal(kernels.window_min(times, n), Math.min(...list));

      const from = random.int(0, n - 1);
      assert.equal(kernels.window_time(times + from * 8), list[from]);
      const low = (starts[from] as number) - random.pick([0, period, 100 * period]);
      const high = low + random.pick([period, 100 * period, 1e6 * period]);
      const end = list.findIndex((t, i) => i >= from && !(t >= low && t < high));
      assert.equal(kernels.window_run(times, from, n, low, high), end === -1 ? n : end);

      const firsts = random.bool() ? undefined : list.map(() => random.int(-2, 2));
      const [parts, seen, count] = [ws.alloc(n * 4), ws.alloc(256 * 16), ws.alloc(4)];
      const firstsAt = firsts === undefined ? NONE : int64s(ws, firsts);
      const done = kernels.window_parts(out, firstsAt, 0, n, parts, seen, count, ws.alloc(12_288));
      const pairs = starts.map((start, i) => `${start} ${firsts?.[i] ?? 0}`);
      const distinct = [...new Set(pairs.slice(0, done))];
      assert.ok(done === n || (distinct.length === 256 && !distinct.includes(pairs[done] as string)));
      const found = numbers(seen, 2 * rowNumbers(count, 1)[0]!);
      assert.deepEqual(
        distinct,
        distinct.map((_, i) => `${found[2 * i]} ${found[2 * i + 1]}`),
      );
      assert.deepEqual(
        rowNumbers(parts, done),
        pairs.slice(0, done).map((s) => distinct.indexOf(s)),
      );
      const row = ws.alloc(n * 4);
      kernels.window_numbers(7, n, row);
      assert.deepEqual(
        rowNumbers(row, n),
        list.map((_, i) => 7 + i),
      );
      ws.scratch.release(mark);
    }
  });

  test(`slices that are spans are found, or said to be missing (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const mark = ws.scratch.mark();
      const spans: [number, number][] = [];
      for (let at = -200; at < 200; at += random.int(0, 60)) {
        const end = at + random.int(1, 50);
        spans.push([at, end]);
        at = end;
      }
      const n = random.int(1, 200);
      const list = Array.from({ length: n }, () => random.int(-220, 220));
      const of = list.map((t) => spans.find(([start, end]) => start <= t && t < end));
      const [starts, ends] = [ws.alloc(n * 8), ws.alloc(n * 8)];
      const from = random.int(0, n);
      const missing = of.findIndex((span, i) => i >= from && span === undefined);
      const done = kernels.window_starts_in(int64s(ws, list), from, n, int64s(ws, spans.flat()), spans.length, starts, ends);
      assert.equal(done, missing === -1 ? n : missing);
      for (let i = from; i < done; i++)
        assert.deepEqual([memory.i64[starts / 8 + i], memory.i64[ends / 8 + i]].map(Number), of[i], `row ${i}`);
      ws.scratch.release(mark);
    }
  });

  test(`rows are judged as one by one (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(9);
    for (let round = 0; round < 400; round++) {
      const mark = ws.scratch.mark();
      const slide = random.int(1, 20);
      const size = random.int(1, 80);
      const step = slide;
      const cumulating = random.bool(0.3);
      const [over, reach] = cumulating ? [slide * 5, slide * 5] : [slide, size];
      const offset = random.int(-20, 20);
      const endOffset = cumulating ? offset : offset + size;
      const lateness = random.pick([0, 7]);
      const n = random.int(1, 300);
      const list = Array.from({ length: n }, () => random.int(-100, 100));
      const clocks = list.map(() => random.pick([random.int(-150, 200), -(2 ** 62)]));
      const clock = random.pick([random.int(-100, 200), Infinity, -Infinity]);
      for (const own of [true, false]) {
        const judged = list.map((t, i) => {
          const e = own ? (clocks[i] as number) : clock;
          const base = floorTo(t, over, offset);
          const ends: number[] = [];
          for (let end = floorTo(t, step, endOffset) + step; end <= base + reach; end += step) ends.push(end);
          const open = ends.filter((end) => end - 1 + lateness > e);
          return { outside: t - base >= reach, late: open.length === 0, partly: open.length < ends.length, first: open[0] };
        });
        const [order, counts] = [ws.alloc(n * 4), ws.alloc(8)];
        const clocksAt = own ? int64s(ws, clocks) : NONE;
        const inTime = kernels.window_late(
          int64s(ws, list),
          clocksAt,
          clock,
          n,
          over,
          offset,
          reach,
          step,
          endOffset,
          lateness,
          order,
          counts,
        );
        const rows = list.map((_, i) => i);
        const wanted = rows.filter((i) => !judged[i]!.outside && !judged[i]!.late);
        const late = rows.filter((i) => !judged[i]!.outside && judged[i]!.late);
        const found = [...memory.u32.subarray(order / 4, order / 4 + n)];
        assert.deepEqual(found.slice(0, inTime), wanted);
        assert.deepEqual(late.length === 0 ? [] : found.slice(-late.length), late);
        assert.deepEqual(
          [...memory.u32.subarray(counts / 4, counts / 4 + 2)],
          [late.length, wanted.filter((i) => judged[i]!.partly).length],
        );
        if (own) {
          const firsts = ws.alloc(n * 8);
          kernels.window_firsts(int64s(ws, list), clocksAt, n, step, endOffset, lateness, firsts);
          for (const i of wanted) assert.equal(Number(memory.i64[firsts / 8 + i]), judged[i]!.first, `row ${i}`);
        }

        if (!own) {
          const [endsAt, rowsAt] = [ws.alloc(n * 8), ws.alloc(n * 4)];
          for (let skip = 0; skip < 4; skip++) {
            const found = list.flatMap((t, i) => {
              const end = floorTo(t, step, endOffset) + step * (skip + 1);
              return end <= floorTo(t, over, offset) + reach ? [[i, end]] : [];
            });
            const times = int64s(ws, list);
            const count = kernels.window_ends(times, NONE, n, over, offset, reach, step, endOffset, lateness, skip, endsAt, rowsAt);
            const told = Array.from({ length: count }, (_, i) => [memory.u32[rowsAt / 4 + i], Number(memory.i64[endsAt / 8 + i])]);
            assert.deepEqual(told, found);
          }
        }

        const ends = list.map((t) => t + random.int(1, 30));
        const lateAt = rows.map((i) => (ends[i] as number) - 1 + lateness <= (own ? (clocks[i] as number) : clock));
        const kept = kernels.window_late_at(int64s(ws, ends), clocksAt, clock, n, lateness, order, counts);
        assert.deepEqual(
          [...memory.u32.subarray(order / 4, order / 4 + n)],
          [...rows.filter((i) => !lateAt[i]), ...rows.filter((i) => lateAt[i])],
        );
        assert.equal(kept, lateAt.filter((l) => !l).length);
      }
      ws.scratch.release(mark);
    }
  });

  test(`operations say which rows are added and which are taken back (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const random = new Random(8);
    const ops = Array.from({ length: 77 }, () => random.int(0, 3));
    const [at, added, taken] = [ws.alloc(77), ws.alloc(16), ws.alloc(16)];
    ws.memory.u8.set(ops, at);
    ws.kernels.group_rows_ops(at, 77, added, taken);
    const bit = (bitmap: number, i: number): number => ((ws.memory.u8[bitmap + (i >> 3)] as number) >> (i & 7)) & 1;
    ops.forEach((op, i) => assert.deepEqual([bit(added, i), bit(taken, i)], op === 1 || op === 3 ? [0, 1] : [1, 0]));
  });

  test(`a group that counts no rows any more is deleted, once, if it was told (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    // | key | flags | count | sum | count and sum as last told |: flags 1 told, 2 touched.
    const rows = int64s(
      ws,
      [
        [7, 3, 0, 0, 2, 9],
        [8, 2, 0, 0, 0, 0],
        [9, 3, 1, 5, 1, 5],
        [10, 2, 1, 4, 0, 0],
        [11, 3, 1, 6, 1, 2],
      ].flat(),
    );
    const [cursor, keys, results, ops] = [ws.alloc(4), ws.alloc(64), ws.alloc(64), ws.alloc(16)];
    const changes = (): string[] => {
      ws.memory.u32[cursor / 4] = 0;
      const n = ws.kernels.group_changes_living(rows, 48, 5, 8, 16, 16, cursor, keys, results, ops, 10);
      const lines = Array.from({ length: n }, (_, i) => {
        const [key, result] = [ws.memory.u32[keys / 4 + i] as number, ws.memory.u32[results / 4 + i] as number];
        const word = (address: number): bigint => ws.memory.i64[address / 8] as bigint;
        return `${['+I', '-U', '+U', '-D'][ws.memory.u8[ops + i] as number]} ${word(key)} ${word(result + 16)} ${word(result + 24)}`;
      });
      ws.kernels.group_changes_done(keys, ops, n, 8, 16);
      return lines;
    };
    assert.deepEqual(changes(), ['-D 7 2 9', '+I 10 1 4', '-U 11 1 2', '+U 11 1 6']);
    assert.deepEqual(changes(), []);
    assert.equal(ws.memory.i64[rows / 8 + 1], 0n, 'a deleted group was never told');
  });

  test(`groups that are there are found a few at a time (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const random = new Random(2);
    for (let round = 0; round < 50; round++) {
      const mark = ws.scratch.mark();
      const [n, stride, offset] = [random.int(1, 90), 24, 8];
      const counts = Array.from({ length: n }, () => random.pick([0, 0, 1, -1]));
      const rows = int64s(
        ws,
        counts.flatMap((count) => [9, count, 9]),
      );
      const living = counts.flatMap((count, i) => (count === 0 ? [] : [rows + i * stride]));
      assert.equal(ws.kernels.group_rows_living(rows, stride, n, offset), living.length);
      const [cursor, out] = [ws.alloc(4), ws.alloc(n * 4)];
      ws.memory.u32[cursor / 4] = 0;
      const found: number[] = [];
      while ((ws.memory.u32[cursor / 4] as number) < n) {
        const count = ws.kernels.group_rows_live(rows, stride, n, offset, cursor, out, random.int(1, 20));
        found.push(...ws.memory.u32.subarray(out / 4, out / 4 + count));
      }
      assert.deepEqual(found, living);
      ws.scratch.release(mark);
    }
  });
}
