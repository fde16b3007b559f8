import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import type { Kind } from '../../columns/schema.js';
import { readWord, type GroupRows } from '../../state/group-rows.js';
import { isBytes } from '../../state/key-words.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, Argument, GroupedRows } from '../aggregates.js';
import { eachTable, exactWords, orderedWords, readI64, stateField, valuesOf } from './helpers.js';

/** As in assembly/kernels/accumulate-picks.ts, which draws the accumulator. */
const FLAGS = { latest: 1, greatest: 2, byBytes: 4, valueBytes: 8 } as const;
const PLACES = { seen: 8, time: 16, position: 24, by: 32 } as const;

/** Which row's value is picked, of those whose `by`, if there is one, and whose time and position decide. */
export interface Pick {
  readonly by: Kind | undefined;
  /** The greatest by, not the least. */
  readonly greatest: boolean;
  /** Of rows alike the last in time, not the first. */
  readonly latest: boolean;
}

/** first, last, minBy, maxBy of values of any kind. Each partial state carries what decides, so that states merge in any order. */
export function pick(kind: Kind, { by, greatest, latest }: Pick): Aggregate {
  const bytes = isBytes(kind) || (by !== undefined && isBytes(by));
  const flags =
    (latest ? FLAGS.latest : 0) |
    (greatest ? FLAGS.greatest : 0) |
    (by !== undefined && isBytes(by) ? FLAGS.byBytes : 0) |
    (isBytes(kind) ? FLAGS.valueBytes : 0);
  const words = (ws: Workspace, [value, order]: readonly Vector[], rows: number): readonly Address[] => [
    exactWords(ws, must(value, 'a value'), rows),
    ...(by === undefined ? [] : [orderedWords(ws, must(order, 'what decides'), rows)]),
  ];
  const add = (rows: GroupedRows, offset: number, { words: [value, order = NONE], bitmap, times, positions }: Argument): void => {
    const { ws, ats, from, to } = rows;
    const { kernels } = ws;
    const values = must(value, 'values');
    if (!bytes) kernels.accumulate_pick_words(ats, offset, order, times, positions, values, bitmap, flags, from, to);
    else
      eachTable(rows, (table, at) =>
        kernels.accumulate_pick_bytes(table, ats, offset, order, times, positions, values, bitmap, flags, at, to),
      );
  };
  const presence = (offset: number) => ({ offset: offset + PLACES.seen, bits: 0, invert: false });
  const result = (rows: GroupRows, offset: number): Vector => readWord(rows, offset, kind, presence(offset));
  return {
    bytes: by === undefined ? 32 : 40,
    state: [
      stateField('value', kind, true),
      stateField('time', 'int64'),
      stateField('position', 'int64'),
      ...(by === undefined ? [] : [stateField('by', by, true)]),
    ],
    order: 'event',
    kept: kind,
    words,
    add,
    merge(rows, offset, [value, time, position, order], batchRows) {
      const v = must(value, 'a state column');
      add(rows, offset, {
        words: words(rows.ws, order === undefined ? [v] : [v, order], batchRows),
        bitmap: v.validity,
        times: valuesOf(time),
        positions: valuesOf(position),
      });
    },
    read: (rows, offset) => [
      result(rows, offset),
      readI64(rows, offset + PLACES.time),
      readI64(rows, offset + PLACES.position),
      ...(by === undefined ? [] : [readWord(rows, offset + PLACES.by, by, presence(offset), true)]),
    ],
    result,
  };
}
