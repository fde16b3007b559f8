import { MillraceError } from '../core/errors.js';
import type { Field, Schema } from '../columns/schema.js';
import { checkFields, checkKeys, freezeFields, invalid, taken, type Shape } from './checks.js';
import type { OrderBy } from './expression.js';
import { describe, typeOf } from './functions.js';
import type { TopNNode, WindowTopNNode } from './plan.js';
import { WINDOW_COLUMNS } from './windows.js';

export const MAX_TOP_N = 100_000;
/** Windows that a row's time alone tells. */
const TIME_WINDOWS: readonly string[] = ['tumbling', 'hopping', 'cumulating', 'calendar'];

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

/** What a top-n of windows gives: the input's columns, the window's bounds and the rank, as rows of the window's last millisecond. */
export function windowTopNOutput(node: Pick<WindowTopNNode, 'window' | 'n' | 'by' | 'rank'>, input: Shape): Shape {
  if (!TIME_WINDOWS.includes(node.window.kind))
    throw invalid(
      `topN: windows of kind ${node.window.kind} do not rank rows; they may be ${TIME_WINDOWS.join(', ')}, or aggregate with topN(column, n, by)`,
    );
  checkCount(node.n);
  checkOrders('topN', node.by, input.schema);
  const added = [...WINDOW_COLUMNS, ...(node.rank === undefined ? [] : [node.rank])];
  for (const name of added) {
    if (input.schema.some((f) => f.name === name))
      throw taken(`topN: '${name}' is the name of a column already; rename it before, with select`);
  }
  const bounds = WINDOW_COLUMNS.map((name): Field => ({ name, kind: 'timestamp', nullable: false }));
  const ranked: Field[] = node.rank === undefined ? [] : [{ name: node.rank, kind: 'int64', nullable: false }];
  const schema = [...input.schema, ...bounds, ...ranked];
  checkFields('topN', schema, false);
  return { schema: freezeFields(schema), timed: true, changes: false };
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
