import type { Field } from '../columns/schema.js';
import { checkFields, checkKeys, columnOf, freezeFields, invalid, resultOf, taken, type Shape } from './checks.js';
import type { AggregateCall, CountWindowNode, GlobalWindowNode, GroupAggregateNode } from './plan.js';
import { checkTrigger, describeTrigger, isPurging, type TriggerSpec } from './triggers.js';
import { checkDuration } from './windows.js';

/** What `keyBy(…).aggregate(…)` gives: changes of the keys and results. */
export function groupOutput(node: Pick<GroupAggregateNode, 'keys' | 'aggregates' | 'takes' | 'ttlMs'>, input: Shape): Shape {
  checkKeys(node.keys, input.schema);
  if (node.takes !== (input.changes ? 'changes' : 'rows'))
    throw invalid(`aggregate: the plan says that it takes ${node.takes}, but the stream holds ${input.changes ? 'changes' : 'rows'}`);
  checkTtl(node.ttlMs, input.changes);
  return { schema: aggregatedFields(node, input, true), timed: false, changes: true };
}

/** Panes of a window: what each result puts together. */
const MAX_PANES = 10_000;
const MAX_ROWS = 2 ** 31;

/** What windows over rows give: of so many rows, appended, with the latest time of their rows; of all, untimed. */
export function rowWindowOutput(
  node:
    | Pick<CountWindowNode, 'kind' | 'keys' | 'aggregates' | 'rows' | 'slide'>
    | Pick<GlobalWindowNode, 'kind' | 'keys' | 'aggregates' | 'trigger'>,
  input: Shape,
): Shape {
  if (node.keys.length > 0) checkKeys(node.keys, input.schema);
  if (input.changes) {
    throw invalid(
      'window: this stream holds changes (updates of earlier rows), which a window of rows cannot take back; window the rows themselves',
    );
  }
  if (node.kind === 'count-window') {
    checkCountWindow(node.rows, node.slide);
    return { schema: aggregatedFields(node, input, false), timed: input.timed, changes: false };
  }
  checkGlobalTrigger(node.trigger);
  const changes = !isPurging(node.trigger);
  return { schema: aggregatedFields(node, input, changes), timed: false, changes };
}

/** Throws unless there can be windows of so many rows, one every `slide`. */
export function checkCountWindow(rows: number, slide: number): void {
  for (const [what, n] of [
    ['rows', rows],
    ['slide', slide],
  ] as const) {
    if (!(Number.isSafeInteger(n) && n >= 1 && n < MAX_ROWS))
      throw invalid(`countWindow: ${what} is ${n}; give a whole number of rows, 1 or more`);
  }
  let [pane, rest] = [rows, slide];
  while (rest > 0) [pane, rest] = [rest, pane % rest];
  if (rows / pane <= MAX_PANES) return;
  throw invalid(
    `countWindow(${rows}, ${slide}): a window would be put together from ${rows / pane} pieces of ${pane} rows, more than ${MAX_PANES};` +
      ' give a slide that has a larger divisor in common with the rows',
  );
}

/** Throws unless the trigger suits a window that never ends. */
export function checkGlobalTrigger(trigger: TriggerSpec): void {
  checkTrigger('globalWindow', trigger);
  if (hasEarly(trigger)) {
    throw invalid(
      `globalWindow(${describeTrigger(trigger)}): a global window has no end to be early for;` +
        ' use onProcessingTime(…), with or(…, onWatermark()) for the end of the input',
    );
  }
}

function hasEarly(trigger: TriggerSpec): boolean {
  if (trigger.kind === 'early') return true;
  if (trigger.kind === 'purging') return hasEarly(trigger.of);
  return trigger.kind === 'or' && trigger.of.some(hasEarly);
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
