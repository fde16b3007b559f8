import { MillraceError } from '../core/errors.js';
import type { WindowSpec } from '../plan/windows.js';
import type { Duration } from './time.js';
import { knownOptions } from './given.js';
import { columnFrom, ColumnExpression, type AnyColumn, type Origin } from './columns.js';
import { show, type Int32, type Int64, type Null, type Timestamp } from './types.js';

/** `T`: the time it is cut by. `Adds`: the columns that a window of this kind adds to its results. */
export interface Window<out T extends string = string, out Adds = unknown> {
  readonly time: T;
  readonly '~adds': Adds;
}
/** Half-open: [windowStart, windowEnd). */
export interface WindowBounds {
  windowStart: Timestamp;
  windowEnd: Timestamp;
}
export interface EventTimeWindow extends Window<'event-time', WindowBounds> {}

/** Every window at run time. */
export class WindowDefinition {
  readonly time = 'event-time';
  readonly spec: WindowSpec;
  /** A column that the window reads. */
  readonly column: ColumnExpression | undefined;

  constructor(spec: WindowSpec, column?: ColumnExpression) {
    this.spec = Object.freeze(spec);
    this.column = column;
    Object.freeze(this);
  }
}

/** Windows [k·size + offset, (k+1)·size + offset), side by side, aligned to 1970-01-01 UTC. */
export function tumbling(size: Duration, options?: { offset?: Duration }): EventTimeWindow {
  const { offset = 0 } = knownOptions('tumbling', options, ['offset']);
  if (typeof size !== 'number' || typeof offset !== 'number') {
    throw new MillraceError(
      'plan.invalid',
      `tumbling(${show(size)}, { offset: ${show(offset)} }): give durations, such as tumbling(minutes(5))`,
    );
  }
  return new WindowDefinition({ kind: 'tumbling', sizeMs: size, offsetMs: offset }) as unknown as EventTimeWindow;
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

/** `origin`: of the rows that are cut into windows. */
export function windowSpec(window: unknown, origin: Origin): WindowSpec {
  if (window instanceof WindowDefinition) {
    if (window.column !== undefined) columnFrom(window.column, origin, 'window: the column');
    return window.spec;
  }
  throw new MillraceError('plan.invalid', `window(${show(window)}): give a window, such as tumbling(minutes(5))`);
}
