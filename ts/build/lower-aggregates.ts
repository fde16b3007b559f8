import type { Field, Schema } from '../columns/schema.js';
import { must } from '../core/assert.js';
import type { BoundExpression } from '../operators/expression.js';
import { aggregateOf, type BoundAggregate } from '../operators/group-layout.js';
import type { Expression } from '../plan/expression.js';
import { typeOf } from '../plan/functions.js';
import type { AggregateCall, FunctionRef } from '../plan/plan.js';
import type { OwnModule } from '../wasm/own-module.js';
import { bindExpression, boundWhere } from './expressions.js';

/** What a node that groups reads, as columns of their own, so that its operators work on columns only. */
export interface BoundArguments {
  /** The columns: keys first, then arguments and conditions. */
  readonly schema: Schema;
  /** What a Select computes them with. */
  readonly expressions: readonly BoundExpression[];
  /** Column indexes of the keys. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
}

/** What a plan cannot hold, and what a node asks of those before it. */
export interface UserCode {
  /** By slot. */
  readonly functions: readonly ((...args: never[]) => unknown)[];
  /** The node orders rows of equal event time: they must carry their places (`Batch.positions`). */
  wantPlaces(): void;
  /** Of one's own aggregates, by slot; none are there where a plan is only explained. */
  readonly modules: ReadonlyMap<number, OwnModule>;
}

/**
 * The arguments of aggregates by key. An argument that can fail is asked only for the rows of its aggregate's condition.
 * Rows get their places where an aggregate depends on their order.
 */
export function bindArguments(
  { keys: names, aggregates: calls }: { readonly keys: readonly string[]; readonly aggregates: readonly AggregateCall[] },
  input: Schema,
  code: UserCode,
): BoundArguments {
  const columns: Expression[] = [];
  const fields: Field[] = [];
  const add = (expression: Expression, name: string): number => {
    columns.push(expression);
    fields.push({ name, ...typeOf(expression, input) });
    return fields.length - 1;
  };
  const keys = names.map((name) => add({ op: 'column', name }, name));
  const aggregates = calls.map((call): BoundAggregate => {
    const args = call.args.map((arg, i) => add(arg, `argument ${i + 1} of ${call.name}`));
    const where = call.where === undefined ? undefined : add(call.where, `condition of ${call.name}`);
    return {
      name: call.name,
      fn: call.fn,
      args,
      kinds: args.map((column) => must(fields[column], 'a field').kind),
      options: call.options,
      ...(where === undefined ? {} : { where }),
      ...(call.module === undefined ? {} : { module: code.modules.get(call.module.slot) }),
      ...(call.functions === undefined ? {} : { functions: functionsOf(call.functions, code) }),
    };
  });
  const expressions = columns.map((expression) => bindExpression(expression, input));
  for (const { args, where } of aggregates) {
    if (where === undefined) continue;
    for (const column of args)
      expressions[column] = boundWhere(must(expressions[column], 'an argument'), must(expressions[where], 'its condition'));
  }
  if (aggregates.some((bound) => aggregateOf(bound).order !== 'none')) code.wantPlaces();
  return { schema: fields, expressions, keys, aggregates };
}

function functionsOf(refs: Readonly<Record<string, FunctionRef>>, { functions }: UserCode): Record<string, (...args: never[]) => unknown> {
  return Object.fromEntries(Object.entries(refs).map(([name, { slot }]) => [name, must(functions[slot], `the function ${name}`)]));
}
