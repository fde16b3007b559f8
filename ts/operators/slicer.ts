import { assert, must } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import type { Workspace } from '../wasm/workspace.js';
import type { Span } from './calendar.js';
import type { WindowPolicy } from './window-policy.js';

/** Spans remembered between batches. */
const MAX_SPANS = 1024;

/** How rows of a batch stand to their windows. */
export interface Judgement {
  /** u32[rows], row numbers: rows in time from the front, late ones at the end, in order. */
  readonly order: Address;
  readonly inTime: number;
  readonly late: number;
  /** Rows in time that are late for some of their windows. */
  readonly partly: number;
}

/** Window arithmetic over whole batches, by kernel. */
export class Slicer {
  readonly #ws: Workspace;
  readonly #policy: WindowPolicy;
  /** Where slices are of any length: those seen lately, in order. */
  #spans: Span[] = [];

  constructor(ws: Workspace, policy: WindowPolicy) {
    this.#ws = ws;
    this.#policy = policy;
  }

  /** The start of each row's slice, i64[rows]. */
  starts(times: Address, rows: number): Address {
    const out = this.#ws.alloc(rows * 8);
    const { grid } = this.#policy;
    if (grid !== undefined) this.#ws.kernels.window_starts(times, rows, grid.period, grid.cut, grid.offset, out);
    else this.#bySpans(times, rows, out);
    return out;
  }

  /** The end of the first window that may count each row, by its clock, i64[rows]. */
  firsts(batch: Batch, allowedLatenessMs: number): Address {
    const out = this.#ws.alloc(batch.rows * 8);
    const grid = must(this.#policy.grid, 'a grid of windows');
    this.#ws.kernels.window_firsts(batch.times, batch.clocks, batch.rows, grid.step, grid.endOffset, allowedLatenessMs, out);
    return out;
  }

  /** `clock` judges rows of a batch without clocks. */
  judge(batch: Batch, clock: number, allowedLatenessMs: number): Judgement {
    const { times, clocks, rows } = batch;
    const { kernels } = this.#ws;
    const [order, counts] = [this.#ws.alloc(rows * 4), this.#ws.alloc(8)];
    const { grid } = this.#policy;
    let inTime: number;
    if (grid === undefined) {
      const ends = this.#bySpans(times, rows, this.#ws.alloc(rows * 8));
      inTime = kernels.window_late_at(ends, clocks, clock, rows, allowedLatenessMs, order, counts);
    } else {
      const { over, offset, reach, step, endOffset } = grid;
      inTime = kernels.window_late(times, clocks, clock, rows, over, offset, reach, step, endOffset, allowedLatenessMs, order, counts);
    }
    const { u32 } = this.#ws.memory;
    return { order, inTime: inTime >>> 0, late: must(u32[counts / 4], 'late rows'), partly: must(u32[counts / 4 + 1], 'partly late rows') };
  }

  /** Starts of slices that are spans; those not yet known are looked up one by one. Returns the slices' ends, i64[rows]. */
  #bySpans(times: Address, rows: number, starts: Address): Address {
    const { kernels } = this.#ws;
    const ends = this.#ws.alloc(rows * 8);
    const spans = this.#ws.alloc(MAX_SPANS * 16);
    this.#writeSpans(spans);
    for (let at = 0; (at = kernels.window_starts_in(times, at, rows, spans, this.#spans.length, starts, ends) >>> 0) < rows; ) {
      if (this.#spans.length === MAX_SPANS) this.#spans = [];
      const span = this.#policy.span(kernels.window_time(times + at * 8));
      const place = this.#spans.findIndex((s) => s.start >= span.start);
      assert(place === -1 || this.#spans[place]?.start !== span.start, 'a span that is not known');
      this.#spans.splice(place === -1 ? this.#spans.length : place, 0, span);
      this.#writeSpans(spans);
    }
    return ends;
  }

  #writeSpans(at: Address): void {
    const { i64 } = this.#ws.memory;
    this.#spans.forEach(({ start, end }, i) => {
      i64[at / 8 + i * 2] = BigInt(start);
      i64[at / 8 + i * 2 + 1] = BigInt(end);
    });
  }
}
