import type { Field } from '../columns/schema.js';
import { checkFields, checkKeys, columnOf, freezeFields, invalid, resultOf, taken, type Shape } from './checks.js';
import type { AggregateCall, GroupAggregateNode } from './plan.js';
import { checkDuration } from './windows.js';

/** What `keyBy(…).aggregate(…)` gives: changes of the keys and results. */
export function groupOutput(node: Pick<GroupAggregateNode, 'keys' | 'aggregates' | 'takes' | 'ttlMs'>, input: Shape): Shape {
  checkKeys(node.keys, input.schema);
  if (node.takes !== (input.changes ? 'changes' : 'rows'))
    throw invalid(`aggregate: the plan says that it takes ${node.takes}, but the stream holds ${input.changes ? 'changes' : 'rows'}`);
  checkTtl(node.ttlMs, input.changes);
  return { schema: aggregatedFields(node, input, true), timed: false, changes: true };
}

/** Whether groups of such a stream can live so long. */
export function checkTtl(ttlMs: number | undefined, changes: boolean): void {
  if (ttlMs === undefined) return;
  checkDuration('aggregate: ttl', ttlMs, 1);
  if (changes) {
    throw invalid(
      'aggregate: ttl: this stream holds changes, and a group that is gone could not take back what it had counted;' +
        ' give a ttl to the aggregation that makes the changes',
    );
  }
}

/** Keys, then results. */
export function aggregatedFields(
  { keys: names, aggregates }: { readonly keys: readonly string[]; readonly aggregates: readonly AggregateCall[] },
  input: Shape,
  changes: boolean,
): readonly Field[] {
  const keys = names.map((name) => columnOf('keyBy', name, input.schema));
  if (aggregates.length === 0) throw invalid('aggregate: there is no aggregate; give at least one, as in (c) => ({ n: count() })');
  const results = aggregates.map((call): Field => {
    if (names.includes(call.name)) throw taken(`aggregate: '${call.name}' is the name of a key column already`);
    return { name: call.name, ...resultOf(call, input.schema, input.changes) };
  });
  const schema = [...keys.map((f) => ({ name: f.name, kind: f.kind, nullable: f.nullable })), ...results];
  checkFields('aggregate', schema, changes);
  return freezeFields(schema);
}
