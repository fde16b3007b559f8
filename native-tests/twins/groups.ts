import type { KeyValue } from './hash.js';
import { keyText, twinAggregate, type TwinAggregate } from './windowed.js';

export interface TwinRow {
  /** False: the row is taken back. */
  readonly comes: boolean;
  readonly values: readonly KeyValue[];
}

interface TwinGroup {
  readonly key: KeyValue[];
  rows: (readonly KeyValue[])[];
  lastMs: number;
  /** Since it was last told. */
  since: number;
  touched: boolean;
  told: KeyValue[] | undefined;
}

export interface TwinRule {
  readonly ttlMs?: number | undefined;
  readonly wantedRows?: number | undefined;
  readonly purging?: boolean;
}

/** Groups over all rows so far, the slow and obvious way. */
export class TwinGroups {
  readonly #groups = new Map<string, TwinGroup>();
  readonly #keys: readonly number[];
  readonly #aggregates: readonly TwinAggregate[];
  readonly #rule: TwinRule;

  constructor(keys: readonly number[], aggregates: readonly TwinAggregate[], rule: TwinRule = {}) {
    this.#keys = keys;
    this.#aggregates = aggregates;
    this.#rule = rule;
  }

  add({ comes, values }: TwinRow, clockMs: number): void {
    const key = this.#keys.map((k) => values[k] ?? null);
    const id = keyText(key);
    const known = this.#groups.get(id);
    const gone = known === undefined || (this.#rule.ttlMs !== undefined && known.lastMs + this.#rule.ttlMs <= clockMs);
    const group = gone ? { key, rows: [], lastMs: clockMs, since: 0, touched: false, told: undefined } : known;
    this.#groups.set(id, group);
    if (comes) group.rows.push(values);
    else
      group.rows.splice(
        group.rows.findIndex((row) => keyText(row) === keyText(values)),
        1,
      );
    group.lastMs = clockMs;
    group.since++;
    group.touched = true;
  }

  /** Lines `op key… results…` of the groups told at a step's end: of all that were touched, or only of those ready. */
  tell(all = true): string[] {
    const lines: string[] = [];
    for (const [id, group] of this.#groups) {
      const { wantedRows = Infinity, purging = false } = this.#rule;
      if (!group.touched || !(all || group.since >= wantedRows)) continue;
      const now =
        group.rows.length === 0
          ? undefined
          : this.#aggregates.map((a) =>
              twinAggregate(
                a,
                group.rows.map((values) => ({ time: 0, values })),
              ),
            );
      const before = group.told;
      const line = (op: string, values: KeyValue[]): number => lines.push([op, ...group.key, ...values].map(String).join(' '));
      if (before === undefined && now !== undefined) line('+I', now);
      if (before !== undefined && now === undefined) line('-D', before);
      if (before !== undefined && now !== undefined && keyText(before) !== keyText(now)) {
        line('-U', before);
        line('+U', now);
      }
      group.touched = false;
      group.since = 0;
      group.told = now;
      if (purging || now === undefined) this.#groups.delete(id);
    }
    return lines;
  }
}
