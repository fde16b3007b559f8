import { Piscina } from 'piscina';
import type { OffLaneWork } from '../connectors/connector.js';
import type { OffLaneTasks } from './off-lane-tasks.js';

/** Threads end when they had nothing to do for this long. */
const IDLE_MS = 2_000;
const THREADS = 2;

/**
 * The second pool: ordinary tasks that would hold up a lane or the event loop, such as compression. Its threads start
 * with the first task.
 */
export class OffLanes implements OffLaneWork {
  #pool: Piscina | undefined;
  #closed = false;

  async run<N extends keyof OffLaneTasks>(name: N, input: Parameters<OffLaneTasks[N]>[0]): Promise<Awaited<ReturnType<OffLaneTasks[N]>>> {
    this.#pool ??= new Piscina({
      filename: new URL('./off-lane-tasks.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: THREADS,
      idleTimeout: IDLE_MS,
      recordTiming: false,
    });
    return (await this.#pool.run(input, { name })) as Awaited<ReturnType<OffLaneTasks[N]>>;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool?.destroy();
  }
}
