import { RecordBatchReader as IpcReader, type RecordBatch } from 'apache-arrow';
import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import { RecordBatchReader } from '../arrow/arrow-source.js';
import type { PushReader, Source, SplitSpec } from '../connector.js';
import { ByteStreamReader, byteStream, type RecordFraming } from './byte-stream.js';
import { fileSplits } from './file-source.js';

/** What only an event loop can read: stdin, and gzip files, each a split. Lanes decode the blocks. */
export class StreamSource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'coordinator';
  readonly #host: Host;
  readonly #path: string;
  readonly #gzip: boolean;
  readonly #framing: RecordFraming;

  constructor(schema: Schema, host: Host, path: string, gzip: boolean, framing: RecordFraming) {
    this.schema = schema;
    this.#host = host;
    this.#path = path;
    this.#gzip = gzip;
    this.#framing = framing;
  }

  splits(host: Host): readonly SplitSpec[] {
    return streamSplits(host, this.#path);
  }

  open(split: SplitSpec, position: number): PushReader {
    const path = pathFrom(split, position);
    return new ByteStreamReader(path, byteStream(this.#host, path, this.#gzip), this.#framing, position);
  }
}

/** Arrow IPC, as a stream: the coordinator decodes it. Positions are row numbers. */
export class ArrowStreamSource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'coordinator';
  readonly #host: Host;
  readonly #path: string;
  readonly #gzip: boolean;

  constructor(schema: Schema, host: Host, path: string, gzip: boolean) {
    this.schema = schema;
    this.#host = host;
    this.#path = path;
    this.#gzip = gzip;
  }

  splits(host: Host): readonly SplitSpec[] {
    return streamSplits(host, this.#path);
  }

  open(split: SplitSpec, position: number): PushReader {
    const path = pathFrom(split, position);
    return new RecordBatchReader(this.schema, recordBatches(byteStream(this.#host, path, this.#gzip), path), position);
  }
}

async function* recordBatches(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<RecordBatch> {
  try {
    const reader = await IpcReader.from(bytes);
    for await (const batch of reader) yield batch;
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('record.malformed', `${path}: expected an Arrow IPC stream: ${(cause as Error).message}`, { cause });
  }
}

function streamSplits(host: Host, path: string): readonly SplitSpec[] {
  if (path === '-') return [{ id: '-', options: { path: '-' } }];
  // A file's size says nothing of the bytes that gunzip makes of it.
  return fileSplits(host, path).map(({ id, options }) => ({ id, options }));
}

function pathFrom(split: SplitSpec, position: number): string {
  const path = String(split.options['path']);
  if (path === '-' && position > 0) throw new MillraceError('source.failed', `stdin cannot be read again from ${position}; give a file`);
  return path;
}
