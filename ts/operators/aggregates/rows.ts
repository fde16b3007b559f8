import { must } from '../../core/assert.js';
import type { GroupRows } from '../../state/group-rows.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { eachTable, firstOf, plainWords, readBytes, stateField } from './helpers.js';

/**
 * All rows of a group, each as bytes (packRow), with its event time and place: what `apply` is made of. The result is the
 * entries as they came (assembly/kernels/accumulate-rows.ts); who reads them puts them in order, so that arrival does not show.
 * Order 'arrival' all the same: a partial state is no smaller than its rows, so rows move and are not grouped before.
 */
export function allRows({ name }: AggregateUse): Aggregate {
  const read = (rows: GroupRows, offset: number) =>
    readBytes(rows, rows.ws.kernels.rows_state_length(rows.ats, offset, rows.count), (offsets, values) =>
      rows.ws.kernels.rows_state(rows.ats, offset, rows.count, offsets, values),
    );
  return {
    bytes: 16,
    state: [stateField('rows', 'binary')],
    order: 'arrival',
    kept: 'binary',
    words: plainWords,
    add(rows, offset, { words, bitmap, times, positions }) {
      const { ws, ats, to } = rows;
      eachTable(
        rows,
        (table, at) => ws.kernels.accumulate_rows(table, ats, offset, firstOf(words), times, positions, bitmap, at, to),
        `the ${name}`,
      );
    },
    merge(rows, offset, [state]) {
      const { ws, ats, to } = rows;
      const { offsets, values } = must(state, 'a state column');
      eachTable(rows, (table, at) => ws.kernels.accumulate_merge_rows(table, ats, offset, offsets, values, at, to), `the ${name}`);
    },
    read: (rows, offset) => [read(rows, offset)],
    result: read,
  };
}
