import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { floorTo } from '../../ts/operators/window-policy.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { int64s } from '../support/columns.js';

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`slices of a batch equal the twin's (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(3);
    for (let round = 0; round < 300; round++) {
      const mark = ws.scratch.mark();
      const size = random.pick([1, 2, 10, 1000, 86_400_000]);
      const offset = random.int(-20, 20);
      const reach = random.pick([1, 10, 5000, 1e12]);
      const n = random.int(1, 600);
      const list = Array.from({ length: n }, () => random.int(-reach, reach));
      const times = int64s(ws, list);
      const starts = list.map((t) => floorTo(t, size, offset));
      const out = ws.alloc(n * 8);

      kernels.window_starts(times, n, size, offset, out);
      assert.deepEqual([...memory.i64.subarray(out / 8, out / 8 + n)].map(Number), starts);
      assert.equal(kernels.window_min(times, n), Math.min(...list));

      const from = random.int(0, n - 1);
      assert.equal(kernels.window_start(times + from * 8, size, offset), starts[from]);
      const low = (starts[from] as number) - random.pick([0, size, 100 * size]);
      const high = low + random.pick([size, 100 * size, 1e6 * size]);
      const end = list.findIndex((t, i) => i >= from && !(t >= low && t < high));
      assert.equal(kernels.window_run(times, from, n, low, high), end === -1 ? n : end);

      const [parts, seen, count] = [ws.alloc(n * 4), ws.alloc(256 * 8), ws.alloc(4)];
      const done = kernels.window_parts(out, 0, n, parts, seen, count, ws.alloc(8192));
      const distinct = [...new Set(starts.slice(0, done))];
      assert.ok(done === n || (distinct.length === 256 && !distinct.includes(starts[done] as number)));
      assert.deepEqual([...memory.i64.subarray(seen / 8, seen / 8 + (memory.u32[count / 4] ?? 0))].map(Number), distinct);
      assert.deepEqual(
        [...memory.u32.subarray(parts / 4, parts / 4 + done)],
        starts.slice(0, done).map((s) => distinct.indexOf(s)),
      );

      const lateness = random.pick([0, 7]);
      const clocks = list.map(() => random.int(-reach, 2 * reach));
      const clock = random.int(-reach, reach);
      for (const own of [true, false]) {
        const late = list.map((_, i) => (starts[i] as number) + size - 1 + lateness <= (own ? (clocks[i] as number) : clock));
        const order = ws.alloc(n * 4);
        const inTime = kernels.window_late(times, own ? int64s(ws, clocks) : 0, clock, n, size, offset, lateness, order);
        const rows = list.map((_, i) => i);
        assert.deepEqual(
          [...memory.u32.subarray(order / 4, order / 4 + n)],
          [...rows.filter((i) => !late[i]), ...rows.filter((i) => late[i])],
        );
        assert.equal(inTime, late.filter((l) => !l).length);
      }
      ws.scratch.release(mark);
    }
  });
}
