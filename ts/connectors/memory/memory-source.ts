import { BatchBuilder } from '../../columns/builder.js';
import { attach } from '../../columns/detached.js';
import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import type { PushReader, RowsBlock, Source, SplitSpec } from '../connector.js';

type Row = Readonly<Record<string, unknown>>;

/** Small enough that rows flow while an iterable is slow or endless. */
const BLOCK_ROWS = 4096;
const WAITING = Symbol('waiting');

/** Rows of an array, iterable or async iterable: one split, whose positions are row numbers. */
export class MemorySource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'coordinator';
  readonly #rows: Iterable<Row> | AsyncIterable<Row>;
  readonly #host: Host;

  /** Throws `config.invalid` when `rows` cannot be iterated. */
  constructor(schema: Schema, rows: unknown, host: Host) {
    if (typeof rows !== 'object' || rows === null || !(Symbol.iterator in rows || Symbol.asyncIterator in rows)) {
      throw new MillraceError('config.invalid', 'memory() needs an array, an iterable or an async iterable of rows');
    }
    this.schema = schema;
    this.#rows = rows as Iterable<Row> | AsyncIterable<Row>;
    this.#host = host;
  }

  splits(): readonly SplitSpec[] {
    const end = Array.isArray(this.#rows) ? { end: this.#rows.length } : {};
    return [{ id: 'rows', options: {}, ...end }];
  }

  open(_split: SplitSpec, position: number): PushReader {
    const builder = new BatchBuilder(this.schema, { rowsAre: 'memory(): row' });
    return Symbol.iterator in this.#rows
      ? new IterableReader(this.#rows[Symbol.iterator](), builder, position)
      : new AsyncIterableReader(this.#rows[Symbol.asyncIterator](), builder, position, this.#host);
  }
}

class IterableReader implements PushReader {
  readonly #iterator: Iterator<Row>;
  readonly #builder: BatchBuilder;
  #position = 0;

  /** Skips to `position`. */
  constructor(iterator: Iterator<Row>, builder: BatchBuilder, position: number) {
    this.#iterator = iterator;
    this.#builder = builder;
    while (this.#position < position && iterator.next().done !== true) this.#position++;
  }

  async next(): Promise<RowsBlock | undefined> {
    while (this.#builder.rows < BLOCK_ROWS) {
      const item = this.#iterator.next();
      if (item.done === true) break;
      this.#builder.append(item.value);
      this.#position++;
    }
    return blockOf(this.#builder, this.#position);
  }

  close(): void {
    this.#iterator.return?.();
  }
}

class AsyncIterableReader implements PushReader {
  readonly #iterator: AsyncIterator<Row>;
  readonly #builder: BatchBuilder;
  readonly #host: Host;
  readonly #skip: number;
  #position = 0;
  /** Asked for, not yet used: a block is not held back for a row that takes its time. */
  #pending: Promise<IteratorResult<Row>> | undefined;

  constructor(iterator: AsyncIterator<Row>, builder: BatchBuilder, skip: number, host: Host) {
    this.#iterator = iterator;
    this.#builder = builder;
    this.#skip = skip;
    this.#host = host;
  }

  async next(): Promise<RowsBlock | undefined> {
    while (this.#builder.rows < BLOCK_ROWS) {
      this.#pending ??= Promise.resolve(this.#iterator.next());
      const item = this.#builder.rows === 0 ? await this.#pending : await Promise.race([this.#pending, this.#aTurn()]);
      if (item === WAITING) break;
      this.#pending = undefined;
      if (item.done === true) break;
      if (this.#position >= this.#skip) this.#builder.append(item.value);
      this.#position++;
    }
    return blockOf(this.#builder, this.#position);
  }

  /** Not awaited: an iterable that waits for its next row would answer only after that. */
  close(): void {
    void Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }

  #aTurn(): Promise<typeof WAITING> {
    return new Promise((resolve) => this.#host.defer(() => resolve(WAITING)));
  }
}

function blockOf(builder: BatchBuilder, position: number): RowsBlock | undefined {
  if (builder.rows === 0) return undefined;
  const batch = builder.finishDetached();
  return { position, content: { kind: 'batch', rows: batch.rows, write: (space) => attach(space, batch) } };
}
