import type { Kind, TimestampFormat } from '../columns/schema.js';

/** The structs of assembly/kernels/json/layout.ts: each field's index in u32 words. */
export const CONTEXT = {
  blockStart: 0,
  columns: 1,
  columnCount: 2,
  root: 3,
  templates: 4,
  templateCount: 5,
  recordOffsets: 6,
  bad: 7,
  badCount: 8,
  hosted: 9,
  hostedCount: 10,
  samples: 11,
  sampleCount: 12,
  sampleLimit: 13,
  maxRecordBytes: 14,
  maxStringBytes: 15,
  maxDepth: 16,
  maxFields: 17,
  tolerantRows: 18,
  exactRows: 19,
} as const;
export const CONTEXT_BYTES = 208;

export const COLUMN = { kind: 0, values: 1, valid: 2, format: 3, next: 4 } as const;
export const COLUMN_BYTES = 40;

export const NODE = { child: 0, sibling: 1, key: 2, keyBytes: 3, column: 4 } as const;
export const NODE_BYTES = 20;

export const BAD = { start: 0, end: 1, code: 2, column: 3, from: 4, to: 5 } as const;
export const BAD_BYTES = 24;

export const HOSTED = { row: 0, column: 1, start: 2, end: 3 } as const;
export const HOSTED_BYTES = 16;

export const KIND_NUMBERS: Readonly<Record<Kind, number>> = { bool: 0, int32: 1, int64: 2, float64: 3, utf8: 4, binary: 5, timestamp: 6 };
export const FORMAT_NUMBERS: Readonly<Record<TimestampFormat, number>> = { auto: 0, iso: 1, ms: 2, s: 3, us: 4 };

/** Why a column's value, or a whole record, was refused. */
export const CODES = {
  missing: 0,
  null: 2,
  wrongType: 3,
  outOfRange: 4,
  notIntegral: 5,
  tooLong: 6,
  badBase64: 7,
  badTime: 8,
  syntax: 16,
  invalidUtf8: 17,
  recordTooLong: 18,
  tooDeep: 19,
  tooManyFields: 20,
  notAnObject: 21,
} as const;
