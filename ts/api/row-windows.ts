import { MillraceError } from '../core/errors.js';
import { checkCountWindow, checkGlobalTrigger, rowWindowOutput } from '../plan/group-rules.js';
import type { NodeSpec } from '../plan/rules.js';
import type { TriggerSpec } from '../plan/triggers.js';
import { aggregateCalls } from './aggregate-calls.js';
import { columnsOfRows } from './columns.js';
import { Draft, DraftPort } from './draft.js';
import { functionGiven } from './given.js';
import { triggerSpec, type Trigger } from './triggers.js';
import { show } from './types.js';
import type { RowWindow } from './windows.js';

type RowWindowSpec =
  | { readonly kind: 'count-window'; readonly rows: number; readonly slide: number }
  | { readonly kind: 'global-window'; readonly trigger: TriggerSpec };

/** Every window over rows at run time. */
export class RowWindowDefinition {
  readonly time = 'rows';
  readonly spec: RowWindowSpec;

  constructor(spec: RowWindowSpec) {
    this.spec = Object.freeze(spec);
    Object.freeze(this);
  }
}

/**
 * Windows of so many rows of each key, in order of arrival: a result after every `slide` rows over the last `rows`, or over as many
 * as there are; side by side without a slide.
 */
export function countWindow(rows: number, slide: number = rows): RowWindow<'same'> {
  if (typeof rows !== 'number' || typeof slide !== 'number')
    throw new MillraceError('plan.invalid', `countWindow(${show(rows)}, ${show(slide)}): give numbers of rows, as in countWindow(100, 10)`);
  checkCountWindow(rows, slide);
  return new RowWindowDefinition({ kind: 'count-window', rows, slide }) as unknown as RowWindow<'same'>;
}

/**
 * One window for each key, for ever: told when the trigger says so, as changes; with `purging(…)` each telling is of the rows since
 * the last. Results carry no event time.
 */
export function globalWindow<P extends 'purging' | 'keeping'>(
  trigger: Trigger<P>,
): RowWindow<'untimed' | (P extends 'purging' ? never : 'changes')> {
  const spec = triggerSpec('globalWindow', trigger);
  checkGlobalTrigger(spec);
  return new RowWindowDefinition({ kind: 'global-window', trigger: spec }) as unknown as RowWindow<
    'untimed' | (P extends 'purging' ? never : 'changes')
  >;
}

/** `window(countWindow(…)).aggregate(…)` */
export function rowWindowAggregate(at: DraftPort, keys: readonly string[], { spec }: RowWindowDefinition, aggregates: unknown): DraftPort {
  const given = functionGiven(aggregates, 'aggregate', '(c) => ({ n: count() })')(columnsOfRows(at.origin) as never);
  const calls = Object.freeze(aggregateCalls(given, at.origin));
  const node: NodeSpec = { ...spec, keys, aggregates: calls };
  rowWindowOutput(node, at.shape);
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(node), [at]));
}
