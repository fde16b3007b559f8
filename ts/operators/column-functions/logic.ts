import { NONE, type Address } from '../../columns/memory.js';
import { bitmapBytes, layoutOf } from '../../columns/schema.js';
import { unreachable } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import { bothBits, filledBits, literalVector, readBit, spread, strict, type Call, type ColumnFunction, type Datum } from '../expression.js';

/**
 * SQL's three-valued `and` and `or` over any number of conditions. They guard: an error on the right of a condition counts
 * only in rows that the left has not decided (`c.n.ne(0n).and(c.total.mod(c.n).eq(0n))` never fails).
 */
function connective(name: 'and' | 'or'): ColumnFunction {
  return {
    fallible: false,
    evaluate(call) {
      const { ws, rows, bound } = call;
      let result: Vector | undefined;
      for (let i = 0; i < bound.args.length; i++) {
        const arg = bound.args[i];
        const guarded = result !== undefined && arg?.op === 'call' && arg.fallible;
        const active = guarded && result !== undefined ? undecided(call, name, result) : call.active;
        const next = spread(ws, call.arg(i, active), rows);
        result = result === undefined ? next : join(call, name, result, next);
      }
      return { vector: result ?? spread(ws, { vector: literalVector(ws, 'bool', name === 'and'), single: true }, rows), single: false };
    },
  };
}

function join({ ws, rows }: Call, name: 'and' | 'or', a: Vector, b: Vector): Vector {
  const { kernels } = ws;
  const values = ws.alloc(bitmapBytes(rows));
  if (a.validity === NONE && b.validity === NONE) {
    if (name === 'and') kernels.logic_bits_and(a.values, b.values, rows, values);
    else kernels.logic_bits_or(a.values, b.values, rows, values);
    return { kind: 'bool', validity: NONE, offsets: NONE, values };
  }
  const validity = ws.alloc(bitmapBytes(rows));
  if (name === 'and') kernels.logic_and(a.values, a.validity, b.values, b.validity, rows, values, validity);
  else kernels.logic_or(a.values, a.validity, b.values, b.validity, rows, values, validity);
  return { kind: 'bool', validity, offsets: NONE, values };
}

/** The rows for which the left side leaves the answer open: for `and` those not known to be false, for `or` not known to be true. */
function undecided({ ws, rows, active }: Call, name: 'and' | 'or', left: Vector): Address {
  const { kernels } = ws;
  const decides = ws.alloc(bitmapBytes(rows));
  if (name === 'and') kernels.logic_bits_not(left.values, rows, decides);
  else kernels.logic_bits_or(left.values, left.values, rows, decides);
  if (left.validity !== NONE) kernels.logic_bits_and(decides, left.validity, rows, decides);
  kernels.logic_bits_not(decides, rows, decides);
  return bothBits(ws, active, decides, rows);
}

const and = connective('and');
const or = connective('or');

/**
 * The second argument, whose errors count only in rows where the first is true; in the others its value is not to be read.
 * For arguments of aggregates that have a condition of their own.
 */
export const onlyWhere: ColumnFunction = {
  fallible: true,
  evaluate(call) {
    const { ws, rows, active } = call;
    const condition = spread(ws, call.arg(0), rows);
    const holds = bothBits(ws, condition.validity, condition.values, rows);
    return call.arg(1, bothBits(ws, active, holds, rows));
  },
};

const not = strict(({ ws }, [a], rows) => {
  const values = ws.alloc(bitmapBytes(rows));
  ws.kernels.logic_bits_not((a as Datum).vector.values, rows, values);
  return { kind: 'bool', validity: NONE, offsets: NONE, values };
});

function nullTest(wanted: boolean): ColumnFunction {
  return {
    fallible: false,
    evaluate(call) {
      const { ws } = call;
      const { vector, single } = call.arg(0);
      const rows = single ? 1 : call.rows;
      const values = vector.validity === NONE ? filledBits(ws, !wanted, rows) : ws.alloc(bitmapBytes(rows));
      if (vector.validity !== NONE) {
        if (wanted) ws.kernels.logic_bits_not(vector.validity, rows, values);
        else ws.kernels.logic_bits_or(vector.validity, vector.validity, rows, values);
      }
      return { vector: { kind: 'bool', validity: NONE, offsets: NONE, values }, single };
    },
  };
}

const isNull = nullTest(true);
const isNotNull = nullTest(false);

/** The first argument where it is not null, else the second. */
const fillNull: ColumnFunction = {
  fallible: false,
  evaluate(call) {
    const { ws } = call;
    const of = call.arg(0);
    if (of.vector.validity === NONE) return of;
    const by = call.arg(1);
    if (of.single) return readBit(ws, of.vector.validity) ? { vector: { ...of.vector, validity: NONE }, single: true } : by;
    return { vector: choose(call, of.vector, by), single: false };
  },
};

function choose({ ws, rows }: Call, of: Vector, by: Datum): Vector {
  const { kernels } = ws;
  const { kind, validity: mask } = of;
  const filler = by.vector;
  let validity: Address = NONE;
  if (filler.validity !== NONE) {
    validity = ws.alloc(bitmapBytes(rows));
    kernels.logic_bits_or(mask, spread(ws, by, rows).validity, rows, validity);
  }
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits': {
      const values = ws.alloc(bitmapBytes(rows));
      kernels.logic_choose_bits(mask, of.values, spread(ws, by, rows).values, rows, values);
      return { kind, validity, offsets: NONE, values };
    }
    case 'words32': {
      const values = ws.alloc(rows * 4);
      kernels.logic_choose_32(mask, of.values, filler.values, by.single ? 1 : 0, rows, values);
      return { kind, validity, offsets: NONE, values };
    }
    case 'words64': {
      const values = ws.alloc(rows * 8);
      kernels.logic_choose_64(mask, of.values, filler.values, by.single ? 1 : 0, rows, values);
      return { kind, validity, offsets: NONE, values };
    }
    case 'bytes': {
      const one = by.single ? 1 : 0;
      const offsets = ws.alloc((rows + 1) * 4);
      const bytes = kernels.logic_choose_offsets(mask, of.offsets, filler.offsets, one, rows, offsets);
      checkColumnBytes(bytes);
      const values = ws.alloc(bytes);
      kernels.logic_choose_bytes(mask, of.offsets, of.values, filler.offsets, filler.values, one, rows, offsets, values);
      return { kind, validity, offsets, values };
    }
    default:
      return unreachable(layout);
  }
}

/** Functions of conditions and of nulls, by their names in plan/functions.ts. */
export const LOGIC: Readonly<Record<string, ColumnFunction>> = { and, or, not, isNull, isNotNull, fillNull };
