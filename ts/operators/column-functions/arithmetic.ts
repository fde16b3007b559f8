import { NONE, type Address } from '../../columns/memory.js';
import { assert } from '../../core/assert.js';
import type { Kind } from '../../columns/schema.js';
import { literalVector, strict, type Call, type ColumnFunction, type Datum } from '../expression.js';
import { failure, shown } from './failure.js';

const OPS = { add: 0, sub: 1, mul: 2, div: 3, mod: 4 } as const;
const SIGNS: Readonly<Record<keyof typeof OPS, string>> = { add: '+', sub: '-', mul: '*', div: '/', mod: '%' };

/** Two numbers of one kind, which is the result's. Integer overflow fails, and so does integer mod by zero. */
function arithmetic(name: keyof typeof OPS): ColumnFunction {
  return strict((call, args, rows, check) => {
    const [a, b] = args as [Datum, Datum];
    return { kind: call.bound.type.kind, validity: NONE, offsets: NONE, values: compute(call, name, a, b, rows, check) };
  }, true);
}

function compute(call: Call, name: keyof typeof OPS, a: Datum, b: Datum, rows: number, check: Address): Address {
  const { ws, bound } = call;
  const { kernels } = ws;
  const { kind } = bound.type;
  const aSingle = a.single && rows > 1 ? 1 : 0;
  const bSingle = b.single && rows > 1 ? 1 : 0;
  const values = ws.alloc(rows * (kind === 'int32' ? 4 : 8));
  if (kind === 'float64') {
    kernels.arithmetic_f64(OPS[name], a.vector.values, aSingle, b.vector.values, bSingle, rows, values);
    return values;
  }
  assert(kind === 'int32' || kind === 'int64', `arithmetic over ${kind}`);
  const kernel = kind === 'int32' ? kernels.arithmetic_i32 : kernels.arithmetic_i64;
  const done = kernel(OPS[name], a.vector.values, aSingle, b.vector.values, bSingle, check, rows, values);
  if (done < rows) {
    const sum = `${shown(ws, a, done)} ${SIGNS[name]} ${shown(ws, b, done)}`;
    if (name === 'mod') throw failure('value.invalid', call, `${sum} has no value; exclude zero with a condition before it`);
    throw overflow(call, sum, kind);
  }
  return values;
}

function overflow(call: Call, what: string, kind: Kind): Error {
  return failure('value.overflow', call, `${what} does not fit into ${kind}; cast to ${kind === 'int32' ? 'int64 or ' : ''}float64 first`);
}

const add = arithmetic('add');
const sub = arithmetic('sub');
const mul = arithmetic('mul');
const div = arithmetic('div');
const mod = arithmetic('mod');

/** Times -1: 0 - x would lose the sign of a floating zero. */
const neg = strict((call, [a], rows, check) => {
  const { kind } = call.bound.type;
  const minusOne: Datum = { vector: literalVector(call.ws, kind, kind === 'float64' || kind === 'int32' ? -1 : -1n), single: true };
  return { kind, validity: NONE, offsets: NONE, values: compute(call, 'mul', a as Datum, minusOne, rows, check) };
}, true);

const abs = strict((call, [a], rows, check) => {
  const { ws, bound } = call;
  const { kind } = bound.type;
  const datum = a as Datum;
  const from = datum.vector.values;
  const values = ws.alloc(rows * (kind === 'int32' ? 4 : 8));
  if (kind === 'float64') ws.kernels.arithmetic_abs_f64(from, rows, values);
  else {
    const done =
      kind === 'int32'
        ? ws.kernels.arithmetic_abs_i32(from, check, rows, values)
        : ws.kernels.arithmetic_abs_i64(from, check, rows, values);
    if (done < rows) throw overflow(call, `abs(${shown(ws, datum, done)})`, kind);
  }
  return { kind, validity: NONE, offsets: NONE, values };
}, true);

/** To `digits` places (negative: tens, hundreds …), halves away from zero. */
const round = strict((call, [a], rows, check) => {
  const { ws, bound } = call;
  const { kind } = bound.type;
  const datum = a as Datum;
  const digits = Number(bound.options['digits'] ?? 0);
  if (kind === 'float64') {
    // Beyond 308 places there is nothing to round, and beyond -308 nothing is left.
    const scale = 10 ** Math.min(Math.abs(digits), 308);
    const values = ws.alloc(rows * 8);
    ws.kernels.arithmetic_round_f64(datum.vector.values, scale, digits >= 0 ? 1 : 0, rows, values);
    return { kind, validity: NONE, offsets: NONE, values };
  }
  if (digits >= 0) return { ...datum.vector, validity: NONE };
  const values = ws.alloc(rows * (kind === 'int32' ? 4 : 8));
  const step = 10 ** Math.min(-digits, 18);
  const kernel = kind === 'int32' ? ws.kernels.arithmetic_round_i32 : ws.kernels.arithmetic_round_i64;
  const done = kernel(datum.vector.values, step, check, rows, values);
  if (done < rows) throw overflow(call, `round(${shown(ws, datum, done)}, ${digits})`, kind);
  return { kind, validity: NONE, offsets: NONE, values };
}, true);

/** Functions of numbers, by their names in plan/functions.ts. */
export const ARITHMETIC: Readonly<Record<string, ColumnFunction>> = { add, sub, mul, div, mod, neg, abs, round };
