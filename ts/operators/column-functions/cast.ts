import { NONE } from '../../columns/memory.js';
import { assert } from '../../core/assert.js';
import { strict, type Datum } from '../expression.js';

/** Widening casts between numbers. */
export const cast = strict(({ ws, bound }, [a], rows) => {
  const { vector } = a as Datum;
  const to = bound.type.kind;
  if (to === vector.kind) return { ...vector, validity: NONE };
  const values = ws.alloc(rows * 8);
  if (vector.kind === 'int32' && to === 'int64') ws.kernels.cast_i32_i64(vector.values, rows, values);
  else if (vector.kind === 'int32' && to === 'float64') ws.kernels.cast_i32_f64(vector.values, rows, values);
  else {
    assert(vector.kind === 'int64' && to === 'float64', `a cast from ${vector.kind} to ${to}`);
    ws.kernels.cast_i64_f64(vector.values, rows, values);
  }
  return { kind: to, validity: NONE, offsets: NONE, values };
});
