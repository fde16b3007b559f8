import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';

function afterNth(bytes: Uint8Array, wanted: number, n: number): number {
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (seen === n) return i;
    if (bytes[i] === wanted) seen++;
  }
  return bytes.length;
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  describe(`byte scans, ${build}`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const { kernels, memory } = ws;

    it('finds bytes as their twins do', () => {
      const random = new Random(11);
      for (let round = 0; round < 400; round++) {
        const mark = ws.scratch.mark();
        const bytes = Uint8Array.from({ length: random.int(0, 700) }, () => (random.bool(0.3) ? 10 : 65));
        const start = ws.alloc(bytes.length + 64) + random.int(0, 15);
        memory.u8.fill(10, start, start + bytes.length + 40);
        memory.u8.set(bytes, start);
        const end = start + bytes.length;
        const n = random.int(0, 250);
        assert.equal((kernels.bytes_after_nth(start, end, 10, n) >>> 0) - start, afterNth(bytes, 10, n));
        const first = bytes.indexOf(10);
        assert.equal((kernels.bytes_find(start, end, 10) >>> 0) - start, first < 0 ? bytes.length : first);
        assert.equal((kernels.bytes_after_last(start, end, 10) >>> 0) - start, bytes.lastIndexOf(10) + 1);
        ws.scratch.release(mark);
      }
    });
  });
}
