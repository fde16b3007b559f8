import { fieldIndex, type Field, type Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import type { BoundExpression } from '../operators/expression.js';
import { LateGate } from '../operators/late-gate.js';
import { Over, type OverConfig } from '../operators/over.js';
import { Select } from '../operators/select.js';
import type { Expression } from '../plan/expression.js';
import { typeOf } from '../plan/functions.js';
import type { OverNode } from '../plan/plan.js';
import { bindExpression } from './expressions.js';
import { bindArguments, type UserCode } from './lower-aggregates.js';
import type { LoweredNode, Placing } from './lowered-node.js';

/** late gate -> columns that go out, and arguments -> exchange by key -> rows in order, with what their frames give. */
export function lowerOver(node: OverNode, input: Schema, context: Placing & UserCode): readonly LoweredNode[] {
  const kept = node.schema.filter((f) => !node.names.includes(f.name));
  const fields: Field[] = [...kept];
  const made: BoundExpression[] = kept.map(({ name }) => bindExpression({ op: 'column', name }, input));
  /** The column of an argument: one of those that go out, if it is one. */
  const place = (name: string, field: Field, bound: BoundExpression): number => {
    const known = bound.op === 'column' ? fieldIndex(kept, must(input[bound.index], 'a column').name) : -1;
    if (known >= 0) return known;
    fields.push({ ...field, name });
    made.push(bound);
    return fields.length - 1;
  };
  const args = bindArguments({ keys: [], aggregates: node.aggregates }, input, context);
  const columns = args.schema.map((field, i) => place(`(${i + 1})`, field, must(args.expressions[i], 'an argument')));
  const aggregates = args.aggregates.map((bound) => ({
    ...bound,
    args: bound.args.map((i) => must(columns[i], 'a column')),
    ...(bound.where === undefined ? {} : { where: must(columns[bound.where], 'a condition') }),
  }));
  const neighbours = node.neighbours.map(({ of, rows }, i) => ({ column: neighbourColumn(of, i), rows }));
  function neighbourColumn(of: Expression, i: number): number {
    return place(`(neighbour ${i + 1})`, { name: '', ...typeOf(of, input) }, bindExpression(of, input));
  }
  const found = [...node.aggregates.map((a) => a.name), ...node.neighbours.map((n) => n.name)];
  const keys = node.keys.map((name) => fieldIndex(kept, name));
  const config: Omit<OverConfig, 'keyGroups'> = {
    schema: fields,
    keys,
    frame: node.frame,
    aggregates,
    neighbours,
    columns: kept.length,
    results: node.names.map((name) => found.indexOf(name)),
    outputSchema: node.schema,
  };
  context.wantPlaces();
  return [
    {
      id: `${node.id}.gate`,
      ports: [
        { name: undefined, schema: input },
        { name: 'late', schema: input },
      ],
      exchange: undefined,
      create: (ws) => new LateGate(ws, { window: { kind: 'tumbling', sizeMs: 1, offsetMs: 0 }, allowedLatenessMs: 0 }),
    },
    {
      id: `${node.id}.arguments`,
      ports: [{ name: undefined, schema: fields }],
      exchange: undefined,
      create: (ws) => new Select(ws, fields, made),
    },
    {
      id: node.id,
      ports: [{ name: 'main', schema: node.schema }],
      exchange: context.lanes === 1 ? undefined : { keys },
      create: (ws, keyGroups) => new Over(ws, { ...config, keyGroups }),
    },
  ];
}
