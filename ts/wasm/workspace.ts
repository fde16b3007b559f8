import { Memory, type Address, type Space } from '../columns/memory.js';
import type { SpillSpace } from '../columns/spill-space.js';
import { BlockArena, Scratch } from './arena.js';
import { createMemory, instantiate, loadKernels, MEMORY_BASE, type KernelBuild, type KernelExports } from './module.js';

/**
 * What an operator works with: kernels, the lane's memory, and room of two lifetimes. `alloc` gives scratch that
 * lives until the batch at hand is done; state takes blocks and frees them itself.
 */
export class Workspace implements Space {
  readonly kernels: KernelExports;
  readonly memory: Memory;
  readonly blocks: BlockArena;
  readonly scratch: Scratch;
  /** Of this lane's in-memory hash tables; unforeseeable, so that nobody can choose colliding keys. */
  readonly seed: bigint;
  /** Where state may go that memory has no room for. */
  readonly spill: SpillSpace | undefined;

  constructor(kernels: KernelExports, memory: Memory, blocks: BlockArena, seed: bigint, spill?: SpillSpace) {
    this.kernels = kernels;
    this.memory = memory;
    this.blocks = blocks;
    this.scratch = new Scratch(blocks);
    this.seed = seed;
    this.spill = spill;
  }

  /** Whether state should move out of memory. */
  get crowded(): boolean {
    return this.spill !== undefined && this.blocks.bytesInUse > this.spill.memoryBytes;
  }

  alloc(bytes: number): Address {
    return this.scratch.alloc(bytes);
  }

  /** The same lane's memory with scratch of its own: each stage has one, as stages work on different steps. */
  fork(): Workspace {
    return new Workspace(this.kernels, this.memory, this.blocks, this.seed, this.spill);
  }
}

/** A workspace over a memory of its own, for tests, tools and lanes on the calling thread. */
export function createWorkspace(options: { build?: KernelBuild; bytes?: number; seed?: bigint; spill?: SpillSpace } = {}): Workspace {
  const build = options.build ?? 'simd';
  const bytes = options.bytes ?? 1 << 30;
  const memory = createMemory(bytes, build === 'simd.mt');
  const kernels = instantiate(loadKernels(build), memory);
  return new Workspace(
    kernels,
    new Memory(memory.buffer),
    new BlockArena(MEMORY_BASE, bytes),
    options.seed ?? 0x9e3779b97f4a7c15n,
    options.spill,
  );
}
