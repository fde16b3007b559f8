import {
  AsyncByteQueue,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type RecordBatch,
  type Schema as ArrowSchema,
} from 'apache-arrow';
import { MillraceError } from '../core/errors.js';
import { schemaToArrow, toRecordBatch } from './arrow-out.js';
import type { DetachedBatch } from './detached.js';
import type { Schema } from './schema.js';

export type ArrowForm = 'stream' | 'file';

/** Collects what a writer of apache-arrow's puts out, synchronously. */
class ByteCollector extends AsyncByteQueue {
  #parts: Uint8Array[] = [];

  override write(chunk: Uint8Array): void {
    this.#parts.push(chunk);
  }

  take(): Uint8Array {
    const out = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    return out;
  }
}

/**
 * Encodes batches of one schema as Arrow IPC, piece by piece: the bytes that `write` and then `end` give, one after
 * another, are a stream (`application/vnd.apache.arrow.stream`) or a file (random access, with a footer).
 */
export class ArrowEncoder {
  readonly #schema: ArrowSchema;
  readonly #sink = new ByteCollector();
  readonly #writer: RecordBatchStreamWriter | RecordBatchFileWriter;

  constructor(schema: Schema, form: ArrowForm, changes = false) {
    this.#schema = schemaToArrow(schema, changes);
    this.#writer = form === 'file' ? new RecordBatchFileWriter() : new RecordBatchStreamWriter();
    this.#writer.reset(this.#sink, this.#schema);
  }

  write(batch: DetachedBatch): Uint8Array {
    this.#writer.write(toRecordBatch(batch, this.#schema));
    return this.#sink.take();
  }

  end(): Uint8Array {
    this.#writer.finish();
    return this.#sink.take();
  }
}

/**
 * The record batches of Arrow IPC bytes, stream or file, over those bytes. `what` names them in errors, as
 * `data/flights.arrow`. Throws `record.malformed` for anything else.
 */
export function* readArrow(bytes: Uint8Array, what: string): Generator<RecordBatch> {
  const reader = openArrow(bytes, what);
  let number = 0;
  for (;;) {
    let next: IteratorResult<RecordBatch>;
    try {
      next = reader.next() as IteratorResult<RecordBatch>;
    } catch (cause) {
      throw malformed(what, `its record batch ${number} cannot be read`, cause);
    }
    if (next.done === true) return;
    yield next.value;
    number++;
  }
}

/** The schema that Arrow IPC bytes begin with. */
export function readArrowSchema(bytes: Uint8Array, what: string): ArrowSchema {
  return openArrow(bytes, what).schema;
}

function openArrow(bytes: Uint8Array, what: string): RecordBatchReader {
  let reader: RecordBatchReader;
  try {
    reader = RecordBatchReader.from(bytes);
    reader.open({ autoDestroy: false });
  } catch (cause) {
    throw malformed(what, 'expected Arrow IPC, stream or file', cause);
  }
  // apache-arrow takes bytes without a schema message for an empty stream.
  if (!reader.schema) throw malformed(what, 'expected Arrow IPC, stream or file; found no schema');
  return reader;
}

function malformed(what: string, why: string, cause?: unknown): MillraceError {
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return new MillraceError('record.malformed', `${what}: ${why}${because}`, { cause });
}
