import { MillraceError } from '../core/errors.js';
import type { AnyColumn, Columns } from './columns.js';
import type { Duration } from './time.js';
import { show, type Null, type Timestamp } from './types.js';

/** What may assert a watermark: a timestamp column, usually one that is null on most rows. */
interface Assertion extends AnyColumn {
  readonly type: Timestamp | Null;
}

/** How a source tells which times are still to be expected. `S` is the schema that its columns are read from. */
export interface WatermarkStrategy<in S = unknown> {
  readonly '~watermark': (schema: S) => void;
}

/** What a strategy is at run time. */
export class Watermarks {
  readonly boundMs: number;
  readonly column: ((c: never) => AnyColumn) | undefined;

  constructor(boundMs: number, column?: (c: never) => AnyColumn) {
    this.boundMs = boundMs;
    this.column = column;
    Object.freeze(this);
  }
}

/** Rows of a split come at most `bound` behind the latest one before them. */
export function outOfOrder(bound: Duration): WatermarkStrategy {
  if (!(typeof bound === 'number' && bound >= 0)) {
    throw new MillraceError('plan.invalid', `outOfOrder(${show(bound)}): give the longest delay, such as outOfOrder(seconds(10))`);
  }
  return new Watermarks(bound) as unknown as WatermarkStrategy;
}

/** Times of a split never go back. */
export function ascending(): WatermarkStrategy {
  return new Watermarks(0) as unknown as WatermarkStrategy;
}

/**
 * The source says itself how far it is: where the column is not null, its value asserts that no row with an event time
 * at or before it will follow in this split.
 */
export function punctuated<S>(column: (c: Columns<S>) => Assertion): WatermarkStrategy<S> {
  if (typeof column !== 'function')
    throw new MillraceError('plan.invalid', `punctuated(${show(column)}): give a function such as (c) => c.mark`);
  return new Watermarks(0, column as (c: never) => AnyColumn) as unknown as WatermarkStrategy<S>;
}
