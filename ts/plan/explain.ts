import { unreachable } from '../core/assert.js';
import { describe } from './functions.js';
import type { AggregateCall, ConnectorRef, EventTimeSpec, Plan, PlanNode, PortRef, WindowAggregateNode } from './plan.js';
import { MAIN_PORT } from './rules.js';
import { describeFrame } from './over-rules.js';
import { describeOrders } from './top-n-rules.js';
import { describeTrigger, triggerRule, type TriggerSpec } from './triggers.js';
import { describeDuration, describeWindow } from './windows.js';

/**
 * The plan as a tree for people: what leaves the job at the roots, what it is made from below, sources at the leaves.
 * An operator that several read is written once.
 */
export function explain(plan: Plan): string {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const read = new Set(plan.nodes.flatMap((node) => node.inputs.map((input) => input.node)));
  const roots = plan.nodes.filter((node) => !read.has(node.id));
  const width = Math.max(...plan.nodes.map((node) => node.id.length));
  const lines = [`job ${plan.name}`];
  const written = new Set<string>();
  const write = (ref: PortRef, first: string, rest: string): void => {
    const node = nodes.get(ref.node);
    if (node === undefined) return;
    const label = ref.port === MAIN_PORT ? node.id : `${node.id}.${ref.port}`;
    const again = written.has(node.id);
    lines.push(`${first}${label.padEnd(width)}  ${again ? '(see above)' : describeNode(node)}`);
    if (again) return;
    written.add(node.id);
    for (const [i, input] of node.inputs.entries()) {
      const last = i === node.inputs.length - 1;
      write(input, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
    }
  };
  for (const root of roots) write({ node: root.id, port: MAIN_PORT }, '', '');
  const parts = Object.entries(plan.parts).map(([name, { node, port }]) => `${name} = ${port === MAIN_PORT ? node : `${node}.${port}`}`);
  if (parts.length > 0) lines.push(`returns ${parts.join(', ')}`);
  return lines.join('\n');
}

/** One node in a line: what it does, and what of its results hangs on the order in which rows happen to arrive. */
export function describeNode(node: PlanNode): string {
  const mark = arrivalMark(node);
  return mark === undefined ? describeWork(node) : `${describeWork(node)}  [depends on arrival: ${mark}]`;
}

/** What of a node's results can differ between two runs over the same rows; undefined: nothing. */
export function arrivalMark(node: PlanNode): string | undefined {
  switch (node.kind) {
    case 'window-aggregate':
      return node.processingTime === true ? 'which window a row is in' : windowMark(node);
    case 'count-window':
      return 'of several splits, which rows of a key make up a window';
    case 'global-window':
      return ownMark(node.aggregates) ?? 'which results come before the last one, as triggers are asked when a step ends';
    case 'group-aggregate':
      return ownMark(node.aggregates) ?? 'which changes come before the last one';
    case 'dedup':
      return node.keep === 'first' ? 'which of duplicates of several splits comes first' : 'which changes come before the last one';
    case 'top-n':
      return 'which changes come before the last one';
    case 'source':
    case 'where':
    case 'select':
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'apply':
    case 'peek':
    case 'branch':
    case 'merge':
    case 'window-top-n':
    case 'over':
    case 'sink':
      return undefined;
    default:
      return unreachable(node);
  }
}

function windowMark({ changes, window, aggregates, trigger }: WindowAggregateNode): string | undefined {
  const own = ownMark(aggregates);
  const marks = [
    ...(own === undefined ? [] : [own]),
    ...(changes ? [changesMark(trigger)] : []),
    ...(window.kind === 'session' ? ['of several splits, which sessions rows behind their watermark still join'] : []),
  ];
  return marks.length === 0 ? undefined : marks.join('; ');
}

function describeKeys(keys: readonly string[]): string {
  return keys.length === 0 ? '' : ` by ${keys.join(', ')}`;
}

function ownMark(aggregates: readonly AggregateCall[]): string | undefined {
  const own = aggregates.find(({ functions }) => functions !== undefined);
  return own === undefined ? undefined : `what the functions of ${own.name} make of the order of rows`;
}

function changesMark(trigger: TriggerSpec | undefined): string {
  if (trigger === undefined) return 'which changes come before the last one';
  const { watermark, purging } = triggerRule(trigger);
  if (purging) return 'which rows each result is of';
  return watermark ? 'which changes come before the last one' : 'which changes come, and which rows none comes after';
}

function describeWork(node: PlanNode): string {
  switch (node.kind) {
    case 'source': {
      const columns = node.schema.map((f) => `${f.name} ${f.kind}${f.nullable ? '?' : ''}`).join(', ');
      const time = node.eventTime === undefined ? '' : `; event time ${describeEventTime(node.eventTime)}`;
      return `from ${describeConnector(node.source)} (${columns})${time}; malformed: ${node.onMalformed}`;
    }
    case 'where':
      return `where ${describe(node.condition)}`;
    case 'select':
      return `select ${node.columns.map(({ name, of }) => (describe(of) === name ? name : `${describe(of)} as ${name}`)).join(', ')}`;
    case 'map':
    case 'flatMap':
      return `${node.kind} to (${node.schema.map((f) => f.name).join(', ')}) in JavaScript`;
    case 'apply':
      return `apply to (${node.schema.map((f) => f.name).join(', ')}) in JavaScript`;
    case 'filter':
    case 'peek':
      return `${node.kind} in JavaScript`;
    case 'branch':
      return `branch into ${(node.ports ?? []).join(', ')} in JavaScript`;
    case 'merge':
      return 'merge';
    case 'window-aggregate': {
      const { window, keys } = node;
      const clock = node.processingTime === true ? 'processing-time ' : '';
      const by = keys.length === 0 ? '' : ` by ${keys.join(', ')}`;
      const late = node.allowedLatenessMs === 0 ? '' : `; allowed lateness ${describeDuration(node.allowedLatenessMs)}`;
      const told = node.trigger === undefined ? '' : `; told ${describeTrigger(node.trigger)}`;
      const emit = node.emit === 'final' ? told : `; emits ${node.emit}`;
      return `${clock}${describeWindow(window)}${by}: ${node.aggregates.map(describeAggregate).join(', ')}${late}${emit}`;
    }
    case 'dedup':
      return `dedup by ${node.keys.join(', ')}${node.withinMs === undefined ? '' : ` within ${describeDuration(node.withinMs)}`}: the ${node.keep}`;
    case 'over': {
      const by = node.keys.length === 0 ? '' : ` by ${node.keys.join(', ')}`;
      const near = node.neighbours.map(
        ({ name, of, rows }) => `${name} = ${rows > 0 ? 'lead' : 'lag'}(${describe(of)}, ${Math.abs(rows)})`,
      );
      return `over ${describeFrame(node.frame)}${by}: ${[...node.aggregates.map(describeAggregate), ...near].join(', ')}`;
    }
    case 'window-top-n': {
      const by = node.keys.length === 0 ? '' : ` by ${node.keys.join(', ')}`;
      return `${describeWindow(node.window)}: top ${node.n}${by}: ${describeOrders(node.by)}${node.rank === undefined ? '' : `; ${node.rank}`}`;
    }
    case 'top-n':
      return `top ${node.n} by ${node.keys.join(', ')}: ${describeOrders(node.by)}${node.rank === undefined ? '' : `; ${node.rank}`}`;
    case 'count-window': {
      const slide = node.slide === node.rows ? '' : ` every ${node.slide}`;
      return `${node.rows} rows${slide}${describeKeys(node.keys)}: ${node.aggregates.map(describeAggregate).join(', ')}`;
    }
    case 'global-window':
      return `global${describeKeys(node.keys)}: ${node.aggregates.map(describeAggregate).join(', ')}; ${describeTrigger(node.trigger)}`;
    case 'group-aggregate': {
      const ttl = node.ttlMs === undefined ? '' : `; groups live for ${describeDuration(node.ttlMs)}`;
      return `by ${node.keys.join(', ')}: ${node.aggregates.map(describeAggregate).join(', ')}${ttl}`;
    }
    case 'sink':
      return `to ${describeConnector(node.sink)}`;
    default:
      return unreachable(node);
  }
}

function describeAggregate({ name, fn, args, where, options, functions, module }: AggregateCall): string {
  if (fn === 'allRows') return 'all rows, for apply';
  const own = functions !== undefined || module !== undefined;
  const shown = own ? [] : Object.values(options ?? {}).map(String);
  const how = functions !== undefined ? ' in JavaScript' : module !== undefined ? ` of ${options?.['file']}` : '';
  return `${name} = ${fn}(${[...args.map(describe), ...shown].join(', ')})${how}${where === undefined ? '' : ` where ${describe(where)}`}`;
}

function describeConnector({ connector, options }: ConnectorRef): string {
  return `${connector}(${Object.entries(options)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(', ')})`;
}

function describeEventTime({ column, watermark, idleAfterMs, maxFutureMs }: EventTimeSpec): string {
  const how = watermark.kind === 'expression' ? `punctuated by ${describe(watermark.of)}` : outOfOrder(watermark.boundMs);
  const idle = idleAfterMs === undefined ? '' : `, idle after ${describeDuration(idleAfterMs)}`;
  const future = maxFutureMs === undefined ? '' : `, at most ${describeDuration(maxFutureMs)} ahead of the clock`;
  return `${column}, ${how}${idle}${future}`;
}

function outOfOrder(boundMs: number): string {
  return boundMs === 0 ? 'ascending' : `out of order by up to ${describeDuration(boundMs)}`;
}
