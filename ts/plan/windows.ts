import { MillraceError } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import type { Schema } from '../columns/schema.js';
import type { Expression } from './expression.js';
import { columnsOf, describe, typeOf } from './functions.js';

/** How rows are cut into windows. A new kind is a case here, and in the functions below. */
export type WindowSpec = { readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number } | SessionSpec;

/** Rows closer than the gap. An expression gives each row's own, in milliseconds. */
export interface SessionSpec {
  readonly kind: 'session';
  readonly gap: number | Expression;
}

/** What a window adds to its results, after the keys. */
export const WINDOW_COLUMNS: readonly string[] = ['windowStart', 'windowEnd'];

/** Throws unless the window can be. */
export function checkWindow(window: WindowSpec, schema: Schema): void {
  if (window.kind === 'session') {
    checkSession(window, schema);
    return;
  }
  checkDuration(`window: the size of ${window.kind}`, window.sizeMs, 1);
  if (!(Number.isSafeInteger(window.offsetMs) && Math.abs(window.offsetMs) <= MAX_TIME_MS)) {
    throw new MillraceError('plan.invalid', `window: the offset of ${window.kind} is ${window.offsetMs}; give whole milliseconds`);
  }
}

function checkSession({ gap }: SessionSpec, schema: Schema): void {
  if (typeof gap === 'number') {
    checkDuration('window: the gap of session', gap, 1);
    return;
  }
  const { kind } = typeOf(gap, schema);
  if (kind === 'int32' || kind === 'int64') return;
  throw new MillraceError(
    'plan.wrong-type',
    `window(session(${describe(gap)})): the gap is of type ${kind}; it must be a whole number of milliseconds, an int32 or int64`,
  );
}

/** The columns that a window reads of its rows, beside their time. */
export function columnsOfWindow(window: WindowSpec): Iterable<string> {
  return window.kind === 'session' && typeof window.gap !== 'number' ? columnsOf(window.gap) : [];
}

/** `tumbling 5 min offset 1 min` */
export function describeWindow(window: WindowSpec): string {
  if (window.kind === 'session') return `session ${typeof window.gap === 'number' ? describeDuration(window.gap) : describe(window.gap)}`;
  const offset = window.offsetMs === 0 ? '' : ` offset ${describeDuration(window.offsetMs)}`;
  return `${window.kind} ${describeDuration(window.sizeMs)}${offset}`;
}

export function checkDuration(what: string, ms: number, least: number): void {
  if (Number.isSafeInteger(ms) && ms >= least && ms <= MAX_TIME_MS) return;
  throw new MillraceError(
    'plan.invalid',
    `${what} is ${typeof ms === 'number' ? `${ms} ms` : JSON.stringify(ms)}; it must be ${least > 0 ? 'above 0' : '0 or more'}, in whole milliseconds`,
  );
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
  [1, 'ms'],
];

/** `1 h 30 min` */
export function describeDuration(ms: number): string {
  const parts: string[] = [];
  let rest = Math.abs(ms);
  for (const [unit, name] of UNITS) {
    const whole = Math.floor(rest / unit);
    if (whole > 0) parts.push(`${whole} ${name}`);
    rest -= whole * unit;
  }
  return parts.length === 0 ? '0 ms' : `${ms < 0 ? '-' : ''}${parts.join(' ')}`;
}
