import type { Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import { must } from '../core/assert.js';
import { keyShapeOf, keyWordsOf } from '../state/key-words.js';
import type { Workspace } from '../wasm/workspace.js';
import type { Operator, Outbox, StateReader, StateWriter, StepMark, StepStart, Wakeup } from './operator.js';

/**
 * An operator that gives results by key, with a place for each result: the fixed hash of its key (and window), so that results of
 * equal event time have one order, whatever lane they come from. Only where somebody downstream orders rows.
 */
export class PlacedResults implements Operator {
  readonly #inner: Operator;
  readonly #ws: Workspace;
  /** Column indexes. */
  readonly #keys: readonly number[];

  constructor(inner: Operator, ws: Workspace, keys: readonly number[]) {
    this.#inner = inner;
    this.#ws = ws;
    this.#keys = keys;
  }

  begin(start: StepStart): void {
    this.#inner.begin?.(start);
  }

  ready(input: number): boolean {
    return this.#inner.ready(input);
  }

  push(input: number, batch: Batch): void {
    this.#inner.push(input, batch);
  }

  pull(out: Outbox): 'more' | 'done' {
    return this.#inner.pull({ room: () => out.room(), emit: (port, batch) => out.emit(port, port === 0 ? this.#placed(batch) : batch) });
  }

  mark(input: number, mark: StepMark): void {
    this.#inner.mark(input, mark);
  }

  outputWatermark(): number {
    return this.#inner.outputWatermark();
  }

  nextWakeup(): Wakeup {
    return this.#inner.nextWakeup();
  }

  snapshot(writer: StateWriter): void {
    this.#inner.snapshot(writer);
  }

  restore(reader: StateReader): void {
    this.#inner.restore(reader);
  }

  close(): void {
    this.#inner.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#inner.metrics();
  }

  #placed(batch: Batch): Batch {
    if (batch.rows === 0 || this.#keys.length === 0 || batch.positions !== NONE) return batch;
    const ws = this.#ws;
    const shape = keyShapeOf(this.#keys.map((i) => must(batch.schema[i], 'a key column')));
    const { addresses } = keyWordsOf(ws, shape, batch, this.#keys);
    const positions = ws.alloc(batch.rows * 8);
    ws.kernels.words_key_places(addresses, shape.words, shape.references, shape.masked ? 1 : 0, batch.rows, positions);
    return { ...batch, positions };
  }
}
