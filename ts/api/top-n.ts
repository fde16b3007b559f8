import { MillraceError } from '../core/errors.js';
import { MAIN_PORT } from '../plan/rules.js';
import { columnsOfRows, ordersFrom } from './columns.js';
import { Draft, DraftPort, type UserFunction } from './draft.js';
import { functionGiven, knownOptions } from './given.js';
import { show } from './types.js';

/** The part of a plan that `keyed.topN(n, order)` makes. */
export function topNPort(at: DraftPort, keys: readonly string[], n: number, order: UserFunction, options: unknown): DraftPort {
  const { rank = 'rank' } = knownOptions('topN', options, ['rank']);
  if (rank !== false && (typeof rank !== 'string' || rank === '')) {
    throw new MillraceError('plan.invalid', `topN: the rank is ${show(rank)}; give its column's name, or false for none`);
  }
  const given = functionGiven(order, 'topN', '(c) => c.price.desc()')(columnsOfRows(at.origin) as never);
  const by = ordersFrom(given, at.origin, 'topN');
  const spec = { kind: 'top-n', keys, n, by, ...(rank === false ? {} : { rank }) } as const;
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]), MAIN_PORT);
}
