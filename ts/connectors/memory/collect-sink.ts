import type { DetachedBatch, Sink, SinkChunk } from '../connector.js';
import { assert } from '../../core/assert.js';

/** Keeps what was written until it is taken. */
export class CollectSink implements Sink {
  readonly takes = 'columns';
  #batches: DetachedBatch[] = [];

  write(_step: number, chunk: SinkChunk): void {
    assert(chunk.kind === 'columns', 'a collecting sink takes columns');
    this.#batches.push(chunk.batch);
  }

  /** Everything written since the last take, in order. */
  take(): readonly DetachedBatch[] {
    const taken = this.#batches;
    this.#batches = [];
    return taken;
  }

  close(): void {}
}
