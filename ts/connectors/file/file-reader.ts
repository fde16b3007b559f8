import type { Address } from '../../columns/memory.js';
import { assert, must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';
import type { Limits } from '../../core/limits.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { BlockContent, BlockRef, LaneReader, SourceItem, SplitSpec } from '../connector.js';
import type { RecordPlace, RecordStage } from '../record-stage.js';

const NEWLINE = 10;
/** Read with the block, so that the record that crosses its end rarely needs a second read. */
const TAIL_BYTES = 4096;
/** What a decoder may read before, and write after, the bytes it is given. */
const ROOM_BEFORE = 64;
const ROOM_AFTER = 1024;
const OPEN_FILES = 16;

export interface LineReaderOptions {
  readonly host: Host;
  readonly limits: Limits;
  /** Whether each block begins and ends at a record's edge; else a record belongs to the block of its first byte. */
  readonly aligned: boolean;
  /**
   * Reads the header at the start of each split, and of each piece of bytes from the coordinator: answers its bytes, or
   * undefined when it does not end before `end`. Called again when the reader turns to another split.
   */
  readonly header?: ((start: Address, end: Address, source: string) => number | undefined) | undefined;
}

/** Reads byte ranges of files straight into the lane's memory, and has their records decoded there. */
export class LineFileReader implements LaneReader {
  readonly #ws: Workspace;
  readonly #stage: RecordStage;
  readonly #options: LineReaderOptions;
  readonly #files = new Map<string, FileHandle>();
  /** The split at hand, and where its records begin, after a byte order mark and a header. */
  #current: string | undefined;
  #bodyStart = 0;

  constructor(ws: Workspace, stage: RecordStage, options: LineReaderOptions) {
    this.#ws = ws;
    this.#stage = stage;
    this.#options = options;
  }

  *read(block: BlockRef, split: SplitSpec, content: BlockContent | undefined): Generator<SourceItem, void, undefined> {
    if (content !== undefined) {
      assert(content.kind === 'bytes', 'lines come as bytes');
      yield* this.#decodeBytes(block, split, content.bytes);
      return;
    }
    const path = String(split.options['path']);
    const size = must(split.end, `the size of ${path}`);
    const file = this.#open(path);
    if (this.#current !== path) this.#begin(file, path, size);
    const range = this.#load(file, Math.max(block.from, this.#bodyStart), block.to, size);
    if (range !== undefined) yield* this.#stage.run(range.start, range.end, this.#placeIn(path, range.position));
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#stage.metrics();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#stage.close();
  }

  *#decodeBytes(block: BlockRef, split: SplitSpec, bytes: Uint8Array): Generator<SourceItem, void, undefined> {
    const buffer = new ReadBuffer(this.#ws, bytes.length);
    this.#ws.memory.u8.set(bytes, buffer.start);
    buffer.length = bytes.length;
    const bom = block.from === 0 ? buffer.bomBytes() : 0;
    const header = this.#options.header?.(buffer.start + bom, buffer.start + bytes.length, split.id) ?? 0;
    const start = bom + header;
    // Each piece begins with a copy of the header, which counts in positions once.
    const origin = block.from + (block.from === 0 ? start : bom);
    const position = (offset: number) => `byte ${origin + offset}`;
    const place = { source: split.id === '-' ? 'stdin' : split.id, position, describe: position };
    yield* this.#stage.run(buffer.start + start, buffer.closed(start, bytes.length), place);
  }

  #begin(file: FileHandle, path: string, size: number): void {
    const { header, limits } = this.#options;
    const { scratch } = this.#ws;
    const mark = scratch.mark();
    let skip = 0;
    for (let bytes = TAIL_BYTES; ; bytes *= 4) {
      const buffer = new ReadBuffer(this.#ws, Math.min(bytes, size));
      buffer.fill(file, 0);
      const bom = buffer.bomBytes();
      const length = header?.(buffer.start + bom, buffer.closed(bom, buffer.length, buffer.length >= size), path);
      skip = bom + Math.min(length ?? 0, buffer.length - bom);
      if (header === undefined || length !== undefined || buffer.length >= size) break;
      if (bytes > limits.recordBytes) throw tooLarge(path, 0, limits.recordBytes);
    }
    scratch.release(mark);
    this.#current = path;
    this.#bodyStart = skip;
  }

  /** The whole records whose first byte lies in [from, to), in memory; undefined when there are none. */
  #load(file: FileHandle, from: number, to: number, size: number): { start: Address; end: Address; position: number } | undefined {
    const { aligned, limits } = this.#options;
    if (from >= to) return undefined;
    // The byte before tells whether a record begins at `from`.
    const peek = from > this.#bodyStart && !aligned ? 1 : 0;
    const origin = from - peek;
    const buffer = new ReadBuffer(this.#ws, Math.min(to + TAIL_BYTES, size) - origin);
    buffer.fill(file, origin);
    const until = Math.min(to - origin, buffer.length);
    const first = peek === 1 ? buffer.afterNewline(0, until) : 0;
    if (first >= until) return undefined;
    let last = until;
    // The last record may go on beyond the block.
    for (let searched = until; !aligned && !buffer.isNewline(last - 1); searched = last) {
      last = buffer.afterNewline(searched, buffer.length);
      if (buffer.isNewline(last - 1) || origin + buffer.length >= size) break;
      if (buffer.length >= until + limits.recordBytes) throw tooLarge(file.path, origin, limits.recordBytes);
      buffer.grow(Math.min(size - origin, until + limits.recordBytes, buffer.length * 2 + TAIL_BYTES));
      buffer.fill(file, origin);
      if (buffer.length === last) break;
    }
    return { start: buffer.start + first, end: buffer.closed(first, last), position: origin + first };
  }

  #open(path: string): FileHandle {
    const open = this.#files.get(path);
    if (open !== undefined) return open;
    const oldest = this.#files.keys().next();
    if (this.#files.size >= OPEN_FILES && oldest.done !== true) {
      this.#files.get(oldest.value)?.close();
      this.#files.delete(oldest.value);
    }
    const file = this.#options.host.files.open(path);
    this.#files.set(path, file);
    return file;
  }

  #placeIn(path: string, position: number): RecordPlace {
    return {
      source: path,
      position: (offset) => `byte ${position + offset}`,
      describe: (offset) => `line ${this.#lineAt(path, position + offset)} (byte ${position + offset})`,
    };
  }

  /** Counts the lines before a byte: reads the file again, so only for an error that ends the job. */
  #lineAt(path: string, byte: number): number {
    const file = this.#open(path);
    const chunk = new Uint8Array(1 << 20);
    let lines = 1;
    for (let at = 0; at < byte; ) {
      const got = file.read(chunk, 0, Math.min(chunk.length, byte - at), at);
      if (got === 0) break;
      for (let i = chunk.indexOf(NEWLINE); i >= 0 && i < got; i = chunk.indexOf(NEWLINE, i + 1)) lines++;
      at += got;
    }
    return lines;
  }
}

function tooLarge(path: string, position: number, limit: number): MillraceError {
  return new MillraceError(
    'record.too-large',
    `${path}: the record after byte ${position} has more than ${limit} bytes; raise limits.recordBytes if that is right`,
    {
      details: { path, position, limit },
    },
  );
}

/** A piece of a file in scratch, with the room around it that decoders need. Offsets count from its first byte. */
class ReadBuffer {
  start: Address;
  length = 0;
  readonly #ws: Workspace;
  #capacity: number;

  constructor(ws: Workspace, capacity: number) {
    this.#ws = ws;
    this.#capacity = capacity;
    this.start = ws.alloc(ROOM_BEFORE + capacity + ROOM_AFTER) + ROOM_BEFORE;
  }

  /** Reads until the capacity or the file's end is reached. `origin` is the position of the buffer's first byte. */
  fill(file: FileHandle, origin: number): void {
    while (this.length < this.#capacity) {
      const got = file.read(this.#ws.memory.u8, this.start + this.length, this.#capacity - this.length, origin + this.length);
      if (got === 0) break;
      this.length += got;
    }
  }

  grow(capacity: number): void {
    const grown = this.#ws.alloc(ROOM_BEFORE + capacity + ROOM_AFTER) + ROOM_BEFORE;
    this.#ws.memory.u8.copyWithin(grown, this.start, this.start + this.length);
    this.start = grown;
    this.#capacity = capacity;
  }

  /** The offset after the first newline in [from, to), or `to`. */
  afterNewline(from: number, to: number): number {
    const found = (this.#ws.kernels.bytes_find(this.start + from, this.start + to, NEWLINE) >>> 0) - this.start;
    return found < to ? found + 1 : to;
  }

  isNewline(offset: number): boolean {
    return this.#ws.memory.u8[this.start + offset] === NEWLINE;
  }

  /** The length of a byte order mark at the start. */
  bomBytes(): number {
    const { u8 } = this.#ws.memory;
    return this.length >= 3 && u8[this.start] === 0xef && u8[this.start + 1] === 0xbb && u8[this.start + 2] === 0xbf ? 3 : 0;
  }

  /** The address of `to`, after adding the newline that a file's last record may lack: decoders are spared that case. */
  closed(from: number, to: number, atEnd = true): Address {
    if (!atEnd || to === from || this.isNewline(to - 1)) return this.start + to;
    this.#ws.memory.u8[this.start + to] = NEWLINE;
    return this.start + to + 1;
  }
}
