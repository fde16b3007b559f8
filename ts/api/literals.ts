import { MillraceError } from '../core/errors.js';
import type { Kind } from '../columns/schema.js';
import type { Expression, LiteralKind, LiteralValue } from '../plan/expression.js';
import { show } from './types.js';

/**
 * A JavaScript value as a literal: a number is a float64, a bigint an int64. Beside a timestamp a number (epoch
 * milliseconds) and a Date are timestamps; beside an int64 in a comparison the plan keeps a number exact.
 */
export function literalOf(value: unknown, beside: Kind | 'null', what: string): Expression {
  switch (typeof value) {
    case 'number':
      if (beside === 'timestamp') return literal('timestamp', timeText(value, what));
      // What JSON does not keep goes as text.
      return literal('float64', Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value));
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw new MillraceError('plan.wrong-type', `${what}: ${value}n does not fit into 64 bits`);
      return literal('int64', String(value));
    case 'string':
      return literal('utf8', value);
    case 'boolean':
      return literal('bool', value);
    default:
      if (value === null) return literal('null', null);
      if (value instanceof Date) return literal('timestamp', timeText(value.getTime(), what));
      if (value instanceof Uint8Array) return literal('binary', Buffer.from(value).toString('base64'));
      throw new MillraceError('plan.wrong-type', `${what}(${show(value)}): give a column, or a value of a type that a column may have`);
  }
}

function timeText(ms: number, what: string): string {
  if (!Number.isInteger(ms))
    throw new MillraceError('plan.wrong-type', `${what}: ${ms} is no time; give whole milliseconds since 1970, or a valid Date`);
  return String(ms);
}

function literal(kind: LiteralKind, value: LiteralValue): Expression {
  return Object.freeze({ op: 'literal', kind, value });
}
