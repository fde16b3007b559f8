import { assert, must } from '../core/assert.js';
import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Schema } from '../columns/schema.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import { GroupTable } from '../state/group-table.js';
import { keyShapeOf, keyWordsOf, type KeyShape, type KeyWords } from '../state/key-words.js';
import { partitionRows } from '../state/partition.js';
import type { Mark } from '../wasm/arena.js';
import { sliceBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { PanePool } from './count-window-panes.js';
import { adderOf, argumentsOf, groupLayout, type BoundAggregate, type GroupLayout } from './group-layout.js';
import { NO_WAKEUP, type KeyGroups, type Operator, type Outbox, type StateReader, type StateWriter } from './operator.js';
import type { StepMark, Wakeup } from './operator.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface CountWindowConfig {
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  /** Keys, aggregates. */
  readonly outputSchema: Schema;
  /** Rows of a window, and of a slide. */
  readonly rows: number;
  readonly slide: number;
  /** Whether rows carry event times: a result then has the latest of its rows'. */
  readonly timed: boolean;
  readonly keyGroups: KeyGroups;
}

/** Rows dealt out at a time, and how many numbers of panes their windows may need. */
const CHUNK_ROWS = 1024;
const CHUNK_PANES = 1 << 20;
/** Rows of a snapshot's batches, about. */
const STATE_ROWS = 16_384;

/** A batch on its way in. */
interface Work {
  readonly batch: Batch;
  readonly keys: KeyWords;
  readonly add: (rows: GroupedRows) => void;
  from: number;
}

/**
 * Windows of so many rows of each key, in order of arrival: a result after every `slide` rows over the last `rows`. Rows are kept
 * as panes of the greatest common divisor of both, which a due window combines (assembly/kernels/count-window.ts). A result goes out
 * with the batch that completes its window. Port 1, `late`, stays empty.
 */
export class CountWindow implements Operator {
  readonly #ws: Workspace;
  readonly #config: CountWindowConfig;
  readonly #shape: KeyShape;
  readonly #layout: GroupLayout;
  readonly #stateSchema: Schema;
  readonly #keys: GroupTable;
  readonly #panes: PanePool;
  /** Of the count in a key's row. */
  readonly #at: number;
  readonly #paneRows: number;
  readonly #ofWindow: number;
  readonly #ofSlide: number;
  #watermark = -Infinity;
  #busy = false;
  #work: Work | undefined;
  #pending: { readonly batch: Batch; readonly mark: Mark } | undefined;
  #next = 0;
  #slice: Mark | undefined;
  #firedWindows = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: CountWindowConfig) {
    this.#ws = ws;
    this.#config = config;
    const { rows, slide, timed } = config;
    const keyFields = config.keys.map((i) => must(config.inputSchema[i], 'a key column'));
    this.#shape = keyShapeOf(keyFields);
    const times: BoundAggregate = { name: 'result time', fn: 'max', args: [], kinds: ['timestamp'] };
    this.#layout = groupLayout([], timed ? [...config.aggregates, times] : config.aggregates, false);
    this.#paneRows = gcd(rows, slide);
    this.#ofWindow = rows / this.#paneRows;
    this.#ofSlide = slide / this.#paneRows;
    this.#at = this.#shape.words * 8;
    this.#keys = new GroupTable(ws, this.#shape, 8 + Math.ceil(this.#ofWindow / 2) * 8);
    this.#panes = new PanePool(ws, this.#layout);
    const states = this.#layout.aggregates.flatMap(({ aggregate, bound }) =>
      aggregate.state.map((f) => ({ ...f, name: `${bound.name}.${f.name}` })),
    );
    this.#stateSchema = [...keyFields, field('pane number', 'int64'), field('rows of key', 'int64'), ...states];
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'pushed while busy');
    assert(batch.ops === NONE, 'windows take rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    const ws = this.#ws;
    const { timed, aggregates, keys } = this.#config;
    const asked = { ...this.#layout, aggregates: this.#layout.aggregates.slice(0, aggregates.length) };
    const given = argumentsOf(ws, asked, batch);
    if (timed) given.push({ words: [batch.times], bitmap: NONE, times: batch.times, positions: NONE });
    this.#work = { batch, keys: keyWordsOf(ws, this.#shape, batch, keys), add: adderOf(this.#layout, given), from: 0 };
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
  }

  pull(out: Outbox): 'more' | 'done' {
    const { scratch } = this.#ws;
    if (this.#slice !== undefined) scratch.release(this.#slice);
    this.#slice = undefined;
    for (;;) {
      if (this.#pending !== undefined) {
        const { batch, mark } = this.#pending;
        if (this.#next < batch.rows) {
          this.#slice = scratch.mark();
          const to = Math.min(batch.rows, this.#next + out.room());
          this.#rowsOut += to - this.#next;
          out.emit(0, sliceBatch(this.#ws, batch, this.#next, to));
          this.#next = to;
          return 'more'; // the batch's memory is given back by the next pull
        }
        scratch.release(mark);
        this.#pending = undefined;
      }
      if (this.#work === undefined) break;
      this.#takeChunk(this.#work);
    }
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(writer: StateWriter): void {
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(ws, this.#watermark));
    const keysAtOnce = Math.max(1, Math.floor(STATE_ROWS / this.#ofWindow));
    for (let from = 0; from < this.#keys.size; from += keysAtOnce) {
      const mark = ws.scratch.mark();
      this.#snapshotKeys(writer, from, Math.min(this.#keys.size, from + keysAtOnce));
      ws.scratch.release(mark);
    }
    ws.scratch.release(outer);
  }

  restore(reader: StateReader): void {
    const ws = this.#ws;
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(ws, batch, this.#watermark);
    for (const { batch } of reader.keyed('panes', this.#stateSchema)) {
      const mark = ws.scratch.mark();
      const columns = this.#shape.fields.length;
      const words = keyWordsOf(
        ws,
        this.#shape,
        batch,
        this.#shape.fields.map((_, i) => i),
      );
      const [ats, paneAts] = [ws.alloc(batch.rows * 4), ws.alloc(batch.rows * 4)];
      this.#keys.find(words, NONE, 0, batch.rows, ats);
      const [numbers, counts] = [must(batch.columns[columns], 'numbers').values, must(batch.columns[columns + 1], 'counts').values];
      this.#panes.restore(ats, batch.rows, this.#at, this.#ofWindow, numbers, counts, paneAts);
      this.#panes.merge(paneAts, batch.rows, batch.columns.slice(columns + 2));
      ws.scratch.release(mark);
    }
  }

  close(): void {
    this.#keys.close();
    this.#panes.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      firedWindows: this.#firedWindows,
      groups: this.#keys.size,
      stateBytes: this.#keys.bytesInUse + this.#panes.bytesInUse,
      reseeds: this.#keys.reseeds,
    };
  }

  /** Deals out some rows more; what windows they complete becomes the pending batch. */
  #takeChunk(work: Work): void {
    const ws = this.#ws;
    const { batch, keys, add } = work;
    const m = this.#ofWindow;
    const from = work.from;
    const to = Math.min(batch.rows, from + Math.max(16, Math.min(CHUNK_ROWS, Math.floor(CHUNK_PANES / m))));
    const n = to - from;
    const mark = ws.scratch.mark();
    const list = (): Address => ws.alloc(n * 4);
    const [ats, paneAts] = [list() - from * 4, list() - from * 4];
    const [released, dueRows, dueKeys, duePanes] = [list(), list(), list(), ws.alloc(n * m * 4)];
    this.#keys.find(keys, NONE, from, to, ats);
    const lists = { paneAts, released, dueRows, dueKeys, duePanes };
    const due = this.#panes.deal(ats, from, to, { at: this.#at, paneRows: this.#paneRows, ofWindow: m, ofSlide: this.#ofSlide }, lists);
    add({ ws, ats: paneAts, from, to, tables: [this.#panes.table] });
    if (due > 0) this.#pending = { batch: this.#resultOf(batch, due, dueRows, dueKeys, duePanes), mark };
    this.#panes.release(released);
    if (due === 0) ws.scratch.release(mark);
    this.#firedWindows += due;
    this.#next = 0;
    work.from = to;
    if (to === batch.rows) this.#work = undefined;
  }

  #resultOf(batch: Batch, due: number, dueRows: Address, dueKeys: Address, duePanes: Address): Batch {
    const ws = this.#ws;
    const rowsOf = (ats: Address): Vector[] =>
      this.#layout.aggregates.map(({ aggregate, offset, bound }) => aggregate.result({ ws, ats, count: due }, offset, bound.name));
    const results = this.#panes.combine(duePanes, this.#ofWindow, due, rowsOf);
    const { outputSchema, aggregates, timed } = this.#config;
    const columns = [...readKeys({ ws, ats: dueKeys, count: due }, this.#shape), ...results.slice(0, aggregates.length)];
    let clocks: Address = NONE;
    if (batch.clocks !== NONE) {
      clocks = ws.alloc(due * 8);
      ws.kernels.select_take_64(batch.clocks, dueRows, due, clocks);
    }
    return batchOf(outputSchema, due, columns, timed ? must(results.at(-1), 'the times').values : NONE, clocks);
  }

  #snapshotKeys(writer: StateWriter, from: number, to: number): void {
    const ws = this.#ws;
    const { count: keyGroups } = this.#config.keyGroups;
    const room = (to - from) * this.#ofWindow;
    const ats = ws.alloc((to - from) * 4);
    this.#keys.addresses(from, to, ats);
    const [keys, panes, numbers, counts] = [ws.alloc(room * 4), ws.alloc(room * 4), ws.alloc(room * 8), ws.alloc(room * 8)];
    const n = this.#panes.list(ats, to - from, this.#at, this.#paneRows, this.#ofWindow, { keys, panes, numbers, counts });
    if (n === 0) return;
    const parts = ws.alloc(n * 4);
    const { words, references, masked } = this.#shape;
    if (words === 0) ws.memory.u32.fill(0, parts / 4, parts / 4 + n);
    else ws.kernels.group_key_groups(keys, words, references, masked ? 1 : 0, n, keyGroups, parts);
    partitionRows(ws, parts, n, keyGroups).forEach(({ selection, count }, group) => {
      if (count === 0) return;
      const mark = ws.scratch.mark();
      const take = (values: Address, bytes: 4 | 8): Address => {
        const out = ws.alloc(count * bytes);
        if (bytes === 4) ws.kernels.select_take_32(values, selection, count, out);
        else ws.kernels.select_take_64(values, selection, count, out);
        return out;
      };
      const long = (values: Address): Vector => ({ kind: 'int64', validity: NONE, offsets: NONE, values: take(values, 8) });
      const paneRows: GroupRows = { ws, ats: take(panes, 4), count };
      const columns = [
        ...readKeys({ ws, ats: take(keys, 4), count }, this.#shape),
        long(numbers),
        long(counts),
        ...this.#layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read(paneRows, offset)),
      ];
      writer.keyed('panes', group, batchOf(this.#stateSchema, count, columns));
      ws.scratch.release(mark);
    });
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
