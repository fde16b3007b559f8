import { MillraceError } from '../core/errors.js';
import { ColumnExpression, type AnyColumn } from './columns.js';
import type { Duration } from './time.js';
import { show, type Null, type Timestamp } from './types.js';

/** What may assert a watermark: a timestamp column, usually one that is null on most rows. */
interface Assertion extends AnyColumn {
  readonly type: Timestamp | Null;
}

/** How a source tells which times are still to be expected. */
export interface WatermarkStrategy {
  readonly '~watermark': true;
}

/** What a strategy is at run time. */
export class Watermarks {
  readonly boundMs: number;
  readonly column: ColumnExpression | undefined;

  constructor(boundMs: number, column?: ColumnExpression) {
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
 * at or before it will follow in this split. `watermark: (c) => punctuated(c.mark)`.
 */
export function punctuated(column: Assertion): WatermarkStrategy {
  const given: unknown = column;
  if (given instanceof ColumnExpression) return new Watermarks(0, given) as unknown as WatermarkStrategy;
  throw new MillraceError(
    'plan.wrong-type',
    `punctuated(${show(given)}): give a timestamp column, as in watermark: (c) => punctuated(c.mark)`,
  );
}
