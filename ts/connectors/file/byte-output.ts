import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';
import type { OffLaneWork } from '../connector.js';

/** Bytes on their way out of the process. Errors are `sink.failed` and name the path. */
export interface ByteOutput {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/** Creates or empties the file; `-` is stdout. With `packer`, what is written is compressed there. */
export function openOutput(host: Host, path: string, packer: OffLaneWork | undefined): ByteOutput {
  const plain = path === '-' ? new StdoutOutput(host) : new FileOutput(host, path);
  return packer === undefined ? plain : new GzipOutput(plain, packer);
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

/** Bytes of one gzip member: large enough to compress well, small enough to keep several threads busy. */
const MEMBER_BYTES = 1 << 20;
const MEMBERS_IN_FLIGHT = 4;

/** Compresses off the lanes, a member at a time, and writes the members in order. */
class GzipOutput implements ByteOutput {
  readonly #inner: ByteOutput;
  readonly #packer: OffLaneWork;
  readonly #packing: Promise<Uint8Array>[] = [];
  #pending: Uint8Array[] = [];
  #bytes = 0;

  constructor(inner: ByteOutput, packer: OffLaneWork) {
    this.#inner = inner;
    this.#packer = packer;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes < MEMBER_BYTES) return;
    this.#pack();
    while (this.#packing.length > MEMBERS_IN_FLIGHT) await this.#writeOne();
  }

  async end(): Promise<void> {
    // Even an empty file has a member: nothing at all is no gzip.
    this.#pack();
    while (this.#packing.length > 0) await this.#writeOne();
    await this.#inner.end();
  }

  #pack(): void {
    const member = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#bytes = 0;
    const packed = this.#packer.run('gzip', member);
    // Told to whoever waits for it, which may be later.
    packed.catch(() => undefined);
    this.#packing.push(packed);
  }

  async #writeOne(): Promise<void> {
    const next = this.#packing.shift();
    if (next !== undefined) await this.#inner.write(await next);
  }
}

function failed(path: string, cause: unknown): MillraceError {
  return new MillraceError('sink.failed', `cannot write ${path}: ${(cause as Error).message}`, { cause });
}
