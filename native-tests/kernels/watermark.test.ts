import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { int64s } from '../support/columns.js';

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`the largest time, rows behind their clocks, and rows up to a limit (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const mark = ws.scratch.mark();
      const n = random.int(1, 40);
      const around = random.pick([0, -8_640_000_000_000_000, 1_700_000_000_000]);
      const list = Array.from({ length: n }, () => around + random.int(0, 50));
      const times = int64s(ws, list.map(BigInt));
      assert.equal(kernels.watermark_max(times, n), Math.max(...list));

      const [bound, split, source] = [random.int(0, 30), around + random.int(-60, 20), around + random.int(-60, 20)];
      let clock = Math.max(split, source);
      const clocks: number[] = [];
      for (const t of list) {
        clocks.push(clock);
        clock = Math.max(clock, t - bound - 1);
      }
      const behind = list.some((t, i) => t <= (clocks[i] as number));
      assert.equal(kernels.watermark_behind(times, n, bound, split, source), behind ? 1 : 0);
      const out = ws.alloc(n * 8);
      kernels.watermark_clocks(times, n, bound, split, source, out);
      assert.deepEqual([...memory.i64.subarray(out / 8, out / 8 + n)].map(Number), clocks);

      const limit = around + random.int(0, 50);
      const chosen = ws.alloc((n + 1) * 4);
      const count = kernels.watermark_not_after(times, n, limit, chosen);
      const wanted = list.flatMap((t, i) => (t <= limit ? [i] : []));
      assert.deepEqual([...memory.u32.subarray(chosen / 4, chosen / 4 + count)], wanted);
      ws.scratch.release(mark);
    }
  });
}
