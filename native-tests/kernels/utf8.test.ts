import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import { countLines, lastRecordEnd, nextRecordStart, recordsEnd } from '../../ts/wasm/line-splitter.js';
import type { KernelBuild } from '../../ts/wasm/module.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';

const BUILDS: readonly KernelBuild[] = ['debug', 'scalar', 'simd'];
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isValid(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Valid text with, mostly, one byte changed. */
function damaged(random: Random): Uint8Array {
  let text = '';
  for (let n = random.int(0, 150); n > 0; n--) text += random.pick(['a', '\n', 'bcdefgh', 'é', '日', '😀', '\u07ff', '\uffff', '퟿']);
  const bytes = Buffer.from(text);
  if (bytes.length > 0 && random.bool(0.8)) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
  return bytes;
}

for (const build of BUILDS)
  test(`UTF-8 is judged as TextDecoder judges it, at any place, ${build}`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const room = ws.blocks.alloc(8_192);
    const random = new Random(3);
    let valid = 0;
    for (let n = 0; n < 4_000; n++) {
      const bytes = damaged(random);
      const start = room + 64 + random.int(0, 80);
      const end = start + bytes.length;
      // What stands before is not ours to judge; what follows is ASCII.
      ws.memory.u8.fill(random.pick([0xe2, 0xf0, 0x80, 0x0a]), room, start);
      ws.memory.u8.set(bytes, start);
      ws.memory.u8.fill(0x22, end, end + 128);
      const good = isValid(bytes);
      valid += good ? 1 : 0;
      const lines = bytes.reduce((sum, c) => sum + (c === 0x0a ? 1 : 0), 0);
      const shown = Buffer.from(bytes).toString('hex');
      assert.equal(ws.kernels.utf8_count_lines(start, end), good ? lines : -1, shown);
      const first = (ws.kernels.utf8_first_invalid(start, end) >>> 0) - start;
      assert.equal(first === bytes.length, good, shown);
      assert.ok(isValid(bytes.subarray(0, first)), `valid up to ${first}: ${shown}`);
      if (!good) assert.equal(isValid(bytes.subarray(0, first + 1)) && isValid(bytes.subarray(0, first + 4)), false, shown);
    }
    assert.ok(valid > 800 && valid < 3_200, `${valid} of 4000 are valid: too one-sided`);
  });

for (const build of BUILDS)
  test(`every sequence of two bytes, and every first and second of four, ${build}`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const start = ws.blocks.alloc(512) + 64;
    const place = (...bytes: number[]): boolean => {
      ws.memory.u8.fill(0x61, start, start + 200);
      ws.memory.u8.set(bytes, start + 60);
      return ws.kernels.utf8_count_lines(start, start + 130) >= 0;
    };
    for (let a = 0; a < 256; a++)
      for (let b = 0; b < 256; b++) {
        assert.equal(place(a, b), isValid(Uint8Array.of(a, b)), `${a} ${b}`);
        if (a >= 0xe0 && b >= 0x70 && b <= 0xc4) {
          assert.equal(place(a, b, 0x80), isValid(Uint8Array.of(a, b, 0x80)), `${a} ${b} 80`);
          assert.equal(place(a, b, 0x80, 0xbf), isValid(Uint8Array.of(a, b, 0x80, 0xbf)), `${a} ${b} 80 bf`);
        }
      }
  });

for (const build of BUILDS)
  test(`lines are counted and cut, ${build}`, () => {
    const ws = createWorkspace({ build, bytes: 16 << 20 });
    const start = ws.blocks.alloc(4_096) + 64;
    const random = new Random(5);
    for (let n = 0; n < 500; n++) {
      const bytes = Uint8Array.from({ length: random.int(0, 300) }, () => (random.bool(0.1) ? 0x0a : random.int(0x20, 0x7e)));
      const end = start + bytes.length;
      ws.memory.u8.fill(0x0a, start - 32, start + 600);
      ws.memory.u8.set(bytes, start);
      const newlines = [...bytes.keys()].filter((i) => bytes[i] === 0x0a);
      assert.equal(countLines(ws, start, end), newlines.length);
      assert.equal(lastRecordEnd(ws, start, end) - start, (newlines.at(-1) ?? -1) + 1);
      assert.equal(nextRecordStart(ws, start, end) - start, Math.min((newlines[0] ?? bytes.length) + 1, bytes.length));
      for (const lines of [0, 1, 2, 7, 1_000])
        assert.equal(
          recordsEnd(ws, start, end, lines) - start,
          lines === 0 ? 0 : lines <= newlines.length ? (newlines[lines - 1] as number) + 1 : bytes.length,
        );
    }
  });
