import type { KeyValue } from './hash.js';
import { keyText } from './windowed.js';

/** A row that counts, as an aggregate of growing state sees it. */
export interface TwinValue {
  readonly value: Exclude<KeyValue, null>;
  readonly time: number;
}

/** Aggregates of growing state, slow and obvious: from the rows that count to the result. */
export const GROWING: Readonly<
  Record<string, (rows: readonly TwinValue[], options: Readonly<Record<string, string | number>>) => KeyValue>
> = {
  countDistinct: (rows) => BigInt(new Set(rows.map(({ value }) => keyText([value]))).size),
};
