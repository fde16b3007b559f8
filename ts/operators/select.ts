import { batchOf, type Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import { assert } from '../core/assert.js';
import { sliceBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { evaluate, type BoundExpression } from './expression.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';

/** Computes columns: one expression for each field of the output. Columns that are merely passed on are not copied. */
export class Select implements Operator {
  readonly #ws: Workspace;
  readonly #schema: Schema;
  readonly #columns: readonly BoundExpression[];
  #result: Batch | undefined;
  #at = 0;
  #watermark = -Infinity;
  #rows = 0;

  constructor(ws: Workspace, schema: Schema, columns: readonly BoundExpression[]) {
    assert(schema.length === columns.length, 'select has one expression for each field');
    this.#ws = ws;
    this.#schema = schema;
    this.#columns = columns;
  }

  ready(): boolean {
    return this.#result === undefined;
  }

  push(_input: number, batch: Batch): void {
    assert(this.#result === undefined, 'a batch was pushed before the last one was done');
    this.#at = 0;
    if (batch.rows === 0) return;
    const columns = this.#columns.map((column) => evaluate(this.#ws, column, batch));
    this.#result = batchOf(this.#schema, batch.rows, columns, batch.times, batch.clocks, batch.ops, batch.positions);
    this.#rows += batch.rows;
  }

  pull(out: Outbox): 'more' | 'done' {
    const result = this.#result;
    if (result === undefined) return 'done';
    const to = Math.min(result.rows, this.#at + out.room());
    out.emit(0, sliceBatch(this.#ws, result, this.#at, to));
    this.#at = to;
    if (to < result.rows) return 'more';
    this.#result = undefined;
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
    this.#result = undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rows, rowsOut: this.#rows };
  }
}
