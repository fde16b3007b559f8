import type { Schema } from '../../columns/schema.js';
import { assert, must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';
import type { Sink, SinkChunk, SinkForm } from '../connector.js';
import type { FileOptions } from './file-options.js';

/** Writes to a path, from its start, in the order of steps. */
export class FileSink implements Sink {
  readonly takes: SinkForm;
  readonly #options: FileOptions;
  #file: FileHandle | undefined;

  constructor(options: FileOptions, _schema: Schema) {
    this.#options = options;
    this.takes = options.format === 'arrow' ? 'columns' : options.format;
  }

  open(host: Host): void {
    this.#file = host.files.create(this.#options.path);
  }

  write(_step: number, chunk: SinkChunk): void {
    assert(chunk.kind === 'bytes', 'a file of text takes bytes');
    const file = must(this.#file, 'the opened file');
    try {
      file.append(chunk.bytes);
    } catch (cause) {
      throw new MillraceError('sink.failed', `cannot write ${this.#options.path}: ${(cause as Error).message}`, { cause });
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
