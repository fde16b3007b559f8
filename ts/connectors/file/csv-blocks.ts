import { must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle, Host } from '../../core/host.js';
import type { Limits } from '../../core/limits.js';
import type { BlockPlanner, SplitSpec } from '../connector.js';
import { CsvScanner } from './record-framing.js';

const ALL = 2 ** 31 - 1;

/**
 * Cuts CSV whose quoted fields may hold newlines: only reading from the start tells which newline ends a record. Each
 * block begins at a record, so nothing has to be remembered between blocks, and a job can go on at any of them.
 */
export class CsvBlocks implements BlockPlanner {
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #scanner: CsvScanner;
  #file: FileHandle | undefined;

  constructor(host: Host, limits: Limits, delimiter: string) {
    this.#host = host;
    this.#limits = limits;
    this.#scanner = new CsvScanner(limits, delimiter);
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
  }

  /** How many of the `length` bytes at `from` are whole records. */
  #recordsEnd(path: string, from: number, length: number): number {
    if (this.#file?.path !== path) {
      this.#file?.close();
      this.#file = this.#host.files.open(path);
    }
    const file = this.#file;
    return this.#scanner.scan(length, ALL, (into, at) => file.read(into, at, length, from));
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
