// What is taken back leaves no trace: rows and partial states, against the twin over the rows that are left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, KINDS, type Field, type Kind, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import type { GroupedRows } from '../../ts/operators/aggregates.js';
import {
  adderOf,
  argumentsOf,
  groupLayout,
  partialSchemaOf,
  type BoundAggregate,
  type GroupLayout,
} from '../../ts/operators/group-layout.js';
import { aggregateType } from '../../ts/plan/aggregate-signatures.js';
import { GroupTable } from '../../ts/state/group-table.js';
import { keyWordsOf } from '../../ts/state/key-words.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows, valuesOf } from '../support/columns.js';
import type { KeyValue } from '../twins/hash.js';
import { twinAggregate, type TwinRow } from '../twins/windowed.js';

const NAMES = [
  ...['count', 'sum', 'avg', 'min', 'max', 'variance', 'stddev', 'first', 'last', 'minBy', 'maxBy'],
  ...['bitAnd', 'bitOr', 'bitXor', 'boolAnd', 'boolOr'],
];
const WORDS = ['', 'a', 'ab', 'abcdefgh', 'abcdefghi', 'ä', 'z'.repeat(40), 'z'.repeat(300)];

function randomValue(random: Random, kind: Kind): KeyValue {
  if (random.bool(0.15)) return null;
  switch (kind) {
    case 'bool':
      return random.bool(0.9);
    case 'int32':
      return random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-9, 9)]);
    case 'float64':
      return random.bool(0.02) ? random.pick([NaN, Infinity, -Infinity]) : random.int(-1000, 1000) / 8;
    case 'utf8':
      return random.pick(WORDS);
    case 'binary':
      return new TextEncoder().encode(random.pick(WORDS));
    default:
      return random.pick([0n, -1n, 2n ** 53n, -(2n ** 53n), BigInt(random.int(-50, 50))]);
  }
}

/** Groups by the first column, an integer from 0 on. */
class Groups {
  readonly table: GroupTable;
  readonly #ws: Workspace;
  readonly #schema: Schema;
  readonly #layout: GroupLayout;

  constructor(ws: Workspace, schema: Schema, layout: GroupLayout) {
    this.#ws = ws;
    this.#schema = schema;
    this.#layout = layout;
    this.table = new GroupTable(ws, layout.shape, layout.rowBytes);
  }

  change(rows: readonly TwinRow[], back: boolean, timed = true): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const values = rows.map((r) => r.values);
    const batch = batchOfRows(ws, this.#schema, values, timed ? rows.map((r) => r.time) : undefined);
    const grouped = this.#find(batch, 0);
    const given = argumentsOf(ws, this.#layout, batch);
    if (!back) adderOf(this.#layout, given)(grouped);
    else
      this.#layout.aggregates.forEach(({ aggregate, offset, bound }, i) => {
        assert.ok(aggregate.subtract !== undefined, `${bound.fn} can be taken back`);
        aggregate.subtract(grouped, offset, given[i] as (typeof given)[number]);
      });
    ws.scratch.release(mark);
  }

  /** Partial states, as values. */
  states(): KeyValue[][] {
    const rows = { ws: this.#ws, ats: this.#ats(), count: this.table.size };
    const keys = this.keys();
    const read = this.#layout.aggregates.flatMap(({ aggregate, offset }) => aggregate.read(rows, offset));
    const values = read.map((v) => valuesOf(this.#ws, v, rows.count));
    return keys.map((key, i) => [0n, key, ...values.map((column) => column[i] as KeyValue)]);
  }

  merge(states: readonly KeyValue[][], back = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const { aggregates } = this.#layout;
    const schema = partialSchemaOf(
      this.#schema,
      [0],
      aggregates.map(({ bound }) => bound),
    );
    const batch = batchOfRows(ws, schema, states);
    const grouped = this.#find(batch, 1);
    let at = 2;
    for (const { aggregate, offset } of aggregates) {
      const columns = batch.columns.slice(at, at + aggregate.state.length);
      if (back) aggregate.unmerge?.(grouped, offset, columns, batch.rows);
      else aggregate.merge(grouped, offset, columns, batch.rows);
      at += aggregate.state.length;
    }
    ws.scratch.release(mark);
  }

  keys(): KeyValue[] {
    return Array.from({ length: this.table.size }, (_, g) => Number(this.#ws.memory.i64[(this.table.rows + g * this.table.stride) / 8]));
  }

  /** Each group's results, by key. */
  results(): Map<KeyValue, KeyValue[]> {
    const rows = { ws: this.#ws, ats: this.#ats(), count: this.table.size };
    const columns = this.#layout.aggregates.map(({ aggregate, offset, bound }) =>
      valuesOf(this.#ws, aggregate.result(rows, offset, bound.name), rows.count),
    );
    return new Map(this.keys().map((key, i) => [key, columns.map((column) => column[i] as KeyValue)]));
  }

  #ats(): number {
    const ats = this.#ws.alloc(this.table.size * 4);
    this.table.addresses(0, this.table.size, ats);
    return ats;
  }

  #find(batch: Batch, key: number): GroupedRows {
    const ats = this.#ws.alloc(batch.rows * 4);
    this.table.find(keyWordsOf(this.#ws, this.#layout.shape, batch, [key]), NONE, 0, batch.rows, ats);
    return { ws: this.#ws, ats, from: 0, to: batch.rows, tables: [this.table] };
  }
}

function check(groups: Groups, aggregates: readonly BoundAggregate[], live: readonly TwinRow[], what: string): void {
  for (const [key, found] of groups.results()) {
    const rows = live.filter((r) => r.values[0] === key);
    aggregates.forEach((a, i) => {
      const wanted = twinAggregate({ fn: a.fn, kind: a.kinds[0], argument: a.args[0], by: a.args[1], where: a.where }, rows);
      assertSame(found[i] as KeyValue, wanted, `${what}: ${a.name} of group ${String(key)}`);
    });
  }
}

function assertSame(found: KeyValue, wanted: KeyValue, what: string): void {
  if (typeof found === 'number' && typeof wanted === 'number' && Math.abs(found - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted))) return;
  assert.deepEqual(found, wanted, what);
}

function aggregatesOver(random: Random, schema: Schema, names: readonly string[]): BoundAggregate[] {
  return schema.flatMap((f, argument) =>
    names.flatMap((fn): BoundAggregate[] => {
      const args = fn.endsWith('By') ? [argument, random.int(0, schema.length - 1)] : [argument];
      const types = args.map((i) => schema[i] as Field);
      if (random.bool(0.5) || !('kind' in aggregateType(fn, types, false))) return [];
      const where = random.bool(0.3) ? { where: schema.length - 1 } : {};
      return [{ name: `${fn}_${f.name}`, fn, kinds: types.map(({ kind }) => kind), args, revocable: true, ...where }];
    }),
  );
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`rows that are taken back leave what the rest of them give (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(5);
    const schema: Schema = [field('k', 'int32'), ...KINDS.map((kind) => field(kind, kind, true)), field('chosen', 'bool')];
    for (let round = 0; round < 12; round++) {
      ws.alloc(8); // scratch has a block from here on
      const before = ws.blocks.bytesInUse;
      const aggregates = aggregatesOver(random, schema, NAMES);
      const layout = groupLayout([schema[0] as Field], aggregates, false);
      const keys = random.pick([1, 5, 40]);
      let groups = new Groups(ws, schema, layout);
      let live: TwinRow[] = [];
      let time = 0;
      for (let turn = 0; turn < 12; turn++) {
        const added = Array.from({ length: random.pick([1, 20, 200]) }, (): TwinRow => {
          // Now and then a row that is there already; no two others have one time.
          if (live.length > 0 && random.bool(0.3)) return random.pick(live);
          return {
            time: (time++ * 7919) % 104_729,
            values: schema.map((f, i) =>
              i === 0 ? random.int(0, keys - 1) : i === schema.length - 1 ? random.bool() : randomValue(random, f.kind),
            ),
          };
        });
        groups.change(added, false);
        live.push(...added);
        const shuffled = random.shuffle([...live]);
        const taken = shuffled.slice(0, random.bool(0.1) ? live.length : random.int(0, live.length));
        live = shuffled.slice(taken.length);
        if (taken.length > 0) groups.change(taken, true);
        check(groups, aggregates, live, `round ${round}, turn ${turn}`);
        if (random.bool(0.3)) {
          const states = groups.states();
          groups.table.close();
          groups = new Groups(ws, schema, layout);
          groups.merge(states);
          check(groups, aggregates, live, `round ${round}, turn ${turn}, restored`);
        }
        ws.scratch.reset();
      }
      groups.table.close();
      assert.equal(ws.blocks.bytesInUse, before, 'memory is given back');
    }
  });

  test(`partial states that are taken back leave the rest (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(6);
    const schema: Schema = [field('k', 'int32'), ...KINDS.map((kind) => field(kind, kind, true)), field('chosen', 'bool')];
    const exact = ['count', 'sum', 'avg', 'variance', 'stddev', 'bitXor', 'boolAnd', 'boolOr'];
    const aggregates = aggregatesOver(random, schema, exact).filter(({ fn, kinds: [kind] }) => fn === 'count' || kind !== 'float64');
    const layout = groupLayout([schema[0] as Field], aggregates, false);
    for (const { aggregate, bound } of layout.aggregates) assert.ok(aggregate.unmerge !== undefined, bound.name);
    const groups = new Groups(ws, schema, layout);
    const slices: { rows: TwinRow[]; states: KeyValue[][] }[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const rows = Array.from(
        { length: random.pick([1, 30]) },
        (): TwinRow => ({
          time: 0,
          values: schema.map((f, i) =>
            i === 0 ? random.int(0, 4) : i === schema.length - 1 ? random.bool() : randomValue(random, f.kind),
          ),
        }),
      );
      const slice = new Groups(ws, schema, layout);
      slice.change(rows, false);
      slices.push({ rows, states: slice.states() });
      slice.table.close();
      groups.merge((slices.at(-1) as (typeof slices)[number]).states);
      if (random.bool(0.6)) groups.merge((slices.shift() as (typeof slices)[number]).states, true);
      check(
        groups,
        aggregates,
        slices.flatMap((s) => s.rows),
        `turn ${turn}`,
      );
      ws.scratch.reset();
    }
    groups.table.close();
  });

  test(`without event time first and last are by arrival, and of equal values the earliest is taken back (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const random = new Random(7);
    for (const kind of ['int64', 'utf8'] as const) {
      const schema: Schema = [field('k', 'int32'), field('v', kind, true)];
      const aggregates = ['first', 'last'].map((fn): BoundAggregate => ({ name: fn, fn, args: [1], kinds: [kind], revocable: true }));
      const layout = groupLayout([schema[0] as Field], aggregates, false);
      let groups = new Groups(ws, schema, layout);
      const live: KeyValue[] = [];
      for (let turn = 0; turn < 300; turn++) {
        const row = (v: KeyValue): TwinRow => ({ time: 0, values: [3, v] });
        const added = Array.from({ length: random.int(0, 12) }, () => randomValue(random, kind));
        groups.change(added.map(row), false, false);
        live.push(...added.filter((v) => v !== null));
        const taken = random.shuffle([...live]).slice(0, random.bool(0.1) ? live.length : random.int(0, Math.min(live.length, 12)));
        for (const v of taken) live.splice(live.indexOf(v), 1);
        groups.change(taken.map(row), true, false);
        if (random.bool(0.2)) {
          const states = groups.states();
          groups.table.close();
          groups = new Groups(ws, schema, layout);
          groups.merge(states);
        }
        if (groups.table.size > 0) assert.deepEqual(groups.results().get(3), [live[0] ?? null, live.at(-1) ?? null], `turn ${turn}`);
        assert.ok(groups.table.bytesInUse < 200_000, 'what is given back is used again');
        ws.scratch.reset();
      }
      groups.table.close();
    }
  });
}
