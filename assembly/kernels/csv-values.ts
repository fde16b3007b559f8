// Values of CSV fields: spans (see csv.ts) -> columns.
//
// Converters of fixed-width columns take (start, spans, rows, nullable, values, validity, marks) and answer
// 1 (a null was seen) | 2 (a bad value) | 4 (a value for the host). `marks` is u8[rows], zero before: 1 marks a bad value,
// 2 a float that only an exact parser can round. An empty field is null where the column is nullable, and bad otherwise.
// `validity` is written where nullable, whole bytes.
//
// Numbers are as in JSON, leading zeros aside. Text of a span with doubled quotes is never a number.

const SPAN_QUOTED: u64 = 1 << 62;
const SPAN_ESCAPED: u64 = 1 << 63;
const LENGTH_MASK: u32 = 0x3fffffff;
const QUOTE: u8 = 0x22;

const SAW_NULL: i32 = 1;
const SAW_BAD: i32 = 2;
const SAW_HARD: i32 = 4;

const MARK_BAD: u8 = 1;
const MARK_HARD: u8 = 2;

const POWERS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);

// @ts-ignore: decorator
@inline
function spanLength(span: u64): u32 {
  return <u32>(span >> 32) & LENGTH_MASK;
}

// @ts-ignore: decorator
@inline
function digitAt(p: usize): u32 {
  return <u32>load<u8>(p) - 0x30;
}

/** Whether all 8 bytes are digits. */
// @ts-ignore: decorator
@inline
function areDigits(word: u64): bool {
  return ((word & 0xf0f0f0f0f0f0f0f0) | (((word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) == 0x3333333333333333;
}

/** The number that 8 digits write, by three multiplications (Lemire, "Quickly parsing eight digits", 2018). */
// @ts-ignore: decorator
@inline
function eightDigits(word: u64): u64 {
  let w = word - 0x3030303030303030;
  w = w * 10 + (w >> 8);
  return ((w & 0x000000ff000000ff) * 0x000f424000000064 + ((w >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/** Writes the integer that [p, end) holds; false when it holds none, or one beyond int64. */
function parseInteger(p: usize, end: usize, out: usize): bool {
  const negative = p < end && load<u8>(p) == 0x2d;
  if (negative) p++;
  if (p >= end) return false;
  while (p + 1 < end && load<u8>(p) == 0x30) p++;
  if (end - p > 19) return false;
  let value: u64 = 0;
  while (p + 8 <= end) {
    const word = load<u64>(p);
    if (!areDigits(word)) return false;
    value = value * 100_000_000 + eightDigits(word);
    p += 8;
  }
  while (p < end) {
    const digit = digitAt(p);
    if (digit > 9) return false;
    value = value * 10 + <u64>digit;
    p++;
  }
  if (value > <u64>i64.MAX_VALUE + u64(negative)) return false;
  store<i64>(out, negative ? -(<i64>value) : <i64>value);
  return true;
}

/** Writes the float that [p, end) holds. 0: done; MARK_BAD: no number; MARK_HARD: a number that needs exact rounding. */
function parseFloat64(p: usize, end: usize, out: usize): u8 {
  const negative = p < end && load<u8>(p) == 0x2d;
  if (negative) p++;
  if (p >= end || digitAt(p) > 9) return MARK_BAD;
  while (p < end && load<u8>(p) == 0x30) p++;
  let mantissa: u64 = 0;
  const first = p;
  while (p < end && digitAt(p) <= 9) {
    mantissa = mantissa * 10 + <u64>digitAt(p);
    p++;
  }
  let digits = <i32>(p - first);
  let exponent: i32 = 0;
  if (p < end && load<u8>(p) == 0x2e) {
    p++;
    if (p >= end || digitAt(p) > 9) return MARK_BAD;
    const point = p;
    if (digits == 0) while (p < end && load<u8>(p) == 0x30) p++;
    const significant = p;
    while (p < end && digitAt(p) <= 9) {
      mantissa = mantissa * 10 + <u64>digitAt(p);
      p++;
    }
    digits += <i32>(p - significant);
    exponent = -(<i32>(p - point));
  }
  if (p < end && (load<u8>(p) | 0x20) == 0x65) {
    p++;
    let sign: i32 = 1;
    if (p < end && (load<u8>(p) == 0x2b || load<u8>(p) == 0x2d)) {
      if (load<u8>(p) == 0x2d) sign = -1;
      p++;
    }
    if (p >= end || digitAt(p) > 9) return MARK_BAD;
    let written: i32 = 0;
    while (p < end && digitAt(p) <= 9) {
      if (written < 100_000) written = written * 10 + <i32>digitAt(p);
      p++;
    }
    exponent += sign * written;
  }
  if (p != end) return MARK_BAD;
  // Clinger's fast path: both factors are exact, so their one product or quotient is rounded rightly.
  if (digits <= 18 && mantissa <= 9_007_199_254_740_992) {
    let value = <f64>mantissa;
    if (exponent < -22 || exponent > 22) {
      if (mantissa != 0) return MARK_HARD;
    } else if (exponent < 0) value /= load<f64>(POWERS + (<usize>-exponent << 3));
    else value *= load<f64>(POWERS + (<usize>exponent << 3));
    store<f64>(out, negative ? -value : value);
    return 0;
  }
  return MARK_HARD;
}

// @ts-ignore: decorator
@inline
function twoDigits(p: usize): u32 {
  const a = digitAt(p);
  const b = digitAt(p + 1);
  return a <= 9 && b <= 9 ? a * 10 + b : 1000;
}

/** Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
// @ts-ignore: decorator
@inline
function daysOf(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const ofEra = y - era * 400;
  const ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
}

/**
 * Writes the epoch milliseconds of `YYYY-MM-DD`, optionally followed by `T` or a space and `hh:mm[:ss[.f…]]` and `Z` or
 * `±hh[:]mm`; without a zone it is UTC. Digits beyond milliseconds are cut off.
 */
function parseIso(p: usize, end: usize, out: usize): bool {
  if (end - p < 10) return false;
  const century = twoDigits(p);
  const year = twoDigits(p + 2);
  const month = twoDigits(p + 5);
  const day = twoDigits(p + 8);
  if (century > 99 || year > 99 || load<u8>(p + 4) != 0x2d || load<u8>(p + 7) != 0x2d || month - 1 > 11) return false;
  const y = <i32>(century * 100 + year);
  const leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
  const longest: u32 = month == 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  if (day - 1 >= longest) return false;
  let ms = <i64>daysOf(y, <i32>month, <i32>day) * 86_400_000;
  p += 10;
  if (p < end) {
    const separator = load<u8>(p);
    if ((separator != 0x54 && separator != 0x74 && separator != 0x20) || end - p < 6) return false;
    const hour = twoDigits(p + 1);
    const minute = twoDigits(p + 4);
    if (hour > 23 || minute > 59 || load<u8>(p + 3) != 0x3a) return false;
    ms += <i64>(hour * 3_600_000 + minute * 60_000);
    p += 6;
    if (p < end && load<u8>(p) == 0x3a) {
      if (end - p < 3) return false;
      const second = twoDigits(p + 1);
      if (second > 59) return false;
      ms += <i64>(second * 1000);
      p += 3;
      if (p < end && load<u8>(p) == 0x2e) {
        p++;
        const point = p;
        let scale: u32 = 100;
        while (p < end && digitAt(p) <= 9) {
          ms += <i64>(digitAt(p) * scale);
          scale /= 10;
          p++;
        }
        if (p == point) return false;
      }
    }
    if (p < end) {
      const zone = load<u8>(p);
      if ((zone | 0x20) == 0x7a) {
        p++;
      } else if (zone == 0x2b || zone == 0x2d) {
        if (end - p < 5) return false;
        const hours = twoDigits(p + 1);
        const colon: usize = load<u8>(p + 3) == 0x3a ? 1 : 0;
        if (end - p < 5 + colon) return false;
        const minutes = twoDigits(p + 3 + colon);
        if (hours > 23 || minutes > 59) return false;
        const shift = <i64>(hours * 3_600_000 + minutes * 60_000);
        ms += zone == 0x2d ? shift : -shift;
        p += 5 + colon;
      }
    }
  }
  if (p != end) return false;
  store<i64>(out, ms);
  return true;
}

export function csv_int64(start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    const out = values + (<usize>row << 3);
    let valid: u32 = 1;
    if (p == end && nullable) {
      valid = 0;
      seen |= SAW_NULL;
      store<i64>(out, 0);
    } else if (!parseInteger(p, end, out)) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen |= SAW_BAD;
    }
    if (nullable) {
      bits |= valid << (row & 7);
      if ((row & 7) == 7 || row == rows - 1) {
        store<u8>(validity + (<usize>row >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return seen;
}

/** As csv_int64; `wide` is room for one int64. */
export function csv_int32(start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize, wide: usize): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    let valid: u32 = 1;
    if (p == end && nullable) {
      valid = 0;
      seen |= SAW_NULL;
      store<i32>(values + (<usize>row << 2), 0);
    } else {
      const ok = parseInteger(p, end, wide);
      const value = load<i64>(wide);
      if (ok && value == <i64>(<i32>value)) {
        store<i32>(values + (<usize>row << 2), <i32>value);
      } else {
        store<u8>(marks + <usize>row, MARK_BAD);
        seen |= SAW_BAD;
      }
    }
    if (nullable) {
      bits |= valid << (row & 7);
      if ((row & 7) == 7 || row == rows - 1) {
        store<u8>(validity + (<usize>row >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return seen;
}

export function csv_float64(start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    const out = values + (<usize>row << 3);
    let valid: u32 = 1;
    if (p == end && nullable) {
      valid = 0;
      seen |= SAW_NULL;
      store<f64>(out, 0);
    } else {
      const mark = parseFloat64(p, end, out);
      if (mark != 0) {
        store<u8>(marks + <usize>row, mark);
        seen |= mark == MARK_BAD ? SAW_BAD : SAW_HARD;
      }
    }
    if (nullable) {
      bits |= valid << (row & 7);
      if ((row & 7) == 7 || row == rows - 1) {
        store<u8>(validity + (<usize>row >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return seen;
}

/** `true` and `false` in any case. `values` is a bitmap, written in whole bytes. */
export function csv_bool(start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  let truths: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const length = spanLength(span);
    const word = load<u32>(p) | 0x20202020;
    let valid: u32 = 1;
    if (length == 0 && nullable) {
      valid = 0;
      seen |= SAW_NULL;
    } else if (length == 4 && word == 0x65757274) {
      truths |= 1 << (row & 7);
    } else if (length != 5 || word != 0x736c6166 || (load<u8>(p + 4) | 0x20) != 0x65) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen |= SAW_BAD;
    }
    bits |= valid << (row & 7);
    if ((row & 7) == 7 || row == rows - 1) {
      store<u8>(values + (<usize>row >> 3), <u8>truths);
      if (nullable) store<u8>(validity + (<usize>row >> 3), <u8>bits);
      truths = 0;
      bits = 0;
    }
  }
  return seen;
}

/** `format`: 0 ISO text or milliseconds, 1 ISO text, 2 milliseconds, 3 seconds, 4 microseconds. Times beyond ±8.64e15 ms are bad. */
export function csv_timestamp(
  start: usize, spans: usize, rows: i32, nullable: i32, values: usize, validity: usize, marks: usize, format: i32,
): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const end = p + <usize>spanLength(span);
    const out = values + (<usize>row << 3);
    let valid: u32 = 1;
    if (p == end && nullable) {
      valid = 0;
      seen |= SAW_NULL;
      store<i64>(out, 0);
    } else {
      // A date has a dash in its fifth place; no number does.
      const iso = format == 1 || (format == 0 && end - p >= 10 && load<u8>(p + 4) == 0x2d);
      let ok = iso ? parseIso(p, end, out) : parseInteger(p, end, out);
      if (ok && !iso) {
        let ms = load<i64>(out);
        if (format == 3) {
          if (ms > 8_640_000_000_000 || ms < -8_640_000_000_000) ok = false;
          ms *= 1000;
        } else if (format == 4) {
          const floor = ms / 1000;
          ms = ms % 1000 < 0 ? floor - 1 : floor;
        }
        if (ms > 8_640_000_000_000_000 || ms < -8_640_000_000_000_000) ok = false;
        store<i64>(out, ms);
      }
      if (!ok) {
        store<u8>(marks + <usize>row, MARK_BAD);
        seen |= SAW_BAD;
      }
    }
    if (nullable) {
      bits |= valid << (row & 7);
      if ((row & 7) == 7 || row == rows - 1) {
        store<u8>(validity + (<usize>row >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return seen;
}

/** Whether [p, end) is well-formed UTF-8 (Unicode 15, table 3-7). */
function isUtf8(p: usize, end: usize): bool {
  while (p < end) {
    const lead = load<u8>(p++);
    if (lead < 0x80) continue;
    let more: i32 = 0;
    let low: u8 = 0x80;
    let high: u8 = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) more = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else return false;
    for (; more > 0; more--) {
      if (p >= end) return false;
      const byte = load<u8>(p++);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

/** Marks fields longer than `limit` bytes and, where `checked`, those that are not UTF-8; answers 2 when there are any. */
export function csv_text_check(start: usize, spans: usize, rows: i32, limit: i32, checked: i32, marks: usize): i32 {
  let seen: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const span = load<u64>(spans + (<usize>row << 3));
    const p = start + <usize>(<u32>span);
    const length = spanLength(span);
    if (length > <u32>limit || (checked && !isUtf8(p, p + <usize>length))) {
      store<u8>(marks + <usize>row, MARK_BAD);
      seen = SAW_BAD;
    }
  }
  return seen;
}

/**
 * Offsets and validity of a column of text for the rows of a selection (int32[count], or none: 0..count). An empty
 * field without quotes is null where nullable. Answers 1 when there are nulls; offsets[count] is the bytes needed.
 */
export function csv_text_offsets(
  start: usize, spans: usize, selection: usize, count: i32, nullable: i32, offsets: usize, validity: usize,
): i32 {
  let seen: i32 = 0;
  let bits: u32 = 0;
  let total: u32 = 0;
  store<u32>(offsets, 0);
  for (let i = 0; i < count; i++) {
    const row = selection ? load<i32>(selection + (<usize>i << 2)) : i;
    const span = load<u64>(spans + (<usize>row << 3));
    let length = spanLength(span);
    let valid: u32 = 1;
    if (length == 0 && (span & SPAN_QUOTED) == 0) {
      valid = 0;
      seen = SAW_NULL;
    } else if ((span & SPAN_ESCAPED) != 0) {
      let p = start + <usize>(<u32>span);
      const end = p + <usize>length;
      for (; p < end; p++) {
        if (load<u8>(p) == QUOTE) {
          length--;
          p++;
        }
      }
    }
    total += length;
    store<u32>(offsets + ((<usize>i + 1) << 2), total);
    if (nullable) {
      bits |= valid << (i & 7);
      if ((i & 7) == 7 || i == count - 1) {
        store<u8>(validity + (<usize>i >> 3), <u8>bits);
        bits = 0;
      }
    }
  }
  return nullable ? seen : 0;
}

/** Copies the text of a selection's rows, doubled quotes made one. Writes up to 15 bytes past the last. */
export function csv_text_copy(start: usize, spans: usize, selection: usize, count: i32, offsets: usize, values: usize): void {
  for (let i = 0; i < count; i++) {
    const row = selection ? load<i32>(selection + (<usize>i << 2)) : i;
    const span = load<u64>(spans + (<usize>row << 3));
    let from = start + <usize>(<u32>span);
    const end = from + <usize>spanLength(span);
    let to = values + <usize>load<u32>(offsets + (<usize>i << 2));
    if ((span & SPAN_ESCAPED) == 0) {
      if (ASC_FEATURE_SIMD) {
        while (from < end) {
          v128.store(to, v128.load(from));
          from += 16;
          to += 16;
        }
      } else {
        memory.copy(to, from, end - from);
      }
    } else {
      while (from < end) {
        const byte = load<u8>(from);
        store<u8>(to++, byte);
        from += byte == QUOTE ? 2 : 1;
      }
    }
  }
}
