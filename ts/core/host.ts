/**
 * Everything the engine takes from the machine around it. The engine reads no clock, file or source of chance
 * in any other way, so that a simulator can hand it others and replay a run from a seed.
 */
export interface Host {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** A clock that never goes back, in milliseconds; for measuring only. */
  monotonicMs(): number;
  /** 64 unforeseeable bits, as two words: seeds of in-memory hash tables. */
  entropy(): readonly [number, number];
  /** Runs `task` soon, after whatever else waits in the event loop. */
  defer(task: () => void): void;
  /** Runs `task` once, `ms` from now; the answer cancels it. */
  after(ms: number, task: () => void): () => void;
  readonly files: Files;
  readonly streams: Streams;
}

/** Bytes that come and go by the event loop: for the coordinator only. */
export interface Streams {
  /** A file from its start, or `-`: stdin. Throws `file.not-found`, at the first read, when there is nothing to read. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** To stdout; resolves when more may be written. */
  print(bytes: Uint8Array): Promise<void>;
}

/** Files, synchronously: lanes never turn an event loop. Paths are the user's own words. */
export interface Files {
  /** Throws `file.not-found` when there is nothing to read. */
  open(path: string): FileHandle;
  /** Creates or empties. */
  create(path: string): FileHandle;
  /** Paths that match a pattern with `*`, `?`, `**`, sorted; a plain path is its own match if it exists. */
  glob(pattern: string): string[];
  mkdir(path: string): void;
  /** A file that is not there is no error. */
  remove(path: string): void;
}

export interface FileHandle {
  readonly path: string;
  /** Bytes now; for a pipe or terminal, undefined. */
  size(): number | undefined;
  /** Reads up to `length` bytes at `position` into `into[offset…]`; 0 at the end. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all of `bytes` at the end. */
  append(bytes: Uint8Array): void;
  sync(): void;
  close(): void;
}
