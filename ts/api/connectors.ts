import type { RecordBatch } from 'apache-arrow';
import type { SinkMaker, SourceMaker } from '../connectors/custom/custom-connector.js';
import { MillraceError } from '../core/errors.js';
import { show } from './types.js';

export type Direction = 'source' | 'sink' | 'sink of changes';
/** `D` comes from where the connector stands: `from(file(…))` or `.to(file(…))`. */
export interface Connector<in D extends Direction> {
  readonly '~direction': (direction: D) => void;
}
export interface Source<out R = unknown> extends Connector<'source'> {
  readonly '~rows'?: R | undefined;
}
export type Sink = Connector<'sink' | 'sink of changes'>;
export type SinkFor<F> = Connector<'changes' extends F ? 'sink of changes' : 'sink'>;

/** Every connector at run time: what a plan says of it, and what a plan cannot hold. */
export class ConnectorDefinition {
  readonly connector: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly directions: readonly ('source' | 'sink')[];
  /** An iterable, a callback: it goes into the job's table of objects. */
  readonly object: unknown;
  /** Of a source with several tables: their names; which one is an option of `from`. */
  readonly tables: readonly string[] | undefined;

  constructor(
    connector: string,
    directions: readonly ('source' | 'sink')[],
    options: Readonly<Record<string, unknown>> = {},
    object?: unknown,
    tables?: readonly string[],
  ) {
    this.connector = connector;
    this.tables = tables;
    this.directions = directions;
    this.options = Object.freeze({ ...options });
    this.object = object;
    Object.freeze(this);
  }
}

/** How bytes hold rows. */
export interface Format {
  readonly '~format': string;
}

class FormatDefinition {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;

  constructor(name: string, options: Readonly<Record<string, unknown>> = {}) {
    this.name = name;
    this.options = Object.freeze({ ...options });
    Object.freeze(this);
  }
}

/** One JSON object a line (NDJSON). */
export function json(): Format {
  return new FormatDefinition('ndjson') as unknown as Format;
}

/**
 * RFC 4180. `header`: the first record names the columns (true unless said). `quotedNewlines: false` says that no quoted
 * field holds a line break, so that a large file can be read in pieces without looking at all before them.
 */
export function csv(options: { delimiter?: string; header?: boolean; quotedNewlines?: boolean } = {}): Format {
  return new FormatDefinition('csv', options) as unknown as Format;
}

/** Arrow IPC, as a stream or a file. */
export function arrow(): Format {
  return new FormatDefinition('arrow') as unknown as Format;
}

export interface FileOptions {
  /** Otherwise the path's extension says it. */
  format?: Format;
  /** Otherwise the extension `.gz` says it. */
  gzip?: boolean;
}

/** Reads or writes files: a path, for sources also a pattern with `*`, `?` and `**`; `-` is stdin or stdout. */
export function file<D extends Direction>(path: string, options: FileOptions = {}): Connector<D> {
  if (typeof path !== 'string' || path === '')
    throw new MillraceError('config.invalid', `file(${show(path)}): give a path, such as file('orders.ndjson')`);
  const { format, ...rest } = options;
  if (format === undefined) return connector('file', ['source', 'sink'], { path, ...rest });
  if (!(format instanceof FormatDefinition)) {
    throw new MillraceError('config.invalid', `file(${show(path)}, { format: ${show(format)} }): give json(), csv() or arrow()`);
  }
  return connector('file', ['source', 'sink'], { path, ...rest, format: format.name, ...format.options });
}

/** Rows that are there already, or that an iterable or async iterable gives. */
export function memory<R>(rows: Iterable<R> | AsyncIterable<R>): Source<R> {
  const given = rows as unknown;
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given || Symbol.asyncIterator in given)) {
    throw new MillraceError('config.invalid', `memory(${show(given)}): give an array, an iterable or an async iterable of rows`);
  }
  return connector('memory', ['source'], {}, rows);
}

/** Batches of apache-arrow, whose columns of the schema's names and types are read. */
export function fromArrow(batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>): Connector<'source'> {
  const given = batches as unknown;
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given || Symbol.asyncIterator in given)) {
    throw new MillraceError('config.invalid', `fromArrow(${show(given)}): give an iterable of record batches, such as table.batches`);
  }
  return connector('arrow', ['source'], {}, batches);
}

/** Writes rows to stdout as a table. */
export function print(): Sink {
  return connector('print', ['sink']);
}

/** Keeps rows for `handle.take(name)`. */
export function collect(): Sink {
  return connector('collect', ['sink']);
}

/** Calls a function with every batch of rows; the job waits while its promise is pending. */
export function callback(f: (batch: RecordBatch) => void | Promise<void>): Sink {
  if (typeof f !== 'function') throw new MillraceError('config.invalid', `callback(${show(f)}): give a function that takes a record batch`);
  return connector('callback', ['sink'], {}, f);
}

/** A source of one's own: see docs/connectors.md. `R`: the rows it gives, so that a schema they do not fit is refused. */
export function customSource<R = unknown>(maker: SourceMaker): Source<R> {
  if (typeof (maker as Partial<SourceMaker> | undefined)?.source !== 'function') {
    throw new MillraceError('config.invalid', `customSource(${show(maker)}): give an object with a function source()`);
  }
  return connector('custom', ['source'], {}, maker);
}

/** A sink of one's own: see docs/connectors.md. */
export function customSink(make: SinkMaker): Sink {
  if (typeof make !== 'function') throw new MillraceError('config.invalid', `customSink(${show(make)}): give a function that makes a sink`);
  return connector('custom', ['sink'], {}, make);
}

function connector<C>(
  name: string,
  directions: readonly ('source' | 'sink')[],
  options: Readonly<Record<string, unknown>> = {},
  object?: unknown,
): C {
  return new ConnectorDefinition(name, directions, options, object) as unknown as C;
}

/** The definition of a connector that stands as a source or as a sink. */
export function connectorAs(given: unknown, direction: 'source' | 'sink'): ConnectorDefinition {
  const where = direction === 'source' ? 'from' : 'to';
  if (!(given instanceof ConnectorDefinition)) {
    throw new MillraceError('config.invalid', `${where}(${show(given)}): give a ${direction}, such as file('orders.ndjson')`);
  }
  if (given.directions.includes(direction)) return given;
  throw new MillraceError(
    'config.invalid',
    `${where}(${given.connector}(…)): this is no ${direction}; use it in .${direction === 'source' ? 'to' : 'from'}(…)`,
  );
}
