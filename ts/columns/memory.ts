/** A byte position in a lane's linear memory. 0 stands for "none": nothing is ever allocated there. */
export type Address = number;

export const NONE: Address = 0;

/**
 * Typed views of one linear memory. The memory never grows (it is reserved whole, which costs nothing), so views
 * never go stale. Index with an address divided by the element's size.
 */
export class Memory {
  readonly buffer: ArrayBufferLike;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly f64: Float64Array;

  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

/** Hands out addresses: 16-byte aligned, with 64 bytes after them that a kernel may read (not write). Contents are undefined. */
export interface Allocator {
  alloc(bytes: number): Address;
}

/** What builds batches outside a kernel needs: a memory and room in it. */
export interface Space extends Allocator {
  readonly memory: Memory;
}
