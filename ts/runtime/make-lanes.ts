import type { SplitSpec } from '../connectors/connector.js';
import type { Host } from '../core/host.js';
import type { LaneState } from '../state/memory-snapshot.js';
import { BlockArena } from '../wasm/arena.js';
import { Memory } from '../columns/memory.js';
import { SpillSpace } from '../columns/spill-space.js';
import { createMemory, instantiate, loadKernels, MEMORY_BASE, type KernelBuild } from '../wasm/module.js';
import { Workspace } from '../wasm/workspace.js';
import { BlockBoard } from './block-board.js';
import { InlineLanes } from './inline-lanes.js';
import { Lane, type LaneTuning, type SharedParts } from './lane.js';
import { Doorbells, linkBytes } from './link.js';
import type { Program } from './program.js';
import type { SourceClockState } from './messages.js';

/** What all lanes of an attempt have in common. */
export interface LanesParts {
  readonly program: Program;
  readonly host: Host;
  readonly laneCount: number;
  readonly keyGroups: number;
  readonly splits: readonly (readonly SplitSpec[])[];
  readonly splitOrder?: readonly (readonly string[])[] | undefined;
  readonly firstStep: number;
  readonly tuning: LaneTuning;
  readonly restore: { readonly state: LaneState; readonly clocks: readonly SourceClockState[] } | undefined;
  readonly spill?: SpillSettings | undefined;
  /** Bytes of state that each lane may hold. */
  readonly stateLimit?: number | undefined;
}

/** Of a job: where lanes may put state, and how much they may hold in memory all together. Plain data. */
export interface SpillSettings {
  readonly dir: string;
  readonly memoryBytes: number;
}

/** One lane's share. The seed, unforeseeable, keeps its files apart from those of other jobs in the same folder. */
export function spillSpaceOf(
  settings: SpillSettings | undefined,
  host: Host,
  lane: number,
  lanes: number,
  seed: bigint,
): SpillSpace | undefined {
  if (settings === undefined) return undefined;
  const prefix = `lane-${lane}-${seed.toString(16)}`;
  return new SpillSpace({ files: host.files, dir: settings.dir, prefix, memoryBytes: Math.floor(settings.memoryBytes / lanes) });
}

export function makeShared(exchanges: number, sinks: number, lanes: number): SharedParts {
  return {
    links: new SharedArrayBuffer(linkBytes(exchanges, lanes)),
    board: new SharedArrayBuffer(BlockBoard.bytes),
    bells: new SharedArrayBuffer(Doorbells.bytes(lanes)),
    written: new SharedArrayBuffer(Math.max(1, lanes * sinks) * 64),
  };
}

/** Hash tables of a lane are seeded so that nobody can choose colliding keys. */
export function seedFrom(host: Host): bigint {
  const [low, high] = host.entropy();
  return (BigInt(high) << 32n) | BigInt(low);
}

export interface InlineOptions {
  /** In which order lanes get their turns. */
  readonly turns?: ((lanes: number) => number[]) | undefined;
  readonly kernels?: KernelBuild | undefined;
  /** Of each lane's memory. The garbage collector takes reserved bytes for used ones: tests that make many ask for few. */
  readonly memoryBytes?: number | undefined;
}

const INLINE_BYTES = 2 ** 31;

/** All lanes on the calling thread. */
export function makeInlineLanes(parts: LanesParts, options: InlineOptions = {}): InlineLanes {
  const { kernels: build = 'simd', memoryBytes = INLINE_BYTES, turns } = options;
  const shared = makeShared(parts.program.exchanges.length, parts.program.sinks.length, parts.laneCount);
  const module = loadKernels(build);
  const memories = Array.from({ length: parts.laneCount }, () => createMemory(memoryBytes, build === 'simd.mt'));
  const peers = memories.map((memory) => new Memory(memory.buffer));
  const make = (lane: number, send: ConstructorParameters<typeof Lane>[0]['send']) => {
    const seed = seedFrom(parts.host);
    return new Lane({
      ...parts,
      ws: new Workspace(
        instantiate(module, memories[lane] as (typeof memories)[number]),
        peers[lane] as Memory,
        new BlockArena(MEMORY_BASE, memoryBytes),
        seed,
        spillSpaceOf(parts.spill, parts.host, lane, parts.laneCount, seed),
      ),
      peers,
      shared,
      lane,
      lanes: parts.laneCount,
      send,
    });
  };
  return new InlineLanes(parts.host, parts.laneCount, shared, make, turns);
}
