import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { bitmapBytes, layoutOf, type Kind } from '../columns/schema.js';
import { assert, must, unreachable } from '../core/assert.js';
import { bitmapToSelection, takeVector, type Selection } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';

export interface ValueType {
  readonly kind: Kind;
  readonly nullable: boolean;
}

/** A literal as kernels want it: text and binary as bytes, int64 and timestamps as bigint. */
export type BoundLiteral = number | bigint | boolean | Uint8Array | null;

/** An expression over the columns of one schema, typed, with its functions' implementations. */
export type BoundExpression =
  | { readonly op: 'column'; readonly index: number; readonly type: ValueType }
  | { readonly op: 'literal'; readonly value: BoundLiteral; readonly type: ValueType }
  | BoundCall;

export interface BoundCall {
  readonly op: 'call';
  readonly fn: ColumnFunction;
  readonly args: readonly BoundExpression[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly type: ValueType;
  /** Whether it, or an argument, may throw over some row's values. */
  readonly fallible: boolean;
  /** For messages: `price * qty`. */
  readonly text: string;
}

/** What a column function's rows are: a column, or one row that stands for all. */
export interface Datum {
  readonly vector: Vector;
  readonly single: boolean;
}

/**
 * An implementation of a column function. It works on all rows of a batch at once; see `strict` for those that give null
 * for null.
 */
export interface ColumnFunction {
  readonly fallible: boolean;
  evaluate(call: Call): Datum;
}

/** A call under evaluation. */
export interface Call {
  readonly ws: Workspace;
  readonly rows: number;
  readonly bound: BoundCall;
  /** A bitmap of the rows in which an error counts; NONE: in all. */
  readonly active: Address;
  /** Evaluates an argument; for `and` and `or`, in fewer rows than their own. */
  arg(index: number, active?: Address): Datum;
}

/** The expression's value for each row of the batch: a column of it, or scratch. */
export function evaluate(ws: Workspace, bound: BoundExpression, batch: Batch): Vector {
  return spread(ws, evaluateDatum(ws, bound, batch, NONE), batch.rows);
}

/** The rows for which a condition is true: not those for which it is null. */
export function evaluateCondition(ws: Workspace, bound: BoundExpression, batch: Batch): Selection {
  assert(bound.type.kind === 'bool', 'a condition is a bool');
  const { values, validity } = evaluate(ws, bound, batch);
  return bitmapToSelection(ws, values, validity, batch.rows);
}

function evaluateDatum(ws: Workspace, bound: BoundExpression, batch: Batch, active: Address): Datum {
  switch (bound.op) {
    case 'column':
      return { vector: must(batch.columns[bound.index], `column ${bound.index}`), single: false };
    case 'literal':
      return { vector: literalVector(ws, bound.type.kind, bound.value), single: true };
    case 'call':
      return bound.fn.evaluate({
        ws,
        rows: batch.rows,
        bound,
        active,
        arg: (index, rowsThatMatter = active) =>
          evaluateDatum(ws, must(bound.args[index], `argument ${index} of ${bound.text}`), batch, rowsThatMatter),
      });
    default:
      return unreachable(bound);
  }
}

/** One row that holds the literal. */
export function literalVector(ws: Workspace, kind: Kind, value: BoundLiteral): Vector {
  const { memory } = ws;
  let validity: Address = NONE;
  if (value === null) {
    validity = ws.alloc(8);
    memory.u64[validity / 8] = 0n;
  }
  const layout = layoutOf(kind);
  if (layout === 'bytes') {
    const bytes = value instanceof Uint8Array ? value : new Uint8Array();
    const offsets = ws.alloc(8);
    const values = ws.alloc(bytes.length);
    memory.u32[offsets / 4] = 0;
    memory.u32[offsets / 4 + 1] = bytes.length;
    memory.u8.set(bytes, values);
    return { kind, validity, offsets, values };
  }
  const values = ws.alloc(8);
  if (layout === 'bits') memory.u64[values / 8] = value === true ? 1n : 0n;
  else if (layout === 'words32') memory.i32[values / 4] = Number(value ?? 0);
  else if (kind === 'float64') memory.f64[values / 8] = Number(value ?? 0);
  else memory.i64[values / 8] = BigInt((value as bigint | null) ?? 0n);
  return { kind, validity, offsets: NONE, values };
}

/** A single row repeated; a column stays as it is. */
export function spread(ws: Workspace, { vector, single }: Datum, rows: number): Vector {
  if (!single) return vector;
  const { kind } = vector;
  const validity = vector.validity === NONE ? NONE : filledBits(ws, readBit(ws, vector.validity), rows);
  const layout = layoutOf(kind);
  switch (layout) {
    case 'bits':
      return { kind, validity, offsets: NONE, values: filledBits(ws, readBit(ws, vector.values), rows) };
    case 'words32':
    case 'words64': {
      const values = ws.alloc(rows * (layout === 'words32' ? 4 : 8));
      if (layout === 'words32') ws.kernels.select_repeat_32(vector.values, rows, values);
      else ws.kernels.select_repeat_64(vector.values, rows, values);
      return { kind, validity, offsets: NONE, values };
    }
    case 'bytes': {
      const zeros = ws.alloc(rows * 4);
      ws.memory.u32.fill(0, zeros / 4, zeros / 4 + rows);
      return { ...takeVector(ws, { ...vector, validity: NONE }, zeros, rows), validity };
    }
    default:
      return unreachable(layout);
  }
}

export function readBit(ws: Workspace, bits: Address): boolean {
  return (must(ws.memory.u8[bits], 'a bit') & 1) === 1;
}

export function filledBits(ws: Workspace, value: boolean, rows: number): Address {
  const out = ws.alloc(bitmapBytes(rows));
  ws.kernels.logic_bits_fill(value ? 1 : 0, rows, out);
  return out;
}

/** Both bitmaps; NONE stands for all ones. */
export function bothBits(ws: Workspace, a: Address, b: Address, rows: number): Address {
  if (a === NONE || a === b) return b;
  if (b === NONE) return a;
  const out = ws.alloc(bitmapBytes(rows));
  ws.kernels.logic_bits_and(a, b, rows, out);
  return out;
}

/**
 * What a strict function computes: the values of `rows` rows (1 when every argument is single). `check` is the bitmap of
 * rows in which an error counts (NONE: all), `validity` of those without a null argument. A validity in the answer marks
 * further nulls. Text of a null row must be empty.
 */
export type Compute = (call: Call, args: readonly Datum[], rows: number, check: Address, validity: Address) => Vector;

/** A function whose result is null where any of its arguments is. */
export function strict(compute: Compute, fallible = false): ColumnFunction {
  return {
    fallible,
    evaluate(call) {
      const { ws, bound } = call;
      const args = bound.args.map((_, i) => call.arg(i));
      const single = args.every((a) => a.single);
      const rows = single ? 1 : call.rows;
      let validity: Address = NONE;
      for (const { vector, single: one } of args) {
        if (vector.validity === NONE) continue;
        if (!one || single) validity = bothBits(ws, validity, vector.validity, rows);
        else if (!readBit(ws, vector.validity)) return { vector: literalVector(ws, bound.type.kind, null), single: true };
      }
      const check = single ? validity : bothBits(ws, validity, call.active, rows);
      const result = compute(call, args, rows, check, validity);
      return { vector: { ...result, validity: bothBits(ws, validity, result.validity, rows) }, single };
    },
  };
}
