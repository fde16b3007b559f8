import { OWN_MODULE_KINDS } from '../build/own-module-source.js';
import { MillraceError } from '../core/errors.js';
import { aggregate } from './aggregate-calls.js';
import type { Aggregate } from './aggregates.js';
import type { Column } from './columns.js';
import { functionGiven, knownOptions } from './given.js';
import {
  columnType,
  show,
  type Bare,
  type Bool,
  type ColumnType,
  type DataType,
  type Float64,
  type Int32,
  type Int64,
  type Null,
  type NullOf,
  type Timestamp,
} from './types.js';

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

/** Types that are one word: what one's own aggregate in AssemblyScript takes and gives. */
export type WordType = Bool | Int32 | Int64 | Float64 | Timestamp;

/**
 * One's own aggregate in AssemblyScript, called inside the loop over rows: `wasmAggregator('./spread.as.ts', { input: int64(),
 * output: float64() })`. The path is relative to the job's module. The file exports `State`, `init`, `add`, `merge`, `result`
 * and, with `retract: true`, `retract`; docs/operators/own-aggregates.md shows one. It is compiled when a job starts, to a module
 * with a memory of its own and no imports; a trap in it stops the job with `function.trapped`.
 */
export function wasmAggregator<In extends WordType, Out extends WordType>(
  path: string | { readonly href: string },
  spec: { readonly input: In; readonly output: Out; readonly retract?: boolean },
): OwnAggregate<In, Out> {
  const file = typeof path === 'string' ? path : path?.href;
  if (typeof file !== 'string' || file === '')
    throw new MillraceError(
      'plan.invalid',
      `wasmAggregator(${show(path)}): give the path of a file of AssemblyScript, such as './spread.as.ts'`,
    );
  const what = `wasmAggregator('${file}')`;
  const given = knownOptions(what, spec, ['input', 'output', 'retract']);
  const [input, output] = (['input', 'output'] as const).map((part) => wordType(given[part] as DataType, `${what}: ${part}`)) as [
    string,
    string,
  ];
  const named = typeof path === 'string' ? path : file.slice(file.lastIndexOf('/') + 1);
  const options = { file: named, input, output, retracts: given.retract === true ? 1 : 0 };
  const own = (column: Column<DataType>): unknown => aggregate('wasmAggregator', [column], options, { file });
  return own as OwnAggregate<In, Out>;
}

function wordType(type: DataType, what: string): string {
  const { kind, isNullable } = columnType(type, what);
  if (OWN_MODULE_KINDS.includes(kind) && !isNullable) return kind;
  const found = isNullable ? `${kind}().nullable()` : kind;
  throw new MillraceError(
    'plan.wrong-type',
    `${what} is ${found}; it may be ${OWN_MODULE_KINDS.join(', ')}, not nullable; for others there is aggregator({ … }) in JavaScript`,
  );
}
