import { MillraceError } from '../core/errors.js';
import type { Schema } from '../columns/schema.js';
import type { ExpressionType } from './expression.js';
import { describe, typeOf } from './functions.js';
import type { AggregateCall } from './plan.js';

/** The type of an aggregate's result. Throws `plan.wrong-type` in the names that the user gave. */
export function aggregateType(call: AggregateCall, schema: Schema): ExpressionType {
  const args = call.args.map((arg) => typeOf(arg, schema));
  const first = args[0];
  if (call.fn === 'count') return { kind: 'int64', nullable: false };
  if (first === undefined) throw new MillraceError('plan.wrong-type', `aggregate '${call.name}': ${call.fn} needs a column`);
  const nullable = first.nullable || call.where !== undefined;
  if (call.fn === 'min' || call.fn === 'max') return { kind: first.kind, nullable };
  if (!['int32', 'int64', 'float64'].includes(first.kind)) {
    throw new MillraceError(
      'plan.wrong-type',
      `aggregate '${call.name}': ${call.fn}(${call.args.map(describe).join(', ')}) takes a number, not ${first.kind}`,
    );
  }
  return { kind: call.fn === 'avg' || first.kind === 'float64' ? 'float64' : 'int64', nullable };
}
