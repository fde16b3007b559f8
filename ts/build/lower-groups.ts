import { fieldIndex, type Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import { CountWindow } from '../operators/count-window.js';
import { GroupAggregate } from '../operators/group-aggregate.js';
import { aggregateOf, groupLayout } from '../operators/group-layout.js';
import { groupPartialSchemaOf } from '../operators/live-groups.js';
import { PreGroup } from '../operators/pre-group.js';
import { Select } from '../operators/select.js';
import type { CountWindowNode, GlobalWindowNode, GroupAggregateNode } from '../plan/plan.js';
import { triggerRule } from '../plan/triggers.js';
import { bindArguments, type BoundArguments } from './lower-aggregates.js';
import type { LoweredNode, LowerContext } from './lowered-node.js';

/**
 * arguments as columns -> [partial aggregates] -> exchange by key -> groups. Rows that may be taken back are not aggregated
 * before they move, nor are those whose order of arrival counts.
 */
export function lowerGroupAggregate(node: GroupAggregateNode, input: Schema, context: LowerContext): readonly LoweredNode[] {
  const { lanes } = context;
  const changing = node.takes === 'changes';
  const given = bindArguments(node, input, context);
  const bound: BoundArguments = changing ? { ...given, aggregates: given.aggregates.map((a) => ({ ...a, revocable: true })) } : given;
  const { schema: inputSchema, keys, aggregates } = bound;
  const partial = lanes > 1 && !changing && aggregates.every((a) => aggregateOf(a).order !== 'arrival');
  const keyFields = keys.map((i) => must(inputSchema[i], 'a key column'));
  const partialSchema = groupPartialSchemaOf(keyFields, groupLayout(keyFields, aggregates, false));
  const grouped: LoweredNode = {
    id: node.id,
    ports: [{ name: 'main', schema: node.schema }],
    exchange: exchangeOf(node.keys, partial ? partialSchema : inputSchema, lanes),
    create: (ws, keyGroups) =>
      new GroupAggregate(ws, {
        inputSchema,
        keys,
        aggregates,
        outputSchema: node.schema,
        mode: partial ? 'partials' : node.takes,
        ttlMs: node.ttlMs,
        telling: undefined,
        keyGroups,
      }),
  };
  if (!partial) return [argumentsNode(node.id, bound), grouped];
  const before: LoweredNode = {
    id: `${node.id}.partial`,
    ports: [{ name: undefined, schema: partialSchema }],
    exchange: undefined,
    create: (ws) => new PreGroup(ws, { inputSchema, keys, aggregates }),
  };
  return [argumentsNode(node.id, bound), before, grouped];
}

/** arguments as columns -> exchange by key -> windows: what counts single rows is not aggregated before they move. */
export function lowerCountWindow(node: CountWindowNode, input: Schema, context: LowerContext): readonly LoweredNode[] {
  const bound = bindArguments(node, input, context);
  const { schema: inputSchema, keys, aggregates } = bound;
  const { rows, slide, timed, schema: outputSchema } = node;
  const windows: LoweredNode = {
    id: node.id,
    ports: portsOf(node, input),
    exchange: exchangeOf(node.keys, inputSchema, context.lanes),
    create: (ws, keyGroups) => new CountWindow(ws, { inputSchema, keys, aggregates, outputSchema, rows, slide, timed, keyGroups }),
  };
  return [argumentsNode(node.id, bound), windows];
}

/** The same, over groups that are told when the trigger says so. */
export function lowerGlobalWindow(node: GlobalWindowNode, input: Schema, context: LowerContext): readonly LoweredNode[] {
  const bound = bindArguments(node, input, context);
  const { schema: inputSchema, keys, aggregates } = bound;
  const telling = triggerRule(node.trigger);
  const outputSchema = node.schema;
  const windows: LoweredNode = {
    id: node.id,
    ports: portsOf(node, input),
    exchange: exchangeOf(node.keys, inputSchema, context.lanes),
    create: (ws, keyGroups) =>
      new GroupAggregate(ws, { inputSchema, keys, aggregates, outputSchema, mode: 'rows', ttlMs: undefined, telling, keyGroups }),
  };
  return [argumentsNode(node.id, bound), windows];
}

function portsOf({ schema }: { readonly schema: Schema }, input: Schema): LoweredNode['ports'] {
  return [
    { name: 'main', schema },
    { name: 'late', schema: input },
  ];
}

function argumentsNode(id: string, { schema, expressions }: BoundArguments): LoweredNode {
  return {
    id: `${id}.arguments`,
    ports: [{ name: undefined, schema }],
    exchange: undefined,
    create: (ws) => new Select(ws, schema, expressions),
  };
}

function exchangeOf(keys: readonly string[], schema: Schema, lanes: number): LoweredNode['exchange'] {
  return lanes === 1 ? undefined : { keys: keys.map((name) => fieldIndex(schema, name)) };
}
