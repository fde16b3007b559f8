import { MillraceError } from '../core/errors.js';
import type { WindowSpec } from '../plan/windows.js';
import type { Duration } from './time.js';
import { knownOptions } from './given.js';
import { columnFrom, ColumnExpression, type AnyColumn, type Origin } from './columns.js';
import { show, type Int32, type Int64, type Null, type Timestamp } from './types.js';

/**
 * `T`: the time it is cut by. `Adds`: the columns that a window of this kind adds to its results. `Gives`: the results' traits; `same`:
 * those of the rows.
 */
export interface Window<out T extends string = string, out Adds = unknown, out Gives = unknown> {
  readonly time: T;
  readonly '~adds': Adds;
  readonly '~gives': Gives;
}
/** Half-open: [windowStart, windowEnd). */
export interface WindowBounds {
  windowStart: Timestamp;
  windowEnd: Timestamp;
}
export interface EventTimeWindow extends Window<'event-time', WindowBounds, 'event-time'> {}
export interface ProcessingTimeWindow extends Window<'processing-time', WindowBounds, 'event-time'> {}
/** A window over rows, whatever their times. */
export interface RowWindow<out Gives = unknown> extends Window<'rows', unknown, Gives> {}

/** Every window at run time. */
export class WindowDefinition {
  readonly time: 'event-time' | 'processing-time';
  readonly spec: WindowSpec;
  /** A column that the window reads. */
  readonly column: ColumnExpression | undefined;

  constructor(spec: WindowSpec, column?: ColumnExpression, time: 'event-time' | 'processing-time' = 'event-time') {
    this.time = time;
    this.spec = Object.freeze(spec);
    this.column = column;
    Object.freeze(this);
  }
}

/** Windows [k·size + offset, (k+1)·size + offset), side by side, aligned to 1970-01-01 UTC. */
export function tumbling(size: Duration, options?: { offset?: Duration }): EventTimeWindow {
  const { offset = 0 } = knownOptions('tumbling', options, ['offset']);
  checkDurations(`tumbling(${show(size)}, { offset: ${show(offset)} })`, [size, offset], 'tumbling(minutes(5))');
  return made({ kind: 'tumbling', sizeMs: size, offsetMs: offset as number });
}

/**
 * Windows [k·slide + offset, k·slide + offset + size): of one size, one every `slide`, so that a row is in about size / slide of
 * them. The size need not be a multiple of the slide. With a slide above the size, rows between two windows are in none.
 */
export function hopping(size: Duration, slide: Duration, options?: { offset?: Duration }): EventTimeWindow {
  const { offset = 0 } = knownOptions('hopping', options, ['offset']);
  const what = `hopping(${show(size)}, ${show(slide)}, { offset: ${show(offset)} })`;
  checkDurations(what, [size, slide, offset], 'hopping(minutes(10), minutes(1))');
  return made({ kind: 'hopping', sizeMs: size, slideMs: slide, offsetMs: offset as number });
}

/**
 * Windows that grow: of each span [k·max + offset, (k+1)·max + offset) one every `step`, from the span's start to there. The longest
 * one is a multiple of the step.
 */
export function cumulating(max: Duration, step: Duration, options?: { offset?: Duration }): EventTimeWindow {
  const { offset = 0 } = knownOptions('cumulating', options, ['offset']);
  const what = `cumulating(${show(max)}, ${show(step)}, { offset: ${show(offset)} })`;
  checkDurations(what, [max, step, offset], 'cumulating(days(1), hours(1))');
  return made({ kind: 'cumulating', maxMs: max, stepMs: step, offsetMs: offset as number });
}

/** Days, weeks (from Monday) or months of a time zone, as long as they are there: a day may have 23 or 25 hours. */
export function calendar(unit: 'day' | 'week' | 'month', options: { timeZone: string }): EventTimeWindow {
  const { timeZone } = knownOptions('calendar', options, ['timeZone']);
  if (timeZone === undefined)
    throw new MillraceError(
      'plan.invalid',
      `calendar(${show(unit)}): give a time zone, such as calendar('day', { timeZone: 'Europe/Oslo' })`,
    );
  return made({ kind: 'calendar', unit, timeZone: timeZone as string });
}

function checkDurations(what: string, given: readonly unknown[], example: string): void {
  if (given.every((ms) => typeof ms === 'number')) return;
  throw new MillraceError('plan.invalid', `${what}: give durations, such as ${example}`);
}

function made(spec: WindowSpec): EventTimeWindow {
  return new WindowDefinition(spec) as unknown as EventTimeWindow;
}

/** An int32 or int64 column. */
export interface WholeNumbers extends AnyColumn {
  readonly type: Int32 | Int64 | Null;
}

/**
 * Spans of activity: rows of a key that are no more than `gap` apart. A row at t stands for [t, t + gap); rows whose spans
 * overlap or touch are one session, from the first of them to the end of the last. With a column of whole milliseconds
 * each row has a gap of its own: `window((c) => session(c.gapMs))`.
 */
export function session(gap: Duration | WholeNumbers): EventTimeWindow {
  const given: unknown = gap;
  if (given instanceof ColumnExpression)
    return new WindowDefinition({ kind: 'session', gap: given.expression }, given) as unknown as EventTimeWindow;
  if (typeof given !== 'number') {
    throw new MillraceError(
      'plan.invalid',
      `session(${show(given)}): give a duration, such as session(minutes(5)), or a column, as in window((c) => session(c.gapMs))`,
    );
  }
  return new WindowDefinition({ kind: 'session', gap: given }) as unknown as EventTimeWindow;
}

/** The same windows over the time at which rows are read: the clock of the job's steps. Of any stream; no row is late. */
export function processingTime(window: EventTimeWindow): ProcessingTimeWindow {
  const given: unknown = window;
  if (given instanceof WindowDefinition)
    return new WindowDefinition(given.spec, given.column, 'processing-time') as unknown as ProcessingTimeWindow;
  throw new MillraceError('plan.invalid', `processingTime(${show(given)}): give a window, such as processingTime(tumbling(minutes(5)))`);
}

/** `origin`: of the rows that are cut into windows. */
export function windowGiven(window: unknown, origin: Origin): WindowDefinition {
  if (window instanceof WindowDefinition) {
    if (window.column !== undefined) columnFrom(window.column, origin, 'window: the column');
    return window;
  }
  throw new MillraceError('plan.invalid', `window(${show(window)}): give a window, such as tumbling(minutes(5))`);
}
