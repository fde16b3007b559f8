import { aggregate } from './aggregate-calls.js';
import { MillraceError } from '../core/errors.js';
import {
  ColumnExpression,
  OrderExpression,
  type AnyColumn,
  type BooleanColumn,
  type Column,
  type Condition,
  type NumberColumn,
  type Order,
  type StringColumn,
} from './columns.js';
import {
  show,
  type Bare,
  type Bool,
  type DataType,
  type Float64,
  type Int32,
  type Int64,
  type List,
  type Null,
  type NullOf,
  type Num,
  type Utf8,
} from './types.js';

/** A result of an aggregation, over any column expression. */
export interface AnyAggregate {
  readonly type: DataType;
  readonly '~aggregate': true;
}
/** With `.where` a group may have no row left: then the result is null. */
export interface Aggregate<T extends DataType> extends AnyAggregate {
  readonly type: T;
  /** Only rows for which the condition is true are aggregated. */
  where(condition: Condition): Aggregate<T | Null>;
}
/** Never null, even when `.where` leaves no row. */
export interface Count<T extends DataType = Int64> extends AnyAggregate {
  readonly type: T;
  where(condition: Condition): Count<T>;
}
/** What `.aggregate((c) => …)` gives back: names and aggregates. */
export type Aggregates<Taken extends string> = Readonly<Record<string, AnyAggregate>> & {
  readonly [P in Taken]?: 'a key or window column has this name already';
};

type Sum<T> = (Bare<T> extends Float64 ? Float64 : Int64) | NullOf<T>;
type Mean<T> = Float64 | NullOf<T>;

/** A column of any type, lists too. */
interface Valued<out T extends DataType> extends AnyColumn {
  readonly type: T;
}

/** Rows; of a column, those where it is not null. */
export function count(column?: AnyColumn): Count {
  return aggregate('count', column === undefined ? [] : [column]);
}

/** Of integers an int64: a sum that does not fit is an error, never a wrong number. */
export function sum<T extends Num | Null>(column: NumberColumn<T>): Aggregate<Sum<T>> {
  return aggregate('sum', [column]);
}

export function avg<T extends Num | Null>(column: NumberColumn<T>): Aggregate<Mean<T>> {
  return aggregate('avg', [column]);
}

export function min<T extends DataType>(column: Column<T>): Aggregate<T> {
  return aggregate('min', [column]);
}

export function max<T extends DataType>(column: Column<T>): Aggregate<T> {
  return aggregate('max', [column]);
}

/**
 * Sample variance (n - 1 in the denominator); null for fewer than two values. Of integers it is exact until the last
 * division. Of float64 it is kept by Welford's recurrence (Technometrics 4, 1962) and merged after Chan, Golub and LeVeque
 * (Stanford STAN-CS-79-773, 1979), which lose no digits to a large mean.
 */
export function variance<T extends Num | Null>(column: NumberColumn<T>): Aggregate<Float64 | Null> {
  return aggregate('variance', [column]);
}

/** The root of the sample variance; null for fewer than two values. */
export function stddev<T extends Num | Null>(column: NumberColumn<T>): Aggregate<Float64 | Null> {
  return aggregate('stddev', [column]);
}

/** The value of the first row, by event time, that is not null; on a stream without event time, by place in the source. */
export function first<T extends DataType>(column: Valued<T>): Aggregate<T> {
  return aggregate('first', [column]);
}

/** The value of the last row, by event time, that is not null; on a stream without event time, by place in the source. */
export function last<T extends DataType>(column: Valued<T>): Aggregate<T> {
  return aggregate('last', [column]);
}

/** The value of the row where `by` is least, and of those of the first; rows in which either is null do not count. */
export function minBy<T extends DataType, B extends DataType>(column: Valued<T>, by: Column<B>): Aggregate<T | NullOf<B>> {
  return aggregate('minBy', [column, by]);
}

/** The value of the row where `by` is greatest, and of those of the first; rows in which either is null do not count. */
export function maxBy<T extends DataType, B extends DataType>(column: Valued<T>, by: Column<B>): Aggregate<T | NullOf<B>> {
  return aggregate('maxBy', [column, by]);
}

/** The bits that all values have. */
export function bitAnd<T extends Int32 | Int64 | Null>(column: NumberColumn<T>): Aggregate<T> {
  return aggregate('bitAnd', [column]);
}

/** The bits that some value has. */
export function bitOr<T extends Int32 | Int64 | Null>(column: NumberColumn<T>): Aggregate<T> {
  return aggregate('bitOr', [column]);
}

/** The bits that an odd number of values have. */
export function bitXor<T extends Int32 | Int64 | Null>(column: NumberColumn<T>): Aggregate<T> {
  return aggregate('bitXor', [column]);
}

/** Whether all values are true. */
export function boolAnd<T extends Bool | Null>(column: BooleanColumn<T>): Aggregate<T> {
  return aggregate('boolAnd', [column]);
}

/** Whether some value is true. */
export function boolOr<T extends Bool | Null>(column: BooleanColumn<T>): Aggregate<T> {
  return aggregate('boolOr', [column]);
}

/** How many different values, exactly: it keeps them all. `approxCountDistinct` keeps 4 KiB at most. */
export function countDistinct(column: AnyColumn): Count {
  return aggregate('countDistinct', [column]);
}

/**
 * An estimate of how many different values there are (HyperLogLog): a standard error of 1.6 %, exact in practice up to some
 * hundreds, in 4 KiB at most.
 */
export function approxCountDistinct(column: AnyColumn): Count {
  return aggregate('approxCountDistinct', [column]);
}

/** `quantile(column, 0.5)` */
export function median<T extends Num | Null>(column: NumberColumn<T>): Aggregate<Mean<T>> {
  return aggregate('median', [column]);
}

/**
 * The value below which the part `q` (0 to 1) of all values lies, exactly: it keeps them all. Between two values it is a mean by
 * distance, as SQL's `percentile_cont`.
 */
export function quantile<T extends Num | Null>(column: NumberColumn<T>, q: number): Aggregate<Mean<T>> {
  return aggregate('quantile', [column], { q });
}

/**
 * The quantile `q` (0 to 1) within a relative error (DDSketch), 0.01 unless another is given: of the value that has the part `q` of
 * all others below it. The state grows with the range of the values, not with their number.
 */
export function approxQuantile<T extends Num | Null>(
  column: NumberColumn<T>,
  q: number,
  options: { readonly error?: number } = {},
): Aggregate<Mean<T>> {
  return aggregate('approxQuantile', [column], options.error === undefined ? { q } : { q, error: options.error });
}

/** All texts with a separator between two, in order of event time and of places in the source. */
export function stringJoin<T extends Utf8 | Null>(column: StringColumn<T>, separator: string): Aggregate<Utf8 | NullOf<T>> {
  return aggregate('stringJoin', [column], { separator });
}

/** All values, in order of event time and of places in the source. An empty list where there are none. */
export function collectList<T extends DataType>(column: Column<T>): Count<List<Bare<T>>> {
  return aggregate('collectList', [column]);
}

/** Each value once, in order of the values. An empty list where there are none. */
export function collectSet<T extends DataType>(column: Column<T>): Count<List<Bare<T>>> {
  return aggregate('collectSet', [column]);
}

/**
 * The values of the `n` rows that come first in an order, best first: `topN(c.name, 3, c.score.desc())`. Of equals those with the
 * earlier event time come first, then those with the earlier place in the source. `n` is at most 10,000.
 */
export function topN<T extends DataType>(column: Column<T>, n: number, by: Order): Count<List<Bare<T>>> {
  const order: unknown = by;
  if (!(order instanceof OrderExpression)) {
    const shown = order instanceof ColumnExpression ? `the column ${order}` : show(order);
    throw new MillraceError('plan.wrong-type', `topN: ${shown} is no order; give one such as c.price.desc()`);
  }
  if (order.first)
    throw new MillraceError('plan.invalid', `topN: rows whose order is null do not count, so nullsFirst() has no meaning; leave it out`);
  return aggregate('topN', [column, order.column as unknown as AnyColumn], order.descending ? { n, descending: 1 } : { n });
}
