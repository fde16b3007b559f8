import { assert, must } from '../core/assert.js';
import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { field, type Field, type Kind, type Schema } from '../columns/schema.js';
import { readKeys, type GroupRows } from '../state/group-rows.js';
import { keyShapeOf, type KeyShape } from '../state/key-words.js';
import type { OwnModule } from '../wasm/own-module.js';
import type { Workspace } from '../wasm/workspace.js';
import type { Aggregate, Argument, GroupedRows } from './aggregates.js';
import { AGGREGATES } from './aggregates/by-name.js';

/** An aggregate whose argument and condition are columns of the input. */
export interface BoundAggregate {
  readonly name: string;
  readonly fn: string;
  /** Column indexes of its arguments, and their kinds. */
  readonly args: readonly number[];
  readonly kinds: readonly Kind[];
  readonly options?: Readonly<Record<string, string | number>> | undefined;
  /** The user's, of one's own aggregate. */
  readonly functions?: Readonly<Record<string, (...args: never[]) => unknown>> | undefined;
  readonly module?: OwnModule | undefined;
  /** Whether rows may be taken back: see AggregateUse. */
  readonly revocable?: boolean;
  /** A bool column: the row counts where it is true (not null). */
  readonly where?: number;
}

export interface PlacedAggregate {
  readonly bound: BoundAggregate;
  readonly aggregate: Aggregate;
  /** Of its accumulator in a group's row. */
  readonly offset: number;
  /** Of its kept result in a group's row, if it has one: see kept-results.ts. */
  readonly slot: number | undefined;
}

/**
 * What a group's row holds: | key words | accumulators |, or, when changes are to be told,
 * | key words | flags | accumulators | accumulators as last emitted | accumulators of kept results |, where a kept result has
 * a slot in place of an accumulator in the first two.
 */
export interface GroupLayout {
  readonly shape: KeyShape;
  readonly aggregates: readonly PlacedAggregate[];
  /** Of the flags, with changes. */
  readonly flags: number;
  /** Of one set of accumulators. */
  readonly accumulatorBytes: number;
  readonly changes: boolean;
  /** All bytes after the key words. */
  readonly rowBytes: number;
}

/** Of groups by slice and key. */
export interface SlicedLayout extends GroupLayout {
  /** Where the count of a group's rows lies: a group of none is not there. Without, groups are there once they are made. */
  readonly presence: number | undefined;
  /** Columns of a partial batch before its keys: the slice's start and, where windows overlap, the end of its first window. */
  readonly keysFrom: number;
}

/** Of a kept result in each set of accumulators: a value and whether it is there. */
export const SLOT_BYTES = 16;

export interface LayoutOptions {
  /** The index of the aggregate that counts rows. */
  readonly presence?: number | undefined;
  /** Whether a slice may be in several windows. */
  readonly overlapping?: boolean;
}

export function groupLayout(
  keys: readonly Field[],
  aggregates: readonly BoundAggregate[],
  changes: boolean,
  { presence, overlapping = false }: LayoutOptions = {},
): SlicedLayout {
  const shape = keyShapeOf(keys);
  const flags = shape.words * 8;
  let offset = flags + (changes ? 8 : 0);
  const first = offset;
  const placed = aggregates.map((bound) => {
    const aggregate = aggregateOf(bound);
    const at = offset;
    const slot = changes && aggregate.kept !== undefined ? at : undefined;
    offset += slot === undefined ? aggregate.bytes : SLOT_BYTES;
    return { bound, aggregate, offset: at, slot };
  });
  const accumulatorBytes = offset - first;
  if (changes) offset += accumulatorBytes;
  const moved = placed.map((each): PlacedAggregate => {
    if (each.slot === undefined) return each;
    const at = offset;
    offset += each.aggregate.bytes;
    return { ...each, offset: at };
  });
  return {
    shape,
    aggregates: moved,
    flags,
    accumulatorBytes,
    changes,
    rowBytes: offset - shape.words * 8,
    presence: presence === undefined ? undefined : must(moved[presence], 'the aggregate that counts rows').offset,
    keysFrom: overlapping ? 2 : 1,
  };
}

export function aggregateOf({ name, fn, kinds, options = {}, functions = {}, module, revocable = false }: BoundAggregate): Aggregate {
  assert(Object.hasOwn(AGGREGATES, fn), () => `there is no aggregate ${fn}`);
  return must(AGGREGATES[fn], fn)({ name, kinds, options, functions, module, revocable });
}

/**
 * The slice's start (and, where windows overlap, the end of the first window that it counts in), the keys, and every aggregate's
 * partial state: what pre-aggregation sends and snapshots hold.
 */
export function partialSchemaOf(
  inputSchema: Schema,
  keys: readonly number[],
  aggregates: readonly BoundAggregate[],
  overlapping = false,
): Schema {
  return [
    field('windowStart', 'timestamp'),
    ...(overlapping ? [field('firstEnd', 'timestamp')] : []),
    ...keys.map((i) => must(inputSchema[i], 'a key column')),
    ...aggregates.flatMap((bound) => aggregateOf(bound).state.map((f) => ({ ...f, name: `${bound.name}.${f.name}` }))),
  ];
}

/** Arguments of all aggregates for a batch of rows, in scratch. */
export function argumentsOf(ws: Workspace, layout: GroupLayout, batch: Batch): Argument[] {
  return layout.aggregates.map(({ bound, aggregate }) => {
    const args = bound.args.map((column) => must(batch.columns[column], 'an argument'));
    const where = bound.where === undefined ? undefined : must(batch.columns[bound.where], 'a condition');
    return {
      words: aggregate.words(ws, args, batch.rows),
      bitmap: bitmapOf(ws, batch.rows, args, where),
      times: batch.times,
      positions: batch.positions,
    };
  });
}

/** Adds a batch's rows, whose arguments are `given`, to all accumulators. A count rides on the first sum of the same rows. */
export function adderOf(layout: GroupLayout, given: readonly Argument[]): (rows: GroupedRows) => void {
  const parts = layout.aggregates.map((placed, i) => ({ ...placed, argument: must(given[i], 'an argument') }));
  const sum = parts.findIndex(({ aggregate }) => aggregate.addCounted !== undefined);
  const count = parts.findIndex(({ bound, argument }) => bound.fn === 'count' && argument.bitmap === parts[sum]?.argument.bitmap);
  const counted = parts[count];
  if (counted === undefined)
    return (rows) => {
      for (const { aggregate, offset, argument } of parts) aggregate.add(rows, offset, argument);
    };
  return (rows) => {
    parts.forEach(({ aggregate, offset, argument }, i) => {
      if (i === sum) aggregate.addCounted?.(rows, counted.offset, offset, argument);
      else if (i !== count) aggregate.add(rows, offset, argument);
    });
  };
}

/** Adds a batch's rows to all accumulators, or, by their operations, takes them back: first all that are added. */
export function reviserOf(ws: Workspace, layout: GroupLayout, given: readonly Argument[], batch: Batch): (rows: GroupedRows) => void {
  const bytes = Math.ceil(batch.rows / 64) * 8;
  const [added, taken] = [ws.alloc(bytes), ws.alloc(bytes)];
  ws.kernels.group_rows_ops(batch.ops, batch.rows, added, taken);
  const both = (bitmap: Address, of: Address): Address => {
    if (bitmap === NONE) return of;
    const out = ws.alloc(bytes);
    ws.kernels.accumulate_both(bitmap, of, batch.rows, out);
    return out;
  };
  const parts = layout.aggregates.map(({ aggregate, offset, bound }, i) => {
    const argument = must(given[i], 'an argument');
    const back = must(aggregate.subtract, `a way for ${bound.fn} to take rows back`).bind(aggregate);
    return {
      add: (rows: GroupedRows, more: Argument) => aggregate.add(rows, offset, more),
      back: (rows: GroupedRows, less: Argument) => back(rows, offset, less),
      more: { ...argument, bitmap: both(argument.bitmap, added) },
      less: { ...argument, bitmap: both(argument.bitmap, taken) },
    };
  });
  return (rows) => {
    for (const { add, back, more, less } of parts) {
      add(rows, more);
      back(rows, less);
    }
  };
}

/** Rows whose arguments are not null and whose condition is true. */
function bitmapOf(ws: Workspace, rows: number, args: readonly Vector[], where: Vector | undefined): Address {
  const present = [...args.map((v) => v.validity), where?.values ?? NONE, where?.validity ?? NONE].filter((a) => a !== NONE);
  const [first, ...others] = present;
  if (first === undefined) return NONE;
  return others.reduce((both, a) => {
    const out = ws.alloc(Math.ceil(rows / 64) * 8);
    ws.kernels.accumulate_both(both, a, rows, out);
    return out;
  }, first);
}

/** Keys, then partial states. */
export function readPartials(rows: GroupRows, layout: GroupLayout): Vector[] {
  return [...readKeys(rows, layout.shape), ...layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read(rows, offset))];
}
