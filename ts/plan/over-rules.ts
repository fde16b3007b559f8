import { MillraceError } from '../core/errors.js';
import type { Field } from '../columns/schema.js';
import { checkFields, checkKeys, freezeFields, invalid, resultOf, taken, type Shape } from './checks.js';
import { typeOf } from './functions.js';
import type { FrameSpec, OverNode } from './plan.js';
import { checkDuration, describeDuration } from './windows.js';

export const MAX_NEIGHBOUR_ROWS = 1_000_000;
export const MAX_FRAME_ROWS = 1_000_000_000;

type Over = Pick<OverNode, 'keys' | 'frame' | 'aggregates' | 'neighbours' | 'names'>;

/** The input's columns, and those that are worked out for each row. */
export function overOutput({ keys, frame, aggregates, neighbours, names }: Over, input: Shape): Shape {
  if (!input.timed)
    throw new MillraceError(
      'plan.no-event-time',
      'over: rows stand in order of event time, which this stream has not; give from() an eventTime',
    );
  if (input.changes)
    throw invalid('over: this stream holds changes (updates of earlier rows), which have no place in an order; use the rows themselves');
  if (keys.length > 0) checkKeys(keys, input.schema);
  checkFrame(frame);
  if (names.length === 0) throw invalid('over: there is no column; give at least one, as in (c) => ({ mean: avg(c.price) })');
  const results = names.map((name): Field => {
    if (input.schema.some((f) => f.name === name)) throw taken(`over: '${name}' is the name of a column already`);
    const call = aggregates.find((a) => a.name === name);
    if (call !== undefined) {
      if (call.functions !== undefined)
        throw invalid(`over: '${name}' is an aggregate of one's own, which frames do not take; use one that is built in, or a window`);
      return { name, ...resultOf(call, input.schema, false) };
    }
    const neighbour = neighbours.find((n) => n.name === name);
    if (neighbour === undefined) throw invalid(`over: '${name}' is neither an aggregate nor a neighbour`);
    const { rows, of } = neighbour;
    if (!(Number.isSafeInteger(rows) && Math.abs(rows) <= MAX_NEIGHBOUR_ROWS))
      throw invalid(`over: '${name}' is ${rows} rows away; give a whole number from 0 to ${MAX_NEIGHBOUR_ROWS}`);
    return { name, kind: typeOf(of, input.schema).kind, nullable: true };
  });
  const schema = [...input.schema, ...results];
  checkFields('over', schema, false);
  return { schema: freezeFields(schema), timed: true, changes: false };
}

function checkFrame(frame: FrameSpec): void {
  if (frame.kind === 'rows' && !(Number.isSafeInteger(frame.rows) && frame.rows >= 0 && frame.rows <= MAX_FRAME_ROWS))
    throw invalid(`over: preceding is { rows: ${JSON.stringify(frame.rows)} }; give a whole number from 0 to ${MAX_FRAME_ROWS}`);
  if (frame.kind === 'range') checkDuration('over: the range of preceding', frame.ms, 0);
}

/** `the 10 rows before`, `the 5 min before` */
export function describeFrame(frame: FrameSpec): string {
  if (frame.kind === 'unbounded') return 'all before';
  return frame.kind === 'rows' ? `the ${frame.rows} rows before` : `the ${describeDuration(frame.ms)} before`;
}
