import { MillraceError } from '../core/errors.js';
import type { WindowSpec } from '../plan/windows.js';
import type { Duration } from './time.js';
import { knownOptions } from './given.js';
import { show, type Timestamp } from './types.js';

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

  constructor(spec: WindowSpec) {
    this.spec = Object.freeze(spec);
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

export function windowSpec(window: unknown): WindowSpec {
  if (window instanceof WindowDefinition) return window.spec;
  throw new MillraceError('plan.invalid', `window(${show(window)}): give a window, such as tumbling(minutes(5))`);
}
