import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { bitmapBytes, type Kind } from '../../columns/schema.js';
import { AssertionError, assert, must, unreachable } from '../../core/assert.js';
import { spread, strict, type ColumnFunction, type Datum } from '../expression.js';
import type { Workspace } from '../../wasm/workspace.js';

const OPS = { eq: 0, ne: 1, lt: 2, le: 3, gt: 4, ge: 5 } as const;
type Comparison = keyof typeof OPS;
/** The same comparison with its sides exchanged. */
const FLIPPED: Readonly<Record<Comparison, Comparison>> = { eq: 'eq', ne: 'ne', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' };

function comparison(name: Comparison): ColumnFunction {
  return strict(({ ws }, args, rows) => {
    const [a, b] = args as [Datum, Datum];
    const values = ws.alloc(bitmapBytes(rows));
    // Kernels take a single value on the right, and of an int64 and a float64 the int64 on the left.
    const mixed = a.vector.kind !== b.vector.kind && (a.vector.kind === 'float64' || b.vector.kind === 'float64');
    if (mixed) {
      const flip = a.vector.kind === 'float64';
      const [whole, float] = flip ? [b, a] : [a, b];
      const single = float.single && !whole.single;
      const left = whole.single ? spread(ws, whole, rows) : whole.vector;
      ws.kernels.compare_i64_f64(OPS[flip ? FLIPPED[name] : name], left.values, float.vector.values, single ? 1 : 0, rows, values);
    } else if (a.single && !b.single) compareColumns(ws, FLIPPED[name], b.vector, a.vector, true, rows, values);
    else compareColumns(ws, name, a.vector, b.vector, b.single && !a.single, rows, values);
    return { kind: 'bool', validity: NONE, offsets: NONE, values };
  });
}

function compareColumns(ws: Workspace, name: Comparison, a: Vector, b: Vector, single: boolean, rows: number, out: Address): void {
  const { kernels } = ws;
  const op = OPS[name];
  const one = single ? 1 : 0;
  switch (a.kind) {
    case 'bool':
      compareBits(ws, name, a.values, spread(ws, { vector: { ...b, validity: NONE }, single }, rows).values, rows, out);
      return;
    case 'int32':
      kernels.compare_i32(op, a.values, b.values, one, rows, out);
      return;
    case 'int64':
    case 'timestamp':
      kernels.compare_i64(op, a.values, b.values, one, rows, out);
      return;
    case 'float64':
      kernels.compare_f64(op, a.values, b.values, one, rows, out);
      return;
    case 'utf8':
    case 'binary':
      kernels.compare_bytes(op, a.offsets, a.values, b.offsets, b.values, one, rows, out);
      return;
    default:
      throw new AssertionError(`${a.kind} compared`);
  }
}

/** false is less than true. */
function compareBits({ kernels }: Workspace, name: Comparison, a: Address, b: Address, rows: number, out: Address): void {
  switch (name) {
    case 'eq':
      kernels.logic_bits_xor(a, b, rows, out);
      kernels.logic_bits_not(out, rows, out);
      return;
    case 'ne':
      kernels.logic_bits_xor(a, b, rows, out);
      return;
    case 'lt':
      kernels.logic_bits_and_not(b, a, rows, out);
      return;
    case 'gt':
      kernels.logic_bits_and_not(a, b, rows, out);
      return;
    case 'le':
      kernels.logic_bits_and_not(a, b, rows, out);
      kernels.logic_bits_not(out, rows, out);
      return;
    case 'ge':
      kernels.logic_bits_and_not(b, a, rows, out);
      kernels.logic_bits_not(out, rows, out);
      return;
    default:
      unreachable(name);
  }
}

/** Whether the first argument equals one of the others, which are single values of its kind, none of them null. */
const isIn = strict(({ ws }, args, rows) => {
  const [of, ...list] = args as [Datum, ...Datum[]];
  assert(
    list.every((d) => d.single),
    'a list holds single values',
  );
  const { kernels } = ws;
  const { vector } = of;
  const values = ws.alloc(bitmapBytes(rows));
  const items = gather(
    ws,
    vector.kind,
    list.map((d) => d.vector),
  );
  switch (vector.kind) {
    case 'bool': {
      const has = (bit: number): boolean => list.some((d) => (must(ws.memory.u8[d.vector.values], 'a bit') & 1) === bit);
      if (has(0) === has(1)) kernels.logic_bits_fill(has(1) ? 1 : 0, rows, values);
      else if (has(1)) kernels.logic_bits_or(vector.values, vector.values, rows, values);
      else kernels.logic_bits_not(vector.values, rows, values);
      break;
    }
    case 'int32':
      kernels.compare_in_i32(vector.values, items.values, list.length, rows, values);
      break;
    case 'int64':
    case 'timestamp':
      kernels.compare_in_i64(vector.values, items.values, list.length, rows, values);
      break;
    case 'float64':
      kernels.compare_in_f64(vector.values, items.values, list.length, rows, values);
      break;
    case 'utf8':
    case 'binary':
      kernels.compare_in_bytes(vector.offsets, vector.values, items.offsets, items.values, list.length, rows, values);
      break;
    default:
      throw new AssertionError(`${vector.kind} looked up`);
  }
  return { kind: 'bool', validity: NONE, offsets: NONE, values };
});

/** Single values side by side, as a column without nulls. Of bools nothing is made: two bits need no list. */
function gather(ws: Workspace, kind: Kind, list: readonly Vector[]): { readonly offsets: Address; readonly values: Address } {
  const { memory, kernels } = ws;
  if (kind === 'bool') return { offsets: NONE, values: NONE };
  if (kind === 'utf8' || kind === 'binary') {
    const lengths = list.map((v) => must(memory.u32[v.offsets / 4 + 1], 'an offset'));
    const offsets = ws.alloc((list.length + 1) * 4);
    const values = ws.alloc(lengths.reduce((sum, n) => sum + n, 0));
    let at = 0;
    memory.u32[offsets / 4] = 0;
    list.forEach((v, i) => {
      const length = must(lengths[i], 'a length');
      kernels.select_copy(values + at, v.values, length);
      at += length;
      memory.u32[offsets / 4 + i + 1] = at;
    });
    return { offsets, values };
  }
  const width = kind === 'int32' ? 4 : 8;
  const values = ws.alloc(list.length * width);
  for (const [i, v] of list.entries()) kernels.select_copy(values + i * width, v.values, width);
  return { offsets: NONE, values };
}

/** Comparisons, by their names in plan/functions.ts. */
export const COMPARISONS: Readonly<Record<string, ColumnFunction>> = {
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  in: isIn,
};
