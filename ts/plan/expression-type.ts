import { MillraceError } from '../core/errors.js';
import type { Kind, Schema } from '../columns/schema.js';
import type { Expression, ExpressionType } from './expression.js';

const TO_BOOL = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'between', 'in', 'and', 'or', 'not', 'contains', 'startsWith', 'endsWith', 'matches'];
const WIDTH: readonly Kind[] = ['int32', 'int64', 'float64'];
const NUMBER_ONLY = ['add', 'sub', 'mul', 'div', 'mod', 'abs', 'round'];
const TEXT_ONLY = ['split', 'lower', 'upper', 'trim', 'slice', 'concat', 'length', 'contains', 'startsWith', 'endsWith', 'matches'];
const TIME_ONLY = ['startOf', 'part', 'plus', 'minus', 'since'];

/** The type of an expression over columns of this schema. Throws `plan.unknown-column` and `plan.wrong-type`. */
export function typeOf(expression: Expression, schema: Schema): ExpressionType {
  switch (expression.op) {
    case 'column': {
      const found = schema.find((f) => f.name === expression.name);
      if (found === undefined) throw new MillraceError('plan.unknown-column', `no column '${expression.name}'`);
      return { kind: found.kind, nullable: found.nullable };
    }
    case 'literal':
      return expression.kind === 'null' ? { kind: 'utf8', nullable: true } : { kind: expression.kind, nullable: false };
    default:
      return callType(expression, schema);
  }
}

function callType(call: Extract<Expression, { op: 'call' }>, schema: Schema): ExpressionType {
  const args = call.args.map((arg) => typeOf(arg, schema));
  const first = args[0] as ExpressionType;
  const nullable = args.some((arg) => arg.nullable);
  if (NUMBER_ONLY.includes(call.fn)) {
    if (!args.every((arg) => WIDTH.includes(arg.kind))) refuse(call, 'numbers', args);
    const kind = call.fn === 'div' ? 'float64' : (WIDTH[Math.max(...args.map((arg) => WIDTH.indexOf(arg.kind)))] as Kind);
    return { kind, nullable };
  }
  if (TEXT_ONLY.includes(call.fn) && first.kind !== 'utf8') refuse(call, 'utf8', args);
  if (TIME_ONLY.includes(call.fn) && first.kind !== 'timestamp') refuse(call, 'timestamps', args);
  if (['and', 'or', 'not'].includes(call.fn) && !args.every((arg) => arg.kind === 'bool')) refuse(call, 'conditions', args);
  if (call.fn === 'isNull' || call.fn === 'isNotNull') return { kind: 'bool', nullable: false };
  if (TO_BOOL.includes(call.fn)) return { kind: 'bool', nullable };
  if (call.fn === 'fillNull') return { kind: first.kind, nullable: false };
  if (call.fn === 'cast') return { kind: call.options?.['to'] as Kind, nullable };
  if (call.fn === 'split') return { kind: 'utf8', nullable: true };
  if (call.fn === 'length' || call.fn === 'part') return { kind: 'int32', nullable };
  if (call.fn === 'since') return { kind: 'int64', nullable };
  return { kind: first.kind, nullable };
}

function refuse(call: Extract<Expression, { op: 'call' }>, takes: string, args: readonly ExpressionType[]): never {
  throw new MillraceError('plan.wrong-type', `${describe(call)}: ${call.fn} takes ${takes}, not ${args.map((arg) => arg.kind).join(', ')}`);
}

/** The expression as its author wrote it. */
export function describe(expression: Expression): string {
  if (expression.op === 'column') return expression.name;
  if (expression.op === 'literal') return JSON.stringify(expression.value);
  const [first, ...rest] = expression.args;
  const given = [...rest.map(describe), ...Object.values(expression.options ?? {}).map((value) => JSON.stringify(value))];
  return `${first === undefined ? '' : describe(first)}.${expression.fn}(${given.join(', ')})`;
}
