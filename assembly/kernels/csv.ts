// CSV after RFC 4180, in two passes: csv_scan finds where each wanted field lies (spans), and a converter a column makes
// values of the spans. Rows that turn out bad are taken out of the spans by the caller, which then converts again: bad
// records are rare, and the good path carries no trace of them.
//
// Grammar, the same in csv_scan and csv_records_end:
//   A field whose first byte is `"` is quoted: it lasts to the next `"` that is not doubled, and delimiters in it are text.
//   After its closing quote only a delimiter or a line's end may stand. A quote elsewhere in a field is plain text.
//   A record ends at LF or CR LF. A line with nothing in it is no record.
//
// A span, u64:
//
//    63       62       61 ........ 32   31 ........ 0
//   +--------+--------+----------------+---------------+
//   | esc    | quoted | length         | offset        |   offset from the block's start, quotes left out;
//   +--------+--------+----------------+---------------+   esc: holds doubled quotes
//
// The struct that csv_scan works on (u32 each; written by the host, the last three by the kernel too):
//
//    0 delimiter        16 capacity (rows)   32 record offsets, u32[capacity]
//    4 columns          20 slots, i32[columns]: a column's place among the spans, or -1
//    8 quoted newlines  24 spans, u64[slots][capacity]
//   12 record limit     28 bads, {start, end, code, detail}[bad capacity]
//   36 bad capacity     40 rows   44 bads found   48 address to go on from
//
// Blocks have 64 readable bytes before and after them.

const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;
const QUOTE: u8 = 0x22;

const SPAN_QUOTED: u64 = 1 << 62;
const SPAN_ESCAPED: u64 = 1 << 63;
const LENGTH_MASK: u32 = 0x3fffffff;

// Codes of bad records; csv-decoder.ts words them.
const BAD_FEW: u32 = 1;
const BAD_MANY: u32 = 2;
const BAD_AFTER_QUOTE: u32 = 3;
const BAD_UNCLOSED: u32 = 4;
const BAD_LONG: u32 = 5;

const CHUNK: usize = 16;

/** A bit for each of the 16 bytes at p that is one of a, b, c. */
// @ts-ignore: decorator
@inline
function matches(p: usize, a: u8, b: u8, c: u8): u32 {
  if (ASC_FEATURE_SIMD) {
    const bytes = v128.load(p);
    return <u32>(
      i8x16.bitmask(v128.or(v128.or(i8x16.eq(bytes, i8x16.splat(a)), i8x16.eq(bytes, i8x16.splat(b))), i8x16.eq(bytes, i8x16.splat(c))))
    );
  } else {
    let mask: u32 = 0;
    for (let i: u32 = 0; i < 16; i++) {
      const byte = load<u8>(p + i);
      if (byte == a || byte == b || byte == c) mask |= 1 << i;
    }
    return mask;
  }
}

/** The address of the first quote in [p, end), or `end`. */
// @ts-ignore: decorator
@inline
function firstQuote(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    while (p < end) {
      const hits = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(QUOTE)));
      if (hits) return min(p + <usize>ctz(hits), end);
      p += 16;
    }
    return end;
  } else {
    while (p < end && load<u8>(p) != QUOTE) p++;
    return p;
  }
}

/** The address of the first quote in [p, end) that is not doubled, or `end`. */
function closingQuote(p: usize, end: usize): usize {
  p = firstQuote(p, end);
  while (p + 1 < end && load<u8>(p + 1) == QUOTE) p = firstQuote(p + 2, end);
  return min(p, end);
}

/**
 * The address after the n-th record in [start, end), or after the last whole one when there are fewer, or `start` when
 * none ends. `start` must be a record's start; quoted fields may hold newlines. Blank lines count as records here.
 */
export function csv_records_end(start: usize, end: usize, delimiter: u8, n: i32): usize {
  let last = start;
  let left = n;
  let p = start;
  while (p < end && left > 0) {
    let mask = matches(p, NEWLINE, QUOTE, QUOTE);
    let next = p + CHUNK;
    while (mask != 0) {
      const at = p + <usize>ctz(mask);
      if (at >= end) return last;
      mask &= mask - 1;
      if (load<u8>(at) == NEWLINE) {
        last = at + 1;
        if (--left <= 0) return last;
      } else if (at == start || load<u8>(at - 1) == delimiter || load<u8>(at - 1) == NEWLINE) {
        const closing = closingQuote(at + 1, end);
        if (closing >= end) return last;
        next = closing + 1;
        break;
      }
    }
    p = next;
  }
  return last;
}

/**
 * Finds records from `from` on, until the end or until rows or bads are full; then it can be called again from the
 * address at 48. `start` is the block's start, from which offsets count. Rows so far are kept. Answers the rows.
 */
export function csv_scan(state: usize, start: usize, from: usize, end: usize): i32 {
  const delimiter = <u8>load<u32>(state);
  const columns = load<u32>(state, 4);
  const quotedNewlines = load<u32>(state, 8) != 0;
  const recordLimit = <usize>load<u32>(state, 12);
  const capacity = load<u32>(state, 16);
  const slots = <usize>load<u32>(state, 20);
  const spans = <usize>load<u32>(state, 24);
  const badList = <usize>load<u32>(state, 28);
  const recordOffsets = <usize>load<u32>(state, 32);
  const badCapacity = load<u32>(state, 36);
  let row = load<u32>(state, 40);
  let bads: u32 = 0;

  let recordStart = from;
  let fieldStart = from;
  let column: u32 = 0;
  // Of a quoted field at hand: the address after its closing quote, and its flags.
  let quotedEnd: usize = 0;
  let flags: u64 = 0;
  let problem: u32 = 0;
  let p = from;
  let mask = from < end ? matches(p, delimiter, NEWLINE, QUOTE) : 0;

  while (recordStart < end) {
    while (mask == 0) {
      p += CHUNK;
      if (p >= end) break;
      mask = matches(p, delimiter, NEWLINE, QUOTE);
    }
    let at = mask != 0 ? p + <usize>ctz(mask) : end;
    mask &= mask - 1;
    let byte = NEWLINE;
    if (at < end) byte = load<u8>(at);
    else at = end;

    if (byte == QUOTE && at < end) {
      if (at != fieldStart) continue;
      let limit = end;
      if (!quotedNewlines) {
        let line = at + 1;
        while (line < end && load<u8>(line) != NEWLINE) line++;
        limit = line;
      }
      flags = SPAN_QUOTED;
      let closing = firstQuote(at + 1, limit);
      if (closing + 1 < limit && load<u8>(closing + 1) == QUOTE) {
        flags |= SPAN_ESCAPED;
        closing = closingQuote(closing, limit);
      }
      if (closing >= limit) {
        // Nothing closes it: the rest of the line, or of the block where lines may be quoted, is one bad record.
        problem = BAD_UNCLOSED;
        p = limit;
        mask = limit < end ? matches(p, delimiter, NEWLINE, QUOTE) : 0;
        continue;
      }
      quotedEnd = closing + 1;
      p = quotedEnd;
      mask = p < end ? matches(p, delimiter, NEWLINE, QUOTE) : 0;
      continue;
    }

    // A field ends here.
    let first = fieldStart;
    let last = at;
    const isNewline = byte == NEWLINE;
    if (isNewline && last > first && load<u8>(last - 1) == RETURN) last--;
    if (quotedEnd != 0) {
      if (last == quotedEnd) {
        first++;
        last--;
      } else if (problem == 0) {
        problem = BAD_AFTER_QUOTE;
      }
    }
    if (column < columns) {
      const slot = load<i32>(slots + (<usize>column << 2));
      if (slot >= 0) {
        const length = last - first;
        store<u64>(spans + ((<usize>(<u32>slot * capacity + row)) << 3), <u64>(first - start) | ((<u64>length) << 32) | flags);
      }
    }
    column++;
    fieldStart = at + 1;
    if (!isNewline) {
      quotedEnd = 0;
      flags = 0;
      continue;
    }

    // A record ends here.
    const blank = column == 1 && first == last && quotedEnd == 0 && problem == 0;
    if (!blank) {
      if (problem == 0) {
        if (at - recordStart > recordLimit) problem = BAD_LONG;
        else if (column < columns) problem = BAD_FEW;
        else if (column > columns) problem = BAD_MANY;
      }
      if (problem == 0) {
        store<u32>(recordOffsets + (<usize>row << 2), <u32>(recordStart - start));
        row++;
      } else {
        const bad = badList + (<usize>bads << 4);
        store<u32>(bad, <u32>recordStart);
        store<u32>(bad, <u32>at, 4);
        store<u32>(bad, problem, 8);
        store<u32>(bad, column, 12);
        bads++;
      }
    }
    quotedEnd = 0;
    flags = 0;
    problem = 0;
    column = 0;
    recordStart = fieldStart;
    if (row >= capacity || bads >= badCapacity) break;
  }
  store<u32>(state, row, 40);
  store<u32>(state, bads, 44);
  store<u32>(state, <u32>min(recordStart, end), 48);
  return <i32>row;
}
