import { unreachable } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import type { Schema } from '../columns/schema.js';
import type { Expression } from './expression.js';
import { columnsOf, describe, typeOf } from './functions.js';

export type CalendarUnit = 'day' | 'week' | 'month';

/** How rows are cut into windows. A new kind is a case here, and in the functions below. */
export type WindowSpec =
  | { readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly kind: 'hopping'; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly kind: 'cumulating'; readonly maxMs: number; readonly stepMs: number; readonly offsetMs: number }
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timeZone: string }
  | SessionSpec;

/** Rows closer than the gap. An expression gives each row's own, in milliseconds. */
export interface SessionSpec {
  readonly kind: 'session';
  readonly gap: number | Expression;
}

/** What a window adds to its results, after the keys. */
export const WINDOW_COLUMNS: readonly string[] = ['windowStart', 'windowEnd'];

const UNITS_OF_CALENDARS: readonly string[] = ['day', 'week', 'month'] satisfies readonly CalendarUnit[];
/** A row is in as many windows as a size has slides: what each step must look through, and each restore must rebuild. */
const MAX_WINDOWS = 1_000_000;

/** Throws unless the window can be. */
export function checkWindow(window: WindowSpec, schema: Schema): void {
  if ('offsetMs' in window) checkOffset(window.kind, window.offsetMs);
  switch (window.kind) {
    case 'tumbling':
      checkDuration('window: the size of tumbling', window.sizeMs, 1);
      break;
    case 'hopping': {
      checkDuration('window: the size of hopping', window.sizeMs, 1);
      checkDuration('window: the slide of hopping', window.slideMs, 1);
      checkNumber(window.kind, window.sizeMs, 'slide', window.slideMs);
      break;
    }
    case 'cumulating': {
      const { maxMs, stepMs } = window;
      checkDuration('window: the longest window of cumulating', maxMs, 1);
      checkDuration('window: the step of cumulating', stepMs, 1);
      if (maxMs % stepMs !== 0) {
        const [max, step] = [describeDuration(maxMs), describeDuration(stepMs)];
        throw invalid(`window: cumulating(${max}, ${step}): the longest window must be a multiple of the step`);
      }
      checkNumber(window.kind, maxMs, 'step', stepMs);
      break;
    }
    case 'calendar':
      checkCalendar(window.unit, window.timeZone);
      break;
    case 'session':
      checkSession(window, schema);
      break;
    default:
      unreachable(window);
  }
}

function checkCalendar(unit: string, timeZone: unknown): void {
  if (!UNITS_OF_CALENDARS.includes(unit))
    throw invalid(`window: calendar(${JSON.stringify(unit)}): there are calendars of 'day', 'week' and 'month'`);
  if (!isTimeZone(timeZone))
    throw invalid(`window: calendar('${unit}'): ${JSON.stringify(timeZone)} is no time zone; give an IANA name such as 'Europe/Oslo'`);
}

function checkOffset(kind: string, offsetMs: number): void {
  if (Number.isSafeInteger(offsetMs) && Math.abs(offsetMs) <= MAX_TIME_MS) return;
  throw invalid(`window: the offset of ${kind} is ${offsetMs}; give whole milliseconds`);
}

function checkNumber(kind: string, sizeMs: number, step: string, stepMs: number): void {
  if (sizeMs / stepMs <= MAX_WINDOWS) return;
  const [size, each] = [describeDuration(sizeMs), describeDuration(stepMs)];
  throw invalid(`window: ${kind}(${size}, ${each}) puts a row into ${Math.ceil(sizeMs / stepMs)} windows; give a longer ${step}`);
}

function isTimeZone(name: unknown): boolean {
  if (typeof name !== 'string') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
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
  switch (window.kind) {
    case 'tumbling':
      return `tumbling ${describeDuration(window.sizeMs)}${describeOffset(window.offsetMs)}`;
    case 'hopping':
      return `hopping ${describeDuration(window.sizeMs)} every ${describeDuration(window.slideMs)}${describeOffset(window.offsetMs)}`;
    case 'cumulating':
      return `cumulating to ${describeDuration(window.maxMs)} by ${describeDuration(window.stepMs)}${describeOffset(window.offsetMs)}`;
    case 'calendar':
      return `calendar ${window.unit} in ${window.timeZone}`;
    case 'session':
      return `session ${typeof window.gap === 'number' ? describeDuration(window.gap) : describe(window.gap)}`;
    default:
      return unreachable(window);
  }
}

function describeOffset(offsetMs: number): string {
  return offsetMs === 0 ? '' : ` offset ${describeDuration(offsetMs)}`;
}

function invalid(message: string): MillraceError {
  return new MillraceError('plan.invalid', message);
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
