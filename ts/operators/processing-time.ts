import type { Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { assert } from '../core/assert.js';
import { sliceBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import {
  NO_WAKEUP,
  type Operator,
  type Outbox,
  type StateReader,
  type StateWriter,
  type StepMark,
  type StepStart,
  type Wakeup,
} from './operator.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

/**
 * Gives rows the clock of their step as time, so that windows of processing time are windows like any other. Its watermark is just
 * behind the clock: a window [s, e) fires in the first step at e or later. The clock never goes back, not even over a restore. At
 * the end of the input the watermark is infinite.
 */
export class ProcessingTime implements Operator {
  readonly #ws: Workspace;
  #clockMs = -Infinity;
  #ended = false;
  #batch: Batch | undefined;
  #at = 0;
  #rows = 0;

  constructor(ws: Workspace) {
    this.#ws = ws;
  }

  begin({ clockMs }: StepStart): void {
    this.#clockMs = Math.max(this.#clockMs, clockMs);
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    assert(this.#clockMs > -Infinity, 'a step begins before its rows come');
    this.#at = 0;
    if (batch.rows === 0) return;
    const times = this.#ws.alloc(batch.rows * 8);
    this.#ws.kernels.window_fill(times, batch.rows, this.#clockMs);
    this.#batch = { ...batch, times, clocks: NONE };
    this.#rows += batch.rows;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    if (batch === undefined) return 'done';
    const to = Math.min(batch.rows, this.#at + out.room());
    out.emit(0, sliceBatch(this.#ws, batch, this.#at, to));
    this.#at = to;
    if (to < batch.rows) return 'more';
    this.#batch = undefined;
    return 'done';
  }

  mark(_input: number, { watermark }: StepMark): void {
    this.#ended = watermark === Infinity;
  }

  outputWatermark(): number {
    return this.#ended ? Infinity : this.#clockMs - 1;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(writer: StateWriter): void {
    const mark = this.#ws.scratch.mark();
    writer.broadcast('clock', watermarkBatch(this.#ws, this.#clockMs));
    this.#ws.scratch.release(mark);
  }

  restore(reader: StateReader): void {
    for (const batch of reader.broadcast('clock', WATERMARK)) this.#clockMs = readWatermark(this.#ws, batch, this.#clockMs);
  }

  close(): void {
    this.#batch = undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rows, rowsOut: this.#rows };
  }
}

/** The same operator, its wake-ups by event time as ones by the clock that a ProcessingTime before it makes that time of. */
export function wokenByClock(operator: Operator): Operator {
  return {
    begin: (start) => operator.begin?.(start),
    ready: (input) => operator.ready(input),
    push: (input, batch) => operator.push(input, batch),
    pull: (out) => operator.pull(out),
    mark: (input, mark) => operator.mark(input, mark),
    outputWatermark: () => operator.outputWatermark(),
    nextWakeup() {
      const { event, clock = Infinity } = operator.nextWakeup();
      const at = Math.min(clock, event === undefined ? Infinity : event + 1);
      return at === Infinity ? NO_WAKEUP : { clock: at };
    },
    snapshot: (writer) => operator.snapshot(writer),
    restore: (reader) => operator.restore(reader),
    close: () => operator.close(),
    metrics: () => operator.metrics(),
  };
}
