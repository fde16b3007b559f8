import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { transferables } from '../columns/detached.js';
import { errorToData, MillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { createMemory, loadKernels } from '../wasm/module.js';
import type { OwnModule } from '../wasm/own-module.js';
import type { WasmMemory, WasmModule } from '../wasm/webassembly.js';
import type { LaneSet } from './lane-set.js';
import type { SharedParts } from './lane.js';
import { Doorbells } from './link.js';
import { makeShared, type LanesParts } from './make-lanes.js';
import type { FromLane, ToLane } from './messages.js';

/** All that a lane's thread is given; everything else it rebuilds from the job's own module. */
export interface LaneTask {
  readonly job: LaneJob;
  readonly lane: number;
  readonly lanes: number;
  readonly kernels: WasmModule;
  readonly memories: readonly WasmMemory[];
  readonly memoryBytes: number;
  readonly shared: SharedParts;
  readonly port: MessagePort;
  readonly seed: bigint;
  readonly splits: LanesParts['splits'];
  readonly splitOrder: LanesParts['splitOrder'];
  readonly keyGroups: number;
  readonly firstStep: number;
  readonly tuning: LanesParts['tuning'];
  readonly restore: LanesParts['restore'];
  readonly spill: LanesParts['spill'];
  readonly stateLimit: LanesParts['stateLimit'];
}

/** Where a lane finds the job, and what its plan must be. */
export interface LaneJob {
  readonly url: string;
  readonly name: string;
  readonly params: unknown;
  readonly planHash: string;
  readonly taps: readonly string[];
  /** Of one's own aggregates: compiled once, for all lanes. */
  readonly modules: ReadonlyMap<number, OwnModule>;
}

export interface ThreadOptions {
  /** The module that a worker thread runs; its export `laneThread` takes a LaneTask. */
  readonly entry: URL;
  readonly job: LaneJob;
  /** A lane that works this long without a sign of life is taken for hung. */
  readonly hangMs: number;
  /** Flags for the threads, such as a loader for TypeScript. */
  readonly execArgv?: readonly string[];
}

/** Reserved, not used: pages count when they are touched. */
const LANE_BYTES = 2 ** 32;
/** How long lanes have to end when they are asked to. */
const CLOSE_MS = 5_000;

/** Each lane in a worker thread: one task of a Piscina pool that lasts as long as the lane. */
export class ThreadLanes implements LaneSet {
  readonly shared: SharedParts;
  readonly #parts: LanesParts;
  readonly #options: ThreadOptions;
  readonly #pool: Piscina;
  readonly #bells: Doorbells;
  readonly #ports: MessagePort[] = [];
  readonly #tasks: Promise<void>[] = [];
  #receive: ((message: FromLane) => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #closed = false;

  constructor(parts: LanesParts, options: ThreadOptions) {
    this.#parts = parts;
    this.#options = options;
    this.shared = makeShared(parts.program.exchanges.length, parts.program.sinks.length, parts.laneCount);
    this.#bells = new Doorbells(this.shared.bells);
    this.#pool = new Piscina({
      filename: options.entry.href,
      name: 'laneThread',
      minThreads: parts.laneCount,
      maxThreads: parts.laneCount,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      ...(options.execArgv === undefined ? {} : { execArgv: [...options.execArgv] }),
    });
  }

  async start(receive: (message: FromLane) => void): Promise<void> {
    this.#receive = (message) => {
      if (!this.#closed) receive(message);
    };
    const { laneCount, host, splits, splitOrder, keyGroups, firstStep, tuning, restore, spill, stateLimit } = this.#parts;
    const kernels = loadKernels('simd.mt');
    const memories = Array.from({ length: laneCount }, () => createMemory(LANE_BYTES, true));
    const ready: Promise<void>[] = [];
    for (let lane = 0; lane < laneCount; lane++) {
      const { port1, port2 } = new MessageChannel();
      this.#ports.push(port1);
      const [low, high] = host.entropy();
      const seed = (BigInt(high) << 32n) | BigInt(low);
      const task: LaneTask = {
        job: this.#options.job,
        lane,
        lanes: laneCount,
        kernels,
        memories,
        memoryBytes: LANE_BYTES,
        shared: this.shared,
        port: port2,
        seed,
        splits,
        splitOrder,
        keyGroups,
        firstStep,
        tuning,
        restore,
        spill,
        stateLimit,
      };
      const started = new Promise<void>((resolve, reject) => {
        port1.on('message', (message: FromLane) => {
          if (message.type === 'ready') resolve();
          else this.#receive?.(message);
        });
        const ended: Promise<void> = this.#pool.run(task, { transferList: [port2] }).then(
          // A lane that is over before it was ready has told why, or is closed: its last messages may not come any more.
          () => resolve(),
          (cause: unknown) => {
            const error = crashOf(lane, cause);
            reject(error);
            this.#receive?.({ type: 'error', lane, error: errorToData(error) });
          },
        );
        this.#tasks.push(ended);
      });
      ready.push(started);
    }
    await Promise.all(ready);
    this.#watch(host, new Map());
  }

  send(lane: number, message: ToLane): void {
    const move: ArrayBuffer[] = [];
    if (message.type === 'step') {
      for (const content of message.contents.values()) {
        if (content.kind === 'batch') move.push(...transferables(content.batch));
      }
    }
    this.#ports[lane]?.postMessage(message, move);
    this.#bells.ring(lane);
  }

  wake(lane: number): void {
    this.#bells.ring(lane);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelWatch?.();
    for (let lane = 0; lane < this.#parts.laneCount; lane++) this.send(lane, { type: 'stop' });
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => (cancel = this.#parts.host.after(CLOSE_MS, resolve)));
    await Promise.race([Promise.all(this.#tasks), late]);
    cancel?.();
    for (const port of this.#ports) port.close();
    // Threads without a task do not keep the process alive: without a timer it could end before they have.
    const cancelWait = this.#parts.host.after(CLOSE_MS, () => undefined);
    await this.#pool.destroy();
    cancelWait();
  }

  /** A lane whose heart stands still while it works is stuck in a kernel or in a user's function. */
  #watch(host: Host, before: ReadonlyMap<number, number | undefined>): void {
    if (this.#closed) return;
    const now = new Map<number, number | undefined>();
    for (let lane = 0; lane < this.#parts.laneCount; lane++) {
      const pulse = this.#bells.pulse(lane);
      now.set(lane, pulse);
      if (pulse === undefined || before.get(lane) !== pulse) continue;
      const message =
        `lane ${lane} has given no sign of life for ${this.#options.hangMs} ms; ` +
        'it is stuck in a user function (does one loop for ever?) or in a kernel';
      this.#receive?.({ type: 'error', lane, error: errorToData(new MillraceError('lane.hung', message)) });
      void this.#pool.destroy();
      return;
    }
    this.#cancelWatch = host.after(this.#options.hangMs, () => this.#watch(host, now));
  }
}

function crashOf(lane: number, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const data = cause as { code?: unknown; message?: unknown; millrace?: unknown };
  return new MillraceError('lane.crashed', `lane ${lane} ended unexpectedly: ${String(data.message ?? cause)}`, { cause });
}
