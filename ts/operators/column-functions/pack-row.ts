import { packRows } from '../../state/packed-rows.js';
import { type ColumnFunction, spread } from '../expression.js';

/** A row of its arguments as bytes; nulls are inside, so that it is never null itself. */
export const packRow: ColumnFunction = {
  fallible: false,
  evaluate(call) {
    const { ws, rows, bound } = call;
    const columns = bound.args.map((_, i) => spread(ws, call.arg(i), rows));
    return { vector: packRows(ws, columns, rows), single: false };
  },
};
