import { must } from '../../core/assert.js';
import type { Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import type { Kind } from '../../columns/schema.js';
import { readWord, type GroupRows } from '../../state/group-rows.js';
import { isBytes } from '../../state/key-words.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { Aggregate, Argument, GroupedRows } from '../aggregates.js';
import { eachTable, firstOf, orderedWords, stateField } from './helpers.js';

export function extreme(kind: Kind, which: 'min' | 'max'): Aggregate {
  const words = (ws: Workspace, [v]: readonly Vector[], rows: number): readonly Address[] => [orderedWords(ws, must(v, 'values'), rows)];
  const add = (rows: GroupedRows, offset: number, argument: Argument): void => {
    const { ws, ats, from, to } = rows;
    if (!isBytes(kind)) ws.kernels[`accumulate_${which}_i64`](ats, offset, firstOf(argument.words), argument.bitmap, from, to);
    else addBytes(rows, which, offset, argument);
  };
  const read = (rows: GroupRows, offset: number): Vector =>
    readWord(rows, offset, kind, { offset: offset + 8, bits: 0, invert: false }, true);
  return {
    bytes: 16,
    state: [stateField('value', kind, true)],
    order: 'none',
    ...(isBytes(kind) ? { kept: kind } : {}),
    words,
    add,
    merge(rows, offset, [value], batchRows) {
      const v = must(value, 'a state column');
      add(rows, offset, { words: words(rows.ws, [v], batchRows), bitmap: v.validity, times: NONE, positions: NONE });
    },
    read: (rows, offset) => [read(rows, offset)],
    result: read,
  };
}

function addBytes(rows: GroupedRows, which: 'min' | 'max', offset: number, { words, bitmap }: Argument): void {
  const { ws, ats, to } = rows;
  const kernel = ws.kernels[`accumulate_${which}_bytes`];
  eachTable(rows, (table, at) => kernel(table, ats, offset, firstOf(words), bitmap, at, to));
}
