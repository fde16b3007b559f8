import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOfRows } from '../../../native-tests/support/columns.js';
import { Drive } from '../../../native-tests/support/drive.js';
import type { KeyValue } from '../../../native-tests/twins/hash.js';
import { field, type Kind, type Schema } from '../../columns/schema.js';
import { Random } from '../../core/random.js';
import { createWorkspace } from '../../wasm/workspace.js';
import { groupLayout, type BoundAggregate } from '../group-layout.js';
import { SlicedGroups } from '../sliced-groups.js';
import { WindowAggregate } from '../window-aggregate.js';
import { windowPolicy } from '../window-policy.js';
import { OwnFunctionsAggregate, type OwnFunctions } from './own-functions.js';

const WINDOW = { kind: 'tumbling', sizeMs: 10, offsetMs: 0 } as const;

const LIST: OwnFunctions = {
  init: () => [],
  add: (state, value) => [...(state as unknown[]), value],
  merge: (a, b) => [...(a as unknown[]), ...(b as unknown[])],
  result: (state) => (state as unknown[]).map((v) => (v instanceof Uint8Array ? `[${v.join()}]` : `${typeof v} ${String(v)}`)).join(' '),
};

function bound(functions: OwnFunctions, kind: Kind, output: Kind, options: Record<string, number> = {}, where?: number): BoundAggregate {
  return {
    name: 'own',
    fn: 'aggregator',
    args: [1],
    kinds: [kind],
    options: { input: kind, output, ...options },
    functions: functions as unknown as NonNullable<BoundAggregate['functions']>,
    ...(where === undefined ? {} : { where }),
  };
}

/** What windows of 10 ms give for rows of key, value and whether they are chosen. */
function windows(
  kind: Kind,
  output: Kind,
  functions: OwnFunctions,
  rows: readonly KeyValue[][],
  options: Record<string, number> = {},
): KeyValue[] {
  const ws = createWorkspace({ bytes: 32 << 20 });
  const schema: Schema = [field('key', 'int64'), field('value', kind, true), field('chosen', 'bool', true)];
  const aggregates = [bound(functions, kind, output, options, 2)];
  const operator = new WindowAggregate(ws, {
    window: WINDOW,
    inputSchema: schema,
    keys: [0],
    aggregates,
    outputSchema: [field('key', 'int64'), field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), field('own', output, true)],
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
    keyGroups: { count: 16, lane: 0, lanes: 1 },
  });
  const drive = new Drive(ws, operator, () => 2);
  for (let from = 0; from < rows.length; from += 3) {
    const part = rows.slice(from, from + 3);
    drive.push(() =>
      batchOfRows(
        ws,
        schema,
        part,
        part.map(() => 5),
      ),
    );
  }
  const out = drive.mark(Number.POSITIVE_INFINITY).map(({ row }) => row[3] as KeyValue);
  operator.close();
  return out;
}

test('add gets each value that is not null and chosen, of every type, as rows show it', () => {
  const cases: readonly [Kind, readonly KeyValue[], string][] = [
    ['bool', [true, false], 'boolean true boolean false'],
    ['int32', [-1, 2 ** 31 - 1], 'number -1 number 2147483647'],
    ['int64', [-(2n ** 63n), 7n], 'bigint -9223372036854775808 bigint 7'],
    ['float64', [Number.NaN, -0, 1.5], 'number NaN number 0 number 1.5'],
    ['utf8', ['', 'é', 'a text of more than twenty-four bytes'], 'string  string é string a text of more than twenty-four bytes'],
    ['binary', [new Uint8Array([1, 2])], '[1,2]'],
    ['timestamp', [-5n, 8_640_000_000_000_000n], 'number -5 number 8640000000000000'],
  ];
  for (const [kind, values, expected] of cases) {
    const noise = values[0] as KeyValue;
    const rows = values.flatMap((value): KeyValue[][] => [
      [1n, null, true],
      [1n, value, true],
      [1n, noise, false],
      [1n, noise, null],
      [2n, null, true],
    ]);
    assert.deepEqual(windows(kind, 'utf8', LIST, rows), [expected, null], kind);
  }
  const sign = { ...LIST, result: (s: unknown) => ((s as number[]).every((v) => Object.is(v, -0)) ? 'negative zero' : 'other') };
  assert.deepEqual(windows('float64', 'utf8', sign, [[1n, -0, true]]), ['negative zero']);
});

test('results of every type are checked', () => {
  const give = (kind: Kind, value: unknown, options = {}): KeyValue[] =>
    windows('int64', kind, { ...LIST, result: () => value }, [[1n, 1n, true]], options);
  assert.deepEqual(give('bool', true), [true]);
  assert.deepEqual(give('int32', 5), [5]);
  assert.deepEqual(give('int64', 5), [5n]);
  assert.deepEqual(give('int64', 5n), [5n]);
  assert.deepEqual(give('float64', 0.5), [0.5]);
  assert.deepEqual(give('utf8', 'é'), ['é']);
  assert.deepEqual(give('binary', new Uint8Array([9])), [new Uint8Array([9])]);
  assert.deepEqual(give('timestamp', new Date(7)), [7n]);
  assert.deepEqual(give('utf8', null, { nullable: 1 }), [null]);
  assert.deepEqual(give('utf8', undefined, { nullable: 1 }), [null]);
  const refuse = (kind: Kind, value: unknown, message: string): void =>
    assert.throws(() => give(kind, value), { code: 'function.failed', message: `aggregate 'own': its result gave ${message}` });
  refuse('int32', 1.5, 'the number 1.5; expected a whole number from -2147483648 to 2147483647');
  refuse('utf8', 5, 'the number 5; expected a string');
  refuse('utf8', null, 'null; expected a string, or declare the output nullable: utf8().nullable()');
  refuse('float64', Promise.resolve(1), 'a Promise (row functions must not be async); expected a number');
});

test('what functions throw is told with the aggregate, the function and the value', () => {
  const throws = (more: Partial<OwnFunctions>, message: string | RegExp): void =>
    assert.throws(() => windows('int64', 'utf8', { ...LIST, ...more }, [[1n, 3n, true]]), { code: 'function.failed', message });
  const fail = (): never => {
    throw new RangeError('too much');
  };
  throws({ init: fail }, "aggregate 'own': its add threw RangeError: too much; for the value the bigint 3n");
  throws({ add: fail }, "aggregate 'own': its add threw RangeError: too much; for the value the bigint 3n");
  throws({ result: fail }, "aggregate 'own': its result threw RangeError: too much");
  throws({ add: async () => 1 }, /its add threw TypeError: it gave a Promise; it must answer at once, not be async/);
  throws(
    { add: (_s, x) => (x as number) * 2 },
    /Cannot mix BigInt.*values of int64 columns are bigint: write 2n for 2, or Number\(value\)$/,
  );
});

test('states of groups that begin anew are given back', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const schema: Schema = [field('key', 'int64'), field('value', 'int64', true)];
  const layout = groupLayout([schema[0] as Schema[number]], [bound(LIST, 'int64', 'utf8')], false);
  const { aggregate, offset } = layout.aggregates[0] as (typeof layout.aggregates)[number];
  assert.ok(aggregate instanceof OwnFunctionsAggregate);
  const groups = new SlicedGroups(ws, layout, windowPolicy(WINDOW));
  for (let round = 0; round < 200; round++) {
    const mark = ws.scratch.mark();
    const rows = Array.from({ length: 100 }, (_, i): KeyValue[] => [BigInt(i), BigInt(round)]);
    groups.addRows(
      batchOfRows(
        ws,
        schema,
        rows,
        rows.map(() => 5),
      ),
      [0],
    );
    const [slice] = groups.inOrder();
    assert.ok(slice !== undefined);
    const { table } = slice;
    const ats = ws.alloc(table.size * 4);
    table.addresses(0, table.size, ats);
    const result = aggregate.result({ ws, ats, count: table.size }, offset);
    const [from, to] = [0, 1].map((i) => result.values + (ws.memory.i32[result.offsets / 4 + i] as number)) as [number, number];
    assert.equal(new TextDecoder().decode(ws.memory.u8.slice(from, to)), `bigint ${round}`);
    assert.ok(aggregate.held <= 1024 + 300, `${aggregate.held} states in round ${round}`);
    ws.kernels.trigger_clear(ats, table.size, offset, 8);
    ws.scratch.release(mark);
  }
  groups.close();
});

test('states are given back with the tables of their groups, and survive a way through bytes', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const random = new Random(9);
  const schema: Schema = [field('key', 'int64'), field('value', 'int64', true)];
  const layout = groupLayout([schema[0] as Schema[number]], [bound(LIST, 'int64', 'utf8')], false);
  const { aggregate, offset } = layout.aggregates[0] as (typeof layout.aggregates)[number];
  assert.ok(aggregate instanceof OwnFunctionsAggregate);
  const policy = windowPolicy(WINDOW);
  const groups = new SlicedGroups(ws, layout, policy);
  const twin = new Map<string, bigint[]>();
  for (let round = 0; round < 40; round++) {
    const mark = ws.scratch.mark();
    const rows = Array.from({ length: random.int(1, 400) }, (): KeyValue[] => [
      BigInt(random.int(0, 50)),
      random.bool(0.3) ? null : BigInt(random.int(0, 9)),
    ]);
    const times = rows.map(() => round * 5 + random.int(0, 30));
    groups.addRows(batchOfRows(ws, schema, rows, times), [0]);
    rows.forEach(([key, value], i) => {
      const id = `${Math.floor((times[i] as number) / 10) * 10} ${key}`;
      if (value !== null) twin.set(id, [...(twin.get(id) ?? []), value as bigint]);
    });
    for (const slice of groups.inOrder()) {
      const ats = ws.alloc(slice.table.size * 4);
      slice.table.addresses(0, slice.table.size, ats);
      const result = aggregate.result({ ws, ats, count: slice.table.size }, offset);
      for (let g = 0; g < slice.table.size; g++) {
        const key = ws.memory.i64[(slice.table.rows + g * slice.table.stride) / 8] as bigint;
        const expected = twin.get(`${slice.start} ${key}`)?.map((v) => `bigint ${v}`);
        const [from, to] = [0, 1].map((i) => result.values + (ws.memory.i32[result.offsets / 4 + g + i] as number)) as [number, number];
        assert.equal(new TextDecoder().decode(ws.memory.u8.slice(from, to)), expected?.join(' ') ?? '');
      }
    }
    assert.equal(aggregate.held, twin.size, `round ${round}`);
    // Two of three rounds free the oldest slice.
    const oldest = groups.inOrder()[0];
    if (oldest !== undefined && round % 3 > 0) {
      for (const id of twin.keys()) if (id.startsWith(`${oldest.start} `)) twin.delete(id);
      groups.free(oldest);
    }
    ws.scratch.release(mark);
  }
  groups.close();
  assert.equal(aggregate.held, 0);
});
