import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import type { PushReader, RowsBlock } from '../connector.js';

/** What gunzip gives at once: about a block. */
const GUNZIP_BYTES = 512 * 1024;

const NOTHING = new Uint8Array(0);

/** How a text format falls into records, on the coordinator. */
export interface RecordFraming {
  /** How many of the bytes are whole records; `bytes` begins at a record. */
  wholeRecords(bytes: Uint8Array): number;
  /** The bytes of the first record, which every piece for a lane must begin with; undefined where there is no header. */
  headerEnd?(bytes: Uint8Array): number | undefined;
  readonly recordBytes: number;
}

/** A file or stdin as the event loop gives it, gunzipped where asked. */
export function byteStream(host: Host, path: string, gzip: boolean): AsyncIterable<Uint8Array> {
  const raw = host.streams.read(path);
  return gzip ? gunzipped(raw, path) : raw;
}

async function* gunzipped(raw: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const source = Readable.from(raw, { objectMode: true, highWaterMark: 2 });
  const gunzip = createGunzip({ chunkSize: GUNZIP_BYTES });
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('source.failed', `cannot gunzip ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/**
 * Cuts a stream of bytes into blocks of whole records, for lanes to decode. Positions count the stream's bytes after
 * gunzip; reading on from a position means reading the stream again up to it.
 */
export class ByteStreamReader implements PushReader {
  readonly #path: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #framing: RecordFraming;
  /** Bytes read that are not yet in a block; they begin at `#position`. */
  #rest: Uint8Array = NOTHING;
  #position = 0;
  readonly #start: number;
  /** Without a byte order mark. */
  #header: Uint8Array | undefined;
  /** With it: what stands before the first record. */
  #headerBytes = 0;
  #ended = false;

  constructor(path: string, chunks: AsyncIterable<Uint8Array>, framing: RecordFraming, start: number) {
    this.#path = path;
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#framing = framing;
    this.#start = start;
  }

  async next(): Promise<RowsBlock | undefined> {
    for (;;) {
      const bytes = this.#takeRecords();
      if (bytes !== undefined) return { position: this.#position, content: { kind: 'bytes', bytes } };
      if (this.#ended) return undefined;
      await this.#read();
    }
  }

  /** Not awaited: stdin that gives nothing would answer only when it does. */
  close(): void {
    void Promise.resolve(this.#chunks.return?.()).catch(() => undefined);
  }

  /** A block's bytes, when there are whole records beyond where reading starts. */
  #takeRecords(): Uint8Array | undefined {
    if (this.#framing.headerEnd !== undefined && this.#header === undefined && !this.#findHeader()) return undefined;
    if (this.#position < this.#start) this.#skip(Math.min(this.#rest.length, this.#start - this.#position));
    if (this.#position < this.#start) return undefined;
    // The first block has the stream's own header, all others a copy.
    const own = this.#position === 0 ? this.#headerBytes : 0;
    const whole = this.#ended ? this.#rest.length : own + this.#framing.wholeRecords(this.#rest.subarray(own));
    if (whole === own) {
      if (this.#rest.length - own > this.#framing.recordBytes) throw this.#tooLarge();
      return undefined;
    }
    const records = this.#rest.subarray(0, whole);
    const bytes = this.#position === 0 ? records : concat(this.#header ?? NOTHING, records);
    this.#skip(whole);
    return bytes;
  }

  /** Whether the header is there; a stream that ends within it is all header. */
  #findHeader(): boolean {
    const mark = bomBytes(this.#rest);
    const end = this.#framing.headerEnd?.(this.#rest.subarray(mark)) ?? (this.#ended ? this.#rest.length - mark : undefined);
    if (end === undefined) {
      if (this.#rest.length > this.#framing.recordBytes) throw this.#tooLarge();
      return false;
    }
    this.#headerBytes = mark + end;
    this.#header = this.#rest.slice(mark, mark + end);
    return true;
  }

  #skip(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
    this.#position += bytes;
  }

  async #read(): Promise<void> {
    const item = await this.#chunks.next();
    if (item.done === true) this.#ended = true;
    else this.#rest = concat(this.#rest, item.value);
  }

  #tooLarge(): MillraceError {
    const limit = this.#framing.recordBytes;
    return new MillraceError(
      'record.too-large',
      `${this.#path}: the record at byte ${this.#position} has more than ${limit} bytes; raise limits.recordBytes if that is right`,
      { details: { path: this.#path, position: this.#position, limit } },
    );
  }
}

function bomBytes(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
