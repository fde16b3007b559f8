import { assert } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import type { Address } from '../columns/memory.js';
import { wasm, type WasmModule } from './webassembly.js';
import type { Workspace } from './workspace.js';

/** A user's module, compiled, and the file that it was written in, as the user named it. */
export interface OwnModule {
  readonly module: WasmModule;
  readonly file: string;
}

/** What build/own-module-source.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  own_state_bytes(): number;
  own_free_from(): number;
  own_add(states: number, stride: number, places: number, words: number, n: number): void;
  own_retract?(states: number, stride: number, places: number, words: number, n: number): void;
  own_merge(states: number, stride: number, places: number, others: number, n: number): void;
  own_result(states: number, stride: number, n: number, out: number): number;
}

/** Rows at a time: what is copied for them stays in the cache. A multiple of 8, so that bits of results begin with a byte. */
export const OWN_ROWS = 1024;
const HEAD_BYTES = 8;
const MAX_STATE_BYTES = 4096;
const PAGE_BYTES = 65_536;

/**
 * An instance of a user's module, with a memory of its own: what it writes where it should not is its own, and all that
 * comes back from it is states and results of a fixed size. States are copied in before a call and out after it.
 */
export class OwnModuleInstance {
  /** Of an accumulator: what stands before the state, and the state rounded up to 8. */
  readonly stride: number;
  readonly #exports: Exports;
  readonly #name: string;
  readonly #file: string;
  readonly #places: number;
  readonly #words: number;
  readonly #states: number;
  readonly #others: number;

  /** `name` is the aggregate's. */
  constructor({ module, file }: OwnModule, name: string) {
    this.#name = name;
    this.#file = file;
    const exports = this.#call('its top level', () => new wasm.Instance(module, {}).exports as unknown as Exports);
    this.#exports = exports;
    const bytes = this.#call('its top level', () => exports.own_state_bytes());
    if (bytes > MAX_STATE_BYTES) {
      throw new MillraceError(
        'state.too-large',
        `aggregate '${name}': State in ${file} has ${bytes} bytes; at most ${MAX_STATE_BYTES} are kept for each group`,
      );
    }
    this.stride = HEAD_BYTES + Math.ceil(bytes / 8) * 8;
    this.#places = Math.ceil(exports.own_free_from() / 16) * 16;
    this.#words = this.#places + OWN_ROWS * 4;
    this.#states = this.#words + OWN_ROWS * 8;
    this.#others = this.#states + OWN_ROWS * this.stride;
    const missing = Math.ceil((this.#others + OWN_ROWS * this.stride - exports.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.#call('its memory', () => exports.memory.grow(missing));
  }

  get stateBytes(): number {
    return this.stride - HEAD_BYTES;
  }

  /** Rows' words, 8 bytes each, into the states of their places; `states` is changed. At most OWN_ROWS rows. */
  add(ws: Workspace, call: 'add' | 'retract', states: Address, taken: number, places: Address, words: Address, n: number): void {
    const run = call === 'add' ? this.#exports.own_add : this.#exports.own_retract;
    assert(run !== undefined, 'a module that retracts');
    this.#put(ws, this.#words, words, n * 8);
    this.#change(ws, states, taken, places, n, () => this.#call(call, () => run(this.#states, this.stride, this.#places, this.#words, n)));
  }

  /** States, side by side, of the rows that count. */
  merge(ws: Workspace, states: Address, taken: number, places: Address, others: Address, othersBytes: number, n: number): void {
    this.#put(ws, this.#others, others, othersBytes);
    this.#change(ws, states, taken, places, n, () =>
      this.#call('merge', () => this.#exports.own_merge(this.#states, this.stride, this.#places, this.#others, n)),
    );
  }

  /** Results of n accumulators as a column of `bytes`. */
  result(ws: Workspace, states: Address, n: number, out: Address, bytes: number): void {
    this.#put(ws, this.#states, states, n * this.stride);
    this.#bytes().fill(0, this.#others, this.#others + bytes);
    const done = this.#call('result', () => this.#exports.own_result(this.#states, this.stride, n, this.#others)) >>> 0;
    if (done < n)
      throw new MillraceError('function.failed', `aggregate '${this.#name}': its result, in ${this.#file}, gave a time beyond ±8.64e15 ms`);
    this.#get(ws, this.#others, out, bytes);
  }

  #change(ws: Workspace, states: Address, taken: number, places: Address, n: number, run: () => void): void {
    this.#put(ws, this.#places, places, n * 4);
    this.#put(ws, this.#states, states, taken * this.stride);
    run();
    this.#get(ws, this.#states, states, taken * this.stride);
  }

  #put(ws: Workspace, at: number, from: Address, bytes: number): void {
    this.#bytes().set(ws.memory.u8.subarray(from, from + bytes), at);
  }

  #get(ws: Workspace, at: number, to: Address, bytes: number): void {
    ws.memory.u8.set(this.#bytes().subarray(at, at + bytes), to);
  }

  /** Made anew each time: the module may have grown its memory. */
  #bytes(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  /** A trap, and a stack that is used up, is the user's fault, told in the user's names. */
  #call<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new MillraceError('function.trapped', `aggregate '${this.#name}': ${what}, in ${this.#file}, trapped: ${said}`, { cause });
    }
  }
}
