import type { Field, Schema } from '../columns/schema.js';
import { aggregateOf } from '../operators/group-layout.js';
import { PreSession } from '../operators/pre-session.js';
import { Select } from '../operators/select.js';
import { SessionAggregate } from '../operators/session-aggregate.js';
import { SessionGate } from '../operators/session-gate.js';
import { partialSessionSchema, SESSION_KEYS_FROM, type SessionSpec } from '../operators/session-layout.js';
import { describe, typeOf } from '../plan/functions.js';
import type { WindowAggregateNode } from '../plan/plan.js';
import type { SessionSpec as SessionWindow } from '../plan/windows.js';
import { bindExpression } from './expressions.js';
import { bindArguments, type UserCode } from './lower-aggregates.js';
import type { LoweredNode } from './lowered-node.js';

/**
 * late gate -> arguments and gap as columns -> [sessions gathered -> exchange by key] -> sessions. On one lane nothing needs to
 * move, and rows go straight into their sessions.
 */
export function lowerSession(
  node: WindowAggregateNode,
  { gap }: SessionWindow,
  input: Schema,
  context: UserCode & { readonly lanes: number },
): readonly LoweredNode[] {
  const given = bindArguments(node, input, context);
  const fields: Field[] = [...given.schema];
  const expressions = [...given.expressions];
  if (typeof gap !== 'number') {
    fields.push({ name: 'gap of the session', ...typeOf(gap, input) });
    expressions.push(bindExpression(gap, input));
  }
  const { allowedLatenessMs, emit, changes } = node;
  const spec: SessionSpec = {
    inputSchema: fields,
    keys: given.keys,
    aggregates: given.aggregates,
    gap: typeof gap === 'number' ? { ms: gap } : { column: fields.length - 1 },
  };
  const gateGap = typeof gap === 'number' ? { ms: gap } : { of: bindExpression(gap, input), text: describe(gap) };
  const gate: LoweredNode = {
    id: `${node.id}.gate`,
    ports: [
      { name: undefined, schema: input },
      { name: 'late', schema: input },
    ],
    exchange: undefined,
    create: (ws) => new SessionGate(ws, { gap: gateGap, allowedLatenessMs }),
  };
  const select: LoweredNode = {
    id: `${node.id}.arguments`,
    ports: [{ name: undefined, schema: fields }],
    exchange: undefined,
    create: (ws) => new Select(ws, fields, expressions),
  };
  const gathered = context.lanes > 1 && given.aggregates.every((bound) => aggregateOf(bound).order !== 'arrival');
  const mode = gathered ? 'partials' : 'rows';
  const gather: LoweredNode = {
    id: `${node.id}.partial`,
    ports: [{ name: undefined, schema: partialSessionSchema(spec) }],
    exchange: undefined,
    create: (ws) => new PreSession(ws, spec),
  };
  const sessions: LoweredNode = {
    id: node.id,
    ports: [{ name: 'main', schema: node.schema }],
    exchange: context.lanes === 1 ? undefined : { keys: given.keys.map((key) => (gathered ? key + SESSION_KEYS_FROM : key)) },
    create: (ws, keyGroups) =>
      new SessionAggregate(ws, { ...spec, outputSchema: node.schema, allowedLatenessMs, emit, changes, mode, keyGroups }),
  };
  return gathered ? [gate, select, gather, sessions] : [gate, select, sessions];
}
