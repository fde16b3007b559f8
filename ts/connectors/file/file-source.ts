import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import type { BlockPlanner, Source, SplitSpec } from '../connector.js';

/** Cuts files whose every newline ends a record: anywhere, as a row belongs to the block of its first byte. */
export const BLOCKS_ANYWHERE: BlockPlanner = {
  next: (split, from, bytes) => (from < endOf(split) ? { to: Math.min(from + bytes, endOf(split)) } : undefined),
  ended: (split, position) => position >= endOf(split),
};

/** Regular files, each a split; its positions are bytes. */
export class RegularFileSource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'lane';
  readonly blocks: BlockPlanner;
  readonly #pattern: string;

  constructor(schema: Schema, pattern: string, blocks: BlockPlanner) {
    this.schema = schema;
    this.#pattern = pattern;
    this.blocks = blocks;
  }

  splits(host: Host): readonly SplitSpec[] {
    return fileSplits(host, this.#pattern);
  }

  close(): void {
    this.blocks.close?.();
  }
}

/** One split for each file that the pattern names, in the order of their paths, with its size at this moment as its end. */
export function fileSplits(host: Host, pattern: string): readonly SplitSpec[] {
  const paths = host.files.glob(pattern);
  if (paths.length === 0) throw new MillraceError('file.not-found', `there is no file '${pattern}'`, { details: { path: pattern } });
  return paths.map((path) => {
    const file = host.files.open(path);
    try {
      const size = file.size();
      if (size === undefined)
        throw new MillraceError('config.invalid', `'${path}' is no regular file; pipes are read as '-' from stdin`, { details: { path } });
      return { id: path, options: { path }, end: size };
    } finally {
      file.close();
    }
  });
}

export function endOf(split: SplitSpec): number {
  return split.end ?? 0;
}
