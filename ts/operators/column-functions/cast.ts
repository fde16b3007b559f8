import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { bitmapBytes, type Kind } from '../../columns/schema.js';
import { AssertionError, assert, must } from '../../core/assert.js';
import { MAX_TIME_MS } from '../../core/limits.js';
import type { Workspace } from '../../wasm/workspace.js';
import { type Call, type Datum, literalVector, strict } from '../expression.js';
import { failure, shown } from './failure.js';
import { readTexts, textColumn } from './text-column.js';
import { parseBool, parseNumber, parseTime } from './text-values.js';

/** A column in its new kind; `ok`, where a value may not have one, marks the rows that do (bitmap). */
interface Converted {
  readonly vector: Vector;
  readonly ok: Address;
}

/**
 * Casts. A float64 becomes a whole number by dropping its fraction. A value that the new kind does not have is an error,
 * or null when the cast is to a nullable type.
 */
export const cast = strict((call, [a], rows, check, validity) => {
  const { ws, bound } = call;
  const datum = a as Datum;
  const { vector, ok } = convert(ws, datum.vector, bound.type.kind, rows, validity);
  if (ok === NONE) return { ...vector, validity: NONE };
  const bad = ws.alloc(bitmapBytes(rows));
  ws.kernels.logic_bits_not(ok, rows, bad);
  if (check !== NONE) ws.kernels.logic_bits_and(bad, check, rows, bad);
  const row = ws.kernels.logic_bits_first(bad, rows);
  if (row === rows) return { ...vector, validity: NONE };
  if (bound.options['nullable'] === true) return { ...vector, validity: ok };
  throw noSuchValue(call, datum, row);
}, true);

function noSuchValue(call: Call, datum: Datum, row: number): Error {
  const { kind } = call.bound.type;
  return failure('value.invalid', call, `${shown(call.ws, datum, row)} is no ${kind}; cast to a nullable type to get null instead`);
}

function convert(ws: Workspace, from: Vector, to: Kind, rows: number, validity: Address): Converted {
  if (from.kind === to) return { vector: from, ok: NONE };
  switch (to) {
    case 'bool':
      return toBool(ws, from, rows);
    case 'int32':
      return toInt32(ws, from, rows);
    case 'int64':
      return toInt64(ws, from, rows);
    case 'float64':
      return toFloat64(ws, from, rows);
    case 'timestamp':
      return toTimestamp(ws, from, rows);
    case 'utf8':
      return toText(ws, from, rows, validity);
    case 'binary':
      assert(from.kind === 'utf8', `a cast from ${from.kind} to binary`);
      return { vector: { ...from, kind: to }, ok: NONE };
    default:
      throw new AssertionError(`a cast from ${from.kind} to ${to}`);
  }
}

const fixed = (kind: Kind, values: Address): Vector => ({ kind, validity: NONE, offsets: NONE, values });

function toBool(ws: Workspace, from: Vector, rows: number): Converted {
  const values = ws.alloc(bitmapBytes(rows));
  if (from.kind === 'utf8') return parsed(ws, from, rows, 'bool', parseBool);
  // Anything but 0 is true; so is NaN, which is unequal to 0.
  const zero = literalVector(ws, from.kind, from.kind === 'int64' ? 0n : 0).values;
  if (from.kind === 'int32') ws.kernels.compare_i32(1, from.values, zero, 1, rows, values);
  else if (from.kind === 'int64') ws.kernels.compare_i64(1, from.values, zero, 1, rows, values);
  else ws.kernels.compare_f64(1, from.values, zero, 1, rows, values);
  return { vector: fixed('bool', values), ok: NONE };
}

function toInt32(ws: Workspace, from: Vector, rows: number): Converted {
  const values = ws.alloc(rows * 4);
  if (from.kind === 'bool') {
    ws.kernels.cast_bits_i32(from.values, rows, values);
    return { vector: fixed('int32', values), ok: NONE };
  }
  const ok = ws.alloc(bitmapBytes(rows));
  if (from.kind === 'float64') ws.kernels.cast_f64_i32(from.values, rows, values, ok);
  else {
    const wide = from.kind === 'int64' ? { vector: from, ok: NONE } : toInt64(ws, from, rows);
    ws.kernels.cast_i64_i32(wide.vector.values, rows, values, ok);
    if (wide.ok !== NONE) ws.kernels.logic_bits_and(ok, wide.ok, rows, ok);
  }
  return { vector: fixed('int32', values), ok };
}

function toInt64(ws: Workspace, from: Vector, rows: number): Converted {
  if (from.kind === 'timestamp') return { vector: { ...from, kind: 'int64' }, ok: NONE };
  const values = ws.alloc(rows * 8);
  const vector = fixed('int64', values);
  if (from.kind === 'int32' || from.kind === 'bool') {
    const narrow = from.kind === 'int32' ? from.values : toInt32(ws, from, rows).vector.values;
    ws.kernels.cast_i32_i64(narrow, rows, values);
    return { vector, ok: NONE };
  }
  const ok = ws.alloc(bitmapBytes(rows));
  if (from.kind === 'float64') ws.kernels.cast_f64_i64(from.values, -(2 ** 63), 2 ** 63, rows, values, ok);
  else ws.kernels.cast_text_i64(from.offsets, from.values, rows, values, ok);
  return { vector, ok };
}

function toFloat64(ws: Workspace, from: Vector, rows: number): Converted {
  if (from.kind === 'utf8') return parsed(ws, from, rows, 'float64', parseNumber);
  const values = ws.alloc(rows * 8);
  if (from.kind === 'int64' || from.kind === 'timestamp') ws.kernels.cast_i64_f64(from.values, rows, values);
  else ws.kernels.cast_i32_f64(from.kind === 'bool' ? toInt32(ws, from, rows).vector.values : from.values, rows, values);
  return { vector: fixed('float64', values), ok: NONE };
}

function toTimestamp(ws: Workspace, from: Vector, rows: number): Converted {
  if (from.kind === 'utf8') return parsed(ws, from, rows, 'timestamp', parseTime);
  const ok = ws.alloc(bitmapBytes(rows));
  if (from.kind === 'int64') {
    ws.kernels.cast_in_range_i64(from.values, -MAX_TIME_MS, MAX_TIME_MS, rows, ok);
    return { vector: { ...from, kind: 'timestamp' }, ok };
  }
  const values = ws.alloc(rows * 8);
  ws.kernels.cast_f64_i64(from.values, -MAX_TIME_MS, MAX_TIME_MS + 1, rows, values, ok);
  return { vector: fixed('timestamp', values), ok };
}

/** Text as values, row by row in JavaScript; undefined where it is none. */
function parsed(ws: Workspace, from: Vector, rows: number, kind: Kind, parse: (text: string) => number | undefined): Converted {
  const { memory } = ws;
  const ok = ws.alloc(bitmapBytes(rows));
  memory.u8.fill(0, ok, ok + bitmapBytes(rows));
  const bits = kind === 'bool';
  const values = ws.alloc(bits ? bitmapBytes(rows) : rows * 8);
  if (bits) memory.u8.fill(0, values, values + bitmapBytes(rows));
  const set = (bitmap: Address, row: number): void => {
    memory.u8[bitmap + (row >> 3)] = must(memory.u8[bitmap + (row >> 3)], 'a byte') | (1 << (row & 7));
  };
  for (const [row, text] of readTexts(ws, from, rows).entries()) {
    const value = parse(text);
    if (value !== undefined) set(ok, row);
    if (kind === 'float64') memory.f64[values / 8 + row] = value ?? 0;
    else if (kind === 'timestamp') memory.i64[values / 8 + row] = BigInt(value ?? 0);
    else if (value === 1) set(values, row);
  }
  return { vector: fixed(kind, values), ok };
}

/** As JavaScript writes them; timestamps as ISO 8601 in UTC. A null becomes the empty string under its null. */
function toText(ws: Workspace, from: Vector, rows: number, validity: Address): Converted {
  const { memory } = ws;
  if (from.kind === 'binary') return binaryToText(ws, from, rows);
  const valid = (row: number): boolean => validity === NONE || ((must(memory.u8[validity + (row >> 3)], 'a bit') >> (row & 7)) & 1) === 1;
  const datum: Datum = { vector: from, single: false };
  const texts = Array.from({ length: rows }, (_, row) => (valid(row) ? shown(ws, datum, row) : ''));
  return { vector: textColumn(ws, texts), ok: NONE };
}

function binaryToText(ws: Workspace, from: Vector, rows: number): Converted {
  const { memory } = ws;
  const ok = ws.alloc(bitmapBytes(rows));
  memory.u8.fill(0, ok, ok + bitmapBytes(rows));
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts = Array.from({ length: rows }, (_, row) => {
    const start = from.values + must(memory.u32[from.offsets / 4 + row], 'an offset');
    const end = from.values + must(memory.u32[from.offsets / 4 + row + 1], 'an offset');
    try {
      const text = decoder.decode(memory.u8.slice(start, end));
      memory.u8[ok + (row >> 3)] = must(memory.u8[ok + (row >> 3)], 'a byte') | (1 << (row & 7));
      return text;
    } catch {
      return '';
    }
  });
  return { vector: textColumn(ws, texts), ok };
}
