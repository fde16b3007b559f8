import type { Schema } from '../columns/schema.js';
import { must, unreachable } from '../core/assert.js';
import { columnsOf } from '../plan/functions.js';
import type { AggregateCall, Plan, PlanNode, PortRef } from '../plan/plan.js';
import { WINDOW_COLUMNS } from '../plan/windows.js';
import { MALFORMED_FIELDS } from '../plan/rules.js';
import { columnsOfWindow } from '../plan/windows.js';

type Want = (ref: PortRef, names: Iterable<string>) => void;

/**
 * The plan without what no one reads: select drops unread columns, and every schema shrinks to what is wanted
 * downstream, down to the sources, which so decode nothing that is not used. Row functions read rows lazily, and so want
 * all columns of their input. `taps`: outputs that are wanted whole though no node reads them.
 */
export function prune(plan: Plan, taps: readonly PortRef[]): Plan {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const shapeOf = (ref: PortRef): Schema => schemaOfPort(must(nodes.get(ref.node), ref.node), ref.port, shapeOf);
  const wanted = new Map<string, Set<string>>();
  const alive = new Set<string>();
  const want: Want = (ref, names) => {
    alive.add(ref.node);
    const key = `${ref.node}/${ref.port}`;
    const set = wanted.get(key) ?? new Set<string>();
    wanted.set(key, set);
    for (const name of names) set.add(name);
  };
  const namesOf = (ref: PortRef) => shapeOf(ref).map((f) => f.name);
  for (const tap of taps) want(tap, namesOf(tap));
  const live: PlanNode[] = [];
  for (const node of [...plan.nodes].reverse()) {
    if (node.kind !== 'sink' && !alive.has(node.id)) continue;
    const output = (port: string) => wanted.get(`${node.id}/${port}`) ?? new Set<string>();
    live.unshift(pruneNode(node, output, want, namesOf));
  }
  // Schemas of nodes that hand on their input's columns follow from the pruned inputs, in topological order.
  const pruned = new Map<string, PlanNode>();
  const prunedShape = (ref: PortRef): Schema => schemaOfPort(must(pruned.get(ref.node), ref.node), ref.port, prunedShape);
  for (const node of live) pruned.set(node.id, handsOn(node) ? { ...node, schema: prunedShape(must(node.inputs[0], 'an input')) } : node);
  return { ...plan, nodes: [...pruned.values()] };
}

/** The schema of a node's port; `input`: that of what it reads. */
export function schemaOfPort(node: PlanNode, port: string, input: (ref: PortRef) => Schema): Schema {
  if (node.kind === 'source' && port === 'malformed') return MALFORMED_FIELDS;
  return port === 'late' && node.kind !== 'branch' ? input(must(node.inputs[0], 'an input')) : node.schema;
}

const HANDS_ON: ReadonlySet<PlanNode['kind']> = new Set(['where', 'filter', 'peek', 'branch', 'dedup', 'sink'] as const);

function handsOn(node: PlanNode): boolean {
  return HANDS_ON.has(node.kind);
}

function pruneNode(
  node: PlanNode,
  output: (port: string) => ReadonlySet<string>,
  want: Want,
  namesOf: (ref: PortRef) => string[],
): PlanNode {
  const input = node.inputs[0] as PortRef;
  switch (node.kind) {
    case 'source': {
      // Which records are malformed must not hang on which columns happen to be read.
      if (output('malformed').size > 0) return node;
      const read = new Set(output('main'));
      const { eventTime } = node;
      if (eventTime !== undefined) {
        read.add(eventTime.column);
        if (eventTime.watermark.kind === 'expression') for (const name of columnsOf(eventTime.watermark.of)) read.add(name);
      }
      return { ...node, schema: node.schema.filter((f) => read.has(f.name)) };
    }
    case 'where':
      want(input, output('main'));
      want(input, columnsOf(node.condition));
      return node;
    case 'select': {
      const columns = node.columns.filter(({ name }) => output('main').has(name));
      want(
        input,
        columns.flatMap(({ of }) => [...columnsOf(of)]),
      );
      return { ...node, columns, schema: node.schema.filter((f) => output('main').has(f.name)) };
    }
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'apply':
    case 'peek':
    case 'branch':
    // Inputs of a merge must stay alike, so all of them keep all.
    case 'merge':
    case 'sink':
      for (const ref of node.inputs) want(ref, namesOf(ref));
      return node;
    case 'dedup':
      want(input, [...output('main'), ...output('late'), ...node.keys]);
      return node;
    case 'over': {
      const kept = new Set([...[...output('main')].filter((name) => !node.names.includes(name)), ...node.keys]);
      want(input, [...kept, ...output('late')]);
      for (const { of } of node.neighbours) want(input, columnsOf(of));
      for (const call of node.aggregates) {
        for (const expression of [...call.args, ...(call.where === undefined ? [] : [call.where])]) want(input, columnsOf(expression));
      }
      return { ...node, schema: node.schema.filter((f) => kept.has(f.name) || node.names.includes(f.name)) };
    }
    case 'window-top-n': {
      const orders = node.by.flatMap(({ of }) => [...columnsOf(of)]);
      const own = [...WINDOW_COLUMNS, ...(node.rank === undefined ? [] : [node.rank])];
      const kept = new Set([...[...output('main')].filter((name) => !own.includes(name)), ...node.keys]);
      want(input, [...kept, ...orders, ...output('late')]);
      return { ...node, schema: node.schema.filter((f) => own.includes(f.name) || kept.has(f.name)) };
    }
    case 'top-n': {
      const orders = node.by.flatMap(({ of }) => [...columnsOf(of)]);
      const kept = new Set([...output('main'), ...node.keys]);
      want(input, [...[...kept].filter((name) => name !== node.rank), ...orders]);
      return { ...node, schema: node.schema.filter((f) => f.name === node.rank || kept.has(f.name)) };
    }
    case 'window-aggregate':
      want(input, [...node.keys, ...columnsOfWindow(node.window), ...output('late')]);
      want(input, columnsOfCalls(node.aggregates));
      return node;
    case 'count-window':
    case 'global-window':
      want(input, [...node.keys, ...columnsOfCalls(node.aggregates), ...output('late')]);
      return node;
    case 'group-aggregate':
      want(input, [...node.keys, ...columnsOfCalls(node.aggregates)]);
      return node;
    default:
      return unreachable(node);
  }
}

/** Columns that aggregates read. */
function columnsOfCalls(calls: readonly AggregateCall[]): string[] {
  return calls.flatMap(({ args, where }) => [...args, ...(where === undefined ? [] : [where])].flatMap((of) => [...columnsOf(of)]));
}
