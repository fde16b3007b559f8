// The kernels of one's own aggregates against obvious twins, on all builds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

const STRIDE = 64;
const OFFSET = 16;

interface Rows {
  readonly ats: number;
  readonly groups: readonly number[];
  readonly bitmap: number;
  readonly chosen: readonly boolean[];
}

/** `count` rows of some of `groups` groups, whose rows of zeros lie at `base`. */
function randomRows(ws: Workspace, random: Random, base: number, groups: number, count: number): Rows {
  const ats = ws.alloc(count * 4);
  const bitmap = random.bool(0.3) ? 0 : ws.alloc(Math.ceil(count / 64) * 8);
  const of = Array.from({ length: count }, () => random.int(0, groups - 1));
  const chosen = of.map(() => bitmap === 0 || random.bool(0.7));
  of.forEach((group, i) => {
    ws.memory.u32[ats / 4 + i] = base + group * STRIDE;
    if (bitmap === 0) return;
    const at = bitmap + (i >>> 3);
    const bit = 1 << (i & 7);
    ws.memory.u8[at] = ((ws.memory.u8[at] as number) & ~bit) | (chosen[i] === true ? bit : 0);
  });
  return { ats, groups: of, bitmap, chosen };
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`slots: every group has one of its own, from those that are free first (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const random = new Random(3);
    for (let round = 0; round < 100; round++) {
      const mark = ws.scratch.mark();
      const groups = random.int(1, 40);
      const base = ws.alloc(groups * STRIDE);
      ws.memory.u8.fill(0, base, base + groups * STRIDE);
      const twin = new Map<number, number>();
      let next = random.int(100, 200);
      for (let step = 0; step < 3; step++) {
        const rows = randomRows(ws, random, base, groups, 60);
        const [from, to] = [random.int(0, 20), random.int(20, 60)];
        const frees = Array.from({ length: random.int(0, 10) }, (_, i) => 1 + step * 20 + i);
        const free = ws.alloc(40);
        ws.memory.u32.set(frees, free / 4);
        const slots = ws.alloc(60 * 4);
        const taken = ws.kernels.own_slots(rows.ats, OFFSET, rows.bitmap, free, frees.length, next, from, to, slots);
        let twinTaken = 0;
        for (let row = from; row < to; row++) {
          const group = rows.groups[row] as number;
          if (rows.chosen[row] === true && !twin.has(group)) {
            twin.set(group, frees[twinTaken] ?? next + twinTaken - frees.length);
            twinTaken++;
          }
          assert.equal(ws.memory.u32[slots / 4 + row - from], rows.chosen[row] === true ? twin.get(group) : 0);
        }
        assert.equal(taken, twinTaken);
        next += Math.max(0, taken - frees.length);
      }
      for (let group = 0; group < groups; group++) assert.equal(ws.memory.u32[(base + group * STRIDE + OFFSET) / 4], twin.get(group) ?? 0);
      ws.scratch.release(mark);
    }
  });

  test(`accumulators that go away in chunks, change there and come back (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const random = new Random(4);
    for (let round = 0; round < 100; round++) {
      const mark = ws.scratch.mark();
      const groups = random.int(1, 40);
      const bytes = 8 * random.int(2, 5);
      const base = ws.alloc(groups * STRIDE);
      ws.memory.u8.fill(0, base, base + groups * STRIDE);
      const twin = Array.from({ length: groups }, () => 0);
      for (let step = 0; step < 4; step++) {
        const rows = randomRows(ws, random, base, groups, 60);
        const [from, to] = [random.int(0, 20), random.int(20, 60)];
        const [places, addresses, states] = [ws.alloc(240), ws.alloc(240), ws.alloc(60 * bytes)] as const;
        const taken = ws.kernels.own_take(rows.ats, OFFSET, bytes, rows.bitmap, from, to, places, addresses, states);
        assert.equal(taken, new Set(rows.groups.slice(from, to).filter((_, i) => rows.chosen[from + i])).size);
        for (let row = from; row < to; row++) {
          const place = ws.memory.u32[places / 4 + row - from] as number;
          assert.equal(place > 0, rows.chosen[row]);
          if (place === 0) continue;
          const at = states + (place - 1) * bytes;
          ws.memory.u32[at / 4] = 1;
          ws.memory.u32[(at + bytes - 4) / 4] = (ws.memory.u32[(at + bytes - 4) / 4] as number) + row;
          twin[rows.groups[row] as number] = (twin[rows.groups[row] as number] as number) + row;
        }
        ws.kernels.own_put(addresses, bytes, taken, states);
      }
      const all = ws.alloc(groups * 4);
      for (let group = 0; group < groups; group++) ws.memory.u32[all / 4 + group] = base + group * STRIDE;
      const copies = ws.alloc(groups * bytes);
      ws.kernels.own_copy(all, OFFSET, bytes, groups, copies);
      const [offsets, values] = [ws.alloc((groups + 1) * 4), ws.alloc(groups * bytes)];
      ws.kernels.own_states(all, OFFSET, bytes, groups, offsets, values);
      for (let group = 0; group < groups; group++) {
        const at = base + group * STRIDE + OFFSET;
        assert.equal(ws.memory.u32[at / 4 + 1], 0, 'a place was left behind');
        assert.equal(ws.memory.u32[(at + bytes - 4) / 4], twin[group]);
        assert.deepEqual(ws.memory.u8.slice(copies + group * bytes, copies + (group + 1) * bytes), ws.memory.u8.slice(at, at + bytes));
        const [start, end] = [0, 1].map((i) => ws.memory.u32[offsets / 4 + group + i] as number) as [number, number];
        const seen = ws.memory.u32[at / 4] === 1;
        assert.deepEqual(ws.memory.u8.slice(values + start, values + end), ws.memory.u8.slice(at + 8, seen ? at + bytes : at + 8));
      }
      ws.scratch.release(mark);
    }
  });
}
