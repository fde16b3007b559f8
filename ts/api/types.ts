import { MillraceError } from '../core/errors.js';
import {
  isList,
  KINDS,
  listOf,
  type Field,
  type Kind,
  type ListKind,
  type Schema as Fields,
  type TimestampFormat,
} from '../columns/schema.js';

/** `'~row'`: what user functions read; `'~in'`: what they may write. Both are phantoms: they exist for the compiler only. */
export interface DataType<out K extends Kind | 'null' = Kind | 'null', out R = unknown, out I = unknown> {
  readonly kind: K;
  readonly '~row': R;
  readonly '~in': I;
}

interface Type<out K extends Kind | 'null', out R, out I = R> extends DataType<K, R, I> {
  /** The column may hold null. */
  nullable(): this | Null;
  /** Where a decoder finds the value when it is not under the column's own name: `int64().from('bid.price')`. */
  from(path: string): this;
}

/** Nullability is a member of a union (`Utf8 | Null`), so that types stay covariant. */
export interface Null extends Type<'null', null> {}
export interface Bool extends Type<'bool', boolean> {}
export interface Int32 extends Type<'int32', number> {}
export interface Int64 extends Type<'int64', bigint, bigint | number> {}
export interface Float64 extends Type<'float64', number> {}
export interface Utf8 extends Type<'utf8', string> {}
export interface Binary extends Type<'binary', Uint8Array> {}
export interface Timestamp extends Type<'timestamp', number, number | Date> {}
/** In rows a readonly array. Its items are single values and never null. */
export interface List<out T extends DataType = DataType> extends Type<ListKind, readonly T['~row'][], readonly T['~in'][]> {}
export type Num = Int32 | Int64 | Float64;

/** Column names and their types, in order. */
export type Schema = Readonly<Record<string, DataType>>;
/** A row as user functions read it: int64 is a bigint, a timestamp epoch milliseconds. */
export type Row<S> = { readonly [K in keyof S]: S[K] extends DataType ? S[K]['~row'] : never };
/** A row as user functions may write it: int64 also as a number, a timestamp also as a Date. */
export type RowInput<S> = { readonly [K in keyof S]: S[K] extends DataType ? S[K]['~in'] : never };

export type Flat<T> = { [K in keyof T]: T[K] } & {};
export type Names<S> = keyof S & string;
export type NamesOf<S, T extends DataType> = { [N in Names<S>]: S[N] extends T ? N : never }[Names<S>];
export type NullOf<T> = Extract<T, Null>;
export type Bare<T> = Exclude<T, Null>;

/** What every type is at run time. */
export class ColumnType {
  readonly kind: Kind;
  readonly isNullable: boolean;
  readonly path: string | undefined;
  readonly format: TimestampFormat | undefined;

  constructor(kind: Kind, isNullable = false, path?: string, format?: TimestampFormat) {
    this.kind = kind;
    this.isNullable = isNullable;
    this.path = path;
    this.format = format;
    Object.freeze(this);
  }

  nullable(): ColumnType {
    return new ColumnType(this.kind, true, this.path, this.format);
  }

  from(path: string): ColumnType {
    if (typeof path !== 'string' || path.split('.').some((part) => part === '')) {
      throw new MillraceError('plan.invalid', `.from(${JSON.stringify(path)}): give the path of a field, such as 'price' or 'bid.price'`);
    }
    return new ColumnType(this.kind, this.isNullable, path, this.format);
  }
}

export function bool(): Bool {
  return typed<Bool>('bool');
}

export function int32(): Int32 {
  return typed<Int32>('int32');
}

/** In rows a bigint; written rows may use whole numbers too. */
export function int64(): Int64 {
  return typed<Int64>('int64');
}

export function float64(): Float64 {
  return typed<Float64>('float64');
}

export function utf8(): Utf8 {
  return typed<Utf8>('utf8');
}

export function binary(): Binary {
  return typed<Binary>('binary');
}

/**
 * Epoch milliseconds. `format` says how a text format writes it: ISO 8601 text, or a number of milliseconds, seconds
 * or microseconds; without it, ISO text or a number of milliseconds.
 */
export function timestamp(options: { format?: 'iso' | 'ms' | 's' | 'us' } = {}): Timestamp {
  const { format } = options;
  if (format !== undefined && !['iso', 'ms', 's', 'us'].includes(format)) {
    throw new MillraceError('plan.invalid', `timestamp({ format: ${JSON.stringify(format)} }): the formats are 'iso', 'ms', 's' and 'us'`);
  }
  return new ColumnType('timestamp', false, undefined, format) as unknown as Timestamp;
}

/** A list of values of one type, which is no list itself and not nullable; the list may be: `list(utf8()).nullable()`. */
export function list<T extends Bool | Int32 | Int64 | Float64 | Utf8 | Binary | Timestamp>(item: T): List<T> {
  const { kind, isNullable, path, format } = columnType(item, 'list');
  if (isList(kind)) throw new MillraceError('plan.invalid', `list: its items are ${kind}; a list of lists is no type of column`);
  if (isNullable)
    throw new MillraceError(
      'plan.invalid',
      'list: its items are nullable, but a list holds no nulls; make the list nullable: list(…).nullable()',
    );
  if (path !== undefined)
    throw new MillraceError('plan.invalid', `list: its items come .from('${path}'); say that of the list: list(…).from('${path}')`);
  return new ColumnType(listOf(kind), false, undefined, format) as unknown as List<T>;
}

/** A type by kind, for results that the plan has worked out. */
export function dataType(kind: Kind, nullable: boolean): DataType {
  return new ColumnType(kind, nullable) as unknown as DataType;
}

export function columnType(type: DataType, what: string): ColumnType {
  if (type instanceof ColumnType) return type;
  throw new MillraceError(
    'plan.invalid',
    `${what}: ${show(type)} is no type; give one such as ${KINDS.map((kind) => `${kind}()`).join(', ')} or list(int64())`,
  );
}

/** A schema as the user wrote it, as plain fields. `what` names it in refusals. */
export function fieldsOf(schema: Schema, what: string): Fields {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new MillraceError(
      'plan.invalid',
      `${what}: give an object of column names and types, such as { user: utf8() }, not ${show(schema)}`,
    );
  }
  return Object.freeze(
    Object.entries(schema).map(([name, type]): Field => {
      const { kind, isNullable, path, format } = columnType(type, `${what}, column '${name}'`);
      return Object.freeze({
        name,
        kind,
        nullable: isNullable,
        ...(path === undefined ? {} : { path }),
        ...(format === undefined ? {} : { format }),
      });
    }),
  );
}

/** Fields as a schema that `.schema` of a stream gives. */
export function schemaOf(fields: Fields): Schema {
  return Object.freeze(
    Object.fromEntries(fields.map((f) => [f.name, new ColumnType(f.kind, f.nullable, f.path, f.format) as unknown as DataType])),
  );
}

/** Any value, short enough for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (value instanceof Date) return `a Date`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function typed<T>(kind: Kind): T {
  return new ColumnType(kind) as unknown as T;
}
