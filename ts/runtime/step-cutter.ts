import type { BlockContent, BlockRef } from '../connectors/connector.js';
import { MAX_BLOCKS } from './block-board.js';
import type { StepDraft } from './job-run.js';
import type { SplitRef } from './messages.js';
import type { SourceFeed } from './source-feed.js';

export interface CutterOptions {
  readonly lanes: number;
  /** Bytes of a block: what fits a core's cache beside its columns. */
  readonly blockBytes: number;
  /** Blocks that a lane takes in a step. */
  readonly blocksPerLane: number;
  /** How long rows may wait for a fuller step while others are under way. */
  readonly latencyMs: number;
}

export const DEFAULT_CUTTER = Object.freeze({ blockBytes: 1024 * 1024, blocksPerLane: 16, latencyMs: 5 });

export interface CutterSource {
  readonly feed: SourceFeed;
  readonly idleAfterMs: number | undefined;
}

export interface Cut {
  readonly draft: StepDraft;
  readonly contents: ReadonlyMap<number, BlockContent>;
}

interface SplitState {
  readonly ref: SplitRef;
  lastRowsMs: number;
  /** When it was last asked and had nothing: until it is asked again, it may have rows. */
  lastMissMs: number;
  idle: boolean;
  ended: boolean;
}

/** The only place that decides where a step ends and what is in it. */
export class StepCutter {
  readonly #sources: readonly CutterSource[];
  readonly #options: CutterOptions;
  readonly #splits: SplitState[][];
  #next = 0;
  #blockNo: number;
  #waitingSince: number | undefined;
  #drained = false;
  /** Rows that were taken but wait for company. */
  #blocks: BlockRef[] = [];
  #contents = new Map<number, BlockContent>();

  constructor(
    sources: readonly CutterSource[],
    options: CutterOptions,
    now: number,
    firstBlock = 0,
    ended: readonly (readonly string[])[] = [],
  ) {
    this.#sources = sources;
    this.#options = options;
    this.#blockNo = firstBlock;
    this.#splits = sources.map(({ feed }, source) =>
      feed.splits.map((split) => ({
        ref: { source, split: split.id },
        lastRowsMs: now,
        lastMissMs: now,
        idle: false,
        ended: ended[source]?.includes(split.id) ?? false,
      })),
    );
  }

  get nextBlock(): number {
    return this.#blockNo;
  }

  /** Every split is at its end and the drain step has been cut. */
  get drained(): boolean {
    return this.#drained;
  }

  /** No split has anything to come. */
  get ended(): boolean {
    return this.#splits.every((splits) => splits.every((split) => split.ended)) && this.#blocks.length === 0;
  }

  /**
   * The next step, or undefined if there is no reason for one. `wakeup`: the earliest clock time that an operator asked
   * for; `force`: cut what there is (or nothing) now, as a checkpoint or a stop wants a step to stand on.
   */
  next(
    now: number,
    inFlight: number,
    wakeup: number | undefined,
    force: { snapshot: boolean; drain: boolean } | undefined,
  ): Cut | undefined {
    this.#gather(now);
    const full = this.#blocks.length >= this.#options.lanes * this.#options.blocksPerLane;
    if (this.#blocks.length > 0) this.#waitingSince ??= now;
    const ripe = this.#blocks.length > 0 && (full || inFlight === 0 || now - (this.#waitingSince ?? now) >= this.#options.latencyMs);
    const ended = ripe || this.#blocks.length === 0 ? this.#newlyEnded() : [];
    const idle = this.#idle();
    const due = wakeup !== undefined && wakeup <= now;
    const finished = this.#blocks.length === 0 && this.#allEnded();
    if (!ripe && ended.length === 0 && !idle.changed && !due && !finished && force === undefined) return undefined;
    const blocks = this.#blocks;
    const contents = this.#contents;
    this.#blocks = [];
    this.#contents = new Map();
    this.#waitingSince = undefined;
    const drain = force?.drain ?? this.#allEnded();
    if (drain) this.#drained = true;
    return {
      draft: {
        clockMs: now,
        blocks,
        idle: idle.splits,
        ended,
        raised: [],
        kind: drain ? 'drain' : blocks.length > 0 ? 'rows' : 'tick',
        snapshot: force?.snapshot ?? false,
      },
      contents,
    };
  }

  /** When a step will be due without new rows: waiting rows or a split about to be idle. */
  nextDeadline(): number | undefined {
    let least = this.#waitingSince === undefined ? Infinity : this.#waitingSince + this.#options.latencyMs;
    for (const [source, splits] of this.#splits.entries()) {
      const idleAfter = this.#sources[source]?.idleAfterMs;
      if (idleAfter === undefined) continue;
      for (const split of splits) if (!split.ended && !split.idle) least = Math.min(least, split.lastRowsMs + idleAfter);
    }
    return Number.isFinite(least) ? least : undefined;
  }

  /** One block of each split in turn, so that all splits' times move together. */
  #gather(now: number): void {
    const want = Math.min(MAX_BLOCKS, this.#options.lanes * this.#options.blocksPerLane);
    const all = this.#splits.flat();
    for (let misses = 0; misses < all.length && this.#blocks.length < want; ) {
      const state = all[this.#next++ % all.length] as SplitState;
      const feed = (this.#sources[state.ref.source] as CutterSource).feed;
      const split = feed.splits.find((s) => s.id === state.ref.split);
      const block = state.ended || split === undefined ? undefined : feed.take(split, this.#options.blockBytes);
      if (block === undefined) {
        misses++;
        state.lastMissMs = now;
        continue;
      }
      misses = 0;
      state.lastRowsMs = now;
      const no = this.#blockNo++;
      this.#blocks.push({ source: state.ref.source, split: block.split, from: block.from, to: block.to, no });
      if (block.content !== undefined) this.#contents.set(no, block.content);
    }
  }

  #newlyEnded(): SplitRef[] {
    const found: SplitRef[] = [];
    for (const [source, splits] of this.#splits.entries()) {
      const { feed } = this.#sources[source] as CutterSource;
      for (const [index, state] of splits.entries()) {
        const split = feed.splits[index];
        if (state.ended || split === undefined || !feed.ended(split)) continue;
        state.ended = true;
        found.push(state.ref);
      }
    }
    return found;
  }

  #idle(): { splits: SplitRef[]; changed: boolean } {
    const found: SplitRef[] = [];
    let changed = false;
    for (const [source, splits] of this.#splits.entries()) {
      const idleAfter = this.#sources[source]?.idleAfterMs;
      if (idleAfter === undefined) continue;
      for (const state of splits) {
        const idle = !state.ended && state.lastMissMs - state.lastRowsMs >= idleAfter;
        changed ||= idle && !state.idle;
        state.idle = idle;
        if (idle) found.push(state.ref);
      }
    }
    return { splits: found, changed };
  }

  #allEnded(): boolean {
    return this.#splits.every((splits) => splits.every((split) => split.ended));
  }
}
