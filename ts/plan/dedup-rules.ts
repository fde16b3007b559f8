import { MillraceError } from '../core/errors.js';
import { checkFields, checkKeys, invalid, type Shape } from './checks.js';
import type { DedupNode } from './plan.js';
import { checkDuration } from './windows.js';

/** What is left when duplicates are dropped: rows where the first stays, changes where the last does. */
export function dedupOutput(node: Pick<DedupNode, 'keys' | 'keep' | 'withinMs'>, input: Shape): Shape {
  if (node.keys.length === 0) throw invalid("dedup: by names no column; give at least one, as in { by: ['user'] }");
  checkKeys(node.keys, input.schema);
  if (node.keep !== 'first' && node.keep !== 'last')
    throw invalid(`dedup: keep is ${JSON.stringify(node.keep)}; it may be 'first' or 'last'`);
  if (input.changes) throw invalid('dedup: this stream holds changes (updates of earlier rows); drop duplicates from the rows themselves');
  const { withinMs, keep } = node;
  if (withinMs === undefined) {
    if (keep === 'first')
      throw invalid(
        "dedup: there is no within; keep: 'first' needs one, as in { within: hours(1) }, or it would remember every key for ever",
      );
  } else {
    checkDuration('dedup: within', withinMs, 1);
    if (!input.timed)
      throw new MillraceError(
        'plan.no-event-time',
        'dedup: within needs an event time, which this stream has not; give from() an eventTime',
      );
  }
  if (keep === 'first') return input;
  checkFields('dedup', input.schema, true);
  return { schema: input.schema, timed: false, changes: true };
}
