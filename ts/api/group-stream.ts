import { MillraceError } from '../core/errors.js';
import { checkTtl } from '../plan/group-rules.js';
import type { NodeSpec } from '../plan/rules.js';
import { aggregateCalls } from './aggregate-calls.js';
import { columnsOfRows } from './columns.js';
import { Draft, DraftPort } from './draft.js';
import { functionGiven, knownOptions } from './given.js';
import { show } from './types.js';

/** `keyBy(…).aggregate(…)` */
export function groupAggregate(at: DraftPort, keys: readonly string[], aggregates: unknown, options: unknown): DraftPort {
  const { ttl } = knownOptions('aggregate', options, ['ttl']);
  if (ttl !== undefined && typeof ttl !== 'number')
    throw new MillraceError('plan.invalid', `aggregate: ttl is ${show(ttl)}; give a duration, such as hours(24)`);
  checkTtl(ttl, at.shape.changes);
  const given = functionGiven(aggregates, 'aggregate', '(c) => ({ n: count() })')(columnsOfRows(at.origin) as never);
  const spec: NodeSpec = {
    kind: 'group-aggregate',
    keys,
    aggregates: Object.freeze(aggregateCalls(given, at.origin)),
    takes: at.shape.changes ? 'changes' : 'rows',
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
  };
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]));
}
