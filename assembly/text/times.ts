// Timestamps as text. Each function writes at `p` and answers where the text ends.
import { fourDigits, twoDigits, writeInteger } from "./numbers";

const DAY_MS: f64 = 86_400_000;
/** The range of JavaScript's dates. */
export const MAX_TIME: i64 = 8_640_000_000_000_000;

/** Whether ISO 8601 text for it exists. */
// @ts-ignore: decorator
@inline
export function isDate(time: i64): bool {
  return time >= -MAX_TIME && time <= MAX_TIME;
}

/** `2026-01-01T00:00:00.000Z`, with a sign and six digits of year where four do not do: up to 27 bytes. For times that isDate accepts. */
export function writeIso(time: i64, p: usize): usize {
  const ms = <f64>time;
  let days = Math.floor(ms / DAY_MS);
  let within = ms - days * DAY_MS;
  if (within < 0) {
    days -= 1;
    within += DAY_MS;
  } else if (within >= DAY_MS) {
    days += 1;
    within -= DAY_MS;
  }
  // Days since 0000-03-01 of a year far enough below, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level date algorithms").
  const ERAS: i32 = 700;
  const shifted = <u32>(<i32>days + 719_468 + ERAS * 146_097);
  const era = shifted / 146_097;
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shiftedMonth = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = <i32>(yearOfEra + era * 400) - ERAS * 400 + (month <= 2 ? 1 : 0);
  if (year >= 0 && year <= 9_999) {
    fourDigits(year, p);
    p += 4;
  } else {
    const size = <u32>(year < 0 ? -year : year);
    store<u8>(p, year < 0 ? 45 : 43);
    twoDigits(size / 10_000, p + 1);
    fourDigits(size % 10_000, p + 3);
    p += 7;
  }
  const clock = <u32>within;
  const seconds = clock / 1_000;
  const millis = clock - seconds * 1_000;
  const minutes = seconds / 60;
  const hours = minutes / 60;
  store<u8>(p, 45);
  twoDigits(month, p + 1);
  store<u8>(p, 45, 3);
  twoDigits(day, p + 4);
  store<u8>(p, 84, 6);
  twoDigits(hours, p + 7);
  store<u8>(p, 58, 9);
  twoDigits(minutes - hours * 60, p + 10);
  store<u8>(p, 58, 12);
  twoDigits(seconds - minutes * 60, p + 13);
  const tens = millis / 10;
  store<u8>(p, 46, 15);
  twoDigits(tens, p + 16);
  store<u8>(p, <u8>(48 + millis - tens * 10), 18);
  store<u8>(p, 90, 19);
  return p + 20;
}

/** Seconds, with the decimals that the milliseconds need: up to 22 bytes. */
export function writeSeconds(time: i64, p: usize): usize {
  if (time < 0) store<u8>(p++, 45);
  const size = time < 0 ? 0 - <u64>time : <u64>time;
  const seconds = size / 1_000;
  let millis = <u32>(size - seconds * 1_000);
  p = writeInteger(seconds, p);
  if (!millis) return p;
  store<u8>(p++, 46);
  for (let unit: u32 = 100; millis; unit /= 10) {
    const digit = millis / unit;
    store<u8>(p++, <u8>(48 + digit));
    millis -= digit * unit;
  }
  return p;
}

/** Microseconds: up to 23 bytes. */
export function writeMicroseconds(time: i64, p: usize): usize {
  p = writeInteger(time, p);
  if (!time) return p;
  store<u16>(p, 0x3030);
  store<u8>(p, 48, 2);
  return p + 3;
}
