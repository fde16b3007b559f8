import type { BlockContent, PushReader, RowsBlock, Source, SplitSpec } from '../connectors/connector.js';
import { detach } from '../columns/detached.js';
import { must } from '../core/assert.js';
import { toExternalError, toMillraceError } from '../core/errors.js';
import type { Workspace } from '../wasm/workspace.js';

/** Where a source's splits stand: what a snapshot keeps of them. */
export interface SourcePositions {
  readonly positions: Readonly<Record<string, number>>;
  readonly ended: readonly string[];
}

/** A block ready to be put into a step. */
export interface ReadyBlock {
  readonly split: string;
  readonly from: number;
  readonly to: number;
  readonly content: BlockContent | undefined;
}

/** What a source has to give now, split by split. The step cutter takes from it. */
export interface SourceFeed {
  readonly splits: readonly SplitSpec[];
  /** The next block of the split of at most about `bytes`, taken; undefined if nothing is there now. */
  take(split: SplitSpec, bytes: number): ReadyBlock | undefined;
  /** Everything was taken and nothing will come. */
  ended(split: SplitSpec): boolean;
  positions(): SourcePositions;
  close(): Promise<void>;
}

/** Splits that lanes read for themselves: blocks are only described. */
export class LaneFeed implements SourceFeed {
  readonly splits: readonly SplitSpec[];
  readonly #source: Source;
  readonly #positions = new Map<string, number>();

  constructor(source: Source, splits: readonly SplitSpec[], start: SourcePositions | undefined) {
    this.#source = source;
    this.splits = splits;
    for (const split of splits) this.#positions.set(split.id, start?.positions[split.id] ?? 0);
  }

  take(split: SplitSpec, bytes: number): ReadyBlock | undefined {
    const from = this.#at(split);
    const next = planned(() => must(this.#source.blocks, 'a block planner').next(split, from, bytes));
    if (next === undefined) return undefined;
    this.#positions.set(split.id, next.to);
    return { split: split.id, from, to: next.to, content: undefined };
  }

  ended(split: SplitSpec): boolean {
    return planned(() => must(this.#source.blocks, 'a block planner').ended(split, this.#at(split)));
  }

  positions(): SourcePositions {
    return { positions: Object.fromEntries(this.#positions), ended: this.splits.filter((s) => this.ended(s)).map((s) => s.id) };
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }

  #at(split: SplitSpec): number {
    return this.#positions.get(split.id) ?? 0;
  }
}

function planned<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    throw toExternalError(error, 'source.failed', 'a source');
  }
}

/** Blocks that may wait for a step, of one split. */
const QUEUE = 8;

interface PushSplit {
  readonly reader: PushReader;
  readonly queue: { readonly block: RowsBlock; readonly content: BlockContent }[];
  position: number;
  reading: boolean;
  ended: boolean;
}

/** Splits that are read on this thread, from event loops: a few blocks ahead of the steps, no more. */
export class PushFeed implements SourceFeed {
  readonly splits: readonly SplitSpec[];
  readonly #source: Source;
  readonly #ws: Workspace;
  readonly #state = new Map<string, PushSplit>();
  readonly #arrived: () => void;
  readonly #failed: (error: Error) => void;
  #closed = false;

  constructor(
    source: Source,
    splits: readonly SplitSpec[],
    start: SourcePositions | undefined,
    ws: Workspace,
    arrived: () => void,
    failed: (error: Error) => void,
  ) {
    this.#source = source;
    this.splits = splits;
    this.#ws = ws;
    this.#arrived = arrived;
    this.#failed = failed;
    for (const split of splits) {
      const position = start?.positions[split.id] ?? 0;
      const ended = start?.ended.includes(split.id) ?? false;
      const reader = must(source.open, 'open').call(source, split, position);
      this.#state.set(split.id, { reader, queue: [], position, reading: false, ended });
    }
    for (const split of splits) this.#fill(split);
  }

  take(split: SplitSpec): ReadyBlock | undefined {
    const state = this.#of(split);
    const next = state.queue.shift();
    if (next === undefined) return undefined;
    const from = state.position;
    state.position = next.block.position;
    this.#fill(split);
    return { split: split.id, from, to: next.block.position, content: next.content };
  }

  ended(split: SplitSpec): boolean {
    const state = this.#of(split);
    return state.ended && state.queue.length === 0;
  }

  positions(): SourcePositions {
    return {
      positions: Object.fromEntries(this.splits.map((split) => [split.id, this.#of(split).position])),
      ended: this.splits.filter((s) => this.ended(s)).map((s) => s.id),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reader } of this.#state.values()) await reader.close();
    await this.#source.close?.();
  }

  #of(split: SplitSpec): PushSplit {
    return must(this.#state.get(split.id), `split ${split.id}`);
  }

  #fill(split: SplitSpec): void {
    const state = this.#of(split);
    if (state.reading || state.ended || this.#closed || state.queue.length >= QUEUE) return;
    state.reading = true;
    state.reader.next().then(
      (block) => {
        state.reading = false;
        if (this.#closed) return;
        if (block === undefined) state.ended = true;
        else {
          try {
            state.queue.push({ block, content: this.#contentOf(block) });
          } catch (error) {
            this.#failed(toMillraceError(error));
            return;
          }
        }
        this.#arrived();
        this.#fill(split);
      },
      (error: unknown) => {
        if (!this.#closed) this.#failed(toExternalError(error, 'source.failed', 'a source'));
      },
    );
  }

  #contentOf(block: RowsBlock): BlockContent {
    if (block.content.kind === 'bytes') return block.content;
    const mark = this.#ws.scratch.mark();
    const batch = detach(this.#ws.memory, block.content.write(this.#ws));
    this.#ws.scratch.release(mark);
    return { kind: 'batch', batch };
  }
}
