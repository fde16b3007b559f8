import { MillraceError } from '../core/errors.js';
import type { Field, Schema } from '../columns/schema.js';
import { checkFields, checkKeys, freezeFields, invalid, taken, type Shape } from './checks.js';
import type { OrderBy } from './expression.js';
import { describe, typeOf } from './functions.js';
import type { TopNNode } from './plan.js';

export const MAX_TOP_N = 100_000;

/** What a top-n gives: the input's columns and the rank, as changes without event time. */
export function topNOutput(node: Pick<TopNNode, 'keys' | 'n' | 'by' | 'rank'>, input: Shape): Shape {
  checkKeys(node.keys, input.schema);
  checkCount(node.n);
  checkOrders('topN', node.by, input.schema);
  const { rank } = node;
  if (rank !== undefined && input.schema.some((f) => f.name === rank))
    throw taken(
      `topN: '${rank}' is the name of a column already; name the rank's, as in { rank: 'place' }, or leave it out, { rank: false }`,
    );
  const ranked: Field[] = rank === undefined ? [] : [{ name: rank, kind: 'int64', nullable: false }];
  const schema = [...input.schema, ...ranked];
  checkFields('topN', schema, true);
  return { schema: freezeFields(schema), timed: false, changes: true };
}

export function checkCount(n: number): void {
  if (Number.isSafeInteger(n) && n >= 1 && n <= MAX_TOP_N) return;
  throw invalid(`topN(${JSON.stringify(n)}): give how many rows of each key, a whole number from 1 to ${MAX_TOP_N}`);
}

export function checkOrders(what: string, by: readonly OrderBy[], schema: Schema): void {
  if (by.length === 0) throw invalid(`${what}: there is no order; give at least one, such as c.price.desc()`);
  for (const { of } of by) {
    const { kind } = typeOf(of, schema);
    if (!['bool', 'int32', 'int64', 'float64', 'timestamp', 'utf8', 'binary'].includes(kind))
      throw new MillraceError('plan.wrong-type', `${what}: ${describe(of)} is of type ${kind}, which has no order`);
  }
}

/** `price desc, name asc nulls first` */
export function describeOrders(by: readonly OrderBy[]): string {
  return by
    .map(({ of, descending, nullsFirst }) => `${describe(of)} ${descending ? 'desc' : 'asc'}${nullsFirst ? ' nulls first' : ''}`)
    .join(', ');
}
