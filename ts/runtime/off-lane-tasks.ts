import { gzipSync } from 'node:zlib';
import { move } from 'piscina';
import { compileAssembly, type AssemblyInput, type AssemblyOutput } from './compile-assembly.js';

/** What may run off the lanes, by name: each takes and gives plain data. This module is what the pool's threads load. */
export interface OffLaneTasks {
  /** One gzip member of the bytes; members one after another are a gzip file. */
  gzip(bytes: Uint8Array): Uint8Array;
  /** A module compiled from AssemblyScript. */
  assemble(input: AssemblyInput): Promise<AssemblyOutput>;
}

export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes);
  // Copied out of zlib's pooled buffer, so that it can be moved to the other thread.
  return move(new Uint8Array(packed)) as unknown as Uint8Array;
}

export function assemble(input: AssemblyInput): Promise<AssemblyOutput> {
  return compileAssembly(input);
}
