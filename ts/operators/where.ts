import type { Batch } from '../columns/batch.js';
import { assert } from '../core/assert.js';
import { takeBatch, type Selection } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { evaluateCondition, type BoundExpression } from './expression.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';

/** Keeps the rows for which a condition is true. A null is not true. */
export class Where implements Operator {
  readonly #ws: Workspace;
  readonly #condition: BoundExpression;
  #batch: Batch | undefined;
  #kept: Selection = { selection: 0, count: 0 };
  #at = 0;
  #watermark = -Infinity;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, condition: BoundExpression) {
    this.#ws = ws;
    this.#condition = condition;
  }

  ready(): boolean {
    return this.#batch === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#batch === undefined, 'a batch was pushed before the last one was done');
    if (batch.rows > 0) this.#kept = evaluateCondition(this.#ws, this.#condition, batch);
    else this.#kept = { selection: 0, count: 0 };
    this.#batch = batch;
    this.#at = 0;
    this.#rowsIn += batch.rows;
  }

  pull(out: Outbox): 'more' | 'done' {
    const batch = this.#batch;
    if (batch === undefined) return 'done';
    const { selection, count } = this.#kept;
    const rows = Math.min(count - this.#at, out.room());
    if (rows > 0) {
      // All rows kept and all of them wanted: nothing to copy.
      out.emit(0, rows === batch.rows ? batch : takeBatch(this.#ws, batch, selection + this.#at * 4, rows));
      this.#at += rows;
      this.#rowsOut += rows;
      if (this.#at < count) return 'more';
    }
    this.#batch = undefined;
    return 'done';
  }

  mark(_input: number, mark: StepMark): void {
    this.#watermark = mark.watermark;
  }

  outputWatermark(): number {
    return this.#watermark;
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
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut };
  }
}
