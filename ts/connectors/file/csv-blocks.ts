import { must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';
import type { Limits } from '../../core/limits.js';
import { createWorkspace, type Workspace } from '../../wasm/workspace.js';
import type { BlockPlanner, SplitSpec } from '../connector.js';

const ROOM = 64;
const SPARE_BYTES = 8 << 20;
const ALL = 2 ** 31 - 1;

/**
 * Cuts CSV whose quoted fields may hold newlines: only reading from the start tells which newline ends a record. Each
 * block begins at a record, so nothing has to be remembered between blocks, and a job can go on at any of them.
 */
export class CsvBlocks implements BlockPlanner {
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #delimiter: number;
  #ws: Workspace | undefined;
  #file: FileHandle | undefined;

  constructor(host: Host, limits: Limits, delimiter: string) {
    this.#host = host;
    this.#limits = limits;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  next(split: SplitSpec, from: number, bytes: number): { readonly to: number } | undefined {
    const size = must(split.end, 'a file has a size');
    if (from >= size) return undefined;
    for (let length = bytes; ; length *= 2) {
      if (from + length >= size) return { to: size };
      const records = this.#recordsEnd(String(split.options['path']), from, length);
      if (records > 0) return { to: from + records };
      if (length > this.#limits.recordBytes) throw unclosed(split.id, from, this.#limits.recordBytes);
    }
  }

  ended(split: SplitSpec, position: number): boolean {
    return position >= must(split.end, 'a file has a size');
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#ws = undefined;
  }

  /** How many of the `length` bytes at `from` are whole records. */
  #recordsEnd(path: string, from: number, length: number): number {
    this.#ws ??= createWorkspace({ bytes: 4 * this.#limits.recordBytes + SPARE_BYTES });
    const ws = this.#ws;
    ws.scratch.reset();
    const start = ws.alloc(length + 2 * ROOM) + ROOM;
    if (this.#file?.path !== path) {
      this.#file?.close();
      this.#file = this.#host.files.open(path);
    }
    const got = this.#file.read(ws.memory.u8, start, length, from);
    return (ws.kernels.csv_records_end(start, start + got, this.#delimiter, ALL) >>> 0) - start;
  }
}

function unclosed(source: string, from: number, limit: number): MillraceError {
  return new MillraceError(
    'record.too-large',
    `${source}: the record at byte ${from} has more than ${limit} bytes; a quote may be left open there. ` +
      'Give quotedNewlines: false if no field holds a newline, or raise limits.recordBytes',
    { details: { source, position: from, limit } },
  );
}
