/**
 * Bounds that keep one bad record, key or job from taking the engine down.
 * `run` and `from` accept overrides for those a user may have reason to change.
 */
export interface Limits {
  /** Bytes of one record, of any format. */
  readonly recordBytes: number;
  /** Bytes of one decoded string or binary value. */
  readonly stringBytes: number;
  /** How deep the values of a record may nest, its own braces included. */
  readonly nestingDepth: number;
  /** Fields of one record, at all depths together. */
  readonly fieldsPerRecord: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  recordBytes: 16 * 1024 * 1024,
  stringBytes: 16 * 1024 * 1024,
  nestingDepth: 64,
  fieldsPerRecord: 10_000,
});

/** Rows a batch holds at most; kernels' scratch is sized by it. */
export const MAX_BATCH_ROWS = 65_536;

/** Event times lie in JavaScript's own range of dates, so a number holds them exactly. */
export const MAX_TIME_MS = 8_640_000_000_000_000;

/** The default number of key groups: the unit in which keyed state moves between lanes. */
export const KEY_GROUPS = 128;

/** Lanes of one job, at most: more than any machine we know has use for. */
export const MAX_LANES = 128;
