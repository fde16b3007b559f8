import type { ScalarKind, TimestampFormat } from '../columns/schema.js';

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
  lastTemplate: 20,
} as const;
export const CONTEXT_BYTES = 224;

export const COLUMN = { kind: 0, values: 1, valid: 2, format: 3, next: 4 } as const;
export const COLUMN_BYTES = 40;

export const NODE = { child: 0, sibling: 1, key: 2, keyBytes: 3, column: 4 } as const;
export const NODE_BYTES = 20;

/** Bytes before a template's steps; its first word counts the rows that the tolerant tier took by it. */
export const TEMPLATE_HEADER_BYTES = 64;
/** One step: 16 bytes of literal and 16 of mask, then these. */
export const TEMPLATE_STEP = { length: 8, kind: 9, column: 10, fields: 11, depth: 12, later: 13 } as const;
export const TEMPLATE_STEP_BYTES = 64;

/** One stripe of a block. */
export const STRIPE = { next: 0, end: 1, row: 2 } as const;
export const STRIPE_BYTES = 16;
export const STRIPES = 4;

export const BAD = { start: 0, end: 1, code: 2, column: 3, from: 4, to: 5 } as const;
export const BAD_BYTES = 24;

export const HOSTED = { row: 0, column: 1, start: 2, end: 3 } as const;
export const HOSTED_BYTES = 16;

export const KIND_NUMBERS: Readonly<Record<ScalarKind, number>> = {
  bool: 0,
  int32: 1,
  int64: 2,
  float64: 3,
  utf8: 4,
  binary: 5,
  timestamp: 6,
};
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
