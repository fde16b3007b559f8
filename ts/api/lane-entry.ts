import { Memory } from '../columns/memory.js';
import { errorToData, MillraceError } from '../core/errors.js';
import { nodeHost } from '../core/node-host.js';
import { buildProgram } from '../build/program.js';
import { Lane } from '../runtime/lane.js';
import { runLaneLoop } from '../runtime/lane-loop.js';
import { Doorbells } from '../runtime/link.js';
import { spillSpaceOf } from '../runtime/make-lanes.js';
import type { FromLane } from '../runtime/messages.js';
import type { LaneTask } from '../runtime/thread-lanes.js';
import { transferables } from '../columns/detached.js';
import { BlockArena } from '../wasm/arena.js';
import { instantiate, MEMORY_BASE } from '../wasm/module.js';
import { Workspace } from '../wasm/workspace.js';
import { buildJob, findJob } from './job.js';
import { IN_LANE } from './in-lane.js';

/** A worker thread's whole life: imports the job's module, builds its program, and runs the lane until it is told to stop. */
export async function laneThread(task: LaneTask): Promise<void> {
  const { job, lane, lanes, port, shared } = task;
  const send = (message: FromLane) => port.postMessage(message, buffersOf(message));
  try {
    Reflect.set(globalThis, IN_LANE, true);
    await importModule(job.url);
    const built = buildJob(findJob(job.url, job.name), job.params);
    if (built.hash !== job.planHash) {
      throw new MillraceError(
        'plan.differs',
        `job '${job.name}' made another plan in lane ${lane} than on the calling thread: its function must not look at clocks, ` +
          'chance, the environment or the thread; give what varies as params',
      );
    }
    const { program } = buildProgram({ ...built, modules: job.modules, lanes, host: nodeHost, taps: job.taps, manual: false });
    const peers = task.memories.map((memory) => new Memory(memory.buffer));
    const memory = task.memories[lane] as LaneTask['memories'][number];
    const ws = new Workspace(
      instantiate(task.kernels, memory),
      peers[lane] as Memory,
      new BlockArena(MEMORY_BASE, task.memoryBytes),
      task.seed,
      spillSpaceOf(task.spill, nodeHost, lane, lanes, task.seed),
    );
    const core = new Lane({ ...task, program, ws, peers, host: nodeHost, send });
    send({ type: 'ready', lane });
    runLaneLoop(core, lane, port, new Doorbells(shared.bells));
    core.close();
  } catch (error) {
    send({ type: 'error', lane, error: errorToData(error) });
    send({ type: 'ready', lane });
  } finally {
    port.close();
  }
}

/** The calling thread has imported it: where a lane cannot, it looked at the thread or has changed since. */
async function importModule(url: string): Promise<void> {
  try {
    await import(url);
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('plan.differs', `the job's module cannot be imported in a lane: ${message}`, { cause });
  }
}

function buffersOf(message: FromLane): ArrayBuffer[] {
  if (message.type !== 'chunk') return [];
  return message.chunk.kind === 'columns' ? transferables(message.chunk.batch) : [message.chunk.bytes.buffer as ArrayBuffer];
}
