import { fieldIndex, type Field, type Schema } from '../columns/schema.js';
import { must, unreachable } from '../core/assert.js';
import { LateGate } from '../operators/late-gate.js';
import { Merge } from '../operators/merge.js';
import type { KeyGroups, Operator } from '../operators/operator.js';
import { aggregateOf, partialSchemaOf } from '../operators/group-layout.js';
import { PreAggregate } from '../operators/pre-aggregate.js';
import { BranchRows, FilterRows, FlatMapRows, MapRows, PeekRows } from '../operators/row-functions.js';
import { Select } from '../operators/select.js';
import { Where } from '../operators/where.js';
import { WindowAggregate, type WindowAggregateConfig } from '../operators/window-aggregate.js';
import type { Expression } from '../plan/expression.js';
import { typeOf } from '../plan/functions.js';
import type { FunctionRef, PlanNode, SinkNode, SourceNode, WindowAggregateNode } from '../plan/plan.js';
import type { Workspace } from '../wasm/workspace.js';
import { bindExpression, boundWhere } from './expressions.js';

/** One operator of those that a plan node becomes; each feeds the next from its port 0. */
export interface LoweredNode {
  readonly id: string;
  /** Schemas of its ports; `name`: the plan node's port that it is. */
  readonly ports: readonly { readonly name: string | undefined; readonly schema: Schema }[];
  /** Rows must be moved to the lane of these columns' key group before they come in. */
  readonly exchange: { readonly keys: readonly number[] } | undefined;
  create(ws: Workspace, groups: KeyGroups): Operator;
}

export interface LowerContext {
  readonly inputs: readonly Schema[];
  readonly functions: readonly ((...args: never[]) => unknown)[];
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
      return lowerWindowAggregate(node, input, context.lanes);
    default:
      return unreachable(node);
  }
}

/**
 * late gate -> arguments as columns -> [partial aggregates -> exchange by key] -> windows. On one lane nothing needs to
 * move, and rows go straight into the windows.
 */
function lowerWindowAggregate(node: WindowAggregateNode, input: Schema, lanes: number): readonly LoweredNode[] {
  const columns: Expression[] = [];
  const fields: Field[] = [];
  const add = (expression: Expression, name: string): number => {
    columns.push(expression);
    fields.push({ name, ...typeOf(expression, input) });
    return fields.length - 1;
  };
  const keys = node.keys.map((name) => add({ op: 'column', name }, name));
  const aggregates = node.aggregates.map((call) => {
    const args = call.args.map((arg, i) => add(arg, `argument ${i + 1} of ${call.name}`));
    const where = call.where === undefined ? undefined : add(call.where, `condition of ${call.name}`);
    return {
      name: call.name,
      fn: call.fn,
      args,
      kinds: args.map((column) => must(fields[column], 'a field').kind),
      options: call.options,
      ...(where === undefined ? {} : { where }),
    };
  });
  const argumentSchema: Schema = fields;
  const config: Omit<WindowAggregateConfig, 'keyGroups' | 'mode'> = {
    window: node.window,
    inputSchema: argumentSchema,
    keys,
    aggregates,
    outputSchema: node.schema,
    allowedLatenessMs: node.allowedLatenessMs,
    emit: node.emit,
    changes: node.changes,
  };
  const partialSchema = partialSchemaOf(argumentSchema, keys, aggregates);
  const bound = columns.map((expression) => bindExpression(expression, input));
  for (const { args, where } of aggregates) {
    if (where === undefined) continue;
    for (const column of args) bound[column] = boundWhere(must(bound[column], 'an argument'), must(bound[where], 'its condition'));
  }
  const gate: LoweredNode = {
    id: `${node.id}.gate`,
    ports: [
      { name: undefined, schema: input },
      { name: 'late', schema: input },
    ],
    exchange: undefined,
    create: (ws) => new LateGate(ws, { window: node.window, allowedLatenessMs: node.allowedLatenessMs }),
  };
  const select: LoweredNode = {
    id: `${node.id}.arguments`,
    ports: [{ name: undefined, schema: argumentSchema }],
    exchange: undefined,
    create: (ws) => new Select(ws, argumentSchema, bound),
  };
  const partial: LoweredNode = {
    id: `${node.id}.partial`,
    ports: [{ name: undefined, schema: partialSchema }],
    exchange: undefined,
    create: (ws) => new PreAggregate(ws, { window: node.window, inputSchema: argumentSchema, keys, aggregates }),
  };
  const grouped = lanes > 1 && aggregates.every((bound) => aggregateOf(bound).order === 'none');
  const mode = grouped ? 'partials' : 'rows';
  const windows: LoweredNode = {
    id: node.id,
    ports: [{ name: 'main', schema: node.schema }],
    exchange: lanes === 1 ? undefined : { keys: node.keys.map((name) => fieldIndex(grouped ? partialSchema : argumentSchema, name)) },
    create: (ws, keyGroups) => new WindowAggregate(ws, { ...config, mode, keyGroups }),
  };
  return grouped ? [gate, select, partial, windows] : [gate, select, windows];
}
