import { MillraceError } from '../core/errors.js';
import type { FrameSpec } from '../plan/plan.js';
import { MAIN_PORT, type NodeSpec } from '../plan/rules.js';
import type { AnyAggregate } from './aggregates.js';
import { AggregateExpression, aggregateCalls } from './aggregate-calls.js';
import { columnFrom, ColumnExpression, columnsOfRows, type AnyColumn } from './columns.js';
import { Draft, DraftPort, type UserFunction } from './draft.js';
import { functionGiven, knownOptions } from './given.js';
import type { Duration } from './time.js';
import { show, type DataType, type Null } from './types.js';

/** The value of a column in a row before or after, where there is one. */
export interface Neighbour<out T extends DataType = DataType> {
  readonly type: T;
  readonly '~neighbour': true;
}

/** What `over` works out for each row: names, and aggregates or neighbours. */
export type OverColumns<Taken extends string> = Readonly<Record<string, AnyAggregate | Neighbour>> & {
  readonly [P in Taken]?: 'a column has this name already';
};

/** What a frame takes in before each row: so many rows, or rows so much earlier. */
export type Preceding = 'unbounded' | { rows: number } | { range: Duration };

class NeighbourExpression {
  readonly column: ColumnExpression;
  readonly rows: number;

  constructor(column: ColumnExpression, rows: number) {
    this.column = column;
    this.rows = rows;
    Object.freeze(this);
  }
}

/** The column in the row that stands `rows` before, within the key, by event time; null where there is none. Of `over`. */
export function lag<C extends AnyColumn>(column: C, rows = 1): Neighbour<C['type'] | Null> {
  return neighbour('lag', column, rows, -1);
}

/**
 * The column in the row that stands `rows` after, within the key, by event time; null where there is none. Of `over`, which then holds a
 * row until so many have come after it, or until the end of its input.
 */
export function lead<C extends AnyColumn>(column: C, rows = 1): Neighbour<C['type'] | Null> {
  return neighbour('lead', column, rows, 1);
}

function neighbour<T>(what: string, column: unknown, rows: number, sign: number): T {
  if (!(column instanceof ColumnExpression))
    throw new MillraceError(
      'plan.wrong-type',
      `${what}(${show(column)}): give a column, as in over({ … }, (c) => ({ x: ${what}(c.price, 1) }))`,
    );
  if (!(Number.isSafeInteger(rows) && rows >= 0))
    throw new MillraceError('plan.invalid', `${what}(${column}, ${show(rows)}): give how many rows, a whole number`);
  return new NeighbourExpression(column, sign * rows + 0) as unknown as T;
}

/** The part of a plan that `stream.over(options, columns)` makes. */
export function overPort(at: DraftPort, options: unknown, columns: UserFunction): DraftPort {
  const { partitionBy = [], preceding = 'unbounded', orderBy } = knownOptions('over', options, ['partitionBy', 'preceding', 'orderBy']);
  if (!Array.isArray(partitionBy))
    throw new MillraceError(
      'plan.invalid',
      `over: partitionBy is ${show(partitionBy)}; give an array of columns, as in { partitionBy: ['user'] }`,
    );
  if (orderBy !== undefined && orderBy !== 'event-time')
    throw new MillraceError(
      'plan.invalid',
      `over: orderBy is ${show(orderBy)}; rows stand in order of 'event-time', there is no other order`,
    );
  const given = functionGiven(columns, 'over', '(c) => ({ mean: avg(c.price) })')(columnsOfRows(at.origin) as never) as unknown;
  if (typeof given !== 'object' || given === null) {
    throw new MillraceError(
      'plan.invalid',
      `over: the function gives ${show(given)}; it must give names and aggregates, as in (c) => ({ mean: avg(c.price), before: lag(c.price) })`,
    );
  }
  const entries = Object.entries(given);
  const aggregates = Object.fromEntries(entries.filter(([, value]) => !(value instanceof NeighbourExpression)));
  for (const [name, value] of Object.entries(aggregates)) {
    if (value instanceof AggregateExpression) continue;
    const shown = value instanceof ColumnExpression ? `the column ${value}` : show(value);
    throw new MillraceError('plan.wrong-type', `over: '${name}' is ${shown}; give an aggregate such as sum(c.price), lag(…) or lead(…)`);
  }
  const neighbours = entries.flatMap(([name, value]: [string, unknown]) => {
    if (!(value instanceof NeighbourExpression)) return [];
    return [Object.freeze({ name, of: columnFrom(value.column, at.origin, `over: '${name}'`).expression, rows: value.rows })];
  });
  const spec: NodeSpec = {
    kind: 'over',
    keys: Object.freeze([...(partitionBy as string[])]),
    frame: frameOf(preceding),
    aggregates: Object.freeze(aggregateCalls(aggregates, at.origin)),
    neighbours: Object.freeze(neighbours),
    names: Object.freeze(entries.map(([name]) => name)),
  };
  return new DraftPort(new Draft(at.draft.scope, Object.freeze(spec), [at]), MAIN_PORT);
}

function frameOf(preceding: unknown): FrameSpec {
  if (preceding === 'unbounded') return Object.freeze({ kind: 'unbounded' });
  if (typeof preceding === 'object' && preceding !== null) {
    const { rows, range } = knownOptions('over: preceding', preceding, ['rows', 'range']);
    if (rows !== undefined && range === undefined) return Object.freeze({ kind: 'rows', rows: rows as number });
    if (range !== undefined && rows === undefined) return Object.freeze({ kind: 'range', ms: range as number });
  }
  throw new MillraceError(
    'plan.invalid',
    `over: preceding is ${show(preceding)}; it may be 'unbounded', { rows: 10 } or { range: minutes(5) }`,
  );
}
