import type { RecordBatch } from 'apache-arrow';
import { fromRecordBatch } from '../../columns/arrow-in.js';
import { attach } from '../../columns/detached.js';
import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import { MAX_BATCH_ROWS } from '../../core/limits.js';
import type { PushReader, RowsBlock, Source, SplitSpec } from '../connector.js';

type Batches = Iterable<RecordBatch> | AsyncIterable<RecordBatch>;

/** Record batches of apache-arrow, as they are given: one split, whose positions are row numbers. */
export class ArrowSource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'coordinator';
  readonly #batches: Batches;

  /** Throws `config.invalid` when `batches` cannot be iterated. */
  constructor(schema: Schema, batches: unknown) {
    if (typeof batches !== 'object' || batches === null || !(Symbol.iterator in batches || Symbol.asyncIterator in batches)) {
      throw new MillraceError('config.invalid', 'fromArrow() needs an iterable of record batches, such as table.batches');
    }
    this.schema = schema;
    this.#batches = batches as Batches;
  }

  splits(): readonly SplitSpec[] {
    return [{ id: 'batches', options: {} }];
  }

  open(_split: SplitSpec, position: number): PushReader {
    return new RecordBatchReader(this.schema, this.#batches, position);
  }
}

/** Record batches, cut into blocks of at most MAX_BATCH_ROWS rows, from a row number on. */
export class RecordBatchReader implements PushReader {
  readonly #schema: Schema;
  readonly #iterator: Iterator<RecordBatch> | AsyncIterator<RecordBatch>;
  readonly #skip: number;
  #batch: RecordBatch | undefined;
  /** Rows of the batch at hand that are done, and of all before it. */
  #done = 0;
  #before = 0;

  constructor(schema: Schema, batches: Batches, skip: number) {
    this.#schema = schema;
    this.#iterator = Symbol.iterator in batches ? batches[Symbol.iterator]() : batches[Symbol.asyncIterator]();
    this.#skip = skip;
  }

  async next(): Promise<RowsBlock | undefined> {
    while (this.#batch === undefined || this.#done >= this.#batch.numRows) {
      this.#before += this.#batch?.numRows ?? 0;
      const item = await this.#iterator.next();
      if (item.done === true) return undefined;
      if (typeof item.value?.numRows !== 'number')
        throw new MillraceError('value.invalid', 'fromArrow(): expected record batches of apache-arrow');
      this.#batch = item.value;
      this.#done = Math.min(Math.max(this.#skip - this.#before, 0), this.#batch.numRows);
    }
    const to = Math.min(this.#batch.numRows, this.#done + MAX_BATCH_ROWS);
    const batch = fromRecordBatch(this.#batch.slice(this.#done, to), this.#schema);
    this.#done = to;
    return { position: this.#before + to, content: { kind: 'batch', rows: batch.rows, write: (space) => attach(space, batch) } };
  }

  close(): void {
    void Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }
}
