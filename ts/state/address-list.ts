import type { Address } from '../columns/memory.js';
import type { Workspace } from '../wasm/workspace.js';

const SMALLEST = 64;

/** Addresses, u32 each, in a block that grows: for lists that outlive a batch. */
export class AddressList {
  readonly #ws: Workspace;
  #at: Address;
  #capacity = SMALLEST;
  #count = 0;

  constructor(ws: Workspace) {
    this.#ws = ws;
    this.#at = ws.blocks.alloc(SMALLEST * 4);
  }

  get count(): number {
    return this.#count;
  }

  /** Where they begin; until the list grows. */
  get at(): Address {
    return this.#at;
  }

  get bytesInUse(): number {
    return this.#capacity * 4;
  }

  /** Room for `count` more at the end: where it begins. */
  extend(count: number): Address {
    const from = this.#count;
    if (from + count > this.#capacity) {
      const [old, bytes] = [this.#at, this.#capacity * 4];
      while (this.#capacity < from + count) this.#capacity *= 2;
      this.#at = this.#ws.blocks.alloc(this.#capacity * 4);
      this.#ws.kernels.select_copy(this.#at, old, from * 4);
      this.#ws.blocks.free(old, bytes);
    }
    this.#count = from + count;
    return this.#at + from * 4;
  }

  /** Copies `count` addresses to the end. */
  push(from: Address, count: number): void {
    const to = this.extend(count);
    this.#ws.kernels.select_copy(to, from, count * 4);
  }

  /** Copies `count` addresses in place of what there is. */
  set(from: Address, count: number): void {
    this.#count = 0;
    this.push(from, count);
  }

  close(): void {
    this.#ws.blocks.free(this.#at, this.#capacity * 4);
  }
}
