// What the JSON kernels share with their host: ts/wasm/json-layout.ts holds the same numbers.
//
// Everything below is made of u32 words, so that the word at index i lies at byte 4 i.
//
//   JsonContext ──► columns: JsonColumn[]      where values go, and what the record at hand had for them
//               ├─► root: JsonNode             the projected paths as a tree, by key
//               ├─► templates: u32[]           addresses of templates (see template.ts)
//               ├─► bad: JsonBad[]             records refused
//               ├─► hosted: JsonHosted[]       float64 texts that the host must convert
//               └─► samples: u32[]             starts of rows that no template fitted, for the host to learn from

// The kinds of columns.
// @ts-ignore: decorator
@inline export const BOOL: u32 = 0, INT32: u32 = 1, INT64: u32 = 2, FLOAT64: u32 = 3, UTF8: u32 = 4, BINARY: u32 = 5, TIMESTAMP: u32 = 6;

// The formats of timestamps.
// @ts-ignore: decorator
@inline export const AUTO: u32 = 0, ISO: u32 = 1, MS: u32 = 2, SECONDS: u32 = 3, MICROS: u32 = 4;

// What a record had for a column.
// @ts-ignore: decorator
@inline export const MISSING: u32 = 0, FOUND: u32 = 1, NULL: u32 = 2, WRONG_TYPE: u32 = 3, OUT_OF_RANGE: u32 = 4;
// @ts-ignore: decorator
@inline export const NOT_INTEGRAL: u32 = 5, TOO_LONG: u32 = 6, BAD_BASE64: u32 = 7, BAD_TIME: u32 = 8;

// Why a record as a whole was refused. Codes below 16 are the column's state.
// @ts-ignore: decorator
@inline export const SYNTAX: u32 = 16, INVALID_UTF8: u32 = 17, RECORD_TOO_LONG: u32 = 18, TOO_DEEP: u32 = 19, TOO_MANY_FIELDS: u32 = 20;
// @ts-ignore: decorator
@inline export const NOT_AN_OBJECT: u32 = 21;

@unmanaged
export class JsonColumn {
  kind: u32;
  /** bool: a byte a row; int32, int64, float64, timestamp: the values; utf8, binary: spans { start, length | escapes << 31 }. */
  values: u32;
  /** A byte a row, 1 = valid; 0 when the column is not nullable. Rows are valid until a kernel says otherwise. */
  valid: u32;
  format: u32;
  /** 1 + the index of the next column of the same path, or 0. */
  next: u32;
  state: u32;
  /** The text that a wrong state speaks of. */
  foundStart: u32;
  foundEnd: u32;
  /** A float64 text that the host must convert: 0 when there is none. */
  hostedStart: u32;
  hostedEnd: u32;
}

@unmanaged
export class JsonNode {
  /** Address of the first node below, or 0. */
  child: u32;
  /** Address of the next node beside, or 0. */
  sibling: u32;
  key: u32;
  keyBytes: u32;
  /** 1 + the index of the first column found here, or 0. */
  column: u32;
}

/** The shape of a row: 64 bytes of this, then its steps. */
@unmanaged
export class JsonTemplate {
  /** Rows that the tolerant tier took by it. */
  hits: u32;
}
// @ts-ignore: decorator
@inline export const TEMPLATE_HEADER: usize = 64;

/**
 * One step of a template, 64 bytes: first the literal is compared, then a value of some kind follows it.
 *
 *    0 literal[16]   16 mask[16]   32 length   36 kind   40 column   44 fields   48 depth   52 later
 */
@unmanaged
export class JsonStep {
  literal0: u64;
  literal1: u64;
  mask0: u64;
  mask1: u64;
  length: u32;
  kind: u32;
  /** Address of the JsonColumn that the value goes to; 0 when nobody wants it. */
  column: u32;
  // Of kind JSON: the fields that the row's fixed parts have, the depth it lies at, and 1 unless it is the row's first.
  fields: u32;
  depth: u32;
  later: u32;
  reserved0: u32;
  reserved1: u32;
}

// Kinds of steps. The row ends; the literal goes on; a place to give up early.
// @ts-ignore: decorator
@inline export const END: u32 = 0, CONT: u32 = 1, CHECK: u32 = 2;
// Strings: skipped, copied, of 24 bytes or more in the sample.
// @ts-ignore: decorator
@inline export const TEXT: u32 = 3, LONG_TEXT: u32 = 4, SPAN: u32 = 5, LONG_SPAN: u32 = 6, BASE64: u32 = 7, ISO_TIME: u32 = 8;
// Numbers: skipped whole numbers without a sign, skipped others, wanted ones.
// @ts-ignore: decorator
@inline export const UINT: u32 = 9, NUMBER: u32 = 10, I32: u32 = 11, I64: u32 = 12, F64: u32 = 13, SCALED_TIME: u32 = 14;
// true, false, null, skipped; true or false, wanted; a column that is null in rows of this shape; any value, skipped.
// @ts-ignore: decorator
@inline export const WORD: u32 = 15, TRUTH: u32 = 16, NULLED: u32 = 17, JSON: u32 = 18;

@unmanaged
export class JsonBad {
  start: u32;
  end: u32;
  code: u32;
  column: u32;
  /** What was found: [from, to). */
  from: u32;
  to: u32;
}

@unmanaged
export class JsonHosted {
  row: u32;
  column: u32;
  start: u32;
  end: u32;
}

@unmanaged
export class JsonContext {
  blockStart: u32;
  columns: u32;
  columnCount: u32;
  root: u32;
  templates: u32;
  templateCount: u32;
  recordOffsets: u32;
  bad: u32;
  badCount: u32;
  hosted: u32;
  hostedCount: u32;
  samples: u32;
  sampleCount: u32;
  sampleLimit: u32;
  maxRecordBytes: u32;
  maxStringBytes: u32;
  maxDepth: u32;
  maxFields: u32;
  /** Rows that the tolerant and the exact tier took. */
  tolerantRows: u32;
  exactRows: u32;
  /** The template that fitted last: rows of one shape often come in runs. */
  lastTemplate: u32;
  reserved0: u32;
  // What the exact tier is at.
  fields: u32;
  escapes: u32;
  errorCode: u32;
  errorAt: u32;
  // A number, taken apart: see number.ts.
  negative: u32;
  exponent: i32;
  digitCount: u32;
  inexact: u32;
  mantissa: u64;
  // The last date of an ISO timestamp: its 10 bytes, and its day as milliseconds.
  dateText: u64;
  dateTail: u32;
  reserved1: u32;
  dateMs: i64;
  timeMs: i64;
  /** 64 bytes for a timestamp's text without its escapes. */
  text0: u64;
  text1: u64;
  text2: u64;
  text3: u64;
  text4: u64;
  text5: u64;
  text6: u64;
  text7: u64;
}
