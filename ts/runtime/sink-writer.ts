import type { Sink, SinkChunk } from '../connectors/connector.js';
import { toExternalError } from '../core/errors.js';
import { lanesInOrder } from './messages.js';

/**
 * Hands the chunks of all lanes to one sink: step by step, within a step in the order of the lanes' runs of blocks where
 * the sink is ordered, else as they come. One write at a time; lanes are told as chunks are taken.
 */
export class SinkWriter {
  readonly #id: string;
  readonly #sink: Sink;
  readonly #ordered: boolean;
  readonly #lanes: number;
  readonly #taken: (lane: number) => void;
  readonly #failed: (error: Error) => void;
  readonly #steps = new Map<number, SinkChunk[][]>();
  readonly #ended = new Map<number, Set<number>>();
  readonly #waiting = new Map<number, () => void>();
  #step: number;
  /** Of the step at hand. */
  #order: readonly number[];
  #writing = false;
  #stopped = false;

  constructor(
    id: string,
    sink: Sink,
    ordered: boolean,
    lanes: number,
    firstStep: number,
    taken: (lane: number) => void,
    failed: (error: Error) => void,
  ) {
    this.#id = id;
    this.#sink = sink;
    this.#ordered = ordered;
    this.#lanes = lanes;
    this.#step = firstStep;
    this.#order = lanesInOrder(firstStep, lanes);
    this.#taken = taken;
    this.#failed = failed;
  }

  add(lane: number, step: number, chunk: SinkChunk): void {
    (this.#chunks(step)[lane] as SinkChunk[]).push(chunk);
    void this.#pump();
  }

  /** The lane has sent all of the step. */
  end(lane: number, step: number): void {
    const ended = this.#ended.get(step) ?? new Set<number>();
    this.#ended.set(step, ended.add(lane));
    void this.#pump();
  }

  /** When all of the step is written. */
  written(step: number): Promise<void> {
    if (step < this.#step) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(step, resolve));
  }

  stop(): void {
    this.#stopped = true;
  }

  #chunks(step: number): SinkChunk[][] {
    let chunks = this.#steps.get(step);
    if (chunks === undefined) {
      chunks = Array.from({ length: this.#lanes }, () => []);
      this.#steps.set(step, chunks);
    }
    return chunks;
  }

  async #pump(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let next = this.#next(); next !== undefined && !this.#stopped; next = this.#next()) {
        const written = this.#sink.write(this.#step, next.chunk);
        if (written !== undefined) await written;
        this.#taken(next.lane);
      }
    } catch (error) {
      this.#stopped = true;
      this.#failed(toExternalError(error, 'sink.failed', 'the sink', this.#id));
    } finally {
      this.#writing = false;
    }
  }

  #next(): { lane: number; chunk: SinkChunk } | undefined {
    for (;;) {
      const chunks = this.#chunks(this.#step);
      const ended = this.#ended.get(this.#step);
      for (const lane of this.#order) {
        const chunk = (chunks[lane] as SinkChunk[]).shift();
        if (chunk !== undefined) return { lane, chunk };
        if (this.#ordered && !ended?.has(lane)) return undefined;
      }
      if (ended === undefined || ended.size < this.#lanes) return undefined;
      this.#steps.delete(this.#step);
      this.#ended.delete(this.#step);
      const resolve = this.#waiting.get(this.#step);
      this.#waiting.delete(this.#step);
      this.#step++;
      this.#order = lanesInOrder(this.#step, this.#lanes);
      resolve?.();
    }
  }
}
