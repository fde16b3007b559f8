import { MillraceError } from '../core/errors.js';
import { nearest } from '../plan/nearest.js';
import type { UserFunction } from './draft.js';
import { show } from './types.js';

/** A function that the user gave, or a refusal that shows one. */
export function functionGiven(f: unknown, what: string, example: string): UserFunction {
  if (typeof f === 'function') return f as UserFunction;
  throw new MillraceError('plan.invalid', `${what}: ${show(f)} is no function; give one such as ${example}`);
}

/** Options that the user gave: an object with none but the known names. */
export function knownOptions<N extends string>(what: string, given: unknown, known: readonly N[]): { readonly [K in N]?: unknown } {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null)
    throw new MillraceError('plan.invalid', `${what}: the options are ${show(given)}; give an object`);
  for (const name of Object.keys(given)) {
    if ((known as readonly string[]).includes(name)) continue;
    const near = nearest(name, known);
    throw new MillraceError(
      'plan.invalid',
      `${what}: there is no option '${name}'; ${near === undefined ? `there are ${known.join(', ')}` : `did you mean '${near}'?`}`,
    );
  }
  return given;
}
