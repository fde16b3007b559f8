import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { sliceBatch, takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark, type Wakeup } from './operator.js';
import { Slicer } from './slicer.js';
import { isLate, windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface LateGateConfig {
  readonly window: WindowShape;
  readonly allowedLatenessMs: number;
  /** Whether rows in time keep their clocks: where what follows passes them on, to be judged again. */
  readonly keepClocks?: boolean;
}

/**
 * Takes out rows that are late for all their windows: those whose last window's last millisecond plus the allowed lateness
 * is not after the watermark that judges them, `clocks` where the batch has them, else the watermark of the last mark.
 * Port 0: rows in time. Port 1, `late`: the others. Rows keep their order on either. Rows in no window at all are dropped
 * and counted. Batches keep, or get, clocks only where some row in time is late for some of its windows.
 */
export class LateGate implements Operator {
  readonly #ws: Workspace;
  readonly #policy: WindowPolicy;
  readonly #slicer: Slicer;
  readonly #gaps: boolean;
  readonly #allowedLatenessMs: number;
  readonly #keepClocks: boolean;
  #watermark = -Infinity;
  #batch: Batch | undefined;
  /** Row numbers: those in time, then the late ones. NONE: all rows are in time. */
  #order: Address = NONE;
  #inTime = 0;
  /** Where late rows begin in the order, and where they end. */
  #lateFrom = 0;
  #end = 0;
  /** Whether some row in time is late for some of its windows. */
  #partly = false;
  #at = 0;
  #rowsIn = 0;
  #lateRows = 0;
  #outsideRows = 0;

  constructor(ws: Workspace, config: LateGateConfig) {
    this.#ws = ws;
    this.#policy = windowPolicy(config.window);
    this.#slicer = new Slicer(ws, this.#policy);
    const { grid } = this.#policy;
    this.#gaps = grid !== undefined && grid.reach < grid.over;
    this.#allowedLatenessMs = config.allowedLatenessMs;
    this.#keepClocks = config.keepClocks === true;
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    this.#at = 0;
    this.#order = NONE;
    this.#partly = false;
    this.#inTime = batch.rows;
    this.#lateFrom = batch.rows;
    this.#end = batch.rows;
    this.#rowsIn += batch.rows;
    this.#batch = batch.rows > 0 && this.#mayBeLate(batch) ? this.#judge(batch) : batch;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    if (batch === undefined) return 'done';
    if (this.#at === this.#inTime) this.#at = this.#lateFrom;
    const inTime = this.#at < this.#inTime;
    const to = Math.min(this.#at + out.room(), inTime ? this.#inTime : this.#end);
    if (this.#at < to) {
      const of = inTime && !this.#partly && !this.#keepClocks ? { ...batch, clocks: NONE } : batch;
      const part =
        this.#order === NONE ? sliceBatch(this.#ws, of, this.#at, to) : takeBatch(this.#ws, of, this.#order + this.#at * 4, to - this.#at);
      this.#at = to;
      out.emit(inTime ? 0 : 1, part);
      if (inTime ? to < this.#inTime || this.#lateFrom < this.#end : to < this.#end) return 'more';
    }
    this.#batch = undefined;
    return 'done';
  }

  mark(_input: number, mark: StepMark): void {
    this.#watermark = Math.max(this.#watermark, mark.watermark);
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(writer: StateWriter): void {
    const mark = this.#ws.scratch.mark();
    writer.broadcast('watermark', watermarkBatch(this.#ws, this.#watermark));
    this.#ws.scratch.release(mark);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('watermark', WATERMARK)) this.#watermark = readWatermark(this.#ws, batch, this.#watermark);
  }

  close(): void {
    this.#batch = undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    const outsideRows = this.#outsideRows;
    const rowsOut = this.#rowsIn - this.#lateRows - outsideRows;
    return { rowsIn: this.#rowsIn, rowsOut, lateRows: this.#lateRows, ...(this.#gaps ? { outsideRows } : {}) };
  }

  /** False when even the earliest row is in time for all its windows. */
  #mayBeLate(batch: Batch): boolean {
    assert(batch.times !== NONE, 'rows in windows have an event time');
    if (batch.clocks !== NONE || this.#gaps) return true;
    const earliest = this.#ws.kernels.window_min(batch.times, batch.rows);
    return isLate(this.#policy.firstEnd(this.#policy.span(earliest).start), this.#allowedLatenessMs, this.#watermark);
  }

  #judge(batch: Batch): Batch {
    // The kernel's int64 saturates at ±infinity.
    const { order, inTime, late, partly } = this.#slicer.judge(batch, this.#watermark, this.#allowedLatenessMs);
    this.#lateRows += late;
    this.#outsideRows += batch.rows - late - inTime;
    if (inTime < batch.rows) {
      this.#order = order;
      this.#inTime = inTime;
      this.#lateFrom = batch.rows - late;
    }
    this.#partly = partly > 0;
    if (batch.clocks !== NONE || partly === 0) return batch;
    const clocks = this.#ws.alloc(batch.rows * 8);
    this.#ws.kernels.window_fill(clocks, batch.rows, this.#watermark);
    return { ...batch, clocks };
  }
}
