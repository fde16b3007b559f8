import type { SourceClockState, SplitRef, StepHeader } from './messages.js';

/**
 * The watermarks of one source: of each split, moved row by row by the split's own order; and of the source, the least of
 * the splits that are neither idle nor at their end, moved at step ends only and never back. Every lane keeps the same
 * clock, as it is a function of the headers and of what stands in the blocks.
 */
export class SourceClock {
  readonly #source: number;
  readonly #splits = new Map<string, number>();
  readonly #ended = new Set<string>();
  #watermark: number;

  constructor(source: number, splits: readonly string[], state?: SourceClockState) {
    this.#source = source;
    for (const split of splits) this.#splits.set(split, state?.splits[split] ?? -Infinity);
    for (const split of state?.ended ?? []) this.#ended.add(split);
    this.#watermark = state?.watermark ?? -Infinity;
  }

  /** The source's watermark: it stands still within a step. */
  get watermark(): number {
    return this.#watermark;
  }

  of(split: string): number {
    return this.#splits.get(split) ?? -Infinity;
  }

  /** A row or block of the split claims that nothing at or before `watermark` is to come. */
  raise(split: string, watermark: number): void {
    if (watermark > this.of(split)) this.#splits.set(split, watermark);
  }

  endStep(header: StepHeader): void {
    for (const raised of header.raised) if (raised.source === this.#source) this.raise(raised.split, raised.watermark);
    for (const ended of header.ended) if (ended.source === this.#source) this.#ended.add(ended.split);
    if (header.kind === 'drain') {
      this.#watermark = Infinity;
      return;
    }
    const idle = new Set(header.idle.filter((ref: SplitRef) => ref.source === this.#source).map((ref) => ref.split));
    let least = Infinity;
    let largest = -Infinity;
    let live = 0;
    for (const [split, watermark] of this.#splits) {
      largest = Math.max(largest, watermark);
      if (this.#ended.has(split) || idle.has(split)) continue;
      live++;
      least = Math.min(least, watermark);
    }
    // With nothing live left, the furthest split speaks for all; +∞ is the drain step's to say.
    this.#watermark = Math.max(this.#watermark, live === 0 ? largest : least);
  }

  state(): SourceClockState {
    return { watermark: this.#watermark, splits: Object.fromEntries(this.#splits), ended: [...this.#ended] };
  }
}
