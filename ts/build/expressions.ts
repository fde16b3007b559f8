import type { Kind, Schema } from '../columns/schema.js';
import { fieldIndex } from '../columns/schema.js';
import { AssertionError, assert, must } from '../core/assert.js';
import type { BoundCall, BoundExpression, BoundLiteral, ValueType } from '../operators/expression.js';
import { onlyWhere } from '../operators/column-functions/logic.js';
import { COLUMN_FUNCTIONS } from '../operators/functions.js';
import { argumentOf, describe, signatureOf, wholeLiteral, type Argument } from '../plan/functions.js';
import type { Expression, LiteralKind, LiteralValue } from '../plan/expression.js';
import { exactComparison } from './exact-comparison.js';

export type CallExpression = Extract<Expression, { op: 'call' }>;

/**
 * Types an expression over rows of `schema`, brings arguments to the kinds that its functions want, and joins it to their
 * implementations. Throws as `typeOf` does.
 */
export function bindExpression(expression: Expression, schema: Schema): BoundExpression {
  switch (expression.op) {
    case 'column': {
      const { kind, nullable } = argumentOf(expression, schema) as ValueType;
      return { op: 'column', index: fieldIndex(schema, expression.name), type: { kind, nullable } };
    }
    case 'literal':
      assert(expression.kind !== 'null', 'a null literal has no type of its own');
      return literal(expression.kind, expression.value);
    case 'call':
      return bindCall(expression, schema);
  }
}

/** The value, with errors only in rows for which the condition is true: nobody reads it in the others. */
export function boundWhere(value: BoundExpression, condition: BoundExpression): BoundExpression {
  if (value.op !== 'call' || !value.fallible) return value;
  return { op: 'call', fn: onlyWhere, args: [condition, value], options: {}, type: value.type, fallible: true, text: value.text };
}

function bindCall(call: CallExpression, schema: Schema): BoundExpression {
  const args = call.args.map((arg) => argumentOf(arg, schema));
  const { kind, nullable, args: kinds } = signatureOf(call, args);
  const [first, second, third] = call.args;
  if (call.fn === 'between' && first !== undefined && second !== undefined && third !== undefined) {
    const within: Expression = {
      op: 'call',
      fn: 'and',
      args: [
        { op: 'call', fn: 'ge', args: [first, second] },
        { op: 'call', fn: 'le', args: [first, third] },
      ],
    };
    return bindExpression(within, schema);
  }
  const exact = exactComparison(call, args);
  if (exact !== undefined) return bindExpression(exact, schema);
  const bound =
    call.fn === 'in'
      ? bindList(call, args, schema)
      : call.args.map((arg, i) => bindArgument(arg, must(args[i], 'an argument'), must(kinds[i], 'its kind'), schema));
  return boundCall(call, { kind, nullable }, bound);
}

function boundCall(call: CallExpression, type: ValueType, args: readonly BoundExpression[]): BoundCall {
  const fn = must(COLUMN_FUNCTIONS[call.fn], `the implementation of ${call.fn}`);
  const fallible = fn.fallible || args.some((a) => a.op === 'call' && a.fallible);
  return { op: 'call', fn, args, options: call.options ?? {}, type, fallible, text: describe(call) };
}

/** An argument in the kind that a function wants: literals are converted here and now, columns by a cast. */
function bindArgument(expression: Expression, argument: Argument, kind: Kind, schema: Schema): BoundExpression {
  if (expression.op === 'literal') return must(literalAs(expression.kind, expression.value, kind), `${argument.text} as ${kind}`);
  const bound = bindExpression(expression, schema);
  if (bound.type.kind === kind) return bound;
  const cast: CallExpression = { op: 'call', fn: 'cast', args: [expression], options: { to: kind } };
  return boundCall(cast, { kind, nullable: bound.type.nullable }, [bound]);
}

/** A list's values in the column's kind; those that it cannot hold equal nothing in it, and are left out. */
function bindList(call: CallExpression, args: readonly Argument[], schema: Schema): BoundExpression[] {
  const [of, ...values] = call.args;
  const { kind } = must(args[0], 'a column') as ValueType;
  const items = values
    .filter((v) => v.op === 'literal')
    .filter((v) => kind !== 'float64' || v.kind !== 'int64' || BigInt(Number(v.value)) === BigInt(String(v.value)))
    .map((v) => literalAs(v.kind, v.value, kind))
    .filter((v) => v !== undefined);
  return [bindExpression(must(of, 'a column'), schema), ...items];
}

/** A literal as another kind, exactly, or undefined when that kind does not have it. int64 beside float64 may round. */
function literalAs(from: LiteralKind, value: LiteralValue, kind: Kind): BoundExpression | undefined {
  if (from === 'null') return { op: 'literal', value: null, type: { kind, nullable: true } };
  if (from === kind) return literal(kind, value);
  if (kind === 'float64') return literal(kind, Number(value));
  const whole = wholeLiteral(value, kind);
  return whole === undefined ? undefined : literal(kind, String(whole));
}

function literal(kind: Kind, value: LiteralValue): BoundExpression {
  return { op: 'literal', value: literalValue(kind, value), type: { kind, nullable: false } };
}

function literalValue(kind: Kind, value: LiteralValue): BoundLiteral {
  switch (kind) {
    case 'bool':
      return value === true;
    case 'int32':
    case 'float64':
      return Number(value);
    case 'int64':
    case 'timestamp':
      return BigInt(value as string);
    case 'utf8':
      return new TextEncoder().encode(String(value));
    case 'binary':
      return new Uint8Array(Buffer.from(String(value), 'base64'));
    default:
      throw new AssertionError(`a literal of ${kind}`);
  }
}
