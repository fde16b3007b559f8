import { field, fieldIndex, sameSchema, type Schema } from '../columns/schema.js';
import { assert } from '../core/assert.js';
import { LateGate } from '../operators/late-gate.js';
import { Select } from '../operators/select.js';
import type { RowOrder } from '../operators/ranked-rows.js';
import { TopN, type TopNConfig } from '../operators/top-n.js';
import { WindowTopN, type WindowTopNConfig } from '../operators/window-top-n.js';
import type { Shape } from '../plan/checks.js';
import type { Expression, OrderBy } from '../plan/expression.js';
import { typeOf } from '../plan/functions.js';
import type { TopNNode, WindowTopNNode } from '../plan/plan.js';
import { WINDOW_COLUMNS } from '../plan/windows.js';
import { bindExpression } from './expressions.js';
import type { LoweredNode, Placing } from './lowered-node.js';

export interface BoundOrders {
  /** The columns to keep, then those that only the order needs. */
  readonly schema: Schema;
  readonly orders: readonly RowOrder[];
  /** What makes them. */
  readonly expressions: readonly Expression[];
}

/** Orders over the columns to keep: one by anything else needs a column of its own. */
export function bindOrders(by: readonly OrderBy[], kept: Schema, input: Schema): BoundOrders {
  const schema = [...kept];
  const expressions: Expression[] = kept.map(({ name }) => ({ op: 'column', name }));
  const orders = by.map(({ of, descending, nullsFirst }, i): RowOrder => {
    const known = of.op === 'column' ? fieldIndex(kept, of.name) : -1;
    if (known >= 0) return { column: known, descending, nullsFirst };
    const { kind, nullable } = typeOf(of, input);
    schema.push(field(`order ${i + 1}`, kind, nullable));
    expressions.push(of);
    return { column: schema.length - 1, descending, nullsFirst };
  });
  return { schema, orders, expressions };
}

/** What makes those columns, before the operator that ranks rows; none where they are the input's. */
export function orderColumns(id: string, { schema, expressions }: BoundOrders, input: Schema): readonly LoweredNode[] {
  if (sameSchema(schema, input)) return [];
  const made = expressions.map((of) => bindExpression(of, input));
  return [{ id: `${id}.order`, ports: [{ name: undefined, schema }], exchange: undefined, create: (ws) => new Select(ws, schema, made) }];
}

/** [columns of the order] -> exchange by key -> the best rows. */
export function lowerTopN(
  node: TopNNode,
  input: Schema,
  { timed, changes }: Shape,
  { lanes, wantPlaces }: Placing,
): readonly LoweredNode[] {
  const kept = node.schema.filter((f) => f.name !== node.rank);
  const bound = bindOrders(node.by, kept, input);
  const keys = node.keys.map((name) => fieldIndex(kept, name));
  const config: Omit<TopNConfig, 'keyGroups'> = {
    schema: bound.schema,
    keys,
    n: node.n,
    orders: bound.orders,
    timed,
    placed: !changes,
    keepAll: changes,
    latestFirst: false,
    bySet: node.rank === undefined && node.n > 1,
    columns: kept.length,
    outputSchema: node.schema,
    ranked: node.rank !== undefined,
  };
  if (!changes) wantPlaces();
  return [
    ...orderColumns(node.id, bound, input),
    {
      id: node.id,
      ports: [{ name: 'main', schema: node.schema }],
      exchange: lanes === 1 ? undefined : { keys },
      create: (ws, keyGroups) => new TopN(ws, { ...config, keyGroups }),
    },
  ];
}

/** late gate -> [columns of the order] -> exchange by key -> the best rows of each window. */
export function lowerWindowTopN(node: WindowTopNNode, input: Schema, { lanes, wantPlaces }: Placing): readonly LoweredNode[] {
  const { window } = node;
  assert(window.kind !== 'session', 'windows that a time alone tells');
  const own = [...WINDOW_COLUMNS, node.rank];
  const kept = node.schema.filter((f) => !own.includes(f.name));
  const bound = bindOrders(node.by, kept, input);
  const keys = node.keys.map((name) => fieldIndex(kept, name));
  const config: Omit<WindowTopNConfig, 'keyGroups'> = {
    window,
    schema: bound.schema,
    keys,
    n: node.n,
    orders: bound.orders,
    timed: true,
    placed: true,
    keepAll: false,
    latestFirst: false,
    bySet: false,
    columns: kept.length,
    outputSchema: node.schema,
    ranked: node.rank !== undefined,
  };
  wantPlaces();
  return [
    {
      id: `${node.id}.gate`,
      ports: [
        { name: undefined, schema: input },
        { name: 'late', schema: input },
      ],
      exchange: undefined,
      create: (ws) => new LateGate(ws, { window, allowedLatenessMs: 0 }),
    },
    ...orderColumns(node.id, bound, input),
    {
      id: node.id,
      ports: [{ name: 'main', schema: node.schema }],
      exchange: lanes === 1 ? undefined : { keys },
      create: (ws, keyGroups) => new WindowTopN(ws, { ...config, keyGroups }),
    },
  ];
}
