import { MillraceError } from '../core/errors.js';
import { aggregate } from './aggregate-calls.js';
import type { Aggregate } from './aggregates.js';
import type { Column } from './columns.js';
import { functionGiven, knownOptions } from './given.js';
import { columnType, type Bare, type ColumnType, type DataType, type Null, type NullOf } from './types.js';

/** One's own aggregate: called with a column, it is used as those that ship with us. Null where a group has no value. */
export type OwnAggregate<In extends DataType, Out extends DataType> = <T extends In | Null>(
  column: Column<T>,
) => Aggregate<Out | NullOf<T>>;

/**
 * What one's own aggregate is made of. A state is a plain value: a number, bigint, string, boolean, null, Date, array, plain
 * object, Map, Set or typed array, and such values inside. All functions answer at once and look at nothing but what they
 * are given. `add`, `merge` and `retract` may change the state that they are given first, and return it.
 */
export interface AggregatorSpec<In extends DataType, State, Out extends DataType> {
  readonly input: In;
  /** What `result` gives; nullable if it may give null. */
  readonly output: Out;
  /** The state of no value. */
  init(): State;
  /** The state with one more value, which is never null. */
  add(state: State, value: Bare<In>['~row']): State;
  /** The state of all values of both. */
  merge(a: State, b: State): State;
  result(state: State): Out['~in'];
  /** The state without a value that was added: needed over changing input. */
  retract?(state: State, value: Bare<In>['~row']): State;
}

const PARTS = ['input', 'output', 'init', 'add', 'merge', 'result', 'retract'] as const;
const EXAMPLE =
  'aggregator({ input: float64(), output: float64(), init: () => 1, add: (s, x) => s * x, merge: (a, b) => a * b, result: (s) => s })';

/**
 * One's own aggregate in JavaScript: `const product = aggregator({ … })`, then `aggregate((c) => ({ all: product(c.price) }))`.
 * A function that throws or gives what `output` does not allow stops the job with `function.failed`.
 */
export function aggregator<In extends DataType, State, Out extends DataType>(spec: AggregatorSpec<In, State, Out>): OwnAggregate<In, Out> {
  if (typeof spec !== 'object' || spec === null) throw new MillraceError('plan.invalid', `aggregator: give its parts, as in ${EXAMPLE}`);
  const given = knownOptions('aggregator', spec, PARTS);
  const [input, output] = ['input', 'output'].map((part) => columnType(given[part as 'input'] as DataType, `aggregator: ${part}`)) as [
    ColumnType,
    ColumnType,
  ];
  const functions = Object.fromEntries(
    PARTS.slice(2)
      .filter((part) => part !== 'retract' || given.retract !== undefined)
      .map((part) => [part, functionGiven(given[part], `aggregator: '${part}'`, EXAMPLE)]),
  );
  const options = {
    input: input.kind,
    output: output.kind,
    nullable: output.isNullable ? 1 : 0,
    retracts: given.retract === undefined ? 0 : 1,
  };
  const own = (column: Column<DataType>): unknown => aggregate('aggregator', [column], options, { functions });
  return own as OwnAggregate<In, Out>;
}
