import { MillraceError } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import { show } from './types.js';

/** A span of time in milliseconds: a number that a bare number does not pass for. */
export type Duration = number & { readonly '~unit': 'ms' };

export function milliseconds(n: number): Duration {
  return duration(n, 1, 'milliseconds');
}

export function seconds(n: number): Duration {
  return duration(n, 1000, 'seconds');
}

export function minutes(n: number): Duration {
  return duration(n, 60_000, 'minutes');
}

export function hours(n: number): Duration {
  return duration(n, 3_600_000, 'hours');
}

export function days(n: number): Duration {
  return duration(n, 86_400_000, 'days');
}

function duration(n: number, unitMs: number, name: string): Duration {
  const ms = typeof n === 'number' ? Math.round(n * unitMs) : NaN;
  if (!(Math.abs(ms) <= MAX_TIME_MS)) throw new MillraceError('plan.invalid', `${name}(${show(n)}): give a number of ${name}`);
  return ms as Duration;
}
