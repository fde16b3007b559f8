import { MAX_LANES } from '../core/limits.js';
import { MillraceError } from '../core/errors.js';
import { sameSchema } from '../columns/schema.js';
import type { Plan, PlanNode, PortRef } from './plan.js';
import type { Shape } from './checks.js';
import { outputOf, portShape, portsOf } from './rules.js';

/**
 * Checks a whole plan, wherever it comes from: order of nodes, names, ports, and every node's own rules.
 * Throws MillraceError with the id of the operator that is wrong.
 */
export function validatePlan(plan: Plan): void {
  if (typeof plan.name !== 'string' || plan.name === '') throw invalid('a job needs a name');
  if (!(Number.isSafeInteger(plan.keyGroups) && plan.keyGroups >= 1 && plan.keyGroups <= 32_768)) {
    throw invalid(
      `keyGroups is ${plan.keyGroups}; it must be a whole number from 1 to 32768 and at least the number of lanes (at most ${MAX_LANES})`,
    );
  }
  if (!plan.nodes.some((node) => node.kind === 'source'))
    throw invalid(`job '${plan.name}' reads nothing: start with env.from(…) and return its parts`);
  const nodes = new Map<string, PlanNode>();
  for (const node of plan.nodes) {
    if (nodes.has(node.id)) throw new MillraceError('plan.name-taken', `two operators are named '${node.id}'`, { operator: node.id });
    validateNode(node, nodes);
    nodes.set(node.id, node);
  }
  for (const [name, ref] of Object.entries(plan.parts)) shapeAt(ref, nodes, `part '${name}'`);
}

function validateNode(node: PlanNode, before: ReadonlyMap<string, PlanNode>): void {
  const inputs = node.inputs.map((ref) => shapeAt(ref, before, `'${node.id}'`));
  const wanted = node.kind === 'source' ? 0 : node.kind === 'merge' ? Math.max(1, inputs.length) : 1;
  if (inputs.length !== wanted) throw invalid(`'${node.id}' (${node.kind}) has ${inputs.length} inputs; it takes ${wanted}`);
  const output = said(node.id, () => outputOf(node, node.schema, inputs));
  if (!sameSchema(output.schema, node.schema) || output.timed !== node.timed || output.changes !== node.changes) {
    throw invalid(`'${node.id}' (${node.kind}) says another schema than follows from its inputs`);
  }
}

function shapeAt(ref: PortRef, nodes: ReadonlyMap<string, PlanNode>, what: string): Shape {
  const node = nodes.get(ref.node);
  if (node === undefined) throw invalid(`${what} refers to '${ref.node}', which does not stand before it`);
  if (!portsOf(node).includes(ref.port))
    throw invalid(`${what} refers to port '${ref.port}' of '${ref.node}', which has ${portsOf(node).join(', ')}`);
  return portShape(node, ref.port, node, () => node.inputs.map((input) => shapeAt(input, nodes, `'${node.id}'`)));
}

function said<T>(id: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof MillraceError ? error.at(id) : error;
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('plan.invalid', message);
}
