import { assert } from '../core/assert.js';
import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Field } from '../columns/schema.js';
import type { Workspace } from '../wasm/workspace.js';
import { readKeys } from './group-rows.js';
import { GroupTable } from './group-table.js';
import { keyShapeOf, keyWordsOf, type KeyShape } from './key-words.js';

/** Where keys have gone: `numbers` is uint32[count], by old number; KEY_GONE for those that nothing referred to. */
export interface KeyRemap {
  readonly numbers: Address;
  readonly count: number;
}

export const KEY_GONE = 0xffffffff;

/**
 * Keys by small numbers (0, 1, 2 ...) for state that outlives a window: equal keys have equal numbers, and a key stays
 * as long as its count says so. A key that was interned and never retained goes at the next `compact`. Numbers never
 * leave the lane: snapshots hold the keys themselves.
 */
export class KeyTable {
  readonly #ws: Workspace;
  readonly #shape: KeyShape;
  #table: GroupTable;

  constructor(ws: Workspace, fields: readonly Field[]) {
    this.#ws = ws;
    this.#shape = keyShapeOf(fields);
    assert(fields.length > 0, 'a key has at least one column');
    this.#table = new GroupTable(ws, this.#shape, 8);
  }

  /** Keys in the table, those with no references included. */
  get size(): number {
    return this.#table.size;
  }

  get bytesInUse(): number {
    return this.#table.bytesInUse;
  }

  /** Each row's key's number, uint32[rows], to `out`. */
  intern(batch: Batch, columns: readonly number[], out: Address): void {
    const mark = this.#ws.scratch.mark();
    this.#table.find(keyWordsOf(this.#ws, this.#shape, batch, columns), NONE, 0, batch.rows, out);
    this.#ws.kernels.keys_numbers(this.#table.at, out, batch.rows);
    this.#ws.scratch.release(mark);
  }

  /** Counts one reference more to each of `ids` (uint32[count]). */
  retain(ids: Address, count: number): void {
    this.#ws.kernels.keys_count(this.#table.at, ids, count, 1);
  }

  /** One reference less. */
  release(ids: Address, count: number): void {
    const done = this.#ws.kernels.keys_count(this.#table.at, ids, count, -1) >>> 0;
    assert(done === count, 'a key was released more often than it was retained');
  }

  /** The keys' columns, in scratch. */
  values(ids: Address, count: number): Vector[] {
    const ats = this.#ws.alloc(count * 4);
    this.#ws.kernels.keys_rows(this.#table.at, ids, count, ats);
    return readKeys({ ws: this.#ws, ats, count }, this.#shape);
  }

  /** Whether so many keys are unreferenced that compacting is worth its while. */
  wantsCompaction(): boolean {
    return this.size >= 1024 && this.#live() * 2 < this.size;
  }

  /** Drops keys without references and numbers the others anew, in their order. The remap lies in scratch. */
  compact(): KeyRemap {
    const count = this.size;
    const numbers = this.#ws.alloc(count * 4);
    const smaller = new GroupTable(this.#ws, this.#shape, 8, this.#live());
    smaller.fillFrom((next) => this.#ws.kernels.keys_copy_live(this.#table.at, smaller.at, next, numbers) >>> 0, count);
    this.#table.close();
    this.#table = smaller;
    return { numbers, count };
  }

  close(): void {
    this.#table.close();
  }

  #live(): number {
    return this.#ws.kernels.keys_live(this.#table.at) >>> 0;
  }
}
