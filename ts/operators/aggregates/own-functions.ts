import { must } from '../../core/assert.js';
import { MillraceError } from '../../core/errors.js';
import { decodeValue, ValueEncoder } from '../../core/value-codec.js';
import type { Vector } from '../../columns/batch.js';
import { decodeText } from '../../columns/decode-text.js';
import { ColumnWriter } from '../../columns/column-writer.js';
import { attach } from '../../columns/detached.js';
import { readItems } from '../../columns/list-items.js';
import type { Address, Memory } from '../../columns/memory.js';
import { field, isList, itemOf, type Field, type Kind } from '../../columns/schema.js';
import { describeValue, expectedOf, fits, normalised, type Value } from '../../columns/values.js';
import type { GroupRows } from '../../state/group-rows.js';
import type { GroupTable } from '../../state/group-table.js';
import { checkColumnBytes } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, AggregateUse, Argument, GroupedRows } from '../aggregates.js';
import { firstOf, plainWords, stateField } from './helpers.js';

/** What one's own aggregate in JavaScript is made of. `add`, `merge` and `retract` may change and return what they are given first. */
export interface OwnFunctions {
  init(): unknown;
  add(state: unknown, value: unknown): unknown;
  merge(a: unknown, b: unknown): unknown;
  result(state: unknown): unknown;
  retract?(state: unknown, value: unknown): unknown;
}

type Call = 'init' | 'add' | 'merge' | 'result' | 'retract';

/** In `#states`, where there is none (a state itself may be undefined). */
const NOTHING = Symbol('no state');
const ACCUMULATOR_BYTES = 8;
/** States that nobody looks after, beside one for each group and again as many. */
const SMALLEST_SWEEP = 1024;

/**
 * One's own aggregate in JavaScript. States are JavaScript values in a store of this object; a group's row has the number of
 * its slot there, and slots are given back with the table of the row. Order 'arrival': what the functions make of another order
 * is theirs, and a state in bytes costs more than its row: rows move, not partial states.
 */
export class OwnFunctionsAggregate implements Aggregate {
  readonly bytes = ACCUMULATOR_BYTES;
  readonly state: readonly Field[] = [stateField('state', 'binary', true)];
  readonly order = 'arrival';
  readonly kept: Kind;
  readonly subtract?: NonNullable<Aggregate['subtract']>;
  readonly #name: string;
  readonly #kind: Kind;
  readonly #functions: OwnFunctions;
  readonly #output: Field;
  readonly #writer: ColumnWriter;
  readonly #encoder = new ValueEncoder();
  /** By slot; 0 is nobody's. */
  readonly #states: unknown[] = [NOTHING];
  readonly #free: number[] = [];
  /** Those whose rows may refer to slots. */
  readonly #tables = new Set<GroupTable>();

  constructor({ name, kinds, options, functions }: AggregateUse) {
    this.#name = name;
    this.#kind = must(kinds[0], 'a kind');
    this.#functions = functions as unknown as OwnFunctions;
    this.#output = field('result', options['output'] as Kind, options['nullable'] === 1);
    this.kept = this.#output.kind;
    this.#writer = new ColumnWriter(this.kept);
    const { retract } = this.#functions;
    if (retract !== undefined) this.subtract = (rows, offset, argument) => this.#addAll(rows, offset, argument, 'retract', retract);
  }

  /** States that are held: of each group that has one, and of groups that began anew since the last sweep. */
  get held(): number {
    return this.#states.length - 1 - this.#free.length;
  }

  words(ws: Workspace, args: readonly Vector[], rows: number): readonly Address[] {
    // Words of keys have one zero and one NaN only; here the values are wanted as they are.
    return this.#kind === 'float64' ? [must(args[0], 'an argument').values] : plainWords(ws, args, rows);
  }

  add(rows: GroupedRows, offset: number, argument: Argument): void {
    this.#addAll(rows, offset, argument, 'add', this.#functions.add);
  }

  merge(rows: GroupedRows, offset: number, [column]: readonly Vector[]): void {
    const { ws, from, to } = rows;
    const { validity, offsets, values } = must(column, 'a state column');
    const { u8, i32, u32 } = ws.memory;
    const mark = ws.scratch.mark();
    const slots = this.#slotsOf(rows, offset, validity) / 4;
    for (let row = from; row < to; row++) {
      const slot = u32[slots + row - from] as number;
      if (slot === 0) continue;
      const at = offsets / 4 + row;
      const other = decodeValue(u8, values + (i32[at] as number), values + (i32[at + 1] as number));
      const state = this.#states[slot];
      this.#states[slot] = state === NOTHING ? other : this.#call('merge', () => this.#functions.merge(state, other));
    }
    ws.scratch.release(mark);
  }

  read({ ws, ats, count }: GroupRows, offset: number): Vector[] {
    const { i32, u32 } = ws.memory;
    const validity = ws.alloc(Math.ceil(count / 64) * 8);
    ws.kernels.group_rows_bits(ats, offset, 0, 0, count, validity);
    const offsets = ws.alloc((count + 1) * 4);
    i32[offsets / 4] = 0;
    for (let i = 0; i < count; i++) {
      const slot = u32[((u32[ats / 4 + i] as number) + offset) / 4] as number;
      if (slot !== 0) this.#encode(this.#states[slot]);
      checkColumnBytes(this.#encoder.length);
      i32[offsets / 4 + i + 1] = this.#encoder.length;
    }
    const bytes = this.#encoder.take();
    const values = ws.alloc(bytes.length);
    ws.memory.u8.set(bytes, values);
    return [{ kind: 'binary', validity, offsets, values }];
  }

  result({ ws, ats, count }: GroupRows, offset: number): Vector {
    const { u32 } = ws.memory;
    const { result } = this.#functions;
    for (let i = 0; i < count; i++) {
      const slot = u32[((u32[ats / 4 + i] as number) + offset) / 4] as number;
      const state = this.#states[slot];
      this.#writer.write(i, slot === 0 ? null : this.#resultGiven(this.#call('result', () => result(state))));
    }
    const detached = { schema: [this.#output], rows: count, columns: [this.#writer.vector(count)], times: undefined, ops: undefined };
    this.#writer.clear();
    return must(attach(ws, detached).columns[0], 'a column');
  }

  #resultGiven(given: unknown): Value {
    const { kind, nullable } = this.#output;
    if ((given === null || given === undefined) && nullable) return null;
    if (fits(kind, given)) return normalised(kind, given);
    const advice = given === null || given === undefined ? `, or declare the output nullable: ${kind}().nullable()` : '';
    throw new MillraceError(
      'function.failed',
      `aggregate '${this.#name}': its result gave ${describeValue(given)}; expected ${expectedOf(kind)}${advice}`,
    );
  }

  #addAll(rows: GroupedRows, offset: number, { words, bitmap }: Argument, call: Call, fn: OwnFunctions['add']): void {
    const { ws, from, to } = rows;
    const states = this.#states;
    const { u32 } = ws.memory;
    const read = wordReader(ws.memory, this.#kind, firstOf(words));
    const mark = ws.scratch.mark();
    const slots = this.#slotsOf(rows, offset, bitmap) / 4 - from;
    let row = from;
    try {
      for (; row < to; row++) {
        const slot = u32[slots + row] as number;
        if (slot === 0) continue;
        const held = states[slot];
        const state = fn(held === NOTHING ? this.#functions.init() : held, read(row));
        if (isPromise(state)) throw new TypeError('it gave a Promise; it must answer at once, not be async');
        states[slot] = state;
      }
    } catch (error) {
      throw this.#failed(call, error, `; for the value ${describeValue(read(row))}`);
    }
    ws.scratch.release(mark);
  }

  /** u32 in scratch: the slot of each row that counts, else 0. Groups that have none get one. */
  #slotsOf({ ws, ats, from, to, tables }: GroupedRows, offset: number, bitmap: Address): Address {
    const states = this.#states;
    const free = this.#free;
    for (const table of tables) {
      if (this.#tables.has(table)) continue;
      this.#tables.add(table);
      table.onClose(this, () => this.#release(ws.memory, table, offset));
    }
    this.#sweep(ws.memory, offset);
    const given = Math.min(free.length, to - from);
    const frees = ws.alloc(given * 4);
    for (let i = 0; i < given; i++) ws.memory.u32[frees / 4 + i] = free[free.length - 1 - i] as number;
    const slots = ws.alloc((to - from) * 4);
    const taken = ws.kernels.own_slots(ats, offset, bitmap, frees, given, states.length, from, to, slots) >>> 0;
    free.length -= Math.min(given, taken);
    for (let i = given; i < taken; i++) states.push(NOTHING);
    return slots;
  }

  #release(memory: Memory, table: GroupTable, offset: number): void {
    this.#tables.delete(table);
    for (const slot of slotsIn(memory, table, offset)) this.#giveBack(slot);
  }

  #giveBack(slot: number): void {
    this.#states[slot] = NOTHING;
    this.#free.push(slot);
  }

  /** Accumulators may be made zeros without a word, where their group begins anew: what no row refers to is given back now and then. */
  #sweep(memory: Memory, offset: number): void {
    let groups = 0;
    for (const table of this.#tables) groups += table.size;
    if (this.held <= SMALLEST_SWEEP + 2 * groups) return;
    const used = new Set<number>(this.#free);
    for (const table of this.#tables) for (const slot of slotsIn(memory, table, offset)) used.add(slot);
    for (let slot = 1; slot < this.#states.length; slot++) if (!used.has(slot)) this.#giveBack(slot);
  }

  #encode(state: unknown): void {
    try {
      this.#encoder.write(state, 'state');
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      throw new MillraceError('function.failed', `aggregate '${this.#name}': its state cannot be kept: ${error.message}`, { cause: error });
    }
  }

  #call<T>(call: Call, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.#failed(call, error, '');
    }
  }

  #failed(call: Call, cause: unknown, where: string): MillraceError {
    if (cause instanceof MillraceError) return cause;
    const thrown = cause instanceof Error ? `${cause.name}: ${cause.message}` : describeValue(cause);
    return new MillraceError(
      'function.failed',
      `aggregate '${this.#name}': its ${call} threw ${thrown}${where}${adviceFor(this.#kind, cause)}`,
      {
        cause,
      },
    );
  }
}

/** The slots that a table's rows refer to. */
function* slotsIn({ u32 }: Memory, table: GroupTable, offset: number): Generator<number, void, undefined> {
  for (let group = 0, at = table.rows + offset; group < table.size; group++, at += table.stride) {
    const slot = u32[at / 4] as number;
    if (slot !== 0) yield slot;
  }
}

/** Reads a row's value out of its word (assembly/kernels/words.ts); of float64, the value itself. */
function wordReader({ u8, u32, i32, i64, f64 }: Memory, kind: Kind, words: Address): (row: number) => Value {
  const [halves, wholes] = [words / 4, words / 8];
  switch (kind) {
    case 'bool':
      return (row) => u32[halves + row * 2] !== 0;
    case 'int32':
      return (row) => i32[halves + row * 2] as number;
    case 'int64':
      return (row) => i64[wholes + row] as bigint;
    case 'float64':
      return (row) => f64[wholes + row] as number;
    case 'timestamp':
      return (row) => (i32[halves + row * 2 + 1] as number) * 4_294_967_296 + (u32[halves + row * 2] as number);
    default: {
      const bytes = (row: number): [number, number] => {
        const at = u32[halves + row * 2] as number;
        return [at, at + (u32[halves + row * 2 + 1] as number)];
      };
      if (isList(kind)) return (row) => readItems(itemOf(kind), u8, ...bytes(row));
      return kind === 'utf8' ? (row) => decodeText(u8, ...bytes(row)) : (row) => u8.slice(...bytes(row));
    }
  }
}

function isPromise(given: unknown): boolean {
  return typeof given === 'object' && given !== null && typeof (given as { then?: unknown }).then === 'function';
}

function adviceFor(kind: Kind, cause: unknown): string {
  const mixed = kind === 'int64' && cause instanceof TypeError && cause.message.includes('BigInt');
  return mixed ? '; values of int64 columns are bigint: write 2n for 2, or Number(value)' : '';
}
