import { must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { valueBytes, type Field, type Kind } from '../../columns/schema.js';
import { readPresence, type GroupRows } from '../../state/group-rows.js';
import { OWN_ROWS, OwnModuleInstance } from '../../wasm/own-module.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, AggregateUse, Argument, GroupedRows } from '../aggregates.js';
import { firstOf, plainWords, stateField } from './helpers.js';

/**
 * One's own aggregate in AssemblyScript. Its state is bytes in the group's row, so that keeping it, freeing it and telling it again
 * is nobody's special case; for each chunk of rows the states of their groups go into the user's module and come back.
 */
export class OwnModuleAggregate implements Aggregate {
  readonly state: readonly Field[] = [stateField('state', 'binary', true)];
  readonly order = 'none';
  readonly subtract?: NonNullable<Aggregate['subtract']>;
  readonly #use: AggregateUse;
  readonly #kind: Kind;
  readonly #output: Kind;
  /** Made when it is first needed: a plan can be explained without the module. */
  #made: OwnModuleInstance | undefined;

  constructor(use: AggregateUse) {
    this.#use = use;
    this.#kind = must(use.kinds[0], 'a kind');
    this.#output = use.options['output'] as Kind;
    if (use.options['retracts'] === 1) this.subtract = (rows, offset, argument) => this.#addAll(rows, offset, argument, 'retract');
  }

  get bytes(): number {
    return this.#instance.stride;
  }

  words(ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] {
    // Words of keys have one zero and one NaN only; here the values are wanted as they are.
    return this.#kind === 'float64' ? [must(args[0], 'an argument').values] : plainWords(ws, args, rows);
  }

  add(rows: GroupedRows, offset: number, argument: Argument): void {
    this.#addAll(rows, offset, argument, 'add');
  }

  merge(rows: GroupedRows, offset: number, [column]: readonly Vector[]): void {
    const { ws } = rows;
    const { i32 } = ws.memory;
    const { validity, offsets, values } = must(column, 'a state column');
    const instance = this.#instance;
    this.#chunks(rows, offset, validity, (at, n, states, taken, places) => {
      const from = i32[offsets / 4 + at] as number;
      const bytes = (i32[offsets / 4 + at + n] as number) - from;
      let counted = 0;
      for (let i = 0; i < n; i++) {
        const length = (i32[offsets / 4 + at + i + 1] as number) - (i32[offsets / 4 + at + i] as number);
        if (length === instance.stateBytes && ws.memory.u32[places / 4 + i] !== 0) counted++;
      }
      if (bytes !== counted * instance.stateBytes) throw this.#otherState();
      instance.merge(ws, states, taken, places, values + from, bytes, n);
    });
  }

  read(rows: GroupRows, offset: number): Vector[] {
    const { ws, ats, count } = rows;
    const { stride, stateBytes } = this.#instance;
    const validity = readPresence(rows, { offset, bits: 0, invert: false });
    const offsets = ws.alloc((count + 1) * 4);
    const values = ws.alloc(count * stateBytes);
    ws.kernels.own_states(ats, offset, stride, count, offsets, values);
    return [{ kind: 'binary', validity, offsets, values }];
  }

  result(rows: GroupRows, offset: number): Vector {
    const { ws, ats, count } = rows;
    const kind = this.#output;
    const instance = this.#instance;
    const { stride } = instance;
    const values = ws.alloc(valueBytes(kind, count));
    const validity = readPresence(rows, { offset, bits: 0, invert: false });
    const mark = ws.scratch.mark();
    const states = ws.alloc(Math.min(count, OWN_ROWS) * stride);
    for (let from = 0; from < count; from += OWN_ROWS) {
      const n = Math.min(OWN_ROWS, count - from);
      ws.kernels.own_copy(ats + from * 4, offset, stride, n, states);
      instance.result(ws, states, n, values + valueBytes(kind, from), valueBytes(kind, n));
    }
    ws.scratch.release(mark);
    return { kind, validity, offsets: NONE, values };
  }

  get #instance(): OwnModuleInstance {
    this.#made ??= new OwnModuleInstance(must(this.#use.module, 'the module of an aggregate'), this.#use.name);
    return this.#made;
  }

  #addAll(rows: GroupedRows, offset: number, { words, bitmap }: Argument, call: 'add' | 'retract'): void {
    const instance = this.#instance;
    const column = firstOf(words);
    this.#chunks(rows, offset, bitmap, (at, n, states, taken, places) =>
      instance.add(rows.ws, call, states, taken, places, column + at * 8, n),
    );
  }

  /** Takes the states of some rows' groups at a time, lets `change` change them, and brings them back. */
  #chunks(
    { ws, ats, from, to }: GroupedRows,
    offset: number,
    bitmap: Address,
    change: (at: number, n: number, states: Address, taken: number, places: Address) => void,
  ): void {
    const { stride } = this.#instance;
    const mark = ws.scratch.mark();
    const most = Math.min(OWN_ROWS, to - from);
    const [places, groups, states] = [ws.alloc(most * 4), ws.alloc(most * 4), ws.alloc(most * stride)];
    for (let at = from; at < to; at += OWN_ROWS) {
      const n = Math.min(OWN_ROWS, to - at);
      const taken = ws.kernels.own_take(ats, offset, stride, bitmap, at, at + n, places, groups, states) >>> 0;
      if (taken > 0) change(at, n, states, taken, places);
      ws.kernels.own_put(groups, stride, taken, states);
    }
    ws.scratch.release(mark);
  }

  #otherState(): MillraceError {
    const { stateBytes } = this.#instance;
    return new MillraceError(
      'state.incompatible',
      `aggregate '${this.#use.name}': its states in the snapshot are not of ${stateBytes} bytes, as State in ${this.#use.module?.file} is; ` +
        'go on with the file as it was, or start anew',
    );
  }
}
