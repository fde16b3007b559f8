import type { Kind } from '../columns/schema.js';
import type { ExpressionType } from './expression.js';

/** What an aggregate takes and gives; how it works is in operators/aggregates.ts, under the same name. */
export interface AggregateSignature {
  readonly argument: 'optional' | 'required';
  /** Kinds its argument may have. */
  readonly accepts: readonly Kind[];
  /** The result's kind; whether it can be null is `resultNullable`. */
  result(argument: Kind | undefined): Kind;
  /** Whether a group without any (non-null, selected) value gives null. */
  readonly nullWhenEmpty: boolean;
}

const NUMBERS: readonly Kind[] = ['int32', 'int64', 'float64'];
const ALL: readonly Kind[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp'];

export const AGGREGATE_SIGNATURES: Readonly<Record<string, AggregateSignature>> = {
  count: { argument: 'optional', accepts: ALL, result: () => 'int64', nullWhenEmpty: false },
  sum: { argument: 'required', accepts: NUMBERS, result: (kind) => (kind === 'float64' ? 'float64' : 'int64'), nullWhenEmpty: true },
  min: { argument: 'required', accepts: ALL, result: (kind) => kind ?? 'int64', nullWhenEmpty: true },
  max: { argument: 'required', accepts: ALL, result: (kind) => kind ?? 'int64', nullWhenEmpty: true },
  avg: { argument: 'required', accepts: NUMBERS, result: () => 'float64', nullWhenEmpty: true },
};

/**
 * The type of an aggregate's result, or the sentence that refuses it. A group exists only if it has a row: a result is
 * nullable when its argument is, or when `.where` may leave no row.
 */
export function aggregateType(
  fn: string,
  argument: ExpressionType | undefined,
  filtered: boolean,
): ExpressionType | { readonly refusal: string } {
  const signature = Object.hasOwn(AGGREGATE_SIGNATURES, fn) ? AGGREGATE_SIGNATURES[fn] : undefined;
  if (signature === undefined)
    return { refusal: `there is no aggregate '${fn}'; there are ${Object.keys(AGGREGATE_SIGNATURES).join(', ')}` };
  if (argument === undefined && signature.argument === 'required')
    return { refusal: `${fn}() needs a column, for example ${fn}(c.amount)` };
  if (argument !== undefined && !signature.accepts.includes(argument.kind)) {
    return { refusal: `${fn}() takes ${listOf(signature.accepts)}, not ${argument.kind}` };
  }
  return { kind: signature.result(argument?.kind), nullable: signature.nullWhenEmpty && (filtered || (argument?.nullable ?? false)) };
}

function listOf(kinds: readonly Kind[]): string {
  return kinds.length === 1 ? `${kinds[0]}` : `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
}
