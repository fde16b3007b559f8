import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import type { BlockPlanner, Source, SplitSpec } from '../connector.js';
import type { FileOptions } from './file-options.js';

/** Regular files of lines, each a split; blocks are byte ranges, cut anywhere: a row belongs to the block of its first byte. */
export class LineFileSource implements Source {
  readonly schema: Schema;
  readonly runsIn = 'lane';
  readonly blocks: BlockPlanner = {
    next: (split, from, bytes) => (from < endOf(split) ? { to: Math.min(from + bytes, endOf(split)) } : undefined),
    ended: (split, position) => position >= endOf(split),
  };
  readonly #options: FileOptions;

  constructor(schema: Schema, options: FileOptions) {
    this.schema = schema;
    this.#options = options;
  }

  splits(host: Host): readonly SplitSpec[] {
    return fileSplits(host, this.#options.path);
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
