import { periodsBetween, type Period } from './column-functions/time-zone.js';

export type CalendarUnit = 'day' | 'week' | 'month';

/** [start, end) */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const DAY = 86_400_000;
/** 1970-01-01 was a Thursday: weeks begin three days before. */
const MONDAY = -3 * DAY;
/** No day, week or month is longer. */
const LONGEST = { day: 2 * DAY, week: 8 * DAY, month: 32 * DAY } as const;

/**
 * The days, weeks (from Monday) or months of a time zone, as spans of instants: `spans(t)` is the one that t is in. A unit begins
 * when local time first reaches its midnight, or jumps over it.
 */
export function calendarSpans(unit: CalendarUnit, timeZone: string): (t: number) => Span {
  let last: Span = { start: 0, end: 0 };
  return (t) => {
    if (t >= last.start && t < last.end) return last;
    const periods = periodsBetween(timeZone, t - LONGEST[unit], t + LONGEST[unit]);
    const offset = periods.reduce((at, p) => (p.from <= t ? p.offset : at), (periods[0] as Period).offset);
    let local = startOf(unit, t + offset);
    let start = instantOf(local, periods);
    let end = instantOf(next(unit, local), periods);
    // Where clocks go back over midnight, the next unit has begun although they say the day before once more.
    while (end <= t) {
      local = next(unit, local);
      [start, end] = [end, instantOf(next(unit, local), periods)];
    }
    last = { start, end };
    return last;
  };
}

/** The first instant at which local time is at `local` or, where clocks jump over it, beyond. */
function instantOf(local: number, periods: readonly Period[]): number {
  for (const [i, { from, offset }] of periods.entries()) {
    const t = local - offset;
    if (t < (periods[i + 1]?.from ?? Infinity)) return Math.max(t, from);
  }
  return local;
}

function startOf(unit: CalendarUnit, local: number): number {
  const day = Math.floor(local / DAY) * DAY;
  if (unit === 'day') return day;
  if (unit === 'week') return Math.floor((local - MONDAY) / (7 * DAY)) * 7 * DAY + MONDAY;
  return day - (new Date(day).getUTCDate() - 1) * DAY;
}

function next(unit: CalendarUnit, local: number): number {
  if (unit !== 'month') return local + (unit === 'day' ? DAY : 7 * DAY);
  return local + new Date(Date.UTC(new Date(local).getUTCFullYear(), new Date(local).getUTCMonth() + 1, 0)).getUTCDate() * DAY;
}
