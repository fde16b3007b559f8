// Times: int64 milliseconds since 1970-01-01T00:00 UTC, in the proleptic Gregorian calendar, floored for negatives.
// Civil dates from days: Howard Hinnant, "chrono-compatible low-level date algorithms".
//
// A time zone is a table of `count` periods of one offset, in order:
//
//   0: from   i64, the period's first instant; of the first period the least int64
//   8: offset i64, milliseconds to add for local time

const DAY: i64 = 86400000;

// @ts-ignore: decorator
@inline function floorDiv(a: i64, b: i64): i64 {
  const q = a / b;
  return a % b < 0 ? q - 1 : q;
}

// @ts-ignore: decorator
@inline function floorMod(a: i64, b: i64): i64 {
  const r = a % b;
  return r < 0 ? r + b : r;
}

/** Days since 1970-01-01 of the first of a month; `month` from 0, may lie outside the year. */
// @ts-ignore: decorator
@inline function daysFromMonth(year: i64, month: i64): i64 {
  const y = year + floorDiv(month, 12);
  const m = floorMod(month, 12);
  // Years begin in March, so that the leap day is the last.
  const shifted = m >= 2 ? y : y - 1;
  const era = floorDiv(shifted, 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * (m >= 2 ? m - 2 : m + 10) + 2) / 5;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** year * 512 + month (0..11) * 32 + day (1..31), in one number. */
// @ts-ignore: decorator
@inline function civil(days: i64): i64 {
  const z = days + 719468;
  const era = floorDiv(z, 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * shifted + 2) / 5 + 1;
  const month = shifted < 10 ? shifted + 2 : shifted - 10;
  const year = yearOfEra + era * 400 + i64(month < 2);
  return year * 512 + month * 32 + day;
}

/** The largest `offset + k * size` that is not after each time. */
export function time_floor(a: usize, size: f64, offset: f64, n: u32, out: usize): void {
  const step = <i64>size;
  const base = <i64>offset;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(a + (<usize>i << 3));
    store<i64>(out + (<usize>i << 3), t - floorMod(t - base, step));
  }
}

/** The start of each time's month, or year (`year` = 1). */
export function time_floor_month(a: usize, year: u32, n: u32, out: usize): void {
  let from: i64 = 0;
  let until: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(a + (<usize>i << 3));
    // Neighbouring rows mostly fall into one month: work it out only when that changes.
    if (t < from || t >= until) {
      const date = civil(floorDiv(t, DAY));
      const y = date >> 9;
      const m = (date >> 5) & 15;
      from = daysFromMonth(y, year ? 0 : m) * DAY;
      until = (year ? daysFromMonth(y + 1, 0) : daysFromMonth(y, m + 1)) * DAY;
    }
    store<i64>(out + (<usize>i << 3), from);
  }
}

/** Monday 1 … Sunday 7. Day 0 was a Thursday. */
// @ts-ignore: decorator
@inline function dayOfWeek(days: i64): i64 {
  return floorMod(days + 3, 7) + 1;
}

/** ISO 8601: the week of a Thursday is its day of the year / 7. */
// @ts-ignore: decorator
@inline function isoWeek(days: i64): i64 {
  const thursday = days + 4 - dayOfWeek(days);
  return (thursday - daysFromMonth(civil(thursday) >> 9, 0)) / 7 + 1;
}

/** int32 parts. `part`: 0 second, 1 minute, 2 hour, 3 day of month, 4 ISO week, 5 month (1..12), 6 year, 7 ISO day of week. */
export function time_part(a: usize, part: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(a + (<usize>i << 3));
    const days = floorDiv(t, DAY);
    let value: i64 = 0;
    switch (part) {
      case 0: value = floorMod(floorDiv(t, 1000), 60); break;
      case 1: value = floorMod(floorDiv(t, 60000), 60); break;
      case 2: value = floorMod(floorDiv(t, 3600000), 24); break;
      case 3: value = civil(days) & 31; break;
      case 4: value = isoWeek(days); break;
      case 5: value = ((civil(days) >> 5) & 15) + 1; break;
      case 6: value = civil(days) >> 9; break;
      default: value = dayOfWeek(days);
    }
    store<i32>(out + (<usize>i << 2), <i32>value);
  }
}

/** The least and the largest of the valid rows' times (bitmap; 0: all) to `out`, two i64. Answers how many there are. */
export function time_bounds(a: usize, validity: usize, n: u32, out: usize): u32 {
  let least = i64.MAX_VALUE;
  let most = i64.MIN_VALUE;
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (validity != 0 && ((load<u8>(validity + (i >> 3)) >> <u8>(i & 7)) & 1) == 0) continue;
    const t = load<i64>(a + (<usize>i << 3));
    least = min<i64>(least, t);
    most = max<i64>(most, t);
    count++;
  }
  store<i64>(out, least);
  store<i64>(out, most, 8);
  return count;
}

/** The period that holds t, searched from `guess`, since neighbouring rows mostly share one. */
// @ts-ignore: decorator
@inline function periodOf(t: i64, table: usize, count: u32, guess: u32): u32 {
  if (load<i64>(table + (<usize>guess << 4)) <= t && (guess + 1 == count || t < load<i64>(table + (<usize>(guess + 1) << 4)))) return guess;
  let low: u32 = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (load<i64>(table + (<usize>middle << 4)) <= t) low = middle;
    else high = middle;
  }
  return low;
}

/** Instants to local times. */
export function time_to_local(a: usize, table: usize, count: u32, n: u32, out: usize): void {
  let period: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(a + (<usize>i << 3));
    period = periodOf(t, table, count, period);
    store<i64>(out + (<usize>i << 3), t + load<i64>(table + (<usize>period << 4), 8));
  }
}

/**
 * Local times to the first instant at which the clock shows them, or more: of a time that happens twice the first, of one
 * that is skipped the instant of the skip.
 */
export function time_from_local(a: usize, table: usize, count: u32, n: u32, out: usize): void {
  let guess: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const local = load<i64>(a + (<usize>i << 3));
    // No offset is beyond 26 hours: the period sought is this one or follows it.
    let period = periodOf(local - 26 * 3600000, table, count, guess);
    guess = period;
    let t: i64 = 0;
    for (;;) {
      const at = table + (<usize>period << 4);
      t = max<i64>(local - load<i64>(at, 8), load<i64>(at));
      if (period + 1 >= count || t < load<i64>(at, 16)) break;
      period++;
    }
    store<i64>(out + (<usize>i << 3), t);
  }
}

/** Down to a multiple of `size` (an hour or less) of local time, not back over a change of offset. */
export function time_floor_local(a: usize, size: f64, table: usize, count: u32, n: u32, out: usize): void {
  const step = <i64>size;
  let period: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(a + (<usize>i << 3));
    period = periodOf(t, table, count, period);
    const at = table + (<usize>period << 4);
    store<i64>(out + (<usize>i << 3), max<i64>(t - floorMod(t + load<i64>(at, 8), step), load<i64>(at)));
  }
}
