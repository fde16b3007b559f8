import type { Expression, LiteralValue } from '../plan/expression.js';
import type { Argument } from '../plan/functions.js';

type Call = Extract<Expression, { op: 'call' }>;

const FLIPPED: Readonly<Record<string, string>> = { eq: 'eq', ne: 'ne', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' };

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  timestamp: [-(2n ** 63n), 2n ** 63n - 1n],
};

/**
 * Rewrites the comparison of a whole-number column with a number literal of another kind as one with a literal of the
 * column's own kind, so that it is exact and needs no conversion of the column: `n > 2.5` is `n > 2`, `n < 1e30` holds
 * wherever n is not null. Undefined when there is nothing to rewrite.
 */
export function exactComparison(call: Call, args: readonly Argument[]): Expression | undefined {
  const [a, b] = call.args;
  const [aType, bType] = args;
  if (!Object.hasOwn(FLIPPED, call.fn) || a === undefined || b === undefined || aType === undefined || bType === undefined)
    return undefined;
  if (a.op === 'literal' && b.op !== 'literal')
    return exactComparison({ op: 'call', fn: FLIPPED[call.fn] as string, args: [b, a] }, [bType, aType]);
  if (b.op !== 'literal' || a.op === 'literal' || bType.kind === aType.kind) return undefined;
  if (aType.kind === 'float64' && b.kind === 'int64' && BigInt(Number(b.value)) === BigInt(String(b.value))) {
    return { op: 'call', fn: call.fn, args: [a, { op: 'literal', kind: 'float64', value: Number(b.value) }] };
  }
  const range = RANGES[aType.kind];
  if (range === undefined || (b.kind !== 'float64' && b.kind !== 'int64')) return undefined;
  const bound = wholeBound(b.value);
  if (bound === undefined) return always(a, call.fn === 'ne');
  const { floor, whole } = bound;
  if (floor === 'above' || (floor !== 'below' && floor > range[1]))
    return always(a, call.fn === 'ne' || call.fn === 'lt' || call.fn === 'le');
  if (floor === 'below' || floor < range[0]) return always(a, call.fn === 'ne' || call.fn === 'gt' || call.fn === 'ge');
  const to: Expression = { op: 'literal', kind: aType.kind, value: aType.kind === 'int32' ? Number(floor) : String(floor) };
  if (whole) return { op: 'call', fn: call.fn, args: [a, to] };
  // Between floor and floor + 1: nothing equals it, and the orders are those around the gap.
  if (call.fn === 'eq' || call.fn === 'ne') return always(a, call.fn === 'ne');
  return { op: 'call', fn: call.fn === 'lt' || call.fn === 'le' ? 'le' : 'gt', args: [a, to] };
}

/** The largest whole number not above a literal; undefined for NaN. */
function wholeBound(value: LiteralValue): { readonly floor: bigint | 'above' | 'below'; readonly whole: boolean } | undefined {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return { floor: BigInt(value), whole: true };
  const number = Number(value);
  if (Number.isNaN(number)) return undefined;
  if (!Number.isFinite(number)) return { floor: number > 0 ? 'above' : 'below', whole: false };
  return { floor: BigInt(Math.floor(number)), whole: Number.isInteger(number) };
}

/** True, or false, wherever `a` is not null. Whole numbers equal themselves. */
function always(a: Expression, answer: boolean): Expression {
  return { op: 'call', fn: answer ? 'eq' : 'ne', args: [a, a] };
}
