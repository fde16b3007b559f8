import { MAX_TIME_MS } from '../core/limits.js';
import { isList, itemOf, type Kind, type ScalarKind } from './schema.js';

/** What one value of a row may be: int64 bigint, timestamp epoch milliseconds, binary bytes, a list an array of items. */
export type Value = Item | readonly Item[] | null;
/** What an item of a list may be: as a value of its kind, and never null. */
export type Item = boolean | number | bigint | string | Uint8Array;

const EXPECTED: Readonly<Record<ScalarKind, string>> = Object.freeze({
  bool: 'true or false',
  int32: 'a whole number from -2147483648 to 2147483647',
  int64: 'a bigint of 64 bits or a safe whole number',
  float64: 'a number',
  utf8: 'a string',
  binary: 'a Uint8Array',
  timestamp: 'whole epoch milliseconds or a Date, within ±8.64e15',
});

/** What values a kind takes, in words: `a whole number from …`. */
export function expectedOf(kind: Kind): string {
  return isList(kind) ? `an array, each item ${EXPECTED[itemOf(kind)]}` : EXPECTED[kind];
}

/** Whether a row that a user writes may have this value in a column of this kind; null is judged elsewhere. */
export function fits(kind: Kind, value: unknown): boolean {
  if (isList(kind)) return Array.isArray(value) && misfit(itemOf(kind), value) < 0;
  switch (kind) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return typeof value === 'number' && (value | 0) === value;
    case 'int64':
      return typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
    case 'float64':
      return typeof value === 'number';
    case 'utf8':
      return typeof value === 'string';
    case 'binary':
      return value instanceof Uint8Array;
    case 'timestamp':
      return isTime(value instanceof Date ? value.getTime() : value);
    default:
      return false;
  }
}

/** The place of the first item that is no value of this kind, holes and nulls included; -1 if there is none. */
export function misfit(item: ScalarKind, values: readonly unknown[]): number {
  for (let i = 0; i < values.length; i++) if (!fits(item, values[i])) return i;
  return -1;
}

/** A value that fits, in the one form that columns are written from. */
export function normalised(kind: Kind, value: unknown): Value {
  if (isList(kind)) {
    const item = itemOf(kind);
    return item === 'int64' || item === 'timestamp' ? (value as unknown[]).map((v) => normalised(item, v) as Item) : (value as Item[]);
  }
  if (kind === 'int64' && typeof value === 'number') return BigInt(value);
  return value instanceof Date ? value.getTime() : (value as Value);
}

/** Whole milliseconds in the range of JavaScript's dates. */
export function isTime(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_TIME_MS;
}

const SHORTENED = 60;

/** A value as an error message shows it, at most about 60 characters long: `string "abc"`, `number 1.5`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : `the Date ${value.toISOString()}`;
  if (value instanceof Promise) return 'a Promise (row functions must not be async)';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`;
  switch (typeof value) {
    case 'string':
      return `the string ${shorten(JSON.stringify(value))}`;
    case 'bigint':
      return `the bigint ${value}n`;
    case 'number':
      return `the number ${Object.is(value, -0) ? '-0' : value}`;
    case 'boolean':
      return String(value);
    case 'object':
      return `an object with ${shorten(Object.keys(value).join(', ')) || 'no properties'}`;
    default:
      return `a ${typeof value}`;
  }
}

export function shorten(text: string, length = SHORTENED): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
