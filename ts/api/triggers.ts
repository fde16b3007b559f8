import { MillraceError } from '../core/errors.js';
import { checkTrigger, type TriggerSpec } from '../plan/triggers.js';
import type { Duration } from './time.js';
import { show } from './types.js';

/** When a window tells its results. Triggers are asked at the end of each step. `P` is 'purging' where what was told is forgotten. */
export interface Trigger<out P extends 'purging' | 'keeping' = 'purging' | 'keeping'> {
  readonly '~trigger': P;
}

/** Every trigger at run time. */
class TriggerDefinition {
  readonly spec: TriggerSpec;

  constructor(spec: TriggerSpec) {
    this.spec = Object.freeze(spec);
    Object.freeze(this);
  }
}

/** When the watermark passes the window's end; a global window ends with its input. */
export function onWatermark(): Trigger<'keeping'> {
  return made('onWatermark()', { kind: 'watermark' });
}

/** When so many rows of a group have come since it was last told. */
export function onCount(rows: number): Trigger<'keeping'> {
  return made('onCount', { kind: 'count', rows });
}

/** Whenever the job's clock passes a multiple of `every`: what has changed since is told. */
export function onProcessingTime(every: Duration): Trigger<'keeping'> {
  return made('onProcessingTime', { kind: 'processing-time', everyMs: every });
}

/** As `onProcessingTime(every)` before the window's end, and as `onWatermark()` at it. */
export function early(every: Duration): Trigger<'keeping'> {
  return made('early', { kind: 'early', everyMs: every });
}

/** Forgets what it has told: the next results are of later rows alone. */
export function purging(trigger: Trigger): Trigger<'purging'> {
  return made('purging', { kind: 'purging', of: triggerSpec('purging', trigger) });
}

/** When any of them does. Either all of them purge or none. */
export function or<P extends 'purging' | 'keeping'>(...triggers: readonly Trigger<P>[]): Trigger<P> {
  return made('or', { kind: 'or', of: Object.freeze(triggers.map((trigger) => triggerSpec('or', trigger))) });
}

/** A trigger that the user gave, as data. */
export function triggerSpec(what: string, trigger: unknown): TriggerSpec {
  if (trigger instanceof TriggerDefinition) return trigger.spec;
  throw new MillraceError(
    'plan.invalid',
    `${what}(${show(trigger)}): give a trigger, such as onCount(100) or onProcessingTime(seconds(10))`,
  );
}

function made<P extends 'purging' | 'keeping'>(what: string, spec: TriggerSpec): Trigger<P> {
  checkTrigger(what, spec);
  return new TriggerDefinition(spec) as unknown as Trigger<P>;
}
