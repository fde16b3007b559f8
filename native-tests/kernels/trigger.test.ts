// The kernels of triggers against an obvious twin, on all builds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';

const STRIDE = 40;
const FLAGS = 8;

interface Twin {
  emitted: boolean;
  touched: boolean;
  held: boolean;
  rows: number;
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`groups are touched, held, released and cleared as a twin's (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const random = new Random(8);
    for (let round = 0; round < 50; round++) {
      const mark = ws.scratch.mark();
      const count = random.int(1, 30);
      const rows = ws.alloc(count * STRIDE);
      ws.memory.u8.fill(0xab, rows, rows + count * STRIDE);
      const word = (g: number): number => (rows + g * STRIDE + FLAGS) / 8;
      const twin = Array.from({ length: count }, (_, g): Twin => {
        const emitted = random.bool();
        ws.memory.u64[word(g)] = emitted ? 1n : 0n;
        return { emitted, touched: false, held: false, rows: 0 };
      });
      const check = (): void =>
        twin.forEach(({ emitted, touched, held, rows: n }, g) => {
          const expected = BigInt(n) * 2n ** 32n + (emitted ? 1n : 0n) + (touched ? 2n : 0n) + (held ? 4n : 0n);
          assert.equal(ws.memory.u64[word(g)], expected, `round ${round}, group ${g}`);
        });
      const some = Array.from({ length: random.int(0, 60) }, () => random.int(0, count - 1));
      const ats = ws.alloc(60 * 4);
      ws.memory.u32.set(
        some.map((g) => rows + g * STRIDE),
        ats / 4,
      );
      const [from, to] = [Math.min(5, some.length), some.length];
      ws.kernels.trigger_touch(ats, FLAGS, from, to);
      for (const g of some.slice(from, to)) {
        const group = twin[g] as Twin;
        group.touched = true;
        group.rows++;
      }
      check();
      const least = random.int(0, 4);
      const due = ws.kernels.trigger_hold(rows, STRIDE, count, FLAGS, least);
      let twinDue = 0;
      for (const group of twin) {
        if (group.touched && group.rows >= least) twinDue++;
        else if (group.touched) Object.assign(group, { touched: false, held: true });
      }
      assert.equal(due, twinDue);
      check();
      ws.kernels.trigger_release(rows, STRIDE, count, FLAGS);
      for (const group of twin) if (group.held) Object.assign(group, { touched: true, held: false });
      check();
      const cleared = [...new Set(some)].slice(0, 10);
      ws.memory.u32.set(
        cleared.map((g) => rows + g * STRIDE),
        ats / 4,
      );
      ws.kernels.trigger_clear(ats, cleared.length, FLAGS, 24);
      for (const g of cleared) {
        Object.assign(twin[g] as Twin, { emitted: false, touched: false, held: false, rows: 0 });
        const at = rows + g * STRIDE;
        assert.deepEqual(
          [...ws.memory.u8.slice(at, at + STRIDE)].map((b) => (b === 0 ? 0 : 1)).join(''),
          `${'1'.repeat(8)}${'0'.repeat(24)}${'1'.repeat(8)}`,
        );
      }
      check();
      ws.scratch.release(mark);
    }
  });
}
