import type { RecordBatch } from 'apache-arrow';
import { schemaToArrow, toRecordBatch } from '../../columns/arrow-out.js';
import type { Schema } from '../../columns/schema.js';
import { assert } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { Sink, SinkChunk } from '../connector.js';

/** Hands each batch to a user's function; the job waits while its promise is pending. */
export class CallbackSink implements Sink {
  readonly takes = 'columns';
  readonly #call: (batch: RecordBatch) => unknown;
  readonly #schema: ReturnType<typeof schemaToArrow>;

  /** Throws `config.invalid` when `call` is no function. */
  constructor(call: unknown, schema: Schema, changes: boolean) {
    if (typeof call !== 'function') throw new MillraceError('config.invalid', 'callback() needs a function that takes a record batch');
    this.#call = call as (batch: RecordBatch) => unknown;
    this.#schema = schemaToArrow(schema, changes);
  }

  async write(_step: number, chunk: SinkChunk): Promise<void> {
    assert(chunk.kind === 'columns', 'a callback takes columns');
    try {
      await this.#call(toRecordBatch(chunk.batch, this.#schema));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new MillraceError('function.failed', `the function given to callback() threw: ${message}`, { cause });
    }
  }

  close(): void {}
}
