import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { checkPositions, rowPosition } from '../columns/row-position.js';
import { NONE, type Address } from '../columns/memory.js';
import type { BlockContent, BlockRef, LaneReader, PendingRows, SourceItem, SplitSpec } from '../connectors/connector.js';
import { assert, must } from '../core/assert.js';
import { toExternalError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { copyBatchTo, takeVector } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import type { BlockBoard } from './block-board.js';
import type { Doorbells } from './link.js';
import { runOfLane, type BlockFacts, type StepHeader } from './messages.js';
import type { SourceProgram } from './program.js';
import type { SourceClockState } from './messages.js';
import { SourceClock } from './source-clock.js';

export interface SourceTaskParts {
  readonly index: number;
  readonly ws: Workspace;
  readonly host: Host;
  readonly lane: number;
  readonly lanes: number;
  readonly board: BlockBoard;
  readonly bells: Doorbells;
  readonly splits: readonly SplitSpec[];
  /** Ids of splits, each at its number in rows' places. */
  readonly splitOrder: readonly string[];
  readonly contentOf: (no: number) => BlockContent | undefined;
  readonly state: SourceClockState | undefined;
}

/** Rows that were read ahead, filtered already, in memory of their own: the block's bytes need not be kept for them. */
interface SettledRows {
  readonly port: 'settled';
  readonly batch: Batch;
  /** Of all rows that were read, in their order; `selection`: which of them are in the batch. */
  readonly times: Address;
  readonly rows: number;
  readonly selection: Address;
}

type HeldItem = (SourceItem | SettledRows) & {
  /** The number in the block of the first row that was read. */
  readonly first: number;
};

interface Held {
  readonly items: HeldItem[];
  readonly watermark: number;
}

/**
 * One source on one lane. Blocks of a step are gone through in their order, whoever has them: of other lanes' blocks only
 * the watermark is taken, from the board. While an earlier block is still being read elsewhere, later ones of this lane
 * are read ahead and held, so that lanes wait for one another as little as possible.
 */
export class SourceTask {
  readonly program: SourceProgram;
  readonly #parts: SourceTaskParts;
  readonly #reader: LaneReader;
  /** Where rows that were read ahead wait. */
  readonly #aside: Workspace;
  readonly #clock: SourceClock;
  #header: StepHeader | undefined;
  /** This source's blocks of the step, with their places in the header. */
  #blocks: readonly { readonly block: BlockRef; readonly place: number; readonly mine: boolean }[] = [];
  #at = 0;
  #ahead = 0;
  readonly #held = new Map<number, Held>();
  #items: { readonly list: Held['items']; next: number } | undefined;
  #facts: BlockFacts[] = [];
  #rows = 0;
  #futureRows = 0;
  #finished = true;

  constructor(program: SourceProgram, parts: SourceTaskParts) {
    this.program = program;
    this.#parts = parts;
    this.#aside = parts.ws.fork();
    this.#reader = program.createReader(parts.ws, parts.host);
    this.#clock = new SourceClock(
      parts.index,
      parts.splits.map((split) => split.id),
      parts.state,
    );
  }

  begin(header: StepHeader): void {
    const mine = new Set(runOfLane(header, this.#parts.lane, this.#parts.lanes).map((block) => block.no));
    this.#header = header;
    this.#blocks = header.blocks
      .map((block, place) => ({ block, place, mine: mine.has(block.no) }))
      .filter(({ block, mine: own }) => block.source === this.#parts.index && (own || this.program.eventTime !== undefined));
    this.#at = 0;
    this.#ahead = 0;
    this.#facts = [];
    this.#finished = false;
  }

  get done(): boolean {
    return this.#finished;
  }

  /** At a step's end: the source's watermark, the same on every lane. */
  get watermark(): number {
    return this.#clock.watermark;
  }

  facts(): BlockFacts[] {
    return this.#facts;
  }

  clockState(): SourceClockState {
    return this.#clock.state();
  }

  metrics(into: Record<string, number>): void {
    into[`${this.program.id}.sourceRows`] = this.#rows;
    if (this.#futureRows > 0) into[`${this.program.id}.futureRows`] = this.#futureRows;
    for (const [name, value] of Object.entries(this.#reader.metrics())) into[`${this.program.id}.${name}`] = value;
  }

  close(): void {
    this.#reader.close();
    this.#parts.ws.scratch.reset();
    this.#aside.scratch.reset();
  }

  /** The next batch; 'worked' if something else was done; undefined when there is nothing to do but wait, or the step is done. */
  next(): { readonly port: 'rows' | 'malformed'; readonly batch: Batch } | 'worked' | undefined {
    if (this.#finished) return undefined;
    const item = this.#nextItem();
    if (item !== undefined) return item;
    // All of this lane's blocks are published before any row goes on: a full exchange must not keep others waiting for
    // their watermarks, as its receivers may themselves wait for those others to end the step.
    if (this.#parts.lanes > 1 && this.program.eventTime !== undefined && this.#readAhead()) return 'worked';
    const current = this.#blocks[this.#at];
    if (current === undefined) {
      this.#endStep();
      return undefined;
    }
    const { block, place } = current;
    if (!current.mine) {
      const watermark = this.#parts.board.read(this.#step, place);
      if (watermark !== undefined) {
        this.#clock.raise(block.split, watermark);
        this.#at++;
        return 'worked';
      }
      return undefined;
    }
    const held = this.#held.get(block.no) ?? this.#read(block, place);
    this.#held.delete(block.no);
    this.#items = { list: held.items, next: 0 };
    this.#blockWatermark = held.watermark;
    return 'worked';
  }

  #blockWatermark = -Infinity;

  get #step(): number {
    return (this.#header as StepHeader).step;
  }

  #nextItem(): { readonly port: 'rows' | 'malformed'; readonly batch: Batch } | undefined {
    const items = this.#items;
    if (items === undefined) return undefined;
    const item = items.list[items.next++];
    if (item?.port === 'malformed') return item;
    if (item !== undefined) return { port: 'rows', batch: item.port === 'settled' ? this.#judged(item) : this.#timed(item) };
    const { block } = must(this.#blocks[this.#at], 'the block at hand');
    this.#clock.raise(block.split, this.#blockWatermark);
    this.#items = undefined;
    this.#at++;
    if (this.#held.size === 0) {
      this.#parts.ws.scratch.reset();
      this.#aside.scratch.reset();
    }
    return undefined;
  }

  #readAhead(): boolean {
    this.#ahead = Math.max(this.#ahead, this.#at);
    for (; this.#ahead < this.#blocks.length; this.#ahead++) {
      const { block, place, mine } = this.#blocks[this.#ahead] as { block: BlockRef; place: number; mine: boolean };
      if (!mine || this.#held.has(block.no)) continue;
      this.#held.set(block.no, this.#settled(this.#read(block, place)));
      this.#ahead++;
      return true;
    }
    return false;
  }

  /**
   * What was read ahead, moved aside: columns are a tenth of the bytes they came of, and the next block is then read into
   * the same memory, which is still in the core's cache. Where watermarks are computed from other columns all is kept.
   */
  #settled(held: Held): Held {
    const eventTime = this.program.eventTime;
    if (eventTime === undefined || eventTime.candidates !== undefined) return held;
    const { ws } = this.#parts;
    const aside = this.#aside;
    const items = held.items.map((item) => {
      if (item.port === 'settled') return item;
      const { first } = item;
      if (item.port === 'malformed') return { port: 'malformed' as const, first, batch: copyBatchTo(aside, ws.memory, item.batch) };
      const { rows } = item.partial;
      const kept = rows === 0 ? undefined : this.program.filter?.(ws, item.partial);
      const all = kept === undefined || kept.count === rows;
      const batch = copyBatchTo(aside, ws.memory, all ? item.finish(NONE, rows) : item.finish(kept.selection, kept.count));
      if (all) return { port: 'settled' as const, first, batch, times: timesOf(batch, eventTime.column), rows, selection: NONE };
      const times = this.#copied(timesOf(item.partial, eventTime.column), rows * 8);
      return { port: 'settled' as const, first, batch, times, rows, selection: this.#copied(kept.selection, kept.count * 4) };
    });
    ws.scratch.reset();
    return { items, watermark: held.watermark };
  }

  #copied(at: Address, bytes: number): Address {
    const to = this.#aside.alloc(bytes);
    this.#aside.memory.u8.copyWithin(to, at, at + bytes);
    return to;
  }

  /** Settled rows with their event times, and their clocks where one could be late. */
  #judged({ batch, times, rows, selection, first }: SettledRows & HeldItem): Batch {
    const eventTime = must(this.program.eventTime, 'an event time');
    const clocks = rows === 0 ? NONE : this.#clocksOf(times, rows);
    const kept = clocks === NONE || selection === NONE ? clocks : takeVector(this.#parts.ws, int64At(clocks), selection, batch.rows).values;
    const positions = this.#positionsOf(first, selection, batch.rows);
    const own = batch.rows === 0 ? NONE : timesOf(batch, eventTime.column);
    return batchOf(batch.schema, batch.rows, batch.columns, own, kept, batch.ops, positions);
  }

  #read(block: BlockRef, place: number): Held {
    const split = must(
      this.#parts.splits.find((s) => s.id === block.split),
      `split ${block.split}`,
    );
    const items: HeldItem[] = [];
    let rows = 0;
    let watermark = -Infinity;
    try {
      for (const read of this.#reader.read(block, split, this.#parts.contentOf(block.no))) {
        const item = read.port === 'rows' ? this.#withoutFuture(read) : read;
        items.push({ ...item, first: rows });
        if (item.port !== 'rows') continue;
        rows += item.partial.rows;
        watermark = Math.max(watermark, this.#candidate(item.partial));
      }
    } catch (error) {
      throw toExternalError(error, 'source.failed', 'the source', this.program.id);
    }
    if (this.program.positions) checkPositions(this.#parts.index, this.#parts.splitOrder.length, block, rows);
    this.#rows += rows;
    this.#facts.push({ no: block.no, rows, watermark });
    if (this.program.eventTime !== undefined) this.#publish(place, watermark);
    return { items, watermark };
  }

  /** Lanes with later blocks of the step may sleep until they know. */
  #publish(place: number, watermark: number): void {
    const { board, bells, lane, lanes } = this.#parts;
    board.publish(this.#step, place, watermark);
    for (let other = 0; other < lanes; other++) if (other !== lane) bells.ring(other);
  }

  /** Rows too far in the future are counted and dropped before they can move the watermark. */
  #withoutFuture(item: PendingRows): PendingRows {
    const eventTime = this.program.eventTime;
    if (eventTime?.maxFutureMs === undefined || item.partial.rows === 0) return item;
    const { ws } = this.#parts;
    const rows = item.partial.rows;
    const times = timesOf(item.partial, eventTime.column);
    const limit = (this.#header as StepHeader).clockMs + eventTime.maxFutureMs;
    if (ws.kernels.watermark_max(times, rows) <= limit) return item;
    const selection = ws.alloc(rows * 4);
    const count = ws.kernels.watermark_not_after(times, rows, limit, selection) >>> 0;
    this.#futureRows += rows - count;
    const batch = item.finish(selection, count);
    return { port: 'rows', partial: batch, deferred: false, finish: (chosen, n) => selectRows(ws, batch, chosen, n) };
  }

  #candidate(batch: Batch): number {
    const eventTime = this.program.eventTime;
    if (eventTime === undefined || batch.rows === 0) return -Infinity;
    const { kernels } = this.#parts.ws;
    if (eventTime.candidates !== undefined) {
      const { values, validity } = eventTime.candidates(this.#parts.ws, batch);
      return kernels.watermark_max_nullable(values, validity, batch.rows);
    }
    return kernels.watermark_max(timesOf(batch, eventTime.column), batch.rows) - eventTime.boundMs - 1;
  }

  /** The rows with their event times, and, if one could be late, their clocks; the split's watermark moves over them. */
  #timed(item: PendingRows & HeldItem): Batch {
    const eventTime = this.program.eventTime;
    const { ws } = this.#parts;
    const { rows } = item.partial;
    const clocks = eventTime === undefined || rows === 0 ? NONE : this.#clocks(item.partial);
    const filter = this.program.filter;
    const kept = filter === undefined || rows === 0 ? undefined : filter(ws, item.partial);
    const all = kept === undefined || kept.count === rows;
    const batch = all ? item.finish(NONE, rows) : item.finish(kept.selection, kept.count);
    const times = eventTime === undefined || batch.rows === 0 ? NONE : timesOf(batch, eventTime.column);
    const keptClocks = clocks === NONE || all ? clocks : takeVector(ws, int64At(clocks), kept.selection, kept.count).values;
    const positions = this.#positionsOf(item.first, all ? NONE : kept.selection, batch.rows);
    return batchOf(batch.schema, batch.rows, batch.columns, times, keptClocks, batch.ops, positions);
  }

  /** The places of the selected rows of those that were read, of which the first has this number in the block at hand. */
  #positionsOf(first: number, selection: Address, rows: number): Address {
    if (!this.program.positions || rows === 0) return NONE;
    const { ws, index, splitOrder } = this.#parts;
    const { split, from } = must(this.#blocks[this.#at], 'the block at hand').block;
    const number = splitOrder.indexOf(split);
    assert(number >= 0, () => `split ${split} has no number`);
    const out = ws.alloc(rows * 8);
    ws.kernels.positions_of_rows(rowPosition(index, number, from + first), selection, rows, out);
    return out;
  }

  #clocks(batch: Batch): Address {
    const { ws } = this.#parts;
    const { kernels } = ws;
    const eventTime = must(this.program.eventTime, 'an event time');
    const split = must(this.#blocks[this.#at], 'the block at hand').block.split;
    const times = timesOf(batch, eventTime.column);
    const before = this.#clock.of(split);
    const floor = this.#clock.watermark;
    if (eventTime.candidates !== undefined) {
      const { values, validity } = eventTime.candidates(ws, batch);
      const out = ws.alloc(batch.rows * 8);
      const behind = kernels.watermark_clocks_of(times, values, validity, batch.rows, before, floor, out);
      this.#clock.raise(split, kernels.watermark_max_nullable(values, validity, batch.rows));
      return behind ? out : NONE;
    }
    return this.#clocksOf(times, batch.rows);
  }

  #clocksOf(times: Address, rows: number): Address {
    const { ws } = this.#parts;
    const bound = must(this.program.eventTime, 'an event time').boundMs;
    const split = must(this.#blocks[this.#at], 'the block at hand').block.split;
    const before = this.#clock.of(split);
    const floor = this.#clock.watermark;
    const behind = ws.kernels.watermark_behind(times, rows, bound, before, floor);
    this.#clock.raise(split, ws.kernels.watermark_max(times, rows) - bound - 1);
    if (!behind) return NONE;
    const out = ws.alloc(rows * 8);
    ws.kernels.watermark_clocks(times, rows, bound, before, floor, out);
    return out;
  }

  #endStep(): void {
    assert(this.#held.size === 0, 'a source ended a step with blocks unread');
    this.#clock.endStep(this.#header as StepHeader);
    this.#parts.ws.scratch.reset();
    this.#finished = true;
  }
}

function timesOf(batch: Batch, column: number): Address {
  return must(batch.columns[column], 'the event-time column').values;
}

function int64At(values: Address): Vector {
  return { kind: 'int64', validity: NONE, offsets: NONE, values };
}

function selectRows(ws: Workspace, batch: Batch, selection: Address, count: number): Batch {
  if (selection === NONE) return batch;
  const columns = batch.columns.map((column) => takeVector(ws, column, selection, count));
  return batchOf(batch.schema, count, columns);
}
