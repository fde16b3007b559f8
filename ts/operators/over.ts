import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { AddressList } from '../state/address-list.js';
import type { GroupRows } from '../state/group-rows.js';
import { partitionRows } from '../state/partition.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { FramedRows, PENDING_FIELDS, type FramedRowsConfig } from './framed-rows.js';
import type { KeyGroups, Operator, Outbox, StateReader, StateWriter, StepMark, Wakeup } from './operator.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface OverConfig extends FramedRowsConfig {
  /** Columns of the rows that go out: the first so many. */
  readonly columns: number;
  /** Of each further column of the output, which it is of the aggregates, and then of the neighbours. */
  readonly results: readonly number[];
  readonly outputSchema: Schema;
  readonly keyGroups: KeyGroups;
}

/** Rows that become the next of their keys at a time. */
const CHUNK_ROWS = 4096;

/**
 * Each row with aggregates over the frame that ends at it, in order of event time within its key, once the watermark has passed it: no row
 * can come before it then. Rows that are late for that must have been taken out before (LateGate).
 */
export class Over implements Operator {
  readonly #ws: Workspace;
  readonly #config: OverConfig;
  readonly #rows: FramedRows;
  readonly #pendingSchema: Schema;
  /** Rows that the watermark has not passed. */
  readonly #pending: AddressList;
  /** Rows that it has, in order, from `#next` on yet to become their keys' next. */
  readonly #ready: AddressList;
  #next = 0;
  /** Rows that wait for others to come after them, in order. */
  readonly #waiting: AddressList;
  /** Rows on their way out, from `#out` on. */
  readonly #due: AddressList;
  #out = 0;
  #watermark = -Infinity;
  #earliest = Infinity;
  #busy = false;
  #telling = false;
  #last = false;
  #mark: Mark | undefined;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: OverConfig) {
    this.#ws = ws;
    this.#config = config;
    this.#rows = new FramedRows(ws, config);
    this.#pendingSchema = [...PENDING_FIELDS, ...config.schema];
    this.#pending = new AddressList(ws);
    this.#ready = new AddressList(ws);
    this.#waiting = new AddressList(ws);
    this.#due = new AddressList(ws);
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'frames are of rows, not of changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    this.#rows.keep(batch, this.#pending.extend(batch.rows));
    this.#earliest = Math.min(this.#earliest, this.#ws.kernels.window_min(batch.times, batch.rows));
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#telling = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#last = this.#watermark === Infinity;
    if (this.#earliest > this.#watermark) return;
    const { scratch, kernels } = this.#ws;
    const outer = scratch.mark();
    const { at, count } = this.#pending;
    const [order, spare] = [this.#ws.alloc(count * 4), this.#ws.alloc(count * 4)];
    const ready = kernels.over_ready(at, count, this.#watermark, order) >>> 0;
    kernels.over_sort(order, ready, spare);
    this.#ready.set(order, ready);
    this.#next = 0;
    this.#pending.set(order + ready * 4, count - ready);
    this.#earliest = ready === count ? Infinity : kernels.over_earliest(this.#pending.at, count - ready);
    scratch.release(outer);
  }

  pull(out: Outbox): 'more' | 'done' {
    if (this.#mark !== undefined) this.#ws.scratch.release(this.#mark);
    this.#mark = undefined;
    while (this.#telling) {
      if (this.#out < this.#due.count) {
        this.#mark = this.#ws.scratch.mark();
        const batch = this.#nextBatch(Math.min(out.room(), MAX_BATCH_ROWS, CHUNK_ROWS));
        this.#rowsOut += batch.rows;
        out.emit(0, batch);
        return 'more'; // the batch's memory is given back by the next pull
      }
      this.#telling = this.#advance();
    }
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    if (this.#waiting.count === 0) return this.#watermark;
    return Math.min(this.#watermark, this.#ws.kernels.over_earliest(this.#waiting.at, 1) - 1);
  }

  nextWakeup(): Wakeup {
    return this.#earliest === Infinity ? {} : { event: this.#earliest };
  }

  snapshot(writer: StateWriter): void {
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(ws, this.#watermark));
    this.#writeBases(writer);
    for (const { rows, waiting, groups } of this.#rows.all(CHUNK_ROWS)) {
      const parts = this.#rows.keyGroups(groups, rows.count, this.#config.keyGroups.count);
      this.#byGroup(parts, rows.count, (group, selection, count) => {
        const [ats, waits] = [ws.alloc(count * 4), ws.alloc(count * 8)];
        ws.kernels.select_take_32(rows.ats, selection, count, ats);
        ws.kernels.select_take_64(waiting, selection, count, waits);
        writer.keyed('rows', group, batchOf(this.#rows.stateSchema, count, this.#rows.stateOf({ ws, ats, count }, waits)));
      });
    }
    for (let from = 0; from < this.#pending.count; from += CHUNK_ROWS) {
      const mark = ws.scratch.mark();
      const rows = { ws, ats: this.#pending.at + from * 4, count: Math.min(CHUNK_ROWS, this.#pending.count - from) };
      this.#writePending(writer, rows);
      ws.scratch.release(mark);
    }
    ws.scratch.release(outer);
  }

  restore(reader: StateReader): void {
    const ws = this.#ws;
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(ws, batch, this.#watermark);
    const { baseSchema } = this.#rows;
    if (baseSchema !== undefined) for (const { batch } of reader.keyed('bases', baseSchema)) this.#rows.restoreBase(batch);
    for (const { batch } of reader.keyed('rows', this.#rows.stateSchema)) {
      const waiting = ws.alloc(batch.rows * 4);
      this.#waiting.push(waiting, this.#rows.restore(batch, waiting));
    }
    const mark = ws.scratch.mark();
    ws.kernels.over_sort(this.#waiting.at, this.#waiting.count, ws.alloc(this.#waiting.count * 4));
    ws.scratch.release(mark);
    for (const { batch } of reader.keyed('pending', this.#pendingSchema)) {
      const [times, places] = batch.columns.map((v) => v.values) as [Address, Address];
      const columns = batch.columns.slice(PENDING_FIELDS.length);
      this.#rows.keep(batchOf(this.#config.schema, batch.rows, columns, times, NONE, NONE, places), this.#pending.extend(batch.rows));
      if (batch.rows > 0) this.#earliest = Math.min(this.#earliest, ws.kernels.window_min(times, batch.rows));
    }
  }

  close(): void {
    this.#rows.close();
    for (const list of [this.#pending, this.#ready, this.#waiting, this.#due]) list.close();
  }

  metrics(): Readonly<Record<string, number>> {
    const { store, groups, bytesInUse } = this.#rows;
    const lists = [this.#pending, this.#ready, this.#waiting, this.#due].reduce((sum, list) => sum + list.bytesInUse, 0);
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      heldRows: this.#pending.count + this.#waiting.count,
      keptRows: store.live,
      groups,
      stateBytes: bytesInUse + lists,
    };
  }

  /** Some more rows that can go out; false when there are none in this step. */
  #advance(): boolean {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    this.#out = 0;
    this.#due.set(NONE, 0);
    const more = this.#next < this.#ready.count;
    if (more) {
      const to = ws.kernels.over_chunk(this.#ready.at, this.#next, this.#ready.count, CHUNK_ROWS) >>> 0;
      const rows = { ws, ats: this.#ready.at + this.#next * 4, count: to - this.#next };
      this.#rows.append(rows);
      this.#next = to;
      if (this.#rows.lead === 0) this.#due.push(rows.ats, rows.count);
      else this.#waiting.push(rows.ats, rows.count);
    }
    const all = !more && this.#last;
    if (this.#waiting.count > 0 && (more || all)) this.#split(all);
    if (all) this.#last = false;
    ws.scratch.release(mark);
    if (more || this.#due.count > 0) return true;
    this.#ready.set(NONE, 0);
    this.#next = 0;
    this.#rows.sweep(this.#watermark);
    return false;
  }

  /** Waiting rows that can go out now. */
  #split(all: boolean): void {
    const ws = this.#ws;
    const { at, count } = this.#waiting;
    const order = ws.alloc(count * 4);
    const due = this.#rows.due({ ws, ats: at, count }, all, order);
    this.#due.push(order, due);
    this.#waiting.set(order + due * 4, count - due);
  }

  #nextBatch(room: number): Batch {
    const ws = this.#ws;
    const { columns, results, outputSchema } = this.#config;
    const count = Math.min(room, this.#due.count - this.#out);
    const rows: GroupRows = { ws, ats: this.#due.at + this.#out * 4, count };
    this.#out += count;
    const { store } = this.#rows;
    const plain = store.read(
      rows,
      Array.from({ length: columns }, (_, i) => i),
    );
    const found = this.#rows.results(rows);
    const times = store.readHead(rows, 0);
    const places = ws.kernels.over_placed(rows.ats, count) === 0 ? NONE : store.readHead(rows, 1);
    const made = results.map((i) => found[i] as Vector);
    this.#rows.told(rows, this.#watermark);
    return batchOf(outputSchema, count, [...plain, ...made], times, NONE, NONE, places);
  }

  #writeBases(writer: StateWriter): void {
    const ws = this.#ws;
    const { baseSchema } = this.#rows;
    if (baseSchema === undefined) return;
    for (let from = 0; from < this.#rows.groups; from += CHUNK_ROWS) {
      const mark = ws.scratch.mark();
      const groups = this.#rows.bases(from, Math.min(from + CHUNK_ROWS, this.#rows.groups));
      const parts = this.#rows.keyGroups(groups.ats, groups.count, this.#config.keyGroups.count);
      this.#byGroup(parts, groups.count, (group, selection, count) => {
        const ats = ws.alloc(count * 4);
        ws.kernels.select_take_32(groups.ats, selection, count, ats);
        writer.keyed('bases', group, batchOf(baseSchema, count, this.#rows.baseOf({ ws, ats, count })));
      });
      ws.scratch.release(mark);
    }
  }

  #writePending(writer: StateWriter, rows: GroupRows): void {
    const ws = this.#ws;
    const { store } = this.#rows;
    const parts = this.#rows.keyGroupsOf(rows, this.#config.keyGroups.count);
    this.#byGroup(parts, rows.count, (group, selection, count) => {
      const ats = ws.alloc(count * 4);
      ws.kernels.select_take_32(rows.ats, selection, count, ats);
      const taken = { ws, ats, count };
      const head = PENDING_FIELDS.map(({ kind }, i): Vector => {
        return { kind, validity: NONE, offsets: NONE, values: store.readHead(taken, i) };
      });
      writer.keyed('pending', group, batchOf(this.#pendingSchema, count, [...head, ...store.read(taken)]));
    });
  }

  /** Rows by the key group that each has in `parts`: their numbers, in order. */
  #byGroup(parts: Address, rows: number, give: (group: number, selection: Address, count: number) => void): void {
    const ws = this.#ws;
    partitionRows(ws, parts, rows, this.#config.keyGroups.count).forEach(({ selection, count }, group) => {
      if (count === 0) return;
      const mark = ws.scratch.mark();
      give(group, selection, count);
      ws.scratch.release(mark);
    });
  }
}
