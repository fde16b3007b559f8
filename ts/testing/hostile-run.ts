import type { Batch } from '../columns/batch.js';
import { BatchBuilder, type RowMeta } from '../columns/builder.js';
import { detach, type DetachedBatch } from '../columns/detached.js';
import type { Address, Space } from '../columns/memory.js';
import { Memory } from '../columns/memory.js';
import { sameSchema, describeSchema, type Schema } from '../columns/schema.js';
import { printTable } from '../columns/text-table.js';
import type { Value } from '../columns/values.js';
import type { Random } from '../core/random.js';
import type { Operator, StepMark } from '../operators/operator.js';
import { LaneStateReader, LaneStateWriter, mergeLaneStates, type LaneState } from '../state/memory-snapshot.js';
import type { KeyGroups } from '../state/snapshot.js';
import { BlockArena, Scratch } from '../wasm/arena.js';
import { createMemory, instantiate, MEMORY_BASE, type KernelExports } from '../wasm/module.js';
import type { WasmModule } from '../wasm/webassembly.js';
import { Workspace } from '../wasm/workspace.js';
import { faultOfBatch } from './check-batch.js';

/** A row on its way in: its values in the schema's order, what else it carries, and the key group that it belongs to. */
export interface HostileRow {
  readonly input: number;
  readonly values: readonly Value[];
  readonly meta: RowMeta;
  readonly group: number;
}

/** How much a pull may write: one row, much, or now this and now that with questions between the pulls. */
export type RoomRegime = 'one' | 'large' | 'fitful';

/** A batch's rows as comparable text; without operations, all are inserts. */
export function linesOf(batch: DetachedBatch): string[] {
  const table = printTable({ ...batch, ops: batch.ops ?? new Uint8Array(batch.rows) });
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+\|\s+/).join(' | '));
}

/** A broken rule of the operator contract. */
export class ContractError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ContractError';
  }
}

const MIB = 1 << 20;
const STATE_END = 24 * MIB;
const SCRATCH_END = 40 * MIB;
const END = 48 * MIB;
const POISONED_SCRATCH = 64 << 10;
const POISONED_AT_FIRST = MIB;
/** Pulls without a row, one after another, that still count as work. */
const PATIENCE = 1000;

/** Memories with kernels over them, used again and again: making them costs more than most runs. */
export class MemoryPool {
  readonly #module: WasmModule;
  readonly #free: { readonly kernels: KernelExports; readonly memory: Memory }[] = [];

  constructor(module: WasmModule) {
    this.#module = module;
  }

  /** A memory in which nothing is as a fresh one has it: allocators promise nothing about contents. */
  take(poison: number): { readonly kernels: KernelExports; readonly memory: Memory } {
    const taken = this.#free.pop() ?? this.#make();
    for (const from of [MEMORY_BASE, STATE_END]) taken.memory.u8.fill(poison, from, from + POISONED_AT_FIRST);
    return taken;
  }

  give(memory: { readonly kernels: KernelExports; readonly memory: Memory }): void {
    this.#free.push(memory);
  }

  #make(): { readonly kernels: KernelExports; readonly memory: Memory } {
    const wasm = createMemory(END, false);
    return { kernels: instantiate(this.#module, wasm), memory: new Memory(wasm.buffer) };
  }
}

/** Scratch apart from state, so that what an operator leaves behind can be told. */
class HostileWorkspace extends Workspace {
  override readonly scratch: Scratch;

  constructor(kernels: KernelExports, memory: Memory) {
    super(kernels, memory, new BlockArena(MEMORY_BASE, STATE_END), 0x243f6a8885a308d3n);
    this.scratch = new Scratch(new BlockArena(STATE_END, SCRATCH_END));
  }
}

/** One lane's operator with memory of its own, full of garbage, driven as the contract allows and no better. */
export class HostileLane {
  readonly outputs: string[][] = [];
  readonly #pool: MemoryPool;
  readonly #memory: ReturnType<MemoryPool['take']>;
  readonly #ws: HostileWorkspace;
  readonly #inputs = new BlockArena(SCRATCH_END, END);
  readonly #operator: Operator;
  readonly #random: Random;
  readonly #room: RoomRegime;
  readonly #schemas: Schema[] = [];
  /** No row at or before this may come out; kept only if no row that comes in is late itself. */
  readonly #promises: boolean;
  readonly #byClock: boolean;
  /** What memory holds that nobody has written, or may still read. */
  readonly #poison: number;
  #watermark = -Infinity;

  constructor(
    pool: MemoryPool,
    groups: KeyGroups,
    make: (ws: Workspace, groups: KeyGroups) => Operator,
    options: {
      readonly room: RoomRegime;
      readonly random: Random;
      readonly promises: boolean;
      readonly poison: number;
      readonly byClock: boolean;
    },
  ) {
    this.#pool = pool;
    this.#memory = pool.take(options.poison);
    this.#ws = new HostileWorkspace(this.#memory.kernels, this.#memory.memory);
    this.#random = options.random;
    this.#room = options.room;
    this.#promises = options.promises;
    this.#byClock = options.byClock;
    this.#poison = options.poison;
    this.#operator = make(this.#ws, groups);
  }

  begin(step: number, clockMs: number): void {
    this.#operator.begin?.({ step, clockMs });
  }

  push(input: number, schema: Schema, rows: readonly HostileRow[]): void {
    if (!this.#operator.ready(input)) throw new ContractError(`ready(${input}) is false, though everything pushed was done`);
    const given: { at: Address; bytes: number }[] = [];
    const space: Space = {
      memory: this.#ws.memory,
      alloc: (bytes) => {
        const at = this.#inputs.alloc(bytes + 64);
        given.push({ at, bytes: bytes + 64 });
        return at;
      },
    };
    const builder = new BatchBuilder(schema);
    for (const row of rows) builder.appendValues(row.values, row.meta);
    const mark = this.#ws.scratch.mark();
    this.#operator.push(input, builder.finish(space));
    if (rows.length > 0 && this.#operator.ready(input)) throw new ContractError(`ready(${input}) is true between a push and its 'done'`);
    this.#pullAll();
    // From here on the batch's memory is somebody else's.
    for (const { at, bytes } of given) {
      this.#ws.memory.u8.fill(this.#poison, at, at + bytes);
      this.#inputs.free(at, bytes);
    }
    this.#poisonScratch(mark);
  }

  mark(inputs: number, step: number, clockMs: number, watermarks: readonly number[]): void {
    const mark = this.#ws.scratch.mark();
    for (let input = 0; input < inputs; input++) {
      const given: StepMark = { step, clockMs, watermark: watermarks[input] ?? -Infinity };
      this.#operator.mark(input, given);
    }
    this.#pullAll();
    this.#poisonScratch(mark);
    const watermark = this.#operator.outputWatermark();
    if (Number.isNaN(watermark)) throw new ContractError('outputWatermark() is NaN');
    if (watermark < this.#watermark) throw new ContractError(`outputWatermark() went back from ${this.#watermark} to ${watermark}`);
    const least = Math.min(...watermarks.slice(0, inputs));
    if (watermark > least && !this.#byClock) throw new ContractError(`outputWatermark() is ${watermark}, ahead of the inputs' ${least}`);
    this.#watermark = watermark;
    this.#ask();
  }

  /** A snapshot, as plain data. */
  snapshot(lane: number): LaneState {
    const writer = new LaneStateWriter(this.#ws.memory);
    const mark = this.#ws.scratch.mark();
    this.#operator.snapshot(writer.of(OPERATOR, lane));
    this.#poisonScratch(mark);
    return structuredClone(writer.finish());
  }

  restore(state: LaneState, groups: KeyGroups): void {
    const mark = this.#ws.scratch.mark();
    this.#operator.restore(new LaneStateReader(state, OPERATOR, groups, this.#ws));
    this.#poisonScratch(mark);
  }

  close(): void {
    this.#operator.close();
    const left = this.#ws.blocks.bytesInUse;
    if (left !== 0) throw new ContractError(`close() left ${left} bytes of state behind`);
    this.#pool.give(this.#memory);
  }

  #pullAll(): void {
    let idle = 0;
    for (;;) {
      const room = this.#nextRoom();
      const emitted = this.#pull(room);
      idle = emitted.rows > 0 ? 0 : idle + 1;
      if (idle > PATIENCE) throw new ContractError(`pull() answered 'more' ${PATIENCE} times without a row`);
      if (emitted.answer === 'done') break;
      if (this.#room === 'fitful') this.#ask();
    }
    if (this.#pull(1).rows > 0) throw new ContractError("a batch was emitted after 'done'");
  }

  #pull(room: number): { readonly answer: 'more' | 'done'; readonly rows: number } {
    let batches = 0;
    let rows = 0;
    const answer = this.#operator.pull({
      room: () => room,
      emit: (port, batch) => {
        if (++batches > 1) throw new ContractError('more than one batch was emitted in a pull');
        if (batch.rows > room) throw new ContractError(`a batch of ${batch.rows} rows was emitted where there was room for ${room}`);
        rows = batch.rows;
        this.#take(port, batch);
      },
    });
    if (answer !== 'more' && answer !== 'done') throw new ContractError(`pull() answered ${String(answer)}`);
    return { answer, rows };
  }

  #take(port: number, batch: Batch): void {
    const { memory } = this.#ws;
    const fault = faultOfBatch(memory, batch);
    if (fault !== undefined) throw new ContractError(`port ${port}: ${fault}`);
    const known = (this.#schemas[port] ??= batch.schema);
    if (!sameSchema(known, batch.schema)) {
      throw new ContractError(`port ${port}: the schema changed from ${describeSchema(known)} to ${describeSchema(batch.schema)}`);
    }
    const copy = detach(memory, batch);
    const early = this.#promises ? copy.times?.find((time) => Number(time) <= this.#watermark) : undefined;
    if (early !== undefined)
      throw new ContractError(`port ${port}: a row of time ${early} came after the output watermark ${this.#watermark}`);
    if (batch.rows === 0) return;
    (this.outputs[port] ??= []).push(...linesOf(copy));
  }

  /** Questions that must change nothing. */
  #ask(): void {
    const { event, clock } = this.#operator.nextWakeup();
    if (Number.isNaN(event ?? 0) || Number.isNaN(clock ?? 0)) throw new ContractError('nextWakeup() is NaN');
    this.#operator.outputWatermark();
    for (const [name, value] of Object.entries(this.#operator.metrics())) {
      if (typeof value !== 'number' || Number.isNaN(value)) throw new ContractError(`metrics(): ${name} is ${String(value)}`);
    }
  }

  #nextRoom(): number {
    if (this.#room === 'fitful') return this.#random.pick([1, 1, 2, 3, 7, 64, 1000]);
    return this.#room === 'one' ? 1 : 65_536;
  }

  #poisonScratch(mark: { chunk: number; top: number }): void {
    const { scratch, memory } = this.#ws;
    scratch.release(mark);
    const at = scratch.alloc(POISONED_SCRATCH);
    memory.u8.fill(this.#poison, at, at + POISONED_SCRATCH);
    scratch.release(mark);
  }
}

const OPERATOR = 'operator';

/** Ends all lanes, and begins again from their state on `lanes` others. */
export function handOver(
  old: readonly HostileLane[],
  lanes: number,
  keyGroups: number,
  make: (groups: KeyGroups) => HostileLane,
): HostileLane[] {
  const state = mergeLaneStates(old.map((lane, number) => lane.snapshot(number)));
  for (const lane of old) lane.close();
  return Array.from({ length: lanes }, (_, lane) => {
    const groups = { count: keyGroups, lane, lanes };
    const made = make(groups);
    made.restore(state, groups);
    return made;
  });
}
