import type { Address } from './memory.js';
import type { Kind, Schema } from './schema.js';

/**
 * One column of a batch: Arrow's buffers, by address.
 *
 *   validity  bitmap, LSB first, 1 = valid; 0 (none) when no value is null
 *   offsets   utf8, binary and lists only: int32[rows + 1], offsets[0] = 0
 *   values    fixed width: the values; bool: bitmap; utf8, binary and lists: the bytes, of lists as columns/list-items.ts draws them
 *
 * Bits of a bitmap beyond `rows` are undefined. A null's value is undefined but readable; its length is 0.
 */
export interface Vector {
  readonly kind: Kind;
  readonly validity: Address;
  readonly offsets: Address;
  readonly values: Address;
}

/**
 * Some rows, as columns. A batch owns nothing: its memory is that of whoever made it, and stays valid until the
 * operator that it was pushed into has answered `done` (see operators/operator.ts).
 */
export interface Batch {
  readonly schema: Schema;
  readonly rows: number;
  readonly columns: readonly Vector[];
  /** int64[rows], epoch milliseconds: the rows' event times. None on a stream without event time. */
  readonly times: Address;
  /**
   * int64[rows]: for each row, the watermark that judges whether it is late (the larger of its split's own before this
   * row, and the step's). None when no row of the batch lies behind that watermark, so that none can be late.
   */
  readonly clocks: Address;
  /** uint8[rows], values of OPS. None: every row is an insert. */
  readonly ops: Address;
  /**
   * int64[rows]: the rows' places, by which rows of equal event time are ordered: (source, split, place in the split), see
   * row-position.ts; of results by key, the hash of the key. None on a stream where nobody asks for them.
   */
  readonly positions: Address;
}

export const OPS = { insert: 0, updateBefore: 1, updateAfter: 2, delete: 3 } as const;
export type Op = '+I' | '-U' | '+U' | '-D';
export const OP_NAMES: readonly Op[] = ['+I', '-U', '+U', '-D'];

export function batchOf(
  schema: Schema,
  rows: number,
  columns: readonly Vector[],
  times: Address = 0,
  clocks: Address = 0,
  ops: Address = 0,
  positions: Address = 0,
): Batch {
  return { schema, rows, columns, times, clocks, ops, positions };
}
