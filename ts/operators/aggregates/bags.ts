import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import type { Kind } from '../../columns/schema.js';
import { readWord } from '../../state/group-rows.js';
import { isBytes } from '../../state/key-words.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, Argument, GroupedRows } from '../aggregates.js';
import { eachTable, exactWords, orderedWords, readBytes, stateField } from './helpers.js';

/** As in assembly/state/ordered-bag.ts, which draws the accumulator. */
const LIKE = { descending: 8, byBytes: 16, valueBytes: 32 } as const;
const PLACES = { value: 32, seen: 40 } as const;
const BYTES = 56;
const ENTRY_BYTES = 32;

/** What a bag is ordered by, and which end of it is the result. */
export interface BagOrder {
  readonly name: string;
  /** `value`: by the values themselves; `time`: by time and place; `by`: by another column, then by time and place. */
  readonly of: 'value' | 'time' | 'by';
  /** Of that column. */
  readonly by?: Kind | undefined;
  /** The greatest, or last, is the result. */
  readonly greatest: boolean;
}

/**
 * min, max, first, last, minBy, maxBy of rows that may be taken back: all that is not taken back is kept in order, as what is
 * picked next is not known before.
 */
export function bag(kind: Kind, { name, of, by, greatest }: BagOrder): Aggregate {
  const words = of === 'value' ? 1 : of === 'time' ? 3 : 4;
  const like =
    words | (greatest ? LIKE.descending : 0) | (by !== undefined && isBytes(by) ? LIKE.byBytes : 0) | (isBytes(kind) ? LIKE.valueBytes : 0);
  const change = (rows: GroupedRows, offset: number, { words: given, bitmap, times, positions }: Argument, back: 0 | 1): void => {
    const { ws, ats, to } = rows;
    const [value, order = NONE] = given;
    const values = must(value, 'values');
    const mark = ws.scratch.mark();
    const entry = ws.alloc(ENTRY_BYTES);
    eachTable(
      rows,
      (table, at) => ws.kernels.ordered_bag_add(table, ats, offset, order, times, positions, values, bitmap, entry, like, back, at, to),
      name,
    );
    ws.scratch.release(mark);
  };
  return {
    bytes: BYTES,
    state: [stateField('entries', 'binary')],
    order: of === 'value' ? 'none' : 'event',
    kept: kind,
    words: (ws: Workspace, [value, order]: readonly Vector[], rows: number): readonly Address[] => {
      const v = must(value, 'values');
      return of === 'by'
        ? [exactWords(ws, v, rows), orderedWords(ws, must(order, 'what decides'), rows)]
        : [of === 'value' ? orderedWords(ws, v, rows) : exactWords(ws, v, rows)];
    },
    add: (rows, offset, argument) => change(rows, offset, argument, 0),
    subtract: (rows, offset, argument) => change(rows, offset, argument, 1),
    merge(rows, offset, [entries]) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(entries, 'a state column');
      const mark = ws.scratch.mark();
      const entry = ws.alloc(ENTRY_BYTES);
      eachTable(
        rows,
        (table, at, cursor) => ws.kernels.ordered_bag_merge(table, ats, offset, offsets, values, cursor, entry, like, at, to),
        name,
      );
      ws.scratch.release(mark);
    },
    read: (rows, offset) => [
      readBytes(rows, rows.ws.kernels.ordered_bag_state_length(rows.ats, offset, like, rows.count), (offsets, values) =>
        rows.ws.kernels.ordered_bag_state(rows.ats, offset, like, rows.count, offsets, values),
      ),
    ],
    result(rows, offset) {
      rows.ws.kernels.ordered_bag_settle(rows.ats, offset, like, rows.count);
      return readWord(rows, offset + PLACES.value, kind, { offset: offset + PLACES.seen, bits: 1, invert: false }, of === 'value');
    },
  };
}
