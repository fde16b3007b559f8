import type { Vector } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import type { Limits } from '../core/limits.js';
import { isScalar, type Field, type ScalarKind, type Schema } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';

/** A record that could not be decoded: where it lies, and what was wrong, in the user's words. */
export interface BadRecord {
  readonly start: Address;
  readonly end: Address;
  /** `amount: expected a number, found "x"` */
  readonly reason: string;
}

/**
 * Bytes of a text format, made columns. Decoding is cut in two, so that a filter pushed into the decoder spares the
 * copying (and unescaping) of strings of rows that it drops:
 *
 *   1. `decode` reads a block of whole records: fixed-width columns are complete, strings are still places in the block.
 *   2. `materialise` makes the rows it is told to keep into columns.
 *
 * The caller guarantees 64 readable bytes before `start`, 1,024 writable bytes after `end`, and that block and scratch
 * stay as they are between 1 and 2. Rows keep their order. Fields that are not in the schema are checked for form only.
 */
export interface RowDecoder {
  decode(start: Address, end: Address, onBad: (record: BadRecord) => void): Decoded;
  /** Rows `selection[0..count)` (int32 row numbers, ascending), or all when `selection` is NONE. */
  materialise(decoded: Decoded, selection: Address, count: number): readonly Vector[];
  readonly counters: Readonly<Record<string, number>>;
  close(): void;
}

export interface Decoded {
  readonly rows: number;
  /** Of utf8 and binary columns undefined until materialised. */
  readonly columns: readonly (Vector | undefined)[];
  /** uint32[rows]: offset from `start` of each row's record, so that errors and positions can be told. */
  readonly recordOffsets: Address;
}

/** The kind of a column that is read from text. Throws `plan.wrong-type` for lists, which no decoder of text reads. */
export function decodedKind({ name, kind }: Field): ScalarKind {
  if (isScalar(kind)) return kind;
  throw new MillraceError(
    'plan.wrong-type',
    `column '${name}' is a ${kind}, which is not read from JSON or CSV; lists come from Arrow data and from rows in memory. ` +
      'Leave the column out, or read it as utf8 where it is a text',
  );
}

export interface DecoderOptions {
  /** The projected fields only: others are never decoded. */
  readonly fields: Schema;
  readonly limits: Limits;
}
