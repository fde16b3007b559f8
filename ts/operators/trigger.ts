import type { Address } from '../columns/memory.js';
import type { GroupTable } from '../state/group-table.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupLayout } from './group-layout.js';

/** When windows tell their results, as conditions of which any is enough; plan/triggers.ts gives the same. Asked at each step's end. */
export interface TriggerRule {
  /** Rows of a group since it was last told. */
  readonly rows: number | undefined;
  /** The clock has passed a multiple of one of these. */
  readonly everyMs: readonly number[];
  /** The watermark has passed the window's end. */
  readonly watermark: boolean;
  /** What was told is forgotten. */
  readonly purging: boolean;
}

/** Tells at which steps the clock has passed a multiple of some time. */
export class TriggerClock {
  readonly #everyMs: readonly number[];
  #at = Number.NEGATIVE_INFINITY;

  constructor(everyMs: readonly number[]) {
    this.#everyMs = everyMs;
  }

  /** The clock at the last step; -Infinity before the first. */
  get at(): number {
    return this.#at;
  }

  /** The first clock of all passes nothing. */
  begin(clockMs: number): void {
    if (this.#at === Number.NEGATIVE_INFINITY) this.#at = clockMs;
  }

  passes(clockMs: number): boolean {
    this.begin(clockMs);
    const before = this.#at;
    this.#at = Math.max(before, clockMs);
    return this.#everyMs.some((every) => Math.floor(this.#at / every) > Math.floor(before / every));
  }

  /** When it passes next; Infinity: never. */
  next(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#everyMs.map((every) => (Math.floor(this.#at / every) + 1) * every));
  }
}

/** Holds the touched groups with fewer rows than `least` since they were last told. Returns how many are due. */
export function holdGroups(ws: Workspace, table: GroupTable, layout: GroupLayout, least: number): number {
  return ws.kernels.trigger_hold(table.rows, table.stride, table.size, layout.flags, least) >>> 0;
}

export function releaseGroups(ws: Workspace, table: GroupTable, layout: GroupLayout): void {
  ws.kernels.trigger_release(table.rows, table.stride, table.size, layout.flags);
}

/** Makes groups as if no row of them had come. */
export function clearGroups(ws: Workspace, layout: GroupLayout, ats: Address, count: number): void {
  ws.kernels.trigger_clear(ats, count, layout.flags, layout.rowBytes);
}
