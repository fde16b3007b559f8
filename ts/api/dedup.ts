import { MillraceError } from '../core/errors.js';
import { MAIN_PORT, type NodeSpec } from '../plan/rules.js';
import { Draft, DraftPort } from './draft.js';
import { knownOptions } from './given.js';
import { show } from './types.js';

/** The part of a plan that `stream.dedup(options)` makes. */
export function dedupPort(at: DraftPort, options: unknown): DraftPort {
  if (options === undefined)
    throw new MillraceError('plan.invalid', "dedup(): give what makes rows equal, as in { by: ['user'], within: hours(1) }");
  const { by, within, keep = 'first' } = knownOptions('dedup', options, ['by', 'within', 'keep']);
  if (!Array.isArray(by))
    throw new MillraceError('plan.invalid', `dedup: by is ${show(by)}; give an array of columns, as in { by: ['user'] }`);
  const spec = { kind: 'dedup', keys: Object.freeze([...by]), keep, ...(within === undefined ? {} : { withinMs: within }) } as NodeSpec;
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]), MAIN_PORT);
}
