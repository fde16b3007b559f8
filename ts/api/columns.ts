import { MillraceError } from '../core/errors.js';
import type { ListKind, Schema as Fields } from '../columns/schema.js';
import type { Expression, LiteralOption, OrderBy } from '../plan/expression.js';
import { describe, typeOf } from '../plan/functions.js';
import { nearest } from '../plan/nearest.js';
import { literalOf } from './literals.js';
import type { Duration } from './time.js';
import {
  columnType,
  dataType,
  show,
  type Bare,
  type Bool,
  type DataType,
  type Float64,
  type Int32,
  type Int64,
  type Null,
  type NullOf,
  type Num,
  type Timestamp,
  type Utf8,
} from './types.js';

/** Any column; light, so that checks against it are cheap and errors short. */
export interface AnyColumn {
  readonly type: DataType;
  /** The order from the least to the greatest value, nulls last. */
  asc(): Order;
  /** The order from the greatest to the least value, nulls last. */
  desc(): Order;
}
/** An order of rows by a column. */
export interface Order {
  readonly '~order': 'asc' | 'desc';
  nullsFirst(): Order;
}
export interface AnyNumber extends AnyColumn {
  readonly type: Num | Null;
  mod(value: never): AnyNumber;
}
/** A boolean column. */
export interface Condition extends AnyColumn {
  readonly type: Bool | Null;
  not(): Condition;
}

type NullIn<V> = V extends { readonly type: infer U } ? Extract<U, Null> : never;
type NumberOperand = number | bigint | AnyNumber;
type KindIn<V> = V extends { readonly type: infer U extends DataType } ? Bare<U>['kind'] : V extends bigint ? 'int64' : 'float64';
type Widest<K> = 'float64' extends K ? Float64 : 'int64' extends K ? Int64 : Int32;
/** A JavaScript number is a float64, a bigint an int64; of two columns the wider wins. */
type Arith<T extends DataType, V> = Widest<Bare<T>['kind'] | KindIn<V>> | NullOf<T> | NullIn<V>;

/** A column, or an expression over columns: a value that becomes part of the plan. */
export interface Column<T extends DataType> extends AnyColumn {
  readonly type: T;
  eq<V extends Bare<T>['~in'] | AnyColumn>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  ne<V extends Bare<T>['~in'] | AnyColumn>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  in(values: readonly Bare<T>['~in'][]): BooleanColumn<Bool | NullOf<T>>;
  isNull(): BooleanColumn<Bool>;
  isNotNull(): BooleanColumn<Bool>;
  fillNull(value: Bare<T>['~in']): ColumnOf<Bare<T>>;
  cast<U extends DataType>(type: U): ColumnOf<U | NullOf<T>>;
}
interface Comparable<T, L> {
  gt<V extends L>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  ge<V extends L>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  lt<V extends L>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  le<V extends L>(value: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  /** Both ends included. */
  between(low: L, high: L): BooleanColumn<Bool | NullOf<T>>;
}
export interface NumberColumn<T extends Num | Null> extends Column<T>, Comparable<T, NumberOperand> {
  add<V extends NumberOperand>(value: V): NumberColumn<Arith<T, V>>;
  sub<V extends NumberOperand>(value: V): NumberColumn<Arith<T, V>>;
  mul<V extends NumberOperand>(value: V): NumberColumn<Arith<T, V>>;
  /** Always a float64. */
  div<V extends NumberOperand>(value: V): NumberColumn<Float64 | NullOf<T> | NullIn<V>>;
  mod<V extends NumberOperand>(value: V): NumberColumn<Arith<T, V>>;
  abs(): NumberColumn<T>;
  round(digits?: number): NumberColumn<T>;
}
export interface BooleanColumn<T extends Bool | Null> extends Column<T> {
  and<V extends Condition>(other: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  or<V extends Condition>(other: V): BooleanColumn<Bool | NullOf<T> | NullIn<V>>;
  not(): BooleanColumn<T>;
}
export interface StringColumn<T extends Utf8 | Null> extends Column<T>, Comparable<T, string | AnyColumn> {
  /** The part with this number, from 0; null where there are fewer. */
  split(separator: string, index: number): StringColumn<Utf8 | Null>;
  lower(): StringColumn<T>;
  upper(): StringColumn<T>;
  trim(): StringColumn<T>;
  /** By code points, [start, end); negative counts from the end. */
  slice(start: number, end?: number): StringColumn<T>;
  concat(...values: (string | AnyColumn)[]): StringColumn<T>;
  /** In code points. */
  length(): NumberColumn<Int32 | NullOf<T>>;
  contains(text: string): BooleanColumn<Bool | NullOf<T>>;
  startsWith(text: string): BooleanColumn<Bool | NullOf<T>>;
  endsWith(text: string): BooleanColumn<Bool | NullOf<T>>;
  matches(pattern: RegExp): BooleanColumn<Bool | NullOf<T>>;
}
export type TimeUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
export interface TimestampColumn<T extends Timestamp | Null> extends Column<T>, Comparable<T, number | Date | AnyColumn> {
  /** Weeks start on Monday. UTC unless an IANA time zone is given. */
  startOf(unit: TimeUnit, timeZone?: string): TimestampColumn<T>;
  part(unit: TimeUnit | 'dayOfWeek', timeZone?: string): NumberColumn<Int32 | NullOf<T>>;
  plus(time: Duration): TimestampColumn<T>;
  minus(time: Duration): TimestampColumn<T>;
  /** Milliseconds from `other` to this. */
  since(other: AnyColumn): NumberColumn<Int64 | NullOf<T>>;
}
/** A list can be passed on, asked for and collected, not compared. */
export interface ListColumn<T extends DataType> extends AnyColumn {
  readonly type: T;
  isNull(): BooleanColumn<Bool>;
  isNotNull(): BooleanColumn<Bool>;
}
interface ColumnByKind<T> {
  bool: BooleanColumn<T & (Bool | Null)>;
  int32: NumberColumn<T & (Num | Null)>;
  int64: NumberColumn<T & (Num | Null)>;
  float64: NumberColumn<T & (Num | Null)>;
  utf8: StringColumn<T & (Utf8 | Null)>;
  timestamp: TimestampColumn<T & (Timestamp | Null)>;
  binary: Column<T & DataType>;
  null: never;
}
type ListByKind<T> = { [K in ListKind]: [T] extends [DataType] ? ListColumn<T> : never };
export type ColumnOf<T extends DataType> = (ColumnByKind<T> & ListByKind<T>)[Bare<T>['kind']];
/** What a column function `(c) => …` is given. */
export type Columns<S> = { readonly [N in keyof S]: S[N] extends DataType ? ColumnOf<S[N]> : never };
export type Selected = Readonly<Record<string, AnyColumn>>;
export type Types<E> = { [N in keyof E]: E[N] extends { readonly type: infer T } ? T : never } & {};

/** The rows that columns are taken from. Columns of two origins never meet in one expression. */
export interface Origin {
  readonly fields: Fields;
  /** In messages: `the columns of …`. */
  readonly name: string;
}

const ARITHMETIC =
  'a column is no value yet: use its methods, such as c.amount.gt(0) or c.amount.mul(2), or read rows with filter((r) => …)';

/** Every column at run time: one class for all types, so that a method of another type is refused by the plan, by name. */
export class ColumnExpression {
  readonly type: DataType;
  readonly expression: Expression;
  readonly origin: Origin | undefined;

  constructor(expression: Expression, origin: Origin | undefined) {
    const { kind, nullable } = typeOf(expression, origin?.fields ?? []);
    this.type = dataType(kind, nullable);
    this.expression = expression;
    this.origin = origin;
    Object.freeze(this);
  }

  eq(value: unknown): ColumnExpression {
    return this.#call('eq', [value]);
  }
  ne(value: unknown): ColumnExpression {
    return this.#call('ne', [value]);
  }
  gt(value: unknown): ColumnExpression {
    return this.#call('gt', [value]);
  }
  ge(value: unknown): ColumnExpression {
    return this.#call('ge', [value]);
  }
  lt(value: unknown): ColumnExpression {
    return this.#call('lt', [value]);
  }
  le(value: unknown): ColumnExpression {
    return this.#call('le', [value]);
  }
  between(low: unknown, high: unknown): ColumnExpression {
    return this.#call('between', [low, high]);
  }
  in(values: readonly unknown[]): ColumnExpression {
    if (!Array.isArray(values)) throw new MillraceError('plan.wrong-type', `${this}.in(${show(values)}): give an array of values`);
    return this.#call('in', values);
  }
  isNull(): ColumnExpression {
    return this.#call('isNull', []);
  }
  isNotNull(): ColumnExpression {
    return this.#call('isNotNull', []);
  }
  fillNull(value: unknown): ColumnExpression {
    return this.#call('fillNull', [value]);
  }
  cast(type: DataType): ColumnExpression {
    const { kind, isNullable } = columnType(type, `${this}.cast`);
    return this.#call('cast', [], isNullable ? { to: kind, nullable: true } : { to: kind });
  }

  add(value: unknown): ColumnExpression {
    return this.#call('add', [value]);
  }
  sub(value: unknown): ColumnExpression {
    return this.#call('sub', [value]);
  }
  mul(value: unknown): ColumnExpression {
    return this.#call('mul', [value]);
  }
  div(value: unknown): ColumnExpression {
    return this.#call('div', [value]);
  }
  mod(value: unknown): ColumnExpression {
    return this.#call('mod', [value]);
  }
  abs(): ColumnExpression {
    return this.#call('abs', []);
  }
  round(digits = 0): ColumnExpression {
    return this.#call('round', [], { digits });
  }

  and(other: unknown): ColumnExpression {
    return this.#call('and', [other]);
  }
  or(other: unknown): ColumnExpression {
    return this.#call('or', [other]);
  }
  not(): ColumnExpression {
    return this.#call('not', []);
  }

  split(separator: string, index: number): ColumnExpression {
    return this.#call('split', [], { separator, index });
  }
  lower(): ColumnExpression {
    return this.#call('lower', []);
  }
  upper(): ColumnExpression {
    return this.#call('upper', []);
  }
  trim(): ColumnExpression {
    return this.#call('trim', []);
  }
  slice(start: number, end?: number): ColumnExpression {
    return this.#call('slice', [], end === undefined ? { start } : { start, end });
  }
  concat(...values: readonly unknown[]): ColumnExpression {
    return this.#call('concat', values);
  }
  length(): ColumnExpression {
    return this.#call('length', []);
  }
  contains(text: string): ColumnExpression {
    return this.#call('contains', [], { text });
  }
  startsWith(text: string): ColumnExpression {
    return this.#call('startsWith', [], { text });
  }
  endsWith(text: string): ColumnExpression {
    return this.#call('endsWith', [], { text });
  }
  matches(pattern: RegExp): ColumnExpression {
    if (!(pattern instanceof RegExp))
      throw new MillraceError('plan.wrong-type', `${this}.matches(${show(pattern)}): give a regular expression, such as /^a/`);
    return this.#call('matches', [], { source: pattern.source, flags: pattern.flags });
  }

  startOf(unit: TimeUnit, timeZone?: string): ColumnExpression {
    return this.#call('startOf', [], timeZone === undefined ? { unit } : { unit, timeZone });
  }
  part(unit: string, timeZone?: string): ColumnExpression {
    return this.#call('part', [], timeZone === undefined ? { unit } : { unit, timeZone });
  }
  plus(time: Duration): ColumnExpression {
    return this.#call('plus', [], { ms: time });
  }
  minus(time: Duration): ColumnExpression {
    return this.#call('minus', [], { ms: time });
  }
  since(other: unknown): ColumnExpression {
    return this.#call('since', [other]);
  }

  asc(): OrderExpression {
    return new OrderExpression(this, false, false);
  }
  desc(): OrderExpression {
    return new OrderExpression(this, true, false);
  }

  /** What `c.amount > 0` would call. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new MillraceError('plan.wrong-type', `${this} stands beside a JavaScript operator, but ${ARITHMETIC}`);
  }

  /** `c.amount > 0`, in words for messages. */
  toString(): string {
    return describe(this.expression);
  }

  #call(fn: string, operands: readonly unknown[], options?: Readonly<Record<string, LiteralOption>>): ColumnExpression {
    let origin = this.origin;
    const args = operands.map((operand) => {
      const other = operand instanceof ColumnExpression ? operand : undefined;
      if (other === undefined) return literalOf(operand, this.type.kind, `${this}.${fn}`);
      origin = commonOrigin(origin, other, `${this}.${fn}`);
      return other.expression;
    });
    const call: Expression = {
      op: 'call',
      fn,
      args: Object.freeze([this.expression, ...args]),
      ...(options === undefined ? {} : { options: Object.freeze(options) }),
    };
    return new ColumnExpression(Object.freeze(call), origin);
  }
}

/** Every order at run time. */
export class OrderExpression {
  readonly column: ColumnExpression;
  readonly descending: boolean;
  readonly first: boolean;

  constructor(column: ColumnExpression, descending: boolean, first: boolean) {
    this.column = column;
    this.descending = descending;
    this.first = first;
    Object.freeze(this);
  }

  nullsFirst(): OrderExpression {
    return new OrderExpression(this.column, this.descending, true);
  }

  toString(): string {
    return `${this.column}.${this.descending ? 'desc' : 'asc'}()`;
  }
}

/** The orders that a user's function gave, one or several, over the rows that it was asked about. */
export function ordersFrom(given: unknown, origin: Origin, what: string): readonly OrderBy[] {
  const orders: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (orders.length === 0) throw new MillraceError('plan.invalid', `${what}: there is no order; give at least one, such as c.price.desc()`);
  return Object.freeze(
    orders.map((order): OrderBy => {
      if (!(order instanceof OrderExpression)) {
        const shown = order instanceof ColumnExpression ? `the column ${order}` : show(order);
        throw new MillraceError('plan.wrong-type', `${what}: ${shown} is no order; give one such as c.price.desc()`);
      }
      const { expression } = columnFrom(order.column, origin, `${what}: the order`);
      return Object.freeze({ of: expression, descending: order.descending, nullsFirst: order.first });
    }),
  );
}

function commonOrigin(origin: Origin | undefined, other: ColumnExpression, what: string): Origin | undefined {
  if (origin === undefined || other.origin === undefined || other.origin === origin) return origin ?? other.origin;
  throw new MillraceError(
    'plan.invalid',
    `${what}: ${other} is a column of another stream (${other.origin.name}), not of ${origin.name}; use the columns that this function was given`,
  );
}

/** Checks that a user's function gave back a column of the rows it was asked about. */
export function columnFrom(value: unknown, origin: Origin, what: string): ColumnExpression {
  if (!(value instanceof ColumnExpression)) {
    throw new MillraceError(
      'plan.wrong-type',
      `${what} is ${show(value)}, not a column; ${typeof value === 'boolean' ? ARITHMETIC : 'lit(value) makes a constant column'}`,
    );
  }
  commonOrigin(origin, value, what);
  return value;
}

/**
 * The columns of some rows, as a plain-looking object that can be spread and destructured. A name that is not there is
 * refused where it is read, in plain JavaScript too.
 */
export function columnsOfRows(origin: Origin): Readonly<Record<string, ColumnExpression>> {
  const columns: Record<string, ColumnExpression> = {};
  for (const { name } of origin.fields) columns[name] = new ColumnExpression(Object.freeze({ op: 'column', name }), origin);
  return new Proxy(Object.freeze(columns), {
    get(target, name) {
      if (typeof name === 'symbol' || Object.hasOwn(target, name)) return Reflect.get(target, name);
      throw unknownColumn(name, origin);
    },
  });
}

export function unknownColumn(name: string, origin: Origin): MillraceError {
  const names = origin.fields.map((f) => f.name);
  const near = nearest(name, names);
  const advice = near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`;
  return new MillraceError('plan.unknown-column', `no column '${name}' in ${origin.name}; ${advice}`, {
    details: { column: name, columns: names },
  });
}

/** A constant column: a number is a float64, a bigint an int64. */
export function lit(value: string): StringColumn<Utf8>;
export function lit(value: number): NumberColumn<Float64>;
export function lit(value: bigint): NumberColumn<Int64>;
export function lit(value: boolean): BooleanColumn<Bool>;
export function lit(value: unknown): unknown {
  return new ColumnExpression(literalOf(value, 'null', 'lit'), undefined);
}
