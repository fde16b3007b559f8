import type { Batch } from '../columns/batch.js';
import { assert } from '../core/assert.js';
import { sliceBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';

/** Several inputs of one schema as one stream: rows of each input keep their order. Its watermark is the least of the inputs'. */
export class Merge implements Operator {
  readonly #ws: Workspace;
  readonly #watermarks: number[];
  #batch: Batch | undefined;
  #at = 0;
  #rows = 0;

  constructor(ws: Workspace, inputs: number) {
    assert(inputs > 0, 'merge has inputs');
    this.#ws = ws;
    this.#watermarks = new Array<number>(inputs).fill(-Infinity);
  }

  /** One batch at a time, whichever input it comes from. */
  ready(): boolean {
    return this.#batch === undefined;
  }

  push(input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    assert(input < this.#watermarks.length, () => `merge has no input ${input}`);
    this.#at = 0;
    if (batch.rows > 0) this.#batch = batch;
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

  mark(input: number, mark: StepMark): void {
    this.#watermarks[input] = mark.watermark;
  }

  outputWatermark(): number {
    return Math.min(...this.#watermarks);
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(): void {}

  restore(): void {}

  close(): void {
    this.#batch = undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rows, rowsOut: this.#rows };
  }
}
