import { MillraceError, type ErrorCode } from '../../core/errors.js';
import { isList } from '../../columns/schema.js';
import { must, unreachable } from '../../core/assert.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Call, Datum } from '../expression.js';

const LONGEST = 60;

/** A fault over a row's values, in the words of the expression that met them. */
export function failure(code: ErrorCode, call: Call, what: string): MillraceError {
  return new MillraceError(code, `${call.bound.text}: ${what}`);
}

/** A value of a row, for messages. */
export function shown(ws: Workspace, { vector, single }: Datum, row: number): string {
  const { memory } = ws;
  const at = single ? 0 : row;
  const { kind } = vector;
  if (isList(kind)) return `a ${kind}`;
  switch (kind) {
    case 'bool':
      return (must(memory.u8[vector.values + (at >> 3)], 'a bit') >> (at & 7)) & 1 ? 'true' : 'false';
    case 'int32':
      return String(memory.i32[vector.values / 4 + at]);
    case 'int64':
      return String(memory.i64[vector.values / 8 + at]);
    case 'timestamp':
      return timeText(Number(memory.i64[vector.values / 8 + at]));
    case 'float64':
      return String(memory.f64[vector.values / 8 + at]);
    case 'utf8':
    case 'binary': {
      const from = must(memory.u32[vector.offsets / 4 + at], 'an offset');
      const to = must(memory.u32[vector.offsets / 4 + at + 1], 'an offset');
      const bytes = Buffer.from(memory.u8.slice(vector.values + from, vector.values + to));
      const text = vector.kind === 'utf8' ? bytes.toString('utf8') : bytes.toString('hex');
      return `'${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}'`;
    }
    default:
      return unreachable(kind);
  }
}

function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}
