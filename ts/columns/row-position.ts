import { MillraceError } from '../core/errors.js';

/*
 * A row's place among all rows of a job, as an int64 that is never negative:
 *
 *   bits 58-62   number of the source
 *   bits 42-57   number of the split in the source
 *   bits  0-41   place in the split: where its block begins, plus its number in the block
 *
 * As a block of positions [from, to) has at most to - from rows, a place grows along the split wherever blocks are cut, and one
 * job's rows have the same order among themselves whatever the lanes. A row's number itself depends on the cuts: it is for
 * comparing only.
 */
const OFFSET_BITS = 42n;
const SPLIT_BITS = 16n;
export const MAX_POSITION = 2 ** Number(OFFSET_BITS);
export const MAX_NUMBERED_SPLITS = 2 ** Number(SPLIT_BITS);
export const MAX_NUMBERED_SOURCES = 32;

/** The place of a block's first row. */
export function rowPosition(source: number, split: number, offset: number): bigint {
  return (((BigInt(source) << SPLIT_BITS) | BigInt(split)) << OFFSET_BITS) | BigInt(offset);
}

/**
 * Whether rows of a block can be told apart by their places. Throws `config.invalid` for more sources or splits than there
 * are numbers for, `source.failed` for a source whose positions do not count its rows.
 */
export function checkPositions(source: number, splits: number, block: { split: string; from: number; to: number }, rows: number): void {
  if (source >= MAX_NUMBERED_SOURCES || splits > MAX_NUMBERED_SPLITS) {
    throw new MillraceError(
      'config.invalid',
      `rows are ordered by event time and place here, which is possible for ${MAX_NUMBERED_SOURCES} sources of ${MAX_NUMBERED_SPLITS} splits; ` +
        `this is source ${source + 1}, of ${splits} splits`,
    );
  }
  const { split, from, to } = block;
  if (rows <= to - from && to <= MAX_POSITION) return;
  throw new MillraceError(
    'source.failed',
    `rows are ordered by event time and place here, but a block of split '${split}' has ${rows} rows in the positions [${from}, ${to}); ` +
      `a source's positions must grow by at least one a row, and stay below ${MAX_POSITION}`,
  );
}
