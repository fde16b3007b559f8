import type { Kind, Schema } from '../columns/schema.js';
import { isList, isScalar, KINDS, type ScalarKind } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';
import type { Expression, ExpressionType, LiteralOption, LiteralValue } from './expression.js';
import { nearest } from './nearest.js';

/** An argument as a function's rule sees it. */
export interface Argument {
  readonly kind: Kind | 'null';
  readonly nullable: boolean;
  /** Of a literal, its value as the plan writes it. */
  readonly literal?: LiteralValue;
  /** In the user's words: `amount`, `lower(city)`. */
  readonly text: string;
}

export type Options = Readonly<Record<string, LiteralOption>>;

/** What a call gives, and the kinds that its arguments are converted to first. */
export interface Signature extends ExpressionType {
  readonly args: readonly Kind[];
}

/** A rule answers with a signature, or with the sentence that refuses the call. */
export interface FunctionRule {
  /** Written between its operands by `describe`. */
  readonly infix?: string;
  readonly type: (args: readonly Argument[], options: Options) => Signature | string;
}

export const TIME_UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** The widest of the kinds, or undefined when one is no number. A null literal has any kind. */
function widest(args: readonly Argument[]): 'int32' | 'int64' | 'float64' | undefined {
  const kinds = args.map((a) => a.kind);
  if (!kinds.every((k) => k === 'int32' || k === 'int64' || k === 'float64' || k === 'null')) return undefined;
  if (kinds.includes('float64') || kinds.every((k) => k === 'null')) return 'float64';
  return kinds.includes('int64') ? 'int64' : 'int32';
}

const anyNull = (args: readonly Argument[]): boolean => args.some((a) => a.nullable);

function wanted(args: readonly Argument[], accepts: (kind: Kind | 'null') => boolean, what: string): string | undefined {
  const wrong = args.find((a) => !accepts(a.kind));
  return wrong === undefined ? undefined : `${wrong.text} is ${article(wrong.kind)}, but ${what} is wanted there`;
}

function article(kind: Kind | 'null'): string {
  return kind === 'null' ? 'null' : `${/^[aiou]/.test(kind) && kind !== 'utf8' ? 'an' : 'a'} ${kind}`;
}

const isNumber = (kind: Kind | 'null'): boolean => kind === 'int32' || kind === 'int64' || kind === 'float64' || kind === 'null';

function arithmetic(infix: string, kind?: Kind): FunctionRule {
  return {
    infix,
    type: (args) => {
      if (args.length !== 2) return `${infix} takes two operands`;
      const refusal = wanted(args, isNumber, 'a number');
      if (refusal !== undefined) return refusal;
      const result = kind ?? widest(args) ?? 'float64';
      return { kind: result, nullable: anyNull(args), args: [result, result] };
    },
  };
}

function ofNumber(optionsWrong: (options: Options) => string | undefined = () => undefined): FunctionRule {
  return {
    type: (args, options) => {
      const refusal = wanted(args, isNumber, 'a number') ?? optionsWrong(options);
      if (refusal !== undefined) return refusal;
      const kind = widest(args) ?? 'float64';
      return { kind, nullable: anyNull(args), args: [kind] };
    },
  };
}

/** The kinds in which two values are compared, or the refusal. int64 against float64 stays as it is: it is compared exactly. */
function comparedAs(a: Argument, b: Argument): readonly [Kind, Kind] | string {
  const none = [a, b].find((x) => x.kind === 'null');
  if (none !== undefined || a.kind === 'null' || b.kind === 'null')
    return 'nothing is equal to null, nor in any order with it; use isNull() or isNotNull()';
  const list = [a, b].find((x) => isList(x.kind));
  if (list !== undefined) return `${list.text} is ${article(list.kind)}, and lists are not compared`;
  if (a.kind === b.kind) return [a.kind, b.kind];
  const kinds = [a.kind, b.kind];
  if (kinds.includes('timestamp') && (kinds.includes('int64') || kinds.includes('float64'))) return [a.kind, b.kind];
  if (!isNumber(a.kind) || !isNumber(b.kind))
    return `${a.text} is ${article(a.kind)} and ${b.text} is ${article(b.kind)}; cast one of them to compare them`;
  if (kinds.includes('int64') && kinds.includes('float64')) return [a.kind, b.kind];
  return kinds.includes('float64') ? ['float64', 'float64'] : ['int64', 'int64'];
}

function comparison(infix: string): FunctionRule {
  return {
    infix,
    type: (args) => {
      const [a, b] = args;
      if (a === undefined || b === undefined || args.length !== 2) return `${infix} takes two operands`;
      const kinds = comparedAs(a, b);
      return typeof kinds === 'string' ? kinds : { kind: 'bool', nullable: anyNull(args), args: kinds };
    },
  };
}

function logic(infix: string | undefined): FunctionRule {
  return {
    ...(infix === undefined ? {} : { infix }),
    type: (args) =>
      wanted(args, (k) => k === 'bool' || k === 'null', 'a condition') ?? {
        kind: 'bool',
        nullable: anyNull(args),
        args: args.map(() => 'bool'),
      },
  };
}

function ofText(result: Kind, optionsWrong: (options: Options) => string | undefined = () => undefined, nullable = false): FunctionRule {
  return {
    type: (args, options) =>
      wanted(args, (k) => k === 'utf8', 'text') ??
      optionsWrong(options) ?? { kind: result, nullable: nullable || anyNull(args), args: args.map(() => 'utf8') },
  };
}

function ofTime(result: Kind, optionsWrong: (options: Options) => string | undefined = () => undefined): FunctionRule {
  return {
    type: (args, options) =>
      wanted(args, (k) => k === 'timestamp', 'a timestamp') ??
      optionsWrong(options) ?? { kind: result, nullable: anyNull(args), args: args.map(() => 'timestamp') },
  };
}

const needsText = (options: Options): string | undefined =>
  typeof options['text'] === 'string' ? undefined : `${JSON.stringify(options['text'])} is no text to look for; give a string`;
const needsWhole =
  (name: string, least = -Infinity) =>
  (options: Options): string | undefined => {
    const value = options[name];
    return Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `${name} is ${typeof value === 'number' ? value : JSON.stringify(value)}; give a whole number${least === 0 ? ', 0 or more' : ''}`;
  };

function wrongUnit(options: Options, units: readonly string[]): string | undefined {
  const { unit, timeZone } = options;
  if (!units.includes(String(unit))) return `${JSON.stringify(unit)} is no unit of time; give one of ${units.join(', ')}`;
  if (timeZone === undefined) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: String(timeZone) });
    return undefined;
  } catch {
    return `${JSON.stringify(timeZone)} is no time zone; give an IANA name such as 'Europe/Oslo'`;
  }
}

function wrongPattern({ source, flags }: Options): string | undefined {
  try {
    new RegExp(String(source), typeof flags === 'string' ? flags : '');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const WHOLE_RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  timestamp: [-8_640_000_000_000_000n, 8_640_000_000_000_000n],
};

/** A numeric literal as a whole number that `kind` can hold, or undefined. */
export function wholeLiteral(value: LiteralValue | undefined, kind: Kind): bigint | undefined {
  const range = WHOLE_RANGES[kind];
  const number = Number(value);
  if (range === undefined || value === null || typeof value === 'boolean' || value === undefined || !Number.isInteger(number))
    return undefined;
  const whole = BigInt(value);
  return whole >= range[0] && whole <= range[1] ? whole : undefined;
}

const fillNull: FunctionRule = {
  type: ([of, by]) => {
    if (of === undefined || by === undefined) return 'give the value that stands for null';
    if (of.kind === 'null') return 'null has no type of its own; fill a column';
    const signature: Signature = { kind: of.kind, nullable: by.nullable, args: [of.kind, of.kind] };
    if (by.kind === of.kind) return signature;
    if (isNumber(by.kind) && by.kind !== 'null') {
      if (of.kind === 'float64' || (of.kind === 'int64' && by.kind === 'int32')) return signature;
      if (wholeLiteral(by.literal, of.kind) !== undefined) return signature;
    }
    return `${by.text} is ${article(by.kind)}, which ${of.text} (${of.kind}) cannot hold`;
  },
};

const CASTS: Readonly<Record<ScalarKind, readonly ScalarKind[]>> = {
  bool: ['bool', 'int32', 'int64', 'float64', 'utf8'],
  int32: ['bool', 'int32', 'int64', 'float64', 'utf8'],
  int64: ['bool', 'int32', 'int64', 'float64', 'utf8', 'timestamp'],
  float64: ['bool', 'int32', 'int64', 'float64', 'utf8', 'timestamp'],
  utf8: ['bool', 'int32', 'int64', 'float64', 'utf8', 'timestamp', 'binary'],
  binary: ['binary', 'utf8'],
  timestamp: ['timestamp', 'int64', 'float64', 'utf8'],
};

const cast: FunctionRule = {
  type: ([of], { to, nullable }) => {
    const target = KINDS.find((k) => k === to);
    if (of === undefined || target === undefined) return `${JSON.stringify(to)} is no type of column; there are ${KINDS.join(', ')}`;
    if (of.kind === 'null') return { kind: target, nullable: true, args: [target] };
    if (!isScalar(of.kind)) return `${article(of.kind)} cannot become anything else`;
    if (!CASTS[of.kind].includes(target))
      return `${article(of.kind)} cannot become ${article(target)}; it can become ${CASTS[of.kind].filter((k) => k !== of.kind).join(', ')}`;
    return { kind: target, nullable: of.nullable || nullable === true, args: [of.kind] };
  },
};

const isIn: FunctionRule = {
  type: ([of, ...values]) => {
    if (of === undefined || of.kind === 'null') return 'null is in no list; use isNull()';
    for (const value of values) {
      if (value.literal === undefined) return `${value.text} is no constant; a list holds constants only`;
      const kinds = comparedAs(of, value);
      if (typeof kinds === 'string') return kinds;
    }
    return { kind: 'bool', nullable: of.nullable, args: [of.kind, ...values.map((v) => v.kind as Kind)] };
  },
};

const between: FunctionRule = {
  type: (args) => {
    const [of, low, high] = args;
    if (of === undefined || low === undefined || high === undefined) return 'give the lowest and the highest value';
    const kinds = [comparedAs(of, low), comparedAs(of, high)];
    const refusal = kinds.find((k) => typeof k === 'string');
    return refusal !== undefined ? (refusal as string) : { kind: 'bool', nullable: anyNull(args), args: args.map((a) => a.kind as Kind) };
  },
};

const nullTest: FunctionRule = {
  type: ([of]) => (of === undefined || of.kind === 'null' ? 'give a column' : { kind: 'bool', nullable: false, args: [of.kind] }),
};

const wrongSlice = (options: Options): string | undefined =>
  needsWhole('start')(options) ?? (options['end'] === undefined ? undefined : needsWhole('end')(options));

const wrongSplit = (options: Options): string | undefined =>
  typeof options['separator'] === 'string' && options['separator'] !== ''
    ? needsWhole('index', 0)(options)
    : `${JSON.stringify(options['separator'])} is no separator; give a string that is not empty`;

/**
 * Every column function by name: which arguments it takes, and what it gives. Its implementation has the same name in
 * operators/column-functions/, its method is in api/columns.ts.
 */
export const FUNCTIONS: Readonly<Record<string, FunctionRule>> = {
  eq: comparison('='),
  ne: comparison('<>'),
  lt: comparison('<'),
  le: comparison('<='),
  gt: comparison('>'),
  ge: comparison('>='),
  in: isIn,
  between,
  isNull: nullTest,
  isNotNull: nullTest,
  fillNull,
  cast,
  and: logic('and'),
  or: logic('or'),
  not: logic(undefined),
  add: arithmetic('+'),
  sub: arithmetic('-'),
  mul: arithmetic('*'),
  div: arithmetic('/', 'float64'),
  mod: arithmetic('%'),
  neg: ofNumber(),
  abs: ofNumber(),
  round: ofNumber((options) => needsWhole('digits')({ digits: 0, ...options })),
  lower: ofText('utf8'),
  upper: ofText('utf8'),
  trim: ofText('utf8'),
  concat: ofText('utf8'),
  slice: ofText('utf8', wrongSlice),
  split: ofText('utf8', wrongSplit, true),
  length: ofText('int32'),
  contains: ofText('bool', needsText),
  startsWith: ofText('bool', needsText),
  endsWith: ofText('bool', needsText),
  matches: ofText('bool', wrongPattern),
  /** Of `apply`: a whole row as bytes. */
  packRow: { type: (args) => ({ kind: 'binary', nullable: false, args: args.map((a) => a.kind as Kind) }) },
  startOf: ofTime('timestamp', (options) => wrongUnit(options, TIME_UNITS)),
  part: ofTime('int32', (options) => wrongUnit(options, [...TIME_UNITS, 'dayOfWeek'])),
  plus: ofTime('timestamp', needsWhole('ms')),
  minus: ofTime('timestamp', needsWhole('ms')),
  since: ofTime('int64'),
};

/** The signature of a call whose arguments are known. Throws `plan.wrong-type` in the user's names. */
export function signatureOf(call: Extract<Expression, { op: 'call' }>, args: readonly Argument[]): Signature {
  const rule = Object.hasOwn(FUNCTIONS, call.fn) ? FUNCTIONS[call.fn] : undefined;
  if (rule === undefined) {
    const near = nearest(call.fn, Object.keys(FUNCTIONS));
    throw new MillraceError(
      'plan.invalid',
      `there is no column function '${call.fn}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
    );
  }
  const signature = rule.type(args, call.options ?? {});
  if (typeof signature === 'string') throw new MillraceError('plan.wrong-type', `${describe(call)}: ${signature}`);
  return signature;
}

/** An expression's type over rows of `schema`. Throws `plan.unknown-column` and `plan.wrong-type` in the user's names. */
export function typeOf(expression: Expression, schema: Schema): ExpressionType {
  const { kind, nullable } = argumentOf(expression, schema);
  if (kind === 'null')
    throw new MillraceError('plan.wrong-type', 'null alone has no type; give a value, or cast a column to a nullable type');
  return { kind, nullable };
}

/** The same, for use as an argument: null literals have a kind of their own there. */
export function argumentOf(expression: Expression, schema: Schema): Argument {
  switch (expression.op) {
    case 'column': {
      const field = schema.find((f) => f.name === expression.name);
      if (field === undefined) throw unknownColumn(expression.name, schema);
      return { kind: field.kind, nullable: field.nullable, text: field.name };
    }
    case 'literal':
      return { kind: expression.kind, nullable: expression.kind === 'null', literal: expression.value, text: describe(expression) };
    case 'call': {
      const { kind, nullable } = signatureOf(
        expression,
        expression.args.map((a) => argumentOf(a, schema)),
      );
      return { kind, nullable, text: describe(expression) };
    }
  }
}

function unknownColumn(name: string, schema: Schema): MillraceError {
  const names = schema.map((f) => f.name);
  const near = nearest(name, names);
  return new MillraceError(
    'plan.unknown-column',
    `no column '${name}'; ${near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`}`,
  );
}

/** The names of the columns that an expression reads. */
export function columnsOf(expression: Expression, into = new Set<string>()): Set<string> {
  if (expression.op === 'column') into.add(expression.name);
  else if (expression.op === 'call') for (const arg of expression.args) columnsOf(arg, into);
  return into;
}

/** As a person would write it: `amount > 0 and city in ('Oslo', 'Bergen')`. */
export function describe(expression: Expression): string {
  switch (expression.op) {
    case 'column':
      return expression.name;
    case 'literal':
      return describeLiteral(expression.kind, expression.value);
    case 'call':
      return describeCall(expression);
  }
}

function describeLiteral(kind: string, value: LiteralValue): string {
  if (kind === 'timestamp') {
    const ms = Number(value);
    return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(value);
  }
  return kind === 'utf8' ? `'${String(value).replaceAll("'", "''")}'` : kind === 'binary' ? `base64 '${String(value)}'` : String(value);
}

function describeCall(call: Extract<Expression, { op: 'call' }>): string {
  const args = call.args.map((a) => describe(a));
  const operands = call.args.map((a, i) => (a.op === 'call' && isCompound(a.fn) ? `(${args[i]})` : (args[i] as string)));
  const infix = FUNCTIONS[call.fn]?.infix;
  if (infix !== undefined) {
    // A comparison binds tighter than `and` and `or`: no brackets there.
    const loose = call.fn === 'and' || call.fn === 'or';
    return call.args
      .map((a, i) => (loose && a.op === 'call' && (a.fn === call.fn || (a.fn !== 'and' && a.fn !== 'or')) ? args[i] : operands[i]))
      .join(` ${infix} `);
  }
  const [first = '', ...rest] = operands;
  if (call.fn === 'in') return `${first} in (${args.slice(1).join(', ')})`;
  if (call.fn === 'between') return `${first} between ${rest.join(' and ')}`;
  if (call.fn === 'isNull') return `${first} is null`;
  if (call.fn === 'isNotNull') return `${first} is not null`;
  if (call.fn === 'not') return `not ${first}`;
  if (call.fn === 'cast') return `cast(${args[0]} as ${String(call.options?.['to'])}${call.options?.['nullable'] === true ? '?' : ''})`;
  const options = Object.values(call.options ?? {}).map((o) => (typeof o === 'string' ? `'${o}'` : String(o)));
  return `${call.fn}(${[...args, ...options].join(', ')})`;
}

/** Whether it is written with words or signs between operands, and so needs brackets inside another such. */
function isCompound(fn: string): boolean {
  return FUNCTIONS[fn]?.infix !== undefined || ['in', 'between', 'isNull', 'isNotNull', 'not'].includes(fn);
}
