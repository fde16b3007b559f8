import { AssertionError } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { FileHandle, Files } from '../core/host.js';
import { fromRecordBatch } from './arrow-in.js';
import { ArrowEncoder, readArrow } from './arrow-ipc.js';
import type { DetachedBatch } from './detached.js';
import type { Schema } from './schema.js';

/** Where one lane's state goes that has no room in memory. */
export interface SpillOptions {
  readonly files: Files;
  /** Exists or is made. */
  readonly dir: string;
  /** Begins the names of this lane's files: no two lanes of any job share one. */
  readonly prefix: string;
  /** Bytes of state and scratch that the lane may hold before state moves out. */
  readonly memoryBytes: number;
}

/** A slice becomes up to 16 files: this is 64 KiB each. */
const WORTHWHILE_BYTES = 1 << 20;

/** Batches of one schema in a file of Arrow IPC, until they are dropped. */
export interface SpilledRun {
  readonly rows: number;
  readonly bytes: number;
  /** The batches, in the order in which they were written. */
  read(): Iterable<DetachedBatch>;
  /** Removes the file. */
  drop(): void;
}

/**
 * Moves state out of a lane's memory, into files of Arrow IPC that anyone can read, and back. Owned by one lane. What the disk
 * refuses is `state.spill-failed`.
 */
export class SpillSpace {
  readonly memoryBytes: number;
  readonly #options: SpillOptions;
  readonly #held = new Set<SpilledRun>();
  #made = false;
  #number = 0;
  /** What must move for it to be worth a file. */
  get worthwhileBytes(): number {
    return Math.min(WORTHWHILE_BYTES, this.memoryBytes / 16);
  }

  /** Since the lane began. */
  runsWritten = 0;
  bytesWritten = 0;

  constructor(options: SpillOptions) {
    this.#options = options;
    this.memoryBytes = options.memoryBytes;
  }

  write(schema: Schema, batches: Iterable<DetachedBatch>): SpilledRun {
    const { files, dir, prefix } = this.#options;
    const path = `${dir}/${prefix}-${this.#number++}.arrow`;
    let rows = 0;
    let bytes = 0;
    guarded(path, 'written', () => {
      if (!this.#made) files.mkdir(dir);
      this.#made = true;
      const file = files.create(path);
      try {
        const encoder = new ArrowEncoder(schema, 'stream');
        const append = (part: Uint8Array): void => {
          file.append(part);
          bytes += part.length;
        };
        for (const batch of batches) {
          rows += batch.rows;
          append(encoder.write(batch));
        }
        append(encoder.end());
      } finally {
        file.close();
      }
    });
    this.runsWritten++;
    this.bytesWritten += bytes;
    const run: SpilledRun = {
      rows,
      bytes,
      *read() {
        const found = guarded(path, 'read', () =>
          [...readArrow(wholeFile(files.open(path), bytes), path)].map((batch) => fromRecordBatch(batch, schema)),
        );
        if (found.reduce((sum, batch) => sum + batch.rows, 0) !== rows) throw failed(path, 'read', 'it is not what was written');
        yield* found;
      },
      drop: () => {
        files.remove(path);
        this.#held.delete(run);
      },
    };
    this.#held.add(run);
    return run;
  }

  /** Removes what is left. */
  close(): void {
    for (const run of [...this.#held]) run.drop();
  }
}

function guarded<T>(path: string, done: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AssertionError) throw cause;
    throw failed(path, done, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function failed(path: string, done: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('state.spill-failed', `state that has no room in memory could not be ${done} at ${path}: ${why}`, { cause });
}

function wholeFile(file: FileHandle, bytes: number): Uint8Array {
  try {
    const whole = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      const read = file.read(whole, at, bytes - at, at);
      if (read === 0) return whole.subarray(0, at);
      at += read;
    }
    return whole;
  } finally {
    file.close();
  }
}
