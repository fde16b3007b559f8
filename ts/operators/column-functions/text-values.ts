import { MAX_TIME_MS } from '../../core/limits.js';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const TIME = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** Decimal text, as JSON and CSV write it, or what a float64 is written as: NaN, Infinity, -Infinity. */
export function parseNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  if (text === 'NaN') return Number.NaN;
  return text === 'Infinity' ? Infinity : text === '-Infinity' ? -Infinity : undefined;
}

/** 1 for true, 0 for false. */
export function parseBool(text: string): number | undefined {
  return text === 'true' ? 1 : text === 'false' ? 0 : undefined;
}

/** ISO 8601, in epoch milliseconds; UTC where no offset is given; digits beyond milliseconds are dropped. */
export function parseTime(text: string): number | undefined {
  const found = TIME.exec(text);
  if (found === null) return undefined;
  const part = (i: number): number => Number(found[i] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 24 || minute > 59 || second > 59 || (hour === 24 && minute + second > 0) || part(9) > 23 || part(10) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have rolls over into the next.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const ms = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offset = (part(9) * 60 + part(10)) * 60_000 * (found[8] === '-' ? -1 : 1);
  const time = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms - offset;
  return Math.abs(time) <= MAX_TIME_MS ? time : undefined;
}
