import { unreachable } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { DEFAULT_LIMITS } from '../core/limits.js';
import { describeSchema, sameSchema, type Field, type Schema } from '../columns/schema.js';
import { advice, checkCondition, checkFields, checkKeys, columnOf, freezeFields, invalid, resultOf, taken, type Shape } from './checks.js';
import { typeOf } from './functions.js';
import { dedupOutput } from './dedup-rules.js';
import { groupOutput, rowWindowOutput } from './group-rules.js';
import type { EventTimeSpec, PlanNode, SourceNode, WindowAggregateNode } from './plan.js';
import { overOutput } from './over-rules.js';
import { checkWindowTrigger } from './triggers.js';
import { topNOutput, windowTopNOutput } from './top-n-rules.js';
import { checkDuration, checkWindow, WINDOW_COLUMNS } from './windows.js';

type Bare<N> = N extends WindowAggregateNode
  ? Omit<N, 'id' | 'inputs' | 'schema' | 'timed'>
  : N extends PlanNode
    ? Omit<N, 'id' | 'inputs' | keyof Shape>
    : never;
/** A node without what follows from its place in the plan. */
export type NodeSpec = Bare<PlanNode>;

/** The name of every node's first port. */
export const MAIN_PORT = 'main';

/** Rows of a source's port `malformed`. */
export const MALFORMED_FIELDS: Schema = Object.freeze(
  (['source:utf8', 'position:utf8', 'raw:binary', 'reason:utf8'] as const).map((text): Field => {
    const [name, kind] = text.split(':') as [string, 'utf8' | 'binary'];
    return Object.freeze({ name, kind, nullable: false });
  }),
);

/** The names of a node's outputs, in the order of its operator's ports. */
export function portsOf(node: NodeSpec): readonly string[] {
  switch (node.kind) {
    case 'source':
      return [MAIN_PORT, 'malformed'];
    case 'window-aggregate':
    case 'count-window':
    case 'global-window':
      return [MAIN_PORT, 'late'];
    case 'over':
    case 'window-top-n':
      return [MAIN_PORT, 'late'];
    case 'dedup':
      return node.withinMs === undefined ? [MAIN_PORT] : [MAIN_PORT, 'late'];
    case 'branch':
      return node.ports ?? [];
    default:
      return [MAIN_PORT];
  }
}

/** What a port of a node gives, `output` being what `outputOf` says of it. */
export function portShape(node: NodeSpec, port: string, output: Shape, inputs: () => readonly Shape[]): Shape {
  if (node.kind === 'source' && port === 'malformed') return { schema: MALFORMED_FIELDS, timed: false, changes: false };
  if (port === 'late') return inputs()[0] as Shape;
  return output;
}

/**
 * What a node gives, worked out from its inputs. `declared` is the schema that only the user can know: of sources, map
 * and flatMap. Throws MillraceError of domain `user` for all that cannot run, in the user's own names.
 */
export function outputOf(node: NodeSpec, declared: Schema, inputs: readonly Shape[]): Shape {
  if (node.kind === 'source') return sourceOutput(node, declared);
  const input = inputs[0];
  if (input === undefined) throw invalid(`${node.kind} has no input`);
  switch (node.kind) {
    case 'where':
      checkCondition('where', node.condition, input.schema);
      return input;
    case 'select': {
      const schema = node.columns.map(({ name, of }): Field => ({ name, ...typeOf(of, input.schema) }));
      checkFields('select', schema, input.changes);
      return { ...input, schema: freezeFields(schema) };
    }
    case 'map':
    case 'flatMap':
      checkFields(node.kind, declared, input.changes);
      return { ...input, schema: declared };
    case 'apply':
      columnOf('apply', node.windows?.column ?? '', input.schema);
      checkFields('apply', declared, input.changes);
      return { ...input, schema: declared };
    case 'filter':
    case 'peek':
      return input;
    case 'branch':
      checkBranches(node.ports ?? [], node.functions.length);
      return input;
    case 'merge':
      for (const [i, other] of inputs.entries()) checkMerged(input, other, i);
      return { ...input, latenessMs: Math.max(...inputs.map(({ latenessMs = 0 }) => latenessMs)) };
    case 'window-aggregate':
      return windowOutput(node, input);
    case 'top-n':
      return topNOutput(node, input);
    case 'window-top-n':
      checkWindowed({ window: node.window, keys: node.keys, allowedLatenessMs: 0, emit: 'final' }, input);
      if (input.changes) throw invalid('topN: this stream holds changes, which a window does not rank; window the rows themselves');
      return windowTopNOutput(node, input);
    case 'dedup':
      return dedupOutput(node, input);
    case 'group-aggregate':
      return groupOutput(node, input);
    case 'over':
      return overOutput(node, input);
    case 'count-window':
    case 'global-window':
      return rowWindowOutput(node, input);
    case 'sink':
      return input;
    default:
      return unreachable(node);
  }
}

function sourceOutput(node: Omit<SourceNode, 'id' | 'inputs' | keyof Shape>, schema: Schema): Shape {
  const what = `from(${node.source.connector}(…))`;
  checkFields(what, schema, false);
  if (!['fail', 'skip', 'route'].includes(node.onMalformed)) {
    throw invalid(`${what}: onMalformed is ${JSON.stringify(node.onMalformed)}; it may be 'fail', 'skip' or 'route'`);
  }
  for (const [name, value] of Object.entries(node.limits ?? {})) {
    if (!(name in DEFAULT_LIMITS)) throw invalid(`${what}: there is no limit '${name}'; ${advice(name, Object.keys(DEFAULT_LIMITS))}`);
    if (!(Number.isSafeInteger(value) && (value as number) > 0))
      throw invalid(`${what}: limit '${name}' is ${value}; give a whole number above 0`);
  }
  if (node.eventTime !== undefined) checkEventTime(what, node.eventTime, schema);
  return { schema, timed: node.eventTime !== undefined, changes: false };
}

function checkEventTime(what: string, { column, watermark, idleAfterMs, maxFutureMs }: EventTimeSpec, schema: Schema): void {
  const found = columnOf(`${what}, eventTime`, column, schema);
  if (found.kind !== 'timestamp' || found.nullable) {
    const type = `${found.nullable ? 'a nullable' : 'a'} ${found.kind}`;
    throw new MillraceError('plan.wrong-type', `${what}: the event time '${column}' is ${type}; it must be a timestamp that is never null`);
  }
  if (watermark.kind === 'out-of-order') {
    checkDuration(`${what}: the bound of outOfOrder`, watermark.boundMs, 0);
  } else {
    const { kind } = typeOf(watermark.of, schema);
    if (kind !== 'timestamp')
      throw new MillraceError('plan.wrong-type', `${what}: punctuated needs a timestamp column, not one of ${kind}`);
  }
  if (idleAfterMs !== undefined) checkDuration(`${what}: idleAfter`, idleAfterMs, 1);
  if (maxFutureMs !== undefined) checkDuration(`${what}: maxFuture`, maxFutureMs, 0);
}

function windowOutput(node: Extract<NodeSpec, { kind: 'window-aggregate' }>, input: Shape): Shape {
  checkWindowed(node, input);
  const keys = node.keys.map((name) => columnOf('keyBy', name, input.schema));
  const bounds = WINDOW_COLUMNS.map((name): Field => ({ name, kind: 'timestamp', nullable: false }));
  if (node.aggregates.length === 0) throw invalid('aggregate: there is no aggregate; give at least one, as in (c) => ({ n: count() })');
  const results: Field[] = [];
  for (const call of node.aggregates) {
    const clash = [...keys, ...bounds].find((f) => f.name === call.name);
    if (clash !== undefined)
      throw taken(`aggregate: '${call.name}' is the name of a ${keys.includes(clash) ? 'key' : 'window'} column already`);
    results.push({ name: call.name, ...resultOf(call, input.schema, input.changes) });
  }
  const changes = node.changes || node.emit === 'updates' || node.allowedLatenessMs > 0 || node.trigger !== undefined || input.changes;
  const schema = [...keys.map((f) => ({ name: f.name, kind: f.kind, nullable: f.nullable })), ...bounds, ...results];
  checkFields('aggregate', schema, changes);
  return { schema: freezeFields(schema), timed: true, changes, latenessMs: node.allowedLatenessMs };
}

function checkTriggerOver({ window, trigger, emit }: Windowing, { changes }: Shape): void {
  if (trigger === undefined) return;
  checkWindowTrigger(window, trigger, emit);
  if (changes)
    throw invalid(
      "window: this stream holds changes, over which windows take no trigger; give emit: 'updates' for results before their end",
    );
}

/** What `window(…)` was given. */
export type Windowing = Pick<WindowAggregateNode, 'window' | 'keys' | 'allowedLatenessMs' | 'emit' | 'processingTime' | 'trigger'>;

/** Whether these rows can be cut into these windows. */
export function checkWindowed(windowing: Windowing, input: Shape): void {
  const { window, keys, allowedLatenessMs, emit, processingTime } = windowing;
  if (!input.timed && processingTime !== true) {
    throw new MillraceError(
      'plan.no-event-time',
      `window(${window.kind}(…)): this stream has no event time; give from() an eventTime, or use processingTime(${window.kind}(…))`,
    );
  }
  if (processingTime === true && allowedLatenessMs > 0)
    throw invalid(`window(processingTime(${window.kind}(…))): no row is late by the clock; leave out allowedLateness`);
  if (input.changes && processingTime === true) {
    throw invalid(
      `window(processingTime(${window.kind}(…))): this stream holds changes, which come at another time than the rows they take back; use event time`,
    );
  }
  if (input.changes && window.kind === 'session') {
    throw invalid(
      'window(session(…)): this stream holds changes (updates of earlier rows), which a session cannot take back; window the rows themselves',
    );
  }
  checkWindow(window, input.schema);
  checkDuration('window: allowedLateness', allowedLatenessMs, 0);
  checkTriggerOver(windowing, input);
  if (emit !== 'final' && emit !== 'updates') throw invalid(`window: emit is ${JSON.stringify(emit)}; it may be 'final' or 'updates'`);
  if (keys.length > 0) checkKeys(keys, input.schema);
  const clash = keys.find((name) => WINDOW_COLUMNS.includes(name));
  if (clash === undefined) return;
  const rename = `select(({ ${clash}, ...c }) => ({ ...c, of: ${clash} }))`;
  throw taken(`keyBy('${clash}'): the window adds a column of this name; rename the key before, as in ${rename}`);
}

function checkMerged(first: Shape, other: Shape, number: number): void {
  if (!sameSchema(first.schema, other.schema)) {
    throw new MillraceError(
      'plan.wrong-type',
      `merge: stream ${number + 1} has other columns (${describeSchema(other.schema)}) than the first (${describeSchema(first.schema)});` +
        ' bring them into one form with select',
    );
  }
  if (first.timed !== other.timed)
    throw new MillraceError('plan.no-event-time', `merge: stream ${first.timed ? number + 1 : 1} has no event time, but another has`);
  if (first.changes !== other.changes) throw invalid(`merge: stream ${first.changes ? 1 : number + 1} holds changes, but another does not`);
}

function checkBranches(ports: readonly string[], functions: number): void {
  if (ports.length === 0 || ports.length !== functions)
    throw invalid('branch: give names and conditions, as in { big: (r) => r.n > 9, rest: () => true }');
}
