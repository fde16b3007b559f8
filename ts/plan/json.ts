import { MillraceError } from '../core/errors.js';
import type { Plan } from './plan.js';
import { validatePlan } from './validate.js';

export function planToJson(plan: Plan): string {
  return JSON.stringify(plan);
}

/** Reads a plan back, validated and frozen. Throws `plan.invalid`. */
export function planFromJson(text: string): Plan {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new MillraceError('plan.invalid', `this is no plan: ${(cause as Error).message}`, { cause });
  }
  const version = (data as { readonly version?: unknown } | null)?.version;
  if (version !== 1)
    throw new MillraceError('plan.invalid', `this plan has version ${JSON.stringify(version)}; this engine reads version 1`);
  const plan = deepFreeze(data as Plan);
  validatePlan(plan);
  return plan;
}

/** Freezes plain data all the way down. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
