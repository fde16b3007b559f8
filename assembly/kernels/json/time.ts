// ISO 8601 timestamps: 2024-05-17T10:20:30.123Z, with any number of decimals, an offset (+02:00, +0200, +02) or none (UTC),
// a space for the T, seconds or the whole time absent. Years of six digits carry a sign, as JavaScript writes them.
import { JsonContext } from "./layout";

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
function daysFromCivil(y: i32, m: i32, d: i32): i32 {
  const year = m <= 2 ? y - 1 : y;
  const era = (year >= 0 ? year : year - 399) / 400;
  const yearOfEra = year - era * 400;
  const dayOfYear = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

function daysInMonth(y: i32, m: i32): i32 {
  if (m == 2) return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 29 : 28;
  return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

// @ts-ignore: decorator
@inline function two(p: usize): i32 {
  const tens = <u32>load<u8>(p) - 0x30;
  const ones = <u32>load<u8>(p, 1) - 0x30;
  return tens > 9 || ones > 9 ? -1 : <i32>(tens * 10 + ones);
}

/** Reads the date [p, p + 10) or, with a signed year, [p, p + 13): its day's milliseconds into ctx.dateMs; false when it is none. */
function readDate(p: usize, ctx: JsonContext): bool {
  let year: i32;
  const sign = load<u8>(p);
  if (sign == 0x2b || sign == 0x2d) {
    const a = two(p + 1);
    const b = two(p + 3);
    const c = two(p + 5);
    if (a < 0 || b < 0 || c < 0) return false;
    year = a * 10000 + b * 100 + c;
    if (sign == 0x2d) {
      if (year == 0) return false;
      year = -year;
    }
    p += 7;
  } else {
    const a = two(p);
    const b = two(p + 2);
    if (a < 0 || b < 0) return false;
    year = a * 100 + b;
    p += 4;
  }
  const month = two(p + 1);
  const day = two(p + 4);
  if (load<u8>(p) != 0x2d || load<u8>(p, 3) != 0x2d || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return false;
  ctx.dateMs = <i64>daysFromCivil(year, month, day) * 86400000;
  return true;
}

/** Reads the timestamp that fills [p, end) into ctx.timeMs; false when it is none or lies beyond ±8.64e15. */
export function readIsoTime(p: usize, end: usize, ctx: JsonContext): bool {
  if (end - p < 10) return false;
  const signed = load<u8>(p) == 0x2b || load<u8>(p) == 0x2d;
  if (signed) {
    if (end - p < 13) return false;
    ctx.dateText = 0;
    if (!readDate(p, ctx)) return false;
    p += 13;
  } else {
    // Most timestamps are of the day of the one before.
    const text = load<u64>(p);
    const tail = <u32>load<u16>(p, 8);
    if (text != ctx.dateText || tail != ctx.dateTail) {
      ctx.dateText = 0;
      if (!readDate(p, ctx)) return false;
      ctx.dateText = text;
      ctx.dateTail = tail;
    }
    p += 10;
  }
  let ms = ctx.dateMs;
  if (p < end) {
    const separator = load<u8>(p);
    if ((separator != 0x54 && separator != 0x74 && separator != 0x20) || end - p < 6) return false;
    const hours = two(p + 1);
    const minutes = two(p + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || load<u8>(p, 3) != 0x3a) return false;
    let seconds = 0;
    let fraction = 0;
    p += 6;
    if (p < end && load<u8>(p) == 0x3a) {
      if (end - p < 3) return false;
      seconds = two(p + 1);
      if (seconds < 0 || seconds > 59) return false;
      p += 3;
      if (p < end && load<u8>(p) == 0x2e) {
        p++;
        let unit = 100;
        const from = p;
        while (p < end) {
          const digit = <u32>load<u8>(p) - 0x30;
          if (digit > 9) break;
          fraction += <i32>digit * unit;
          unit /= 10;
          p++;
        }
        if (p == from) return false;
      }
    }
    ms += <i64>(((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction);
    if (p < end) {
      const zone = load<u8>(p);
      if (zone == 0x5a || zone == 0x7a) p++;
      else if (zone == 0x2b || zone == 0x2d) {
        if (end - p < 3) return false;
        const zoneHours = two(p + 1);
        let zoneMinutes = 0;
        p += 3;
        if (p < end) {
          if (load<u8>(p) == 0x3a) p++;
          if (end - p != 2) return false;
          zoneMinutes = two(p);
          p += 2;
        }
        if (zoneHours < 0 || zoneHours > 23 || zoneMinutes < 0 || zoneMinutes > 59) return false;
        const offset = <i64>(zoneHours * 60 + zoneMinutes) * 60000;
        ms = zone == 0x2b ? ms - offset : ms + offset;
      }
      if (p != end) return false;
    }
  }
  if (ms > 8640000000000000 || ms < -8640000000000000) return false;
  ctx.timeMs = ms;
  return true;
}
