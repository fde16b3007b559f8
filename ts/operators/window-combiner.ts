import { assert, must } from '../core/assert.js';
import { GroupTable } from '../state/group-table.js';
import type { Workspace } from '../wasm/workspace.js';
import type { SlicedLayout } from './group-layout.js';
import { mergeGroups } from './group-merge.js';
import type { Slice } from './slice.js';

/**
 * Makes windows of slices: windows are asked for in order of their ends, and slices do not change once a window that they count in
 * has been asked for. What it keeps is derived from slices that are still there: a cache, never state.
 */
export interface WindowCombiner {
  /** The groups of the window that ends at `end`; `fresh`: slices whose first window this is, or that came with a restore. */
  window(end: number, fresh: readonly Slice[]): GroupTable;
  /** The window has been told. `expired`: slices that no later window reads; they are freed next. */
  done(end: number, expired: readonly Slice[]): void;
  readonly bytesInUse: number;
  close(): void;
}

/** One table for all windows: slices are added as they come, and taken back as they leave. */
export class RunningWindow implements WindowCombiner {
  readonly #ws: Workspace;
  readonly #layout: SlicedLayout;
  readonly #slices = new Set<Slice>();
  #table: GroupTable | undefined;

  constructor(ws: Workspace, layout: SlicedLayout) {
    this.#ws = ws;
    this.#layout = layout;
  }

  window(_end: number, fresh: readonly Slice[]): GroupTable {
    const expected = Math.max(0, ...fresh.map((s) => s.table.size));
    const table = (this.#table ??= new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes, expected));
    for (const slice of fresh) {
      mergeGroups(this.#ws, { table: slice.table, layout: this.#layout }, { table, layout: this.#layout });
      this.#slices.add(slice);
    }
    return table;
  }

  done(_end: number, expired: readonly Slice[]): void {
    for (const slice of expired) this.#slices.delete(slice);
    const table = must(this.#table, 'the window that was told');
    if (this.#slices.size === 0) {
      table.close();
      this.#table = undefined;
      return;
    }
    const groups = { table, layout: this.#layout };
    for (const slice of expired) mergeGroups(this.#ws, { table: slice.table, layout: this.#layout }, groups, 'unmerge');
    if (expired.length > 0) this.#compact(table);
  }

  get bytesInUse(): number {
    return this.#table?.bytesInUse ?? 0;
  }

  close(): void {
    this.#table?.close();
    this.#table = undefined;
  }

  /** Groups that have left stay in the table until they are more than those that have not. */
  #compact(table: GroupTable): void {
    const presence = must(this.#layout.presence, 'a count of rows');
    const living = this.#ws.kernels.group_rows_living(table.rows, table.stride, table.size, presence) >>> 0;
    if (living * 2 >= table.size) return;
    const smaller = new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes, living);
    mergeGroups(this.#ws, { table, layout: this.#layout }, { table: smaller, layout: this.#layout }, 'living');
    table.close();
    this.#table = smaller;
  }
}

/** Slices that leave with the same window. */
interface Level {
  readonly last: number;
  readonly slices: Slice[];
}

interface Block {
  readonly levels: readonly Level[];
  /** The groups of all blocks after this one. */
  suffix: GroupTable | undefined;
}

/**
 * Two stacks (Tangwongsan, Hirzel, Schneider: In-order sliding-window aggregation in worst-case constant time, 2017, section 2.2)
 * over slices: for aggregates that cannot take back. The front holds, for each window still to come, the groups of those front
 * slices that it reads; the back is one table of all slices that came since the front was made. So that a front of n windows takes
 * 2 * sqrt(n) tables instead of n, it is cut into blocks: one table for what follows each block, and a table a window only within the
 * first block. A slice is merged three times on its way through, and each window costs two merges of the window's own size.
 */
export class TwoStacks implements WindowCombiner {
  readonly #ws: Workspace;
  readonly #layout: SlicedLayout;
  readonly #slices = new Set<Slice>();
  /** Of the first block: the groups of its levels from this one on and of all later blocks, by the level's `last`. */
  #tops: { readonly level: Level; readonly table: GroupTable }[] = [];
  #blocks: Block[] = [];
  #back: GroupTable | undefined;
  /** The window at hand, where it is no table of the front. */
  #own: GroupTable | undefined;

  constructor(ws: Workspace, layout: SlicedLayout) {
    this.#ws = ws;
    this.#layout = layout;
  }

  window(end: number, fresh: readonly Slice[]): GroupTable {
    for (const slice of fresh) this.#slices.add(slice);
    const lastOfFront = this.#levels().at(-1)?.last ?? -Infinity;
    if (lastOfFront < end || !fresh.every((slice) => this.#canEnter(slice, lastOfFront))) this.#rebuild();
    else for (const slice of fresh) this.#enter(slice, lastOfFront);
    const { level, table } = this.#topOf(end);
    if (this.#back === undefined) return table;
    // No later window reads this table of the front: what is behind is merged into it.
    if (level.last === end) {
      this.#add(this.#back, table);
      return table;
    }
    this.#own = this.#copy(table);
    this.#add(this.#back, this.#own);
    return this.#own;
  }

  done(end: number, expired: readonly Slice[]): void {
    for (const slice of expired) this.#slices.delete(slice);
    this.#own?.close();
    this.#own = undefined;
    while ((this.#tops[0]?.level.last ?? Infinity) <= end) must(this.#tops.shift(), 'a top').table.close();
    if (this.#slices.size === 0) this.#reset();
  }

  get bytesInUse(): number {
    return this.#tables().reduce((sum, table) => sum + table.bytesInUse, 0);
  }

  close(): void {
    this.#reset();
    this.#slices.clear();
  }

  #tables(): GroupTable[] {
    const all = [...this.#tops.map((t) => t.table), ...this.#blocks.map((b) => b.suffix), this.#back, this.#own];
    return all.filter((table) => table !== undefined);
  }

  #reset(): void {
    for (const table of this.#tables()) table.close();
    this.#tops = [];
    this.#blocks = [];
    this.#back = undefined;
    this.#own = undefined;
  }

  #levels(): Level[] {
    return [...this.#tops.map((t) => t.level), ...this.#blocks.flatMap((b) => b.levels)];
  }

  /** The table of the front for this window; opens the next block where the first one is used up. */
  #topOf(end: number): { readonly level: Level; readonly table: GroupTable } {
    while (this.#tops.length === 0) this.#open(must(this.#blocks.shift(), 'a block'));
    return must(
      this.#tops.find(({ level }) => level.last >= end),
      'a table for each window',
    );
  }

  /** Whether the slice can come while there is a front: seldom no other leaves with it, and the front has no table to leave it out of. */
  #canEnter(slice: Slice, lastOfFront: number): boolean {
    return slice.last > lastOfFront || this.#levels().some(({ last }) => last === slice.last);
  }

  /** A slice that comes while there is a front: behind it, or, when it leaves before the front's last, into it. */
  #enter(slice: Slice, lastOfFront: number): void {
    if (slice.last > lastOfFront) {
      this.#back ??= this.#table(slice.table.size);
      this.#add(slice.table, this.#back);
      return;
    }
    this.#levels()
      .find(({ last }) => last === slice.last)
      ?.slices.push(slice);
    for (const { level, table } of this.#tops) if (level.last <= slice.last) this.#add(slice.table, table);
    for (const { levels, suffix } of this.#blocks) {
      if (suffix !== undefined && must(levels.at(-1), 'a level').last < slice.last) this.#add(slice.table, suffix);
    }
  }

  /** All slices become the front. */
  #rebuild(): void {
    this.#reset();
    const levels = new Map<number, Level>();
    for (const slice of this.#slices) {
      const level = levels.get(slice.last) ?? { last: slice.last, slices: [] };
      levels.set(slice.last, level);
      level.slices.push(slice);
    }
    const inOrder = [...levels.values()].sort((a, b) => a.last - b.last);
    const size = Math.ceil(Math.sqrt(inOrder.length));
    let suffix: GroupTable | undefined;
    const cut: Level[][] = [];
    for (let from = 0; from < inOrder.length; from += size) cut.push(inOrder.slice(from, from + size));
    for (const block of cut.reverse()) {
      this.#blocks.unshift({ levels: block, suffix });
      if (this.#blocks.length === cut.length) break;
      const next = suffix === undefined ? this.#table(0) : this.#copy(suffix);
      for (const { slices } of block) for (const slice of slices) this.#add(slice.table, next);
      suffix = next;
    }
  }

  #open({ levels, suffix }: Block): void {
    assert(this.#tops.length === 0, 'one block at a time');
    let after: GroupTable | undefined;
    for (const level of [...levels].reverse()) {
      // What follows the block is needed by its last window only, and becomes its table.
      const table: GroupTable = after === undefined ? (suffix ?? this.#table(0)) : this.#copy(after);
      for (const slice of level.slices) this.#add(slice.table, table);
      this.#tops.unshift({ level, table });
      after = table;
    }
  }

  #copy(table: GroupTable): GroupTable {
    const copy = this.#table(table.size);
    this.#add(table, copy);
    return copy;
  }

  #table(expected: number): GroupTable {
    return new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes, expected);
  }

  #add(from: GroupTable, into: GroupTable): void {
    mergeGroups(this.#ws, { table: from, layout: this.#layout }, { table: into, layout: this.#layout });
  }
}
