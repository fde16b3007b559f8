import { isScalar, LIST_KINDS, listOf, type Kind } from '../columns/schema.js';
import type { ExpressionType } from './expression.js';

/** What an aggregate takes and gives; how it works is in operators/aggregates/by-name.ts, under the same name. */
export interface AggregateSignature {
  /** Kinds that each argument may have, in order. */
  readonly args: readonly (readonly Kind[])[];
  /** How many of them must be there. */
  readonly required: number;
  /** The result's kind; whether it can be null is `nullWhenEmpty`. */
  result(kinds: readonly Kind[], options: AggregateOptions): Kind;
  /** Whether a group without any (non-null, selected) value gives null. */
  readonly nullWhenEmpty: boolean;
  /** Whether the result can be null though there are values. */
  nullable?(options: AggregateOptions): boolean;
  /** Given its options and kinds, the sentence that refuses them. */
  refuse?(options: AggregateOptions, kinds: readonly Kind[]): string | undefined;
  /** The sentence that refuses it over changes, where rows cannot be taken back. */
  refuseChanges?(options: AggregateOptions): string | undefined;
}

type AggregateOptions = Readonly<Record<string, string | number>>;

const NUMBERS: readonly Kind[] = ['int32', 'int64', 'float64'];
const ALL: readonly Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];
/** Lists too, which have no order. */
const ANY: readonly Kind[] = [...ALL, ...LIST_KINDS];

const INTEGERS: readonly Kind[] = ['int32', 'int64'];

const own = ([kind]: readonly Kind[]): Kind => kind ?? 'int64';

/** Above it a sorted list of rows is another operator's work. */
const LARGEST_N = 10_000;

function listKind([kind]: readonly Kind[]): Kind {
  return kind !== undefined && isScalar(kind) ? listOf(kind) : 'list<int64>';
}

function refuseQuantile({ q, error }: AggregateOptions): string | undefined {
  if (!(typeof q === 'number' && q >= 0 && q <= 1)) return `the quantile is ${String(q)}; give one from 0 to 1, such as 0.99`;
  if (error === undefined || (typeof error === 'number' && error >= 1e-6 && error <= 0.5)) return undefined;
  return `the relative error is ${String(error)}; give one from 0.000001 to 0.5, such as 0.01`;
}

function refuseSeparator({ separator }: AggregateOptions): string | undefined {
  return typeof separator === 'string' ? undefined : `the separator is ${String(separator)}; give a text, such as ', '`;
}

function refuseCount({ n }: AggregateOptions): string | undefined {
  if (typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= LARGEST_N) return undefined;
  return `n is ${String(n)}; give a whole number from 1 to ${LARGEST_N}`;
}

function ownRetracts({ retracts, file }: AggregateOptions): string | undefined {
  if (retracts === 1) return undefined;
  const [what, how] = file === undefined ? ['an aggregator()', ''] : ['a wasmAggregator()', ', with { retract: true }'];
  return `this stream holds changes (updates of earlier rows), which ${what} can take back only with a function \`retract\`; give it one${how}`;
}

function otherInput({ input }: AggregateOptions, [kind]: readonly Kind[]): string | undefined {
  return kind === input ? undefined : `its input is ${input}, not ${kind}; give a column of that type`;
}

export const AGGREGATE_SIGNATURES: Readonly<Record<string, AggregateSignature>> = {
  count: { args: [ANY], required: 0, result: () => 'int64', nullWhenEmpty: false },
  sum: { args: [NUMBERS], required: 1, result: ([kind]) => (kind === 'float64' ? 'float64' : 'int64'), nullWhenEmpty: true },
  min: { args: [ALL], required: 1, result: own, nullWhenEmpty: true },
  max: { args: [ALL], required: 1, result: own, nullWhenEmpty: true },
  avg: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true },
  variance: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true, nullable: () => true },
  stddev: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true, nullable: () => true },
  first: { args: [ANY], required: 1, result: own, nullWhenEmpty: true },
  last: { args: [ANY], required: 1, result: own, nullWhenEmpty: true },
  minBy: { args: [ANY, ALL], required: 2, result: own, nullWhenEmpty: true },
  maxBy: { args: [ANY, ALL], required: 2, result: own, nullWhenEmpty: true },
  bitAnd: { args: [INTEGERS], required: 1, result: own, nullWhenEmpty: true },
  bitOr: { args: [INTEGERS], required: 1, result: own, nullWhenEmpty: true },
  bitXor: { args: [INTEGERS], required: 1, result: own, nullWhenEmpty: true },
  boolAnd: { args: [['bool']], required: 1, result: own, nullWhenEmpty: true },
  boolOr: { args: [['bool']], required: 1, result: own, nullWhenEmpty: true },
  countDistinct: { args: [ALL], required: 1, result: () => 'int64', nullWhenEmpty: false },
  approxCountDistinct: {
    args: [ALL],
    required: 1,
    result: () => 'int64',
    nullWhenEmpty: false,
    refuseChanges: () =>
      'this stream holds changes (updates of earlier rows), and approxCountDistinct() cannot take back a row that it has counted; use countDistinct()',
  },
  median: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true },
  quantile: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true, refuse: refuseQuantile },
  approxQuantile: { args: [NUMBERS], required: 1, result: () => 'float64', nullWhenEmpty: true, refuse: refuseQuantile },
  stringJoin: { args: [['utf8']], required: 1, result: () => 'utf8', nullWhenEmpty: true, refuse: refuseSeparator },
  collectList: { args: [ALL], required: 1, result: listKind, nullWhenEmpty: false },
  collectSet: { args: [ALL], required: 1, result: listKind, nullWhenEmpty: false },
  topN: { args: [ALL, ALL], required: 2, result: listKind, nullWhenEmpty: false, refuse: refuseCount },
  /** Of `apply`: whole rows, packed. */
  allRows: { args: [['binary']], required: 1, result: () => 'binary', nullWhenEmpty: false },
  aggregator: {
    args: [ANY],
    required: 1,
    result: (_kinds, { output }) => output as Kind,
    nullWhenEmpty: true,
    nullable: ({ nullable }) => nullable === 1,
    refuseChanges: ownRetracts,
    refuse: otherInput,
  },
  wasmAggregator: {
    args: [ANY],
    required: 1,
    result: (_kinds, { output }) => output as Kind,
    nullWhenEmpty: true,
    refuseChanges: ownRetracts,
    refuse: otherInput,
  },
};

/**
 * The type of an aggregate's result, or the sentence that refuses it. A group exists only if it has a row: a result is
 * nullable when an argument is, or when `.where` may leave no row.
 */
export function aggregateType(
  fn: string,
  args: readonly ExpressionType[],
  filtered: boolean,
  options: Readonly<Record<string, string | number>> = {},
): ExpressionType | { readonly refusal: string } {
  const signature = Object.hasOwn(AGGREGATE_SIGNATURES, fn) ? AGGREGATE_SIGNATURES[fn] : undefined;
  if (signature === undefined)
    return { refusal: `there is no aggregate '${fn}'; there are ${Object.keys(AGGREGATE_SIGNATURES).join(', ')}` };
  if (args.length < signature.required)
    return {
      refusal:
        signature.required === 1
          ? `${fn}() needs a column, for example ${fn}(c.amount)`
          : `${fn}() needs ${signature.required} columns, for example ${fn}(c.name, c.amount)`,
    };
  for (const [i, { kind }] of args.entries()) {
    const accepted = signature.args[i];
    if (accepted === undefined) return { refusal: `${fn}() takes ${signature.args.length} columns, not ${args.length}` };
    if (!accepted.includes(kind)) return { refusal: `${fn}() takes ${eitherOf(accepted)}, not ${kind}` };
  }
  const kinds = args.map(({ kind }) => kind);
  const refusal = signature.refuse?.(options, kinds);
  if (refusal !== undefined) return { refusal };
  const empty = signature.nullWhenEmpty && (filtered || args.some(({ nullable }) => nullable));
  return { kind: signature.result(kinds, options), nullable: empty || signature.nullable?.(options) === true };
}

/** The sentence that refuses an aggregate over changes, if it cannot take rows back. */
export function refusalOfChanges(fn: string, options: AggregateOptions = {}): string | undefined {
  return Object.hasOwn(AGGREGATE_SIGNATURES, fn) ? AGGREGATE_SIGNATURES[fn]?.refuseChanges?.(options) : undefined;
}

function eitherOf(kinds: readonly Kind[]): string {
  return kinds.length === 1 ? `${kinds[0]}` : `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
}
