import { Scope, type DirectReader } from './draft.js';
import { sourceStream, type From } from './source.js';

/** `from` for use outside jobs: `toArray()` and `batches()` of its streams run what is needed, through this reader. */
export function createFrom(direct: DirectReader): From {
  const from = (source: unknown, options: unknown): unknown => sourceStream(new Scope(undefined, direct), source, options);
  return from as From;
}
