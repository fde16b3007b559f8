import { assert } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { Address, Allocator } from '../columns/memory.js';

const SMALLEST_BITS = 8;
const CLASSES = 33;
/** Kernels may read so far past a block. */
const SLACK_BYTES = 8;

/**
 * Long-lived blocks of one lane's memory, in sizes of powers of two with a free list for each. A freed block is
 * reused for the same size only: fragmentation is bounded by twice the largest use of each size.
 */
export class BlockArena implements Allocator {
  readonly #limit: number;
  #top: number;
  #used = 0;
  #peak = 0;
  readonly #free: Address[][] = Array.from({ length: CLASSES }, () => []);

  /** Hands out [base, limit) of the memory, but for the last bytes. */
  constructor(base: Address, limit: Address) {
    assert(base > 0 && base < limit, 'an arena needs room');
    this.#top = Math.ceil(base / 256) * 256;
    this.#limit = limit - SLACK_BYTES;
  }

  alloc(bytes: number): Address {
    const bits = sizeClass(bytes);
    const reused = this.#free[bits]?.pop();
    this.#used += 2 ** bits;
    this.#peak = Math.max(this.#peak, this.#used);
    if (reused !== undefined) return reused;
    const at = this.#top;
    if (at + 2 ** bits > this.#limit) {
      this.#used -= 2 ** bits;
      throw new MillraceError(
        'memory.exhausted',
        `a lane's memory is full: ${this.#used} bytes are in use and ${bytes} more were asked for; use more lanes, smaller windows or fewer keys`,
      );
    }
    this.#top = at + 2 ** bits;
    return at;
  }

  /** `bytes` as they were asked for. */
  free(at: Address, bytes: number): void {
    const bits = sizeClass(bytes);
    this.#used -= 2 ** bits;
    this.#free[bits]?.push(at);
  }

  /** What an allocation of `bytes` really holds. */
  static roomOf(bytes: number): number {
    return 2 ** sizeClass(bytes);
  }

  get bytesInUse(): number {
    return this.#used;
  }

  get bytesAtPeak(): number {
    return this.#peak;
  }
}

function sizeClass(bytes: number): number {
  assert(bytes >= 0 && bytes <= 2 ** 32, () => `an allocation of ${bytes} bytes`);
  return bytes <= 2 ** SMALLEST_BITS ? SMALLEST_BITS : 32 - Math.clz32((Math.ceil(bytes) - 1) >>> 0);
}

/** A place to return to: everything allocated since is given back at once. */
export interface Mark {
  readonly chunk: number;
  readonly top: number;
}

const CHUNK_BYTES = 1 << 20;
/** Kernels may read this far past what they were given. */
const SLACK = 64;

/** Memory that lives for a batch or a step: a bump pointer through chunks of a BlockArena, given back by mark. */
export class Scratch implements Allocator {
  readonly #blocks: BlockArena;
  readonly #chunks: { at: Address; bytes: number }[] = [];
  #chunk = -1;
  #top = 0;
  #end = 0;

  constructor(blocks: BlockArena) {
    this.#blocks = blocks;
  }

  alloc(bytes: number): Address {
    const size = Math.ceil((bytes + SLACK) / 16) * 16;
    if (this.#top + size > this.#end) this.#nextChunk(size);
    const at = this.#top;
    this.#top += size;
    return at;
  }

  mark(): Mark {
    return { chunk: this.#chunk, top: this.#top };
  }

  /** Gives back all that was allocated since the mark. Marks are released in the reverse of their order. */
  release(mark: Mark): void {
    // One chunk beyond the mark's stays, so that a loop at a chunk's edge does not allocate each time round.
    while (this.#chunks.length > mark.chunk + 2) {
      const chunk = this.#chunks.pop() as { at: Address; bytes: number };
      this.#blocks.free(chunk.at, chunk.bytes);
    }
    this.#chunk = mark.chunk;
    this.#top = mark.top;
    const chunk = this.#chunks[mark.chunk];
    this.#end = chunk === undefined ? 0 : chunk.at + chunk.bytes;
  }

  reset(): void {
    this.release({ chunk: -1, top: 0 });
  }

  #nextChunk(size: number): void {
    this.#chunk++;
    const kept = this.#chunks[this.#chunk];
    if (kept !== undefined && kept.bytes < size) {
      this.#blocks.free(kept.at, kept.bytes);
      this.#chunks.pop();
    }
    if (this.#chunks[this.#chunk] === undefined) {
      const bytes = Math.max(CHUNK_BYTES, BlockArena.roomOf(size));
      this.#chunks.push({ at: this.#blocks.alloc(bytes), bytes });
    }
    const chunk = this.#chunks[this.#chunk] as { at: Address; bytes: number };
    this.#top = chunk.at;
    this.#end = chunk.at + chunk.bytes;
  }
}
