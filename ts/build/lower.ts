import type { Schema } from '../columns/schema.js';
import { must, unreachable } from '../core/assert.js';
import { ApplyRows } from '../operators/apply-rows.js';
import { Merge } from '../operators/merge.js';
import { BranchRows, FilterRows, FlatMapRows, MapRows, PeekRows } from '../operators/row-functions.js';
import { Select } from '../operators/select.js';
import { Where } from '../operators/where.js';
import type { FunctionRef, PlanNode, SinkNode, SourceNode } from '../plan/plan.js';
import { bindExpression } from './expressions.js';
import { lowerDedup } from './lower-dedup.js';
import { lowerCountWindow, lowerGlobalWindow, lowerGroupAggregate } from './lower-groups.js';
import { onProcessingTime } from './lower-processing-time.js';
import { lowerSession } from './lower-session.js';
import { lowerOver } from './lower-over.js';
import { lowerTopN, lowerWindowTopN } from './lower-top-n.js';
import { lowerWindowAggregate } from './lower-windows.js';
import type { LoweredNode, LowerContext } from './lowered-node.js';

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
    case 'apply': {
      const config = { inputSchema: input, ...must(node.windows, 'what apply reads'), outputSchema: node.schema };
      return one(node.schema, (ws) => new ApplyRows(ws, config, userFunction(node.functions[0])));
    }
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
    case 'window-aggregate': {
      const { window } = node;
      const revises = must(context.shapes[0], 'a shape').changes;
      const lowered =
        window.kind === 'session'
          ? lowerSession(node, window, input, context)
          : lowerWindowAggregate(node, window, input, { ...context, revises });
      return node.processingTime === true ? onProcessingTime(node.id, input, lowered) : lowered;
    }
    case 'dedup':
      return lowerDedup(node, input, must(context.shapes[0], 'a shape'), context);
    case 'over':
      return lowerOver(node, input, context);
    case 'window-top-n':
      return lowerWindowTopN(node, input, context);
    case 'top-n':
      return lowerTopN(node, input, must(context.shapes[0], 'a shape'), context);
    case 'group-aggregate':
      return lowerGroupAggregate(node, input, context);
    case 'count-window':
      return lowerCountWindow(node, input, context);
    case 'global-window':
      return lowerGlobalWindow(node, input, context);
    default:
      return unreachable(node);
  }
}
