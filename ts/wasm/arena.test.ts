import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { BlockArena, Scratch, type Mark } from './arena.js';

const BASE = 1000;
const LIMIT = 64 << 20;

test('blocks never overlap, whatever is given back and asked for', () => {
  const random = new Random(1);
  const arena = new BlockArena(BASE, LIMIT);
  const live: { at: number; bytes: number }[] = [];
  let used = 0;
  for (let i = 0; i < 5_000; i++) {
    if (live.length > 0 && random.bool(0.45)) {
      const [block] = live.splice(random.int(0, live.length - 1), 1) as [{ at: number; bytes: number }];
      arena.free(block.at, block.bytes);
      used -= BlockArena.roomOf(block.bytes);
    } else {
      const bytes = random.int(0, random.pick([10, 300, 5_000]));
      const at = arena.alloc(bytes);
      assert.ok(at >= BASE && at % 256 === 0 && at + bytes <= LIMIT);
      for (const other of live) assert.ok(at + bytes <= other.at || other.at + BlockArena.roomOf(other.bytes) <= at, 'blocks overlap');
      live.push({ at, bytes });
      used += BlockArena.roomOf(bytes);
    }
    assert.equal(arena.bytesInUse, used);
    assert.ok(arena.bytesAtPeak >= used);
  }
});

test('a block has the room of the next power of two, and at least 256 bytes', () => {
  const rooms = [0, 1, 256, 257, 512, 1025, 2 ** 31, 2 ** 31 + 1, 2 ** 32].map((bytes) => BlockArena.roomOf(bytes));
  assert.deepEqual(rooms, [256, 256, 256, 512, 512, 2048, 2 ** 31, 2 ** 32, 2 ** 32]);
});

test('a full memory is an error that changes nothing; what is given back can be had again', () => {
  const arena = new BlockArena(256, 256 + 4096);
  const first = arena.alloc(2048);
  arena.alloc(1024);
  const before = arena.bytesInUse;
  assert.throws(
    () => arena.alloc(2000),
    (error: unknown) => error instanceof MillraceError && error.code === 'memory.exhausted' && error.message.includes('2000 more'),
  );
  assert.equal(arena.bytesInUse, before);
  arena.free(first, 2048);
  assert.equal(arena.alloc(1500), first);
});

test('scratch gives back to a mark, and what was there before stays where it was', () => {
  const random = new Random(2);
  const arena = new BlockArena(BASE, LIMIT);
  const scratch = new Scratch(arena);
  const live: { at: number; bytes: number }[] = [];
  const marks: { mark: Mark; live: number }[] = [];
  let peak = 0;
  for (let i = 0; i < 20_000; i++) {
    const what = random.int(0, 9);
    if (what === 0) marks.push({ mark: scratch.mark(), live: live.length });
    else if (what <= 2 && marks.length > 0) {
      const { mark, live: kept } = marks.pop() as (typeof marks)[number];
      scratch.release(mark);
      live.length = kept;
    } else if (live.length < 40) {
      const bytes = random.pick([0, 8, 1_000, 70_000, 1_048_576, 1_500_000]);
      const at = scratch.alloc(bytes);
      assert.equal(at % 16, 0);
      for (const other of live) assert.ok(at + bytes <= other.at || other.at + other.bytes <= at, 'two batches share memory');
      live.push({ at, bytes });
    }
    peak = Math.max(peak, arena.bytesInUse);
  }
  scratch.reset();
  assert.ok(arena.bytesInUse <= peak / 2 && arena.bytesInUse <= 4 << 20, 'one chunk stays, no more');
});

test('a loop that marks and releases needs no more memory however long it runs', () => {
  const arena = new BlockArena(BASE, LIMIT);
  const scratch = new Scratch(arena);
  scratch.alloc((1 << 20) - 200); // the next allocation begins a chunk
  const turn = (bytes: number): void => {
    const mark = scratch.mark();
    scratch.alloc(bytes);
    scratch.alloc(bytes);
    scratch.release(mark);
  };
  turn(3_000_000);
  const after = arena.bytesAtPeak;
  for (let i = 0; i < 1_000; i++) turn(i % 2 === 0 ? 3_000_000 : 100);
  assert.equal(arena.bytesAtPeak, after);
});
