import type { Plan } from '../plan/plan.js';

/** A job as data, and what data cannot hold. Deterministic: every lane that builds the same job has the same. */
export interface BuiltJob {
  readonly plan: Plan;
  /** `planHash(plan)`: what lanes compare. */
  readonly hash: string;
  /** User functions, by the slot of their FunctionRef. */
  readonly functions: readonly ((...args: never[]) => unknown)[];
  /** Iterables and callbacks, by the slot of their ConnectorRef. */
  readonly objects: readonly unknown[];
}
