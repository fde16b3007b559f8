import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { sliceBatch, takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark, type Wakeup } from './operator.js';
import { isLate, windowPolicy, type WindowPolicy, type WindowShape } from './window-policy.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface LateGateConfig {
  readonly window: WindowShape;
  readonly allowedLatenessMs: number;
}

/**
 * Takes out rows that are late for their window: those whose window's last millisecond plus the allowed lateness is
 * not after the watermark that judges them, `clocks` where the batch has them, else the watermark of the last mark.
 * Port 0: rows in time. Port 1, `late`: the others. Rows keep their order on either.
 */
export class LateGate implements Operator {
  readonly #ws: Workspace;
  readonly #policy: WindowPolicy;
  readonly #allowedLatenessMs: number;
  #watermark = -Infinity;
  #batch: Batch | undefined;
  /** Row numbers: those in time, then the late ones. NONE: all rows are in time. */
  #order: Address = NONE;
  #inTime = 0;
  #at = 0;
  #rowsIn = 0;
  #lateRows = 0;

  constructor(ws: Workspace, config: LateGateConfig) {
    this.#ws = ws;
    this.#policy = windowPolicy(config.window);
    this.#allowedLatenessMs = config.allowedLatenessMs;
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    this.#batch = batch;
    this.#at = 0;
    this.#order = NONE;
    this.#inTime = batch.rows;
    this.#rowsIn += batch.rows;
    if (batch.rows > 0 && this.#mayBeLate(batch)) this.#judge(batch);
    this.#lateRows += batch.rows - this.#inTime;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    if (batch === undefined) return 'done';
    const inTime = this.#at < this.#inTime;
    const to = Math.min(this.#at + out.room(), inTime ? this.#inTime : batch.rows);
    if (this.#at < to) {
      const part =
        this.#order === NONE
          ? sliceBatch(this.#ws, batch, this.#at, to)
          : takeBatch(this.#ws, batch, this.#order + this.#at * 4, to - this.#at);
      this.#at = to;
      out.emit(inTime ? 0 : 1, part);
      if (to < batch.rows) return 'more';
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
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsIn - this.#lateRows, lateRows: this.#lateRows };
  }

  /** False when even the earliest row is in time. */
  #mayBeLate(batch: Batch): boolean {
    assert(batch.times !== NONE, 'rows in windows have an event time');
    if (batch.clocks !== NONE) return true;
    const earliest = this.#ws.kernels.window_min(batch.times, batch.rows);
    return isLate(this.#policy.sliceEnd(this.#policy.sliceStart(earliest)), this.#allowedLatenessMs, this.#watermark);
  }

  #judge(batch: Batch): void {
    const { sizeMs, offsetMs } = this.#policy;
    const order = this.#ws.alloc(batch.rows * 4);
    // Without clocks the watermark is finite here, or everything is late.
    const clock = Math.min(this.#watermark, Number.MAX_SAFE_INTEGER);
    const inTime =
      this.#ws.kernels.window_late(
        batch.times,
        batch.clocks,
        batch.clocks === NONE ? clock : 0,
        batch.rows,
        sizeMs,
        offsetMs,
        this.#allowedLatenessMs,
        order,
      ) >>> 0;
    if (inTime === batch.rows) return;
    this.#order = order;
    this.#inTime = inTime;
  }
}
