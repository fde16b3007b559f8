import { MillraceError } from '../core/errors.js';
import type { OrderBy } from '../plan/expression.js';
import { MAIN_PORT } from '../plan/rules.js';
import type { WindowSpec } from '../plan/windows.js';
import { columnsOfRows, ordersFrom } from './columns.js';
import { Draft, DraftPort, type UserFunction } from './draft.js';
import { functionGiven, knownOptions } from './given.js';
import { show } from './types.js';

/** The part of a plan that `windowed.topN(n, order)` makes. */
export function windowTopNPort(
  at: DraftPort,
  { keys, window }: { readonly keys: readonly string[]; readonly window: WindowSpec },
  given: { readonly n: number; readonly order: UserFunction; readonly options: unknown },
): DraftPort {
  const spec = { kind: 'window-top-n', keys, window, ...rankingOf(at, given) } as const;
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]), MAIN_PORT);
}

/** The part of a plan that `keyed.topN(n, order)` makes. */
export function topNPort(at: DraftPort, keys: readonly string[], n: number, order: UserFunction, options: unknown): DraftPort {
  const spec = { kind: 'top-n', keys, ...rankingOf(at, { n, order, options }) } as const;
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]), MAIN_PORT);
}

function rankingOf(
  at: DraftPort,
  { n, order, options }: { readonly n: number; readonly order: UserFunction; readonly options: unknown },
): { readonly n: number; readonly by: readonly OrderBy[]; readonly rank?: string } {
  const { rank = 'rank' } = knownOptions('topN', options, ['rank']);
  if (rank !== false && (typeof rank !== 'string' || rank === '')) {
    throw new MillraceError('plan.invalid', `topN: the rank is ${show(rank)}; give its column's name, or false for none`);
  }
  const given = functionGiven(order, 'topN', '(c) => c.price.desc()')(columnsOfRows(at.origin) as never);
  const by = ordersFrom(given, at.origin, 'topN');
  return rank === false ? { n, by } : { n, by, rank };
}
