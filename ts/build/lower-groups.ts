import { fieldIndex, type Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import { GroupAggregate } from '../operators/group-aggregate.js';
import { aggregateOf, groupLayout } from '../operators/group-layout.js';
import { groupPartialSchemaOf } from '../operators/live-groups.js';
import { PreGroup } from '../operators/pre-group.js';
import { Select } from '../operators/select.js';
import type { GroupAggregateNode } from '../plan/plan.js';
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
