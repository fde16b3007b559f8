import { fieldIndex, type Schema } from '../columns/schema.js';
import type { Aggregate } from '../operators/aggregates.js';
import { aggregateOf, partialSchemaOf, type BoundAggregate } from '../operators/group-layout.js';
import { LateGate } from '../operators/late-gate.js';
import { PreAggregate } from '../operators/pre-aggregate.js';
import { Select } from '../operators/select.js';
import { WindowAggregate } from '../operators/window-aggregate.js';
import { windowPolicy, type WindowShape } from '../operators/window-policy.js';
import type { WindowAggregateConfig } from '../operators/window-store.js';
import type { WindowAggregateNode } from '../plan/plan.js';
import { triggerRule } from '../plan/triggers.js';
import { bindArguments, type UserCode } from './lower-aggregates.js';
import type { LoweredNode } from './lowered-node.js';

/**
 * late gate -> arguments as columns -> [partial aggregates -> exchange by key] -> windows. On one lane nothing needs to
 * move, and rows go straight into the windows.
 */
export function lowerWindowAggregate(
  node: WindowAggregateNode,
  window: WindowShape,
  input: Schema,
  context: UserCode & { readonly lanes: number; readonly revises: boolean },
): readonly LoweredNode[] {
  const { schema: argumentSchema, expressions, keys, aggregates: asked } = bindArguments(node, input, context);
  const { allowedLatenessMs } = node;
  const { revises } = context;
  const { aggregates, presence } = keptAggregates(window, asked, revises);
  const grouping = { window, inputSchema: argumentSchema, keys, aggregates, allowedLatenessMs };
  const config: Omit<WindowAggregateConfig, 'keyGroups' | 'mode'> = {
    ...grouping,
    presence,
    revises,
    outputSchema: node.schema,
    emit: node.emit,
    changes: node.changes,
    trigger: node.trigger === undefined ? undefined : triggerRule(node.trigger),
  };
  const partialSchema = partialSchemaOf(argumentSchema, keys, aggregates, windowPolicy(window).overlapping);
  const gate: LoweredNode = {
    id: `${node.id}.gate`,
    ports: [
      { name: undefined, schema: input },
      { name: 'late', schema: input },
    ],
    exchange: undefined,
    create: (ws) => new LateGate(ws, { window, allowedLatenessMs }),
  };
  const select: LoweredNode = {
    id: `${node.id}.arguments`,
    ports: [{ name: undefined, schema: argumentSchema }],
    exchange: undefined,
    create: (ws) => new Select(ws, argumentSchema, expressions),
  };
  const partial: LoweredNode = {
    id: `${node.id}.partial`,
    ports: [{ name: undefined, schema: partialSchema }],
    exchange: undefined,
    create: (ws) => new PreAggregate(ws, grouping),
  };
  // A trigger that counts rows must see them, and so must what takes them back.
  const whole = revises || config.trigger?.rows !== undefined;
  const grouped = context.lanes > 1 && !whole && aggregates.every((bound) => aggregateOf(bound).order !== 'arrival');
  const mode = grouped ? 'partials' : 'rows';
  const windows: LoweredNode = {
    id: node.id,
    ports: [{ name: 'main', schema: node.schema }],
    exchange:
      context.lanes === 1 ? undefined : { keys: node.keys.map((name) => fieldIndex(grouped ? partialSchema : argumentSchema, name)) },
    create: (ws, keyGroups) => new WindowAggregate(ws, { ...config, mode, keyGroups }),
  };
  return grouped ? [gate, select, partial, windows] : [gate, select, windows];
}

interface KeptAggregates {
  readonly aggregates: readonly BoundAggregate[];
  readonly presence: number | undefined;
}

/** Counts rows where no aggregate of the user's does. No user's name has blanks at its ends. */
const ROWS: BoundAggregate = { name: ' rows ', fn: 'count', args: [], kinds: [], revocable: true };

/**
 * Windows that slide take back the slices that leave, if every aggregate can do that with a state of the same few words; a count of
 * rows then tells which groups have left. Rows that are taken back ask for the same of all aggregates, whatever it costs.
 */
function keptAggregates(window: WindowShape, asked: readonly BoundAggregate[], revises: boolean): KeptAggregates {
  const revocable = asked.map((bound) => ({ ...bound, revocable: true }));
  if (revises) return counted(revocable);
  const slides = window.kind === 'hopping' && windowPolicy(window).overlapping;
  return slides && revocable.every((bound) => takesBackStates(aggregateOf(bound)))
    ? counted(revocable)
    : { aggregates: asked, presence: undefined };
}

function takesBackStates({ unmerge, state }: Aggregate): boolean {
  return unmerge !== undefined && state.every(({ kind }) => kind === 'int64' || kind === 'float64');
}

function counted(aggregates: readonly BoundAggregate[]): KeptAggregates {
  const count = aggregates.findIndex(({ fn, args, where }) => fn === 'count' && args.length === 0 && where === undefined);
  return count === -1 ? { aggregates: [...aggregates, ROWS], presence: aggregates.length } : { aggregates, presence: count };
}
