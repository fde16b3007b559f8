import { fieldIndex, type Schema } from '../columns/schema.js';
import { must, unreachable } from '../core/assert.js';
import { LateGate } from '../operators/late-gate.js';
import { Merge } from '../operators/merge.js';
import { aggregateOf, partialSchemaOf } from '../operators/group-layout.js';
import { PreAggregate } from '../operators/pre-aggregate.js';
import { BranchRows, FilterRows, FlatMapRows, MapRows, PeekRows } from '../operators/row-functions.js';
import { Select } from '../operators/select.js';
import { Where } from '../operators/where.js';
import { WindowAggregate, type WindowAggregateConfig } from '../operators/window-aggregate.js';
import type { Shape } from '../plan/checks.js';
import type { FunctionRef, PlanNode, SinkNode, SourceNode, WindowAggregateNode } from '../plan/plan.js';
import type { WindowShape } from '../operators/window-policy.js';
import { bindExpression } from './expressions.js';
import { lowerDedup } from './lower-dedup.js';
import { lowerSession } from './lower-session.js';
import type { LoweredNode } from './lowered-node.js';
import { lowerTopN } from './lower-top-n.js';
import { bindArguments, type UserCode } from './lower-aggregates.js';

export interface LowerContext extends UserCode {
  readonly inputs: readonly Schema[];
  /** What the plan says of the same inputs. */
  readonly shapes: readonly Shape[];
  readonly lanes: number;
}

/** Which operators do the work of a plan node. A new kind of node is a case here and a file in operators/. */
export function lowerNode(node: Exclude<PlanNode, SourceNode | SinkNode>, context: LowerContext): readonly LoweredNode[] {
  const input = must(context.inputs[0], 'an input');
  const one = (schema: Schema, create: LoweredNode['create']): LoweredNode[] => [
    { id: node.id, ports: [{ name: 'main', schema }], exchange: undefined, create },
  ];
  const userFunction = <F>(ref: FunctionRef | undefined) =>
    must(context.functions[must(ref, 'a function').slot], 'a user function') as unknown as F;
  switch (node.kind) {
    case 'where': {
      const condition = bindExpression(node.condition, input);
      return one(input, (ws) => new Where(ws, condition));
    }
    case 'select': {
      const columns = node.columns.map(({ of }) => bindExpression(of, input));
      return one(node.schema, (ws) => new Select(ws, node.schema, columns));
    }
    case 'merge':
      return one(node.schema, (ws) => new Merge(ws, context.inputs.length));
    case 'map':
      return one(node.schema, (ws) => new MapRows(ws, node.schema, userFunction(node.functions[0])));
    case 'flatMap':
      return one(node.schema, (ws) => new FlatMapRows(ws, node.schema, userFunction(node.functions[0])));
    case 'filter':
      return one(input, (ws) => new FilterRows(ws, userFunction(node.functions[0])));
    case 'peek':
      return one(input, (ws) => new PeekRows(ws, userFunction(node.functions[0])));
    case 'branch':
      return [
        {
          id: node.id,
          ports: must(node.ports, 'ports').map((name) => ({ name, schema: input })),
          exchange: undefined,
          create: (ws) =>
            new BranchRows(
              ws,
              node.functions.map((ref) => userFunction(ref)),
            ),
        },
      ];
    case 'window-aggregate':
      if (node.window.kind === 'session') return lowerSession(node, node.window, input, context);
      return lowerWindowAggregate(node, node.window, input, context);
    case 'dedup':
      return lowerDedup(node, input, must(context.shapes[0], 'a shape'), context);
    case 'top-n':
      return lowerTopN(node, input, must(context.shapes[0], 'a shape'), context);
    default:
      return unreachable(node);
  }
}

/**
 * late gate -> arguments as columns -> [partial aggregates -> exchange by key] -> windows. On one lane nothing needs to
 * move, and rows go straight into the windows.
 */
function lowerWindowAggregate(
  node: WindowAggregateNode,
  window: WindowShape,
  input: Schema,
  context: LowerContext,
): readonly LoweredNode[] {
  const { schema: argumentSchema, expressions, keys, aggregates } = bindArguments(node, input, context);
  const config: Omit<WindowAggregateConfig, 'keyGroups' | 'mode'> = {
    window,
    inputSchema: argumentSchema,
    keys,
    aggregates,
    outputSchema: node.schema,
    allowedLatenessMs: node.allowedLatenessMs,
    emit: node.emit,
    changes: node.changes,
  };
  const partialSchema = partialSchemaOf(argumentSchema, keys, aggregates);
  const gate: LoweredNode = {
    id: `${node.id}.gate`,
    ports: [
      { name: undefined, schema: input },
      { name: 'late', schema: input },
    ],
    exchange: undefined,
    create: (ws) => new LateGate(ws, { window, allowedLatenessMs: node.allowedLatenessMs }),
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
    create: (ws) => new PreAggregate(ws, { window, inputSchema: argumentSchema, keys, aggregates }),
  };
  const grouped = context.lanes > 1 && aggregates.every((bound) => aggregateOf(bound).order !== 'arrival');
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
