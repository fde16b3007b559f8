import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { bitmapBytes } from '../../columns/schema.js';
import { assert, must } from '../../core/assert.js';
import { MAX_TIME_MS } from '../../core/limits.js';
import type { Workspace } from '../../wasm/workspace.js';
import { type Call, type ColumnFunction, type Datum, literalVector, strict } from '../expression.js';
import { failure, shown } from './failure.js';
import { periodsBetween } from './time-zone.js';

const SECOND = 1000;
const DAY = 86_400_000;
const SIZES: Readonly<Record<string, number>> = { second: SECOND, minute: 60 * SECOND, hour: 3600 * SECOND, day: DAY, week: 7 * DAY };
/** Weeks begin on Mondays; 1970-01-05 was the first. */
const FIRST_MONDAY = 4 * DAY;
const PARTS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year', 'dayOfWeek'];

/** A zone's periods that a column's times touch, as the kernels' table. */
interface ZoneTable {
  readonly at: Address;
  readonly count: number;
}

function zoneTable(ws: Workspace, zone: string, times: Address, validity: Address, rows: number): ZoneTable {
  const bounds = ws.alloc(16);
  const any = ws.kernels.time_bounds(times, validity, rows, bounds) > 0;
  const bound = (i: number): number => (any ? Number(must(ws.memory.i64[bounds / 8 + i], 'a bound')) : 0);
  const periods = periodsBetween(zone, bound(0), bound(1));
  const at = ws.alloc(periods.length * 16);
  for (const [i, { from, offset }] of periods.entries()) {
    ws.memory.i64[at / 8 + 2 * i] = i === 0 ? -(2n ** 63n) : BigInt(from);
    ws.memory.i64[at / 8 + 2 * i + 1] = BigInt(offset);
  }
  return { at, count: periods.length };
}

const time = (values: Address): Vector => ({ kind: 'timestamp', validity: NONE, offsets: NONE, values });

function isUtc(zone: unknown): boolean {
  return zone === undefined || zone === 'UTC' || zone === 'Etc/UTC';
}

/** The start of the second, minute, hour, day, week (Monday), month or year that holds each time. */
const startOf = strict(({ ws, bound }, [a], rows, _check, validity) => {
  const times = (a as Datum).vector.values;
  const unit = String(bound.options['unit']);
  const values = ws.alloc(rows * 8);
  const { timeZone } = bound.options;
  if (isUtc(timeZone)) {
    floorUtc(ws, unit, times, rows, values);
    return time(values);
  }
  const zone = zoneTable(ws, String(timeZone), times, validity, rows);
  const size = SIZES[unit];
  if (size !== undefined && size < DAY) ws.kernels.time_floor_local(times, size, zone.at, zone.count, rows, values);
  else {
    ws.kernels.time_to_local(times, zone.at, zone.count, rows, values);
    floorUtc(ws, unit, values, rows, values);
    ws.kernels.time_from_local(values, zone.at, zone.count, rows, values);
  }
  return time(values);
});

function floorUtc(ws: Workspace, unit: string, times: Address, rows: number, out: Address): void {
  const size = SIZES[unit];
  if (size !== undefined) ws.kernels.time_floor(times, size, unit === 'week' ? FIRST_MONDAY : 0, rows, out);
  else ws.kernels.time_floor_month(times, unit === 'year' ? 1 : 0, rows, out);
}

/** second, minute, hour, day of month, ISO week, month (1 to 12), year, ISO day of week (Monday 1). */
const part = strict(({ ws, bound }, [a], rows, _check, validity) => {
  const times = (a as Datum).vector.values;
  const { timeZone, unit } = bound.options;
  const index = PARTS.indexOf(String(unit));
  assert(index >= 0, () => `a part of time: ${String(unit)}`);
  let local = times;
  if (!isUtc(timeZone)) {
    const zone = zoneTable(ws, String(timeZone), times, validity, rows);
    local = ws.alloc(rows * 8);
    ws.kernels.time_to_local(times, zone.at, zone.count, rows, local);
  }
  const values = ws.alloc(rows * 4);
  ws.kernels.time_part(local, index, rows, values);
  return { kind: 'int32', validity: NONE, offsets: NONE, values };
});

function shifted(sign: 1 | -1): ColumnFunction {
  return strict((call, [a], rows, check) => {
    const { ws, bound } = call;
    const by = literalVector(ws, 'int64', BigInt(sign * Number(bound.options['ms'])));
    const values = ws.alloc(rows * 8);
    const datum = a as Datum;
    const done = ws.kernels.arithmetic_i64(0, datum.vector.values, 0, by.values, rows > 1 ? 1 : 0, check, rows, values);
    if (done < rows) throw beyondDates(call, datum, done);
    const ok = ws.alloc(bitmapBytes(rows));
    ws.kernels.cast_in_range_i64(values, -MAX_TIME_MS, MAX_TIME_MS, rows, ok);
    ws.kernels.logic_bits_not(ok, rows, ok);
    if (check !== NONE) ws.kernels.logic_bits_and(ok, check, rows, ok);
    const row = ws.kernels.logic_bits_first(ok, rows);
    if (row < rows) throw beyondDates(call, datum, row);
    return time(values);
  }, true);
}

function beyondDates(call: Call, datum: Datum, row: number): Error {
  return failure(
    'value.overflow',
    call,
    `${shown(call.ws, datum, row)} is moved out of the range of dates, ±${MAX_TIME_MS} ms around 1970`,
  );
}

const plus = shifted(1);
const minus = shifted(-1);

/** Milliseconds from the second time to the first. */
const since = strict((call, args, rows, check) => {
  const { ws } = call;
  const [a, b] = args as [Datum, Datum];
  const values = ws.alloc(rows * 8);
  const one = (d: Datum): number => (d.single && rows > 1 ? 1 : 0);
  const done = ws.kernels.arithmetic_i64(1, a.vector.values, one(a), b.vector.values, one(b), check, rows, values);
  if (done < rows) throw failure('value.overflow', call, `${shown(ws, a, done)} and ${shown(ws, b, done)} lie too far apart`);
  return { kind: 'int64', validity: NONE, offsets: NONE, values };
}, true);

/** Functions of timestamps, by their names in plan/functions.ts. */
export const TIME: Readonly<Record<string, ColumnFunction>> = { startOf, part, plus, minus, since };
