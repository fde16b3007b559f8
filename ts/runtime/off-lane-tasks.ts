import { gzipSync } from 'node:zlib';
import { move } from 'piscina';

/** What may run off the lanes, by name: each takes and gives plain data. This module is what the pool's threads load. */
export interface OffLaneTasks {
  /** One gzip member of the bytes; members one after another are a gzip file. */
  gzip(bytes: Uint8Array): Uint8Array;
}

export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes);
  // Copied out of zlib's pooled buffer, so that it can be moved to the other thread.
  return move(new Uint8Array(packed)) as unknown as Uint8Array;
}
