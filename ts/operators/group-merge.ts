import { must } from '../core/assert.js';
import { NONE, type Address } from '../columns/memory.js';
import type { GroupTable } from '../state/group-table.js';
import type { KeyWords } from '../state/key-words.js';
import type { Workspace } from '../wasm/workspace.js';
import type { SlicedLayout } from './group-layout.js';

/** Groups merged at a time: what is read of them stays in the cache. */
const CHUNK_GROUPS = 4096;

/** A table of groups and how its rows look. */
export interface Groups {
  readonly table: GroupTable;
  readonly layout: SlicedLayout;
}

/**
 * Merges all groups of `from` into those of the same keys of `into`, which are made where they are not there; or takes them back.
 * Layouts are of the same keys and aggregates. `living`: only groups that are there. (A slice's group that counts no rows may
 * still say something: a row taken back, another one added.)
 */
export function mergeGroups(ws: Workspace, from: Groups, into: Groups, how: 'merge' | 'unmerge' | 'living' = 'merge'): void {
  const { table, layout } = from;
  const outer = ws.scratch.mark();
  const ats = ws.alloc(CHUNK_GROUPS * 4);
  const targets = ws.alloc(CHUNK_GROUPS * 4);
  const read = groupReader(ws, table, how === 'living' ? layout.presence : undefined);
  for (let count = read(ats, CHUNK_GROUPS); count > 0; count = read(ats, CHUNK_GROUPS)) {
    const mark = ws.scratch.mark();
    into.table.find(keyWordsAt(ws, layout, ats, count), NONE, 0, count, targets);
    const source = { ws, ats, count };
    const target = { ws, ats: targets, from: 0, to: count, tables: [into.table] };
    layout.aggregates.forEach(({ aggregate, offset }, i) => {
      const to = must(into.layout.aggregates[i], 'the same aggregate');
      const apply = must(how === 'unmerge' ? to.aggregate.unmerge : to.aggregate.merge, 'a way to take back');
      apply.call(to.aggregate, target, to.offset, aggregate.read(source, offset), count);
    });
    if (into.layout.changes) ws.kernels.group_touch(targets, into.layout.flags, 0, count);
    ws.scratch.release(mark);
  }
  ws.scratch.release(outer);
}

/**
 * Gives the addresses of a table's groups, in order, some at each call: how many; 0 at the end. With `presence` (SlicedLayout), only of
 * those that are there.
 */
export function groupReader(ws: Workspace, table: GroupTable, presence: number | undefined): (out: Address, max: number) => number {
  let next = 0;
  if (presence === undefined)
    return (out, max) => {
      const to = Math.min(table.size, next + max);
      table.addresses(next, to, out);
      const count = to - next;
      next = to;
      return count;
    };
  return (out, max) => {
    const mark = ws.scratch.mark();
    const cursor = ws.alloc(4);
    ws.memory.u32[cursor / 4] = next;
    const count = ws.kernels.group_rows_live(table.rows, table.stride, table.size, presence, cursor, out, max) >>> 0;
    next = must(ws.memory.u32[cursor / 4], 'the cursor');
    ws.scratch.release(mark);
    return count;
  };
}

/** The keys of groups' rows, as words. */
function keyWordsAt(ws: Workspace, { shape }: SlicedLayout, ats: Address, count: number): KeyWords {
  const columns = Array.from({ length: shape.words }, (_, word) => {
    const out = ws.alloc(count * 8);
    ws.kernels.group_rows_i64(ats, word * 8, count, out);
    return out;
  });
  const addresses = columns.length === 0 ? NONE : ws.alloc(columns.length * 4);
  ws.memory.u32.set(columns, addresses / 4);
  return { shape, rows: count, columns, addresses };
}
