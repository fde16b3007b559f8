import { assert, must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import type { Batch } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { wordsOf } from '../state/key-words.js';
import { sliceBatch, takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { evaluate, type BoundExpression } from './expression.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark, type Wakeup } from './operator.js';
import { readWatermark, watermarkBatch, WATERMARK } from './watermark-state.js';

export interface SessionGateConfig {
  readonly gap: { readonly ms: number } | { readonly of: BoundExpression; readonly text: string };
  readonly allowedLatenessMs: number;
}

/**
 * Takes out rows that are late for sessions, each judged as a session of its own: those for which time + gap - 1 plus the
 * allowed lateness is not after the watermark that judges them, `clocks` where the batch has them, else the watermark of
 * the last mark. Port 0: rows in time. Port 1, `late`: the others. Rows keep their order on either. A row whose gap is
 * null or not above 0 stops the job (`value.invalid`), late or not.
 */
export class SessionGate implements Operator {
  readonly #ws: Workspace;
  readonly #config: SessionGateConfig;
  #watermark = -Infinity;
  #batch: Batch | undefined;
  /** Row numbers: those in time, then the late ones. NONE: all rows are in time. */
  #order: Address = NONE;
  #inTime = 0;
  #at = 0;
  #rowsIn = 0;
  #lateRows = 0;

  constructor(ws: Workspace, config: SessionGateConfig) {
    this.#ws = ws;
    this.#config = config;
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
    if (batch.rows > 0) this.#judge(batch);
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

  #judge(batch: Batch): void {
    assert(batch.times !== NONE, 'rows in windows have an event time');
    const ws = this.#ws;
    const { gap, allowedLatenessMs } = this.#config;
    const gaps = 'ms' in gap ? NONE : this.#gaps(gap, batch);
    // A row without a clock lies after the watermark of the last mark, unless it was given by hand.
    if (batch.clocks === NONE && ws.kernels.window_min(batch.times, batch.rows) > this.#watermark) return;
    const order = ws.alloc(batch.rows * 4);
    const clock = Math.min(this.#watermark, Number.MAX_SAFE_INTEGER);
    const inTime =
      ws.kernels.sessions_late(
        batch.times,
        gaps,
        'ms' in gap ? gap.ms : 0,
        batch.clocks,
        batch.clocks === NONE ? clock : 0,
        batch.rows,
        allowedLatenessMs,
        order,
      ) >>> 0;
    if (inTime === batch.rows) return;
    this.#order = order;
    this.#inTime = inTime;
  }

  #gaps({ of, text }: { readonly of: BoundExpression; readonly text: string }, batch: Batch): Address {
    const ws = this.#ws;
    const vector = evaluate(ws, of, batch);
    const gaps = wordsOf(ws, vector, batch.rows);
    const bad = ws.kernels.sessions_bad_gap(gaps, vector.validity, batch.rows, MAX_TIME_MS) >>> 0;
    if (bad === batch.rows) return gaps;
    const isNull = vector.validity !== NONE && ((must(ws.memory.u8[vector.validity + (bad >>> 3)], 'a bit') >>> (bad & 7)) & 1) === 0;
    throw new MillraceError(
      'value.invalid',
      `window(session(${text})): the gap of a row is ${isNull ? 'null' : `${ws.memory.i64[gaps / 8 + bad]} ms`}; ` +
        'every row needs one above 0: drop such rows before with where, or give them a gap with coalesce',
    );
  }
}
