import { aggregate } from './aggregate-calls.js';
import type { AnyColumn, Column, Condition, NumberColumn } from './columns.js';
import type { Bare, DataType, Float64, Int64, Null, NullOf, Num } from './types.js';

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

/** How many different values, exactly: it keeps them all. `approxCountDistinct` keeps 4 KiB at most. */
export function countDistinct(column: AnyColumn): Count {
  return aggregate('countDistinct', [column]);
}
