import { must } from '../core/assert.js';
import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { GroupTable } from '../state/group-table.js';
import { keyShapeOf, type KeyWords } from '../state/key-words.js';
import { BlockArena } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupLayout } from './group-layout.js';

/** How keys' rows are cut: see assembly/kernels/count-window.ts. */
export interface PaneCut {
  readonly at: number;
  readonly paneRows: number;
  readonly ofWindow: number;
  readonly ofSlide: number;
}

interface DealtLists {
  readonly paneAts: Address;
  readonly released: Address;
  readonly dueRows: Address;
  readonly dueKeys: Address;
  readonly duePanes: Address;
}

const NO_KEYS = keyShapeOf([]);
const COUNTERS = 12;
const FEWEST = 64;
const LEAST_HEAP = 1 << 16;
const CHUNK = 1024;

/** Panes of count windows: accumulators by number, in a table without keys, with a stack of those that nobody uses. */
export class PanePool {
  readonly #ws: Workspace;
  readonly #layout: GroupLayout;
  readonly #counters: Address;
  #table: GroupTable;
  #free: Address = NONE;
  #capacity = 0;
  #heapThen = 0;

  constructor(ws: Workspace, layout: GroupLayout) {
    this.#ws = ws;
    this.#layout = layout;
    this.#table = new GroupTable(ws, NO_KEYS, layout.rowBytes);
    this.#counters = ws.blocks.alloc(COUNTERS);
    ws.memory.u32.fill(0, this.#counters / 4, this.#counters / 4 + 3);
  }

  get table(): GroupTable {
    return this.#table;
  }

  get bytesInUse(): number {
    return this.#table.bytesInUse + BlockArena.roomOf(COUNTERS) + (this.#capacity === 0 ? 0 : BlockArena.roomOf(this.#capacity * 4));
  }

  /** Deals rows out to panes. Answers how many windows are due. */
  deal(ats: Address, from: number, to: number, cut: PaneCut, lists: DealtLists): number {
    this.#provide(to - from);
    const { kernels } = this.#ws;
    const { rows, stride } = this.#table;
    const { at, paneRows, ofWindow, ofSlide } = cut;
    const { paneAts, released, dueRows, dueKeys, duePanes } = lists;
    kernels.count_window_rows(
      ats,
      from,
      to,
      at,
      paneRows,
      ofWindow,
      ofSlide,
      rows,
      stride,
      this.#free,
      this.#counters,
      paneAts,
      released,
      dueRows,
      dueKeys,
      duePanes,
    );
    return this.#counter(2);
  }

  /** The panes of each window due put together, oldest first, as `read` makes columns of them. */
  combine(duePanes: Address, ofWindow: number, due: number, read: (ats: Address) => Vector[]): Vector[] {
    const ws = this.#ws;
    const [from, to] = [ws.alloc(due * 4), ws.alloc(due * 4)];
    const { rows, stride } = this.#table;
    const round = (k: number, into: GroupTable): number =>
      ws.kernels.count_window_round(duePanes, ofWindow, k, due, rows, stride, into.rows, into.stride, from, to) >>> 0;
    if (ofWindow === 1) {
      round(0, this.#table);
      return read(from);
    }
    const windows = new GroupTable(ws, NO_KEYS, this.#layout.rowBytes, due);
    const ats = ws.alloc(due * 4);
    windows.append(keysOf(due), NONE, 0, due, ats);
    for (let k = 0; k < ofWindow; k++) {
      const mark = ws.scratch.mark();
      const count = round(k, windows);
      if (count > 0) this.#mergeInto(windows, to, count, this.#statesOf(from, count));
      ws.scratch.release(mark);
    }
    const results = read(ats);
    windows.close();
    return results;
  }

  /** The panes that fell out of their rings are free. */
  release(released: Address): void {
    const { rows, stride } = this.#table;
    this.#ws.kernels.count_window_release(rows, stride, released, this.#free, this.#counters);
    if (this.#table.heapBytes > Math.max(LEAST_HEAP, 2 * this.#heapThen)) this.#rebuild();
  }

  /** Lists the panes of `n` keys. Answers how many there are. */
  list(
    ats: Address,
    n: number,
    at: number,
    paneRows: number,
    ofWindow: number,
    to: { readonly keys: Address; readonly panes: Address; readonly numbers: Address; readonly counts: Address },
  ): number {
    const { rows, stride } = this.#table;
    const { kernels } = this.#ws;
    return kernels.count_window_panes(ats, n, at, paneRows, ofWindow, rows, stride, to.keys, to.panes, to.numbers, to.counts) >>> 0;
  }

  /** Gives restored panes to their keys. */
  restore(ats: Address, n: number, at: number, ofWindow: number, numbers: Address, counts: Address, paneAts: Address): void {
    this.#provide(n);
    const { rows, stride } = this.#table;
    this.#ws.kernels.count_window_restore(ats, 0, n, at, ofWindow, numbers, counts, rows, stride, this.#free, this.#counters, paneAts);
  }

  /** Merges states into panes. */
  merge(paneAts: Address, n: number, states: readonly Vector[]): void {
    this.#mergeInto(this.#table, paneAts, n, states);
  }

  close(): void {
    const { blocks } = this.#ws;
    this.#table.close();
    if (this.#capacity > 0) blocks.free(this.#free, this.#capacity * 4);
    blocks.free(this.#counters, COUNTERS);
  }

  #statesOf(ats: Address, count: number): Vector[] {
    return this.#layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read({ ws: this.#ws, ats, count }, offset));
  }

  #mergeInto(table: GroupTable, ats: Address, count: number, states: readonly Vector[]): void {
    const rows = { ws: this.#ws, ats, from: 0, to: count, tables: [table] };
    let at = 0;
    for (const { aggregate, offset } of this.#layout.aggregates) {
      aggregate.merge(rows, offset, states.slice(at, at + aggregate.state.length), count);
      at += aggregate.state.length;
    }
  }

  #counter(i: number): number {
    return must(this.#ws.memory.u32[this.#counters / 4 + i], 'a counter');
  }

  /** At least so many panes on the stack. */
  #provide(wanted: number): void {
    const free = this.#counter(0);
    if (free >= wanted) return;
    const ws = this.#ws;
    const size = this.#table.size;
    const more = Math.max(wanted - free, Math.floor(size / 2), FEWEST);
    const mark = ws.scratch.mark();
    this.#table.append(keysOf(more), NONE, 0, more, ws.alloc(more * 4));
    ws.scratch.release(mark);
    const { u32, u8 } = ws.memory;
    if (size + more > this.#capacity) {
      const capacity = Math.max(size + more, this.#capacity * 2);
      const at = ws.blocks.alloc(capacity * 4);
      u8.copyWithin(at, this.#free, this.#free + free * 4);
      if (this.#capacity > 0) ws.blocks.free(this.#free, this.#capacity * 4);
      this.#free = at;
      this.#capacity = capacity;
    }
    for (let i = 0; i < more; i++) u32[this.#free / 4 + free + i] = size + more - 1 - i;
    u32[this.#counters / 4] = free + more;
  }

  /** The same panes in a table whose heap has only what they hold. */
  #rebuild(): void {
    const ws = this.#ws;
    const old = this.#table;
    this.#table = new GroupTable(ws, NO_KEYS, this.#layout.rowBytes, old.size);
    for (let from = 0; from < old.size; from += CHUNK) {
      const mark = ws.scratch.mark();
      const count = Math.min(CHUNK, old.size - from);
      const [ats, made] = [ws.alloc(count * 4), ws.alloc(count * 4)];
      old.addresses(from, from + count, ats);
      this.#table.append(keysOf(count), NONE, 0, count, made);
      this.#mergeInto(this.#table, made, count, this.#statesOf(ats, count));
      ws.scratch.release(mark);
    }
    old.close();
    this.#heapThen = this.#table.heapBytes;
  }
}

function keysOf(rows: number): KeyWords {
  return { shape: NO_KEYS, rows, columns: [], addresses: NONE };
}
