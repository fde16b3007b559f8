import type { Limits } from '../../core/limits.js';
import { createWorkspace, type Workspace } from '../../wasm/workspace.js';
import type { RecordFraming } from './byte-stream.js';
import type { CsvOptions } from './file-options.js';

const NEWLINE = 10;
const ROOM = 64;
const SPARE_BYTES = 8 << 20;
const ALL = 2 ** 31 - 1;

/** Every newline ends a record. */
export function lineFraming(limits: Limits, header: boolean): RecordFraming {
  const framing = { recordBytes: limits.recordBytes, wholeRecords: (bytes: Uint8Array) => bytes.lastIndexOf(NEWLINE) + 1 };
  return header ? { ...framing, headerEnd: (bytes) => bytes.indexOf(NEWLINE) + 1 || undefined } : framing;
}

/** CSV whose quoted fields may hold newlines. */
export function csvFraming(limits: Limits, options: CsvOptions): RecordFraming {
  if (!options.quotedNewlines) return lineFraming(limits, options.header);
  const scanner = new CsvScanner(limits, options.delimiter);
  const framing = { recordBytes: limits.recordBytes, wholeRecords: (bytes: Uint8Array) => scanner.recordsEnd(bytes, ALL) };
  return options.header ? { ...framing, headerEnd: (bytes) => scanner.recordsEnd(bytes, 1) || undefined } : framing;
}

/** Finds the ends of CSV records on the coordinator, with kernels and a small memory of its own. */
export class CsvScanner {
  readonly #bytes: number;
  readonly #delimiter: number;
  #ws: Workspace | undefined;

  constructor(limits: Limits, delimiter: string) {
    // What is scanned at once is at most a record that is just too long, and a block.
    this.#bytes = 4 * limits.recordBytes + SPARE_BYTES;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** The end of the n-th record, or of the last whole one when there are fewer, in bytes that begin at a record. */
  recordsEnd(bytes: Uint8Array, n: number): number {
    return this.scan(bytes.length, n, (into, at) => {
      into.set(bytes, at);
      return bytes.length;
    });
  }

  /** The same of up to `length` bytes that `load` puts at an address; it answers how many it had. */
  scan(length: number, n: number, load: (into: Uint8Array, at: number) => number): number {
    this.#ws ??= createWorkspace({ bytes: this.#bytes });
    const ws = this.#ws;
    ws.scratch.reset();
    const start = ws.alloc(length + 2 * ROOM) + ROOM;
    const end = start + load(ws.memory.u8, start);
    return (ws.kernels.csv_records_end(start, end, this.#delimiter, n) >>> 0) - start;
  }
}
