import { MillraceError } from '../core/errors.js';
import { isKind, isList, type Field, type Schema } from '../columns/schema.js';
import { aggregateType, refusalOfChanges } from './aggregate-signatures.js';
import { describe, typeOf } from './functions.js';
import { nearest } from './nearest.js';
import type { AggregateCall } from './plan.js';

/** What a port gives: the rows' columns, and whether they carry an event time and an operation. */
export interface Shape {
  readonly schema: Schema;
  readonly timed: boolean;
  readonly changes: boolean;
  /** How far behind the watermark rows may come that are not late: changes of what an operator with allowed lateness had told. */
  readonly latenessMs?: number;
}

/** Whether these rows can be keyed by these columns. */
export function checkKeys(keys: readonly string[], schema: Schema): void {
  if (keys.length === 0) throw invalid("keyBy(): give at least one column, such as keyBy('user')");
  for (const [i, name] of keys.entries()) {
    const { kind } = columnOf('keyBy', name, schema);
    if (isList(kind))
      throw new MillraceError('plan.wrong-type', `keyBy('${name}'): the column is a ${kind}; lists cannot be keys, as they have no order`);
    if (keys.indexOf(name) !== i) throw taken(`keyBy: column '${name}' is given twice`);
  }
}

/** What an aggregate over these columns gives; `changes`: whether rows may be taken back. */
export function resultOf(call: AggregateCall, schema: Schema, changes: boolean): Omit<Field, 'name'> {
  if (call.where !== undefined) checkCondition(`aggregate '${call.name}': where`, call.where, schema);
  const args = call.args.map((arg) => typeOf(arg, schema));
  const refusal = changes ? refusalOfChanges(call.fn, call.options) : undefined;
  if (refusal !== undefined) throw invalid(`aggregate '${call.name}': ${refusal}`);
  const type = aggregateType(call.fn, args, call.where !== undefined, call.options);
  if (!('refusal' in type)) return type;
  const given = call.args.length === 0 ? '' : ` of ${call.args.map(describe).join(', ')}`;
  throw new MillraceError('plan.wrong-type', `aggregate '${call.name}'${given}: ${type.refusal}`);
}

/** Throws unless `what` is a condition over these columns. */
export function checkCondition(what: string, condition: Parameters<typeof typeOf>[0], schema: Schema): void {
  const { kind } = typeOf(condition, schema);
  if (kind !== 'bool')
    throw new MillraceError('plan.wrong-type', `${what}: the condition is of type ${kind}; it must be bool, as in c.amount.gt(0)`);
}

/** Whether these can be the columns of a stream. `what` made them. */
export function checkFields(what: string, schema: Schema, changes: boolean): void {
  if (schema.length === 0) throw invalid(`${what}: there is no column; give at least one`);
  const seen = new Set<string>();
  for (const { name, kind } of schema) {
    if (typeof name !== 'string' || name === '' || name === '__proto__')
      throw invalid(`${what}: ${JSON.stringify(name)} cannot name a column`);
    if (seen.has(name)) throw taken(`${what}: there are two columns '${name}'`);
    if (!isKind(kind)) throw new MillraceError('plan.wrong-type', `${what}: column '${name}' has the unknown type ${JSON.stringify(kind)}`);
    if (changes && name === 'op') throw taken(`${what}: rows of changes carry 'op' (+I, -U, +U, -D) already; give the column another name`);
    seen.add(name);
  }
}

/** The field of this name. */
export function columnOf(what: string, name: string, schema: Schema): Field {
  const found = schema.find((f) => f.name === name);
  if (found !== undefined) return found;
  const names = schema.map((f) => f.name);
  throw new MillraceError('plan.unknown-column', `${what}: there is no column '${name}'; ${advice(name, names)}`, {
    details: { column: name, columns: names },
  });
}

/** What a name may have meant. */
export function advice(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`;
}

export function freezeFields(schema: readonly Field[]): Schema {
  return Object.freeze(schema.map((f) => Object.freeze(f)));
}

export function invalid(message: string): MillraceError {
  return new MillraceError('plan.invalid', message);
}

export function taken(message: string): MillraceError {
  return new MillraceError('plan.name-taken', message);
}
