import type { Batch } from '../columns/batch.js';
import { batchBytes, detach } from '../columns/detached.js';
import type { SinkChunk } from '../connectors/connector.js';
import type { Workspace } from '../wasm/workspace.js';
import type { SinkProgram } from './program.js';

/** Chunks a lane may have on their way to a sink. */
const CHUNKS_IN_FLIGHT = 32;

/**
 * A lane's end of a sink: rows leave the lane's memory here, encoded or as columns, and the coordinator writes them.
 * `written` is a word that the coordinator counts up as the sink takes chunks: a slow sink stops its lanes.
 */
export class SinkPort {
  readonly program: SinkProgram;
  readonly #ws: Workspace;
  readonly #written: Int32Array;
  readonly #send: (step: number, bytes: number, chunk: SinkChunk) => void;
  readonly #encode: ((batch: Batch) => { at: number; bytes: number }) | undefined;
  #sent = 0;
  rows = 0;

  constructor(program: SinkProgram, ws: Workspace, written: Int32Array, send: (step: number, bytes: number, chunk: SinkChunk) => void) {
    this.program = program;
    this.#ws = ws;
    this.#written = written;
    this.#send = send;
    this.#encode = program.createEncoder(ws);
  }

  ready(): boolean {
    return this.#sent - Atomics.load(this.#written, 0) < CHUNKS_IN_FLIGHT;
  }

  push(batch: Batch, step: number): void {
    this.#sent++;
    this.rows += batch.rows;
    if (this.#encode === undefined) {
      const bytes = batchBytes(this.#ws.memory, batch);
      this.#send(step, bytes, { kind: 'columns', batch: detach(this.#ws.memory, batch) });
      return;
    }
    const mark = this.#ws.scratch.mark();
    const { at, bytes } = this.#encode(batch);
    this.#send(step, bytes, { kind: 'bytes', bytes: this.#ws.memory.u8.slice(at, at + bytes), rows: batch.rows });
    this.#ws.scratch.release(mark);
  }
}
