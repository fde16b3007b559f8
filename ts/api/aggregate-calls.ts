import { MillraceError } from '../core/errors.js';
import type { Expression } from '../plan/expression.js';
import type { AggregateCall } from '../plan/plan.js';
import { columnFrom, ColumnExpression, type AnyColumn, type Origin } from './columns.js';
import type { UserFunction } from './draft.js';
import { show } from './types.js';

/** What makes up one's own aggregate and cannot stand in a plan. */
export interface OwnParts {
  readonly functions?: Readonly<Record<string, UserFunction>>;
  /** The path or URL of a file in AssemblyScript. */
  readonly file?: string;
}

/** Those of calls of one's own aggregates, for whoever makes the plan. */
const ownParts = new WeakMap<AggregateCall, OwnParts>();

export function ownPartsOf(call: AggregateCall): OwnParts | undefined {
  return ownParts.get(call);
}

/** Every aggregate at run time. */
export class AggregateExpression {
  readonly fn: string;
  readonly args: readonly ColumnExpression[];
  readonly condition: ColumnExpression | undefined;
  readonly options: Readonly<Record<string, string | number>> | undefined;
  readonly own: OwnParts | undefined;

  constructor(
    fn: string,
    args: readonly ColumnExpression[],
    options?: Readonly<Record<string, string | number>>,
    condition?: ColumnExpression,
    own?: OwnParts,
  ) {
    this.fn = fn;
    this.args = args;
    this.options = options;
    this.condition = condition;
    this.own = own;
    Object.freeze(this);
  }

  where(condition: unknown): AggregateExpression {
    if (!(condition instanceof ColumnExpression)) {
      throw new MillraceError(
        'plan.wrong-type',
        `${this.fn}().where(${show(condition)}): give a condition on columns, such as c.amount.gt(100)`,
      );
    }
    return new AggregateExpression(
      this.fn,
      this.args,
      this.options,
      this.condition === undefined ? condition : this.condition.and(condition),
      this.own,
    );
  }
}

/** What an aggregate's own function gives: `fn` is its name in plan/aggregate-signatures.ts. */
export function aggregate<T>(
  fn: string,
  args: readonly AnyColumn[],
  options?: Readonly<Record<string, string | number>>,
  own?: OwnParts,
): T {
  const columns = args.map((arg) => {
    const column: unknown = arg;
    if (column instanceof ColumnExpression) return column;
    throw new MillraceError(
      'plan.wrong-type',
      `${fn}(${show(column)}): give a column, as in aggregate((c) => ({ total: ${fn}(c.amount) }))`,
    );
  });
  return new AggregateExpression(fn, columns, options, undefined, own) as unknown as T;
}

/** The calls of one `.aggregate((c) => …)`, checked to be over columns of its own rows. */
export function aggregateCalls(given: unknown, origin: Origin): AggregateCall[] {
  if (typeof given !== 'object' || given === null) {
    throw new MillraceError(
      'plan.invalid',
      `aggregate: the function gives ${show(given)}; it must give names and aggregates, as in (c) => ({ n: count() })`,
    );
  }
  return Object.entries(given).map(([name, value]: [string, unknown]) => {
    if (!(value instanceof AggregateExpression)) {
      throw new MillraceError(
        'plan.wrong-type',
        `aggregate: '${name}' is ${value instanceof ColumnExpression ? `the column ${value}` : show(value)}, not an aggregate such as count() or sum(c.amount)`,
      );
    }
    const expressionOf = (column: ColumnExpression): Expression => columnFrom(column, origin, `aggregate '${name}'`).expression;
    const call: AggregateCall = Object.freeze({
      name,
      fn: value.fn,
      args: Object.freeze(value.args.map(expressionOf)),
      ...(value.condition === undefined ? {} : { where: expressionOf(value.condition) }),
      ...(value.options === undefined ? {} : { options: Object.freeze({ ...value.options }) }),
    });
    if (value.own !== undefined) ownParts.set(call, value.own);
    return call;
  });
}
