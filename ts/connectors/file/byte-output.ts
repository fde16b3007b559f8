import { createGzip, type Gzip } from 'node:zlib';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';

/** Bytes on their way out of the process. Errors are `sink.failed` and name the path. */
export interface ByteOutput {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/** Creates or empties the file; `-` is stdout. */
export function openOutput(host: Host, path: string, gzip: boolean): ByteOutput {
  const plain = path === '-' ? new StdoutOutput(host) : new FileOutput(host, path);
  return gzip ? new GzipOutput(plain, path) : plain;
}

class FileOutput implements ByteOutput {
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(host: Host, path: string) {
    this.#path = path;
    this.#file = host.files.create(path);
  }

  write(bytes: Uint8Array): void {
    try {
      this.#file.append(bytes);
    } catch (cause) {
      throw failed(this.#path, cause);
    }
  }

  end(): void {
    this.#file.close();
  }
}

class StdoutOutput implements ByteOutput {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#host.streams.print(bytes);
  }

  end(): void {}
}

class GzipOutput implements ByteOutput {
  readonly #inner: ByteOutput;
  readonly #gzip: Gzip = createGzip();
  #compressed: Uint8Array[] = [];
  #error: MillraceError | undefined;

  constructor(inner: ByteOutput, path: string) {
    this.#inner = inner;
    this.#gzip.on('data', (bytes: Uint8Array) => this.#compressed.push(bytes));
    // Told to whoever writes or ends; without a listener it would end the process.
    this.#gzip.on('error', (cause) => {
      this.#error = failed(path, cause);
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#gzip.write(bytes, () => resolve()));
    await this.#drain();
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#gzip.once('end', resolve);
      this.#gzip.once('error', () => resolve());
      this.#gzip.end();
    });
    await this.#drain();
    await this.#inner.end();
  }

  async #drain(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    const compressed = this.#compressed;
    this.#compressed = [];
    for (const bytes of compressed) await this.#inner.write(bytes);
  }
}

function failed(path: string, cause: unknown): MillraceError {
  return new MillraceError('sink.failed', `cannot write ${path}: ${(cause as Error).message}`, { cause });
}
