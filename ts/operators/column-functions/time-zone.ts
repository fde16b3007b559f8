import { must } from '../../core/assert.js';

/** From this instant on (until the next period) local time is UTC plus `offset` milliseconds. */
export interface Period {
  readonly from: number;
  readonly offset: number;
}

const DAY = 86_400_000;
/** Offsets are looked for this often; no zone has two changes closer than that which undo each other. */
const PROBE = 7 * DAY;
/** Rules repeat for ever, tables do not: beyond these years a zone keeps the offset it has at the edge. */
const FIRST_YEAR = 1850;
const LAST_YEAR = 2500;

/** One zone: its formatter, and the changes of offset within each year looked at so far. */
class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, readonly Period[]>();

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** Of one instant: `GMT`, `GMT+02:00`, `GMT-00:44:30`. */
  offsetAt(ms: number): number {
    const text = this.#format.format(ms);
    const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
    const [, sign, hours, minutes, seconds] = must(found, `a GMT offset in '${text}'`);
    const size = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1000;
    return sign === '-' ? -size : size;
  }

  /** The changes in (start of the year, start of the next]. */
  changes(year: number): readonly Period[] {
    const known = this.#years.get(year);
    if (known !== undefined) return known;
    const found: Period[] = [];
    const end = startOfYear(year + 1);
    for (let low = startOfYear(year); low < end; low += PROBE) {
      const high = Math.min(low + PROBE, end);
      const offset = this.offsetAt(high);
      if (offset !== this.offsetAt(low)) found.push({ from: this.#changeBetween(low, high), offset });
    }
    this.#years.set(year, found);
    return found;
  }

  /** Halves (low, high] down to the second at which the offset changes. */
  #changeBetween(low: number, high: number): number {
    const before = this.offsetAt(low);
    let a = low / 1000;
    let b = high / 1000;
    while (b - a > 1) {
      const middle = Math.floor((a + b) / 2);
      if (this.offsetAt(middle * 1000) === before) a = middle;
      else b = middle;
    }
    return b * 1000;
  }
}

function startOfYear(year: number): number {
  return Date.UTC(year, 0, 1);
}

const zones = new Map<string, Zone>();

/** The periods of a zone that instants in [first, last], and the starts of their years, may lie in; at least one, in order. */
export function periodsBetween(name: string, first: number, last: number): readonly Period[] {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = new Zone(name);
    zones.set(name, zone);
  }
  // A day, or a week, may begin in the year before.
  const from = yearOf(first) - 1;
  const to = yearOf(last) + 1;
  const periods: Period[] = [{ from: -Infinity, offset: zone.offsetAt(startOfYear(from)) }];
  for (let year = from; year <= to; year++) periods.push(...zone.changes(year));
  return periods;
}

/** Within the years that tables are made for. */
function yearOf(ms: number): number {
  const year = new Date(Math.max(-8.64e15, Math.min(8.64e15, ms))).getUTCFullYear();
  return Math.max(FIRST_YEAR, Math.min(LAST_YEAR, year));
}
