import { batchOf, type Batch } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { layoutOf, type Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import { must } from '../../core/assert.js';
import type { BlockPlanner, BlockRef, ConnectorSpec, LaneReader, PendingRows, Source, SourceItem, SplitSpec } from '../connector.js';
import type { LaneReaderContext, SourceContext } from '../context.js';
import { columnName, NexmarkColumns, type NexmarkRows, type NexmarkTimeline } from './nexmark-columns.js';
import { MAX_EVENTS, nexmarkOptions, type NexmarkOptions } from './nexmark-options.js';
import { EVENTS_PER_EPOCH, NEXMARK_TABLE_NAMES, NEXMARK_TABLES, ROWS_PER_EPOCH, type NexmarkTableName } from './nexmark-tables.js';

/** A generated row counts as so many bytes where blocks are sized by bytes. */
const BYTES_PER_ROW = 32;
/** Rows a batch has at most: small enough that all of a piece's columns stay in a core's cache. */
const PIECE_ROWS = 16_384;

/** `nexmark({ rate, events, seed })`: rows of the table whose columns the job declared. Positions are event numbers. */
export function nexmarkSource(spec: ConnectorSpec, context: SourceContext): Source {
  const options = nexmarkOptions(spec.options);
  return new NexmarkSource(context.schema, tableOf(context.schema, options.table), options);
}

export function nexmarkLaneReader(spec: ConnectorSpec, context: LaneReaderContext): LaneReader {
  const options = nexmarkOptions(spec.options);
  const table = tableOf(context.schema, options.table);
  return new NexmarkReader(new NexmarkColumns(context.ws, table, options), context.fields, table);
}

class NexmarkSource implements Source {
  readonly runsIn = 'lane';
  readonly schema: Schema;
  readonly blocks: BlockPlanner;
  readonly #options: NexmarkOptions;

  constructor(schema: Schema, table: NexmarkTableName, options: NexmarkOptions) {
    this.schema = schema;
    this.#options = options;
    this.blocks = planner(table);
  }

  splits(): readonly SplitSpec[] {
    return nexmarkSplits(this.#options);
  }
}

/** The timelines: of k, each has a k-th of the events, the last one also the rest. */
export function nexmarkSplits({ events, splits }: NexmarkOptions): readonly SplitSpec[] {
  const each = Math.floor((events ?? 0) / splits);
  return Array.from({ length: splits }, (_, i) => {
    const split = { id: `nexmark-${i}`, options: { firstId: i * each } };
    return events === undefined ? split : { ...split, end: i === splits - 1 ? events - i * each : each };
  });
}

function planner(table: NexmarkTableName): BlockPlanner {
  const bytesPerEvent = (BYTES_PER_ROW * ROWS_PER_EPOCH[table]) / EVENTS_PER_EPOCH;
  const endOf = (split: SplitSpec): number => split.end ?? MAX_EVENTS;
  return {
    next: (split, from, bytes) =>
      from >= endOf(split) ? undefined : { to: Math.min(endOf(split), from + Math.max(1, Math.floor(bytes / bytesPerEvent))) },
    ended: (split, position) => position >= endOf(split),
  };
}

class NexmarkReader implements LaneReader {
  readonly #columns: NexmarkColumns;
  readonly #fields: Schema;
  readonly #pieceEvents: number;
  readonly #deferred: boolean;
  #rows = 0;

  constructor(columns: NexmarkColumns, fields: Schema, table: NexmarkTableName) {
    this.#columns = columns;
    this.#fields = fields;
    this.#deferred = fields.some((f) => layoutOf(f.kind) === 'bytes');
    // Of the rarer tables a piece would span more event numbers than there is sense in making room for.
    this.#pieceEvents = table === 'bids' ? PIECE_ROWS : PIECE_ROWS * 4;
  }

  *read(block: BlockRef, split: SplitSpec): Generator<SourceItem, void, undefined> {
    const timeline = { firstId: must(split.options['firstId'], 'the first id of a timeline') as number };
    for (let from = block.from; from < block.to; from += this.#pieceEvents) {
      const rows = this.#columns.select(timeline, from, Math.min(block.to, from + this.#pieceEvents));
      this.#rows += rows.rows;
      if (rows.rows > 0) yield this.#pending(timeline, rows);
    }
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsRead: this.#rows };
  }

  close(): void {
    this.#columns.close();
  }

  #pending(timeline: NexmarkTimeline, rows: NexmarkRows): PendingRows {
    const partial = this.#columns.batch(timeline, rows, this.#fields, 'fixed');
    return {
      port: 'rows',
      partial,
      deferred: this.#deferred,
      finish: (selection, count) => this.#finish(timeline, rows, partial, selection, count),
    };
  }

  #finish(timeline: NexmarkTimeline, rows: NexmarkRows, partial: Batch, selection: Address, count: number): Batch {
    // Making the few columns of the rows kept anew is as fast as copying them.
    if (selection !== NONE) return this.#columns.batch(timeline, this.#columns.keep(rows, selection, count), this.#fields);
    if (!this.#deferred) return partial;
    const columns = partial.columns.map((v, i) =>
      v.values === NONE ? this.#columns.column(timeline, rows, must(this.#fields[i], 'a field')) : v,
    );
    return batchOf(this.#fields, rows.rows, columns);
  }
}

/** The table that has all the columns of the job's schema, with the same types. */
function tableOf(schema: Schema, named: NexmarkTableName | undefined): NexmarkTableName {
  const candidates = named === undefined ? NEXMARK_TABLE_NAMES : [named];
  const missing = (table: NexmarkTableName) =>
    schema.find((f) => !NEXMARK_TABLES[table].some((g) => g.name === columnName(f) && g.kind === f.kind));
  const fitting = candidates.filter((table) => missing(table) === undefined);
  if (fitting.length === 1 && fitting[0] !== undefined) return fitting[0];
  const advice = 'give from() one of nexmark.bids, nexmark.auctions, nexmark.persons';
  const wrong = candidates.map((table) => `${table} has no ${missing(table)?.name ?? ''} ${missing(table)?.kind ?? ''}`);
  const message =
    fitting.length > 1
      ? `the columns are those of several tables (${fitting.join(', ')})`
      : `no table has these columns (${wrong.join('; ')})`;
  throw new MillraceError('config.invalid', `nexmark: ${message}; ${advice}`);
}
