import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../columns/batch.js';
import { BatchBuilder, rowsToBatch } from '../columns/builder.js';
import { detach } from '../columns/detached.js';
import { batchToRows, type Row } from '../columns/rows.js';
import { field, type Schema } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';
import { createWorkspace, type Workspace } from '../wasm/workspace.js';
import type { Operator } from './operator.js';
import type { RowFunction } from './row-call.js';
import { BranchRows, FilterRows, FlatMapRows, MapRows, PeekRows } from './row-functions.js';

const SCHEMA: Schema = [field('user', 'utf8'), field('n', 'int64', true), field('score', 'float64')];
const OUT: Schema = [field('word', 'utf8'), field('times', 'int32', true)];

function workspace(): Workspace {
  return createWorkspace({ bytes: 64 << 20 });
}

function people(ws: Workspace, count: number): Batch {
  return rowsToBatch(
    ws,
    SCHEMA,
    Array.from({ length: count }, (_, i) => ({ user: `user ${i}`, n: i % 3 === 0 ? null : BigInt(i), score: i / 2 })),
  );
}

/** Stamps that tell rows apart: time 1000 + i, clock i, operation i mod 4. */
function stamped(ws: Workspace, count: number): Batch {
  const builder = new BatchBuilder(SCHEMA);
  for (let i = 0; i < count; i++) builder.append({ user: `u${i}`, n: i, score: i }, { time: 1000 + i, clock: i, op: i % 4 });
  return builder.finish(ws);
}

interface Emitted {
  readonly port: number;
  readonly rows: Row[];
  readonly stamps: readonly [times: bigint[], clocks: bigint[], ops: number[]];
}

function run(ws: Workspace, operator: Operator, batch: Batch, room = 1000): Emitted[] {
  const out: Emitted[] = [];
  assert.ok(operator.ready(0));
  operator.push(0, batch);
  const outbox = {
    room: () => room,
    emit: (port: number, emitted: Batch) => {
      assert.ok(emitted.rows <= room && emitted.rows > 0, `${emitted.rows} rows of ${room}`);
      const { times, clocks, ops } = detach(ws.memory, emitted);
      out.push({ port, rows: batchToRows(ws.memory, emitted), stamps: [[...(times ?? [])], [...(clocks ?? [])], [...(ops ?? [])]] });
    },
  };
  while (operator.pull(outbox) === 'more') assert.ok(!operator.ready(0));
  assert.ok(operator.ready(0));
  return out;
}

function rowsOf(emitted: readonly Emitted[], port = 0): Row[] {
  return emitted.filter((e) => e.port === port).flatMap((e) => e.rows);
}

test('map gives one row for each, in pieces of the room there is', () => {
  for (const room of [1, 3, 1000]) {
    const ws = workspace();
    const map = new MapRows(ws, OUT, (r) => ({ word: `${r['user']}!`, times: r['n'] === null ? null : Number(r['n']) }));
    const out = run(ws, map, people(ws, 10), room);
    assert.equal(out.length, Math.ceil(10 / room));
    assert.deepEqual(
      rowsOf(out),
      Array.from({ length: 10 }, (_, i) => ({ word: `user ${i}!`, times: i % 3 === 0 ? null : i })),
    );
  }
});

test('rows keep event time, clock and operation', () => {
  const operators: Record<string, (ws: Workspace) => Operator> = {
    map: (ws) => new MapRows(ws, SCHEMA, (r) => ({ ...r })),
    filter: (ws) => new FilterRows(ws, () => true),
    peek: (ws) => new PeekRows(ws, () => {}),
    branch: (ws) => new BranchRows(ws, [() => true]),
    flatMap: (ws) => new FlatMapRows(ws, SCHEMA, (r) => [r]),
  };
  for (const [name, make] of Object.entries(operators)) {
    for (const room of [1, 3, 100]) {
      const ws = workspace();
      const out = run(ws, make(ws), stamped(ws, 10), room);
      assert.deepEqual(
        out.flatMap((e) => e.stamps[0]),
        Array.from({ length: 10 }, (_, i) => BigInt(1000 + i)),
        name,
      );
      assert.deepEqual(
        out.flatMap((e) => e.stamps[1]),
        Array.from({ length: 10 }, (_, i) => BigInt(i)),
        name,
      );
      assert.deepEqual(
        out.flatMap((e) => e.stamps[2]),
        Array.from({ length: 10 }, (_, i) => i % 4),
        name,
      );
    }
  }
  const ws = workspace();
  const twice = run(ws, new FlatMapRows(ws, SCHEMA, (r) => (r['score'] === 1 ? [] : [r, r])), stamped(ws, 3), 3);
  assert.deepEqual(
    twice.flatMap((e) => e.stamps[0]),
    [1000n, 1000n, 1002n, 1002n],
  );
  assert.deepEqual(
    twice.flatMap((e) => e.stamps[2]),
    [0, 0, 2, 2],
  );
});

test('filter and branch pick rows; a row goes to the first branch that takes it', () => {
  for (const room of [1, 2, 1000]) {
    const ws = workspace();
    const kept = run(ws, new FilterRows(ws, (r) => (r['score'] as number) >= 2 && r['n']), people(ws, 10), room);
    assert.deepEqual(
      rowsOf(kept).map((r) => r['user']),
      ['user 4', 'user 5', 'user 7', 'user 8'],
    );
    const branch = new BranchRows(ws, [
      (r) => r['n'] === null,
      (r) => (r['score'] as number) > 3,
      () => false,
      (r) => r['user'] !== 'user 1',
    ]);
    for (let round = 0; round < 2; round++) {
      const out = run(ws, branch, people(ws, 10), room);
      const users = (port: number): unknown[] => rowsOf(out, port).map((r) => r['user']);
      assert.deepEqual(users(0), ['user 0', 'user 3', 'user 6', 'user 9']);
      assert.deepEqual(users(1), ['user 7', 'user 8']);
      assert.deepEqual(users(2), []);
      assert.deepEqual(users(3), ['user 2', 'user 4', 'user 5']);
    }
  }
});

test('peek sees every row once and passes all on', () => {
  const ws = workspace();
  const seen: unknown[] = [];
  const out = run(ws, new PeekRows(ws, (r) => seen.push(r['user'])), people(ws, 5), 2);
  assert.deepEqual(
    seen,
    rowsOf(out).map((r) => r['user']),
  );
  assert.equal(seen.length, 5);
});

test('one row that becomes 100,000 is taken piece by piece, in memory that does not grow', () => {
  const ws = workspace();
  let made = 0;
  const flatMap = new FlatMapRows(ws, OUT, function* (r) {
    for (let i = 0; i < 100_000; i++) {
      made++;
      yield { word: r['user'], times: i };
    }
  });
  flatMap.push(0, people(ws, 1));
  let rows = 0;
  let most = 0;
  let used = 0;
  const out = {
    room: () => 1000,
    emit: (_port: number, batch: Batch) => {
      rows += batch.rows;
      most = Math.max(most, made - rows);
      if (rows === 1000) used = ws.blocks.bytesInUse;
    },
  };
  while (flatMap.pull(out) === 'more');
  assert.equal(rows, 100_000);
  assert.ok(most <= 1, `${most} rows were made ahead`);
  assert.equal(ws.blocks.bytesInUse, used);
});

test('large values close a batch before its rows do', () => {
  const ws = workspace();
  const big = 'x'.repeat(1 << 20);
  const out = run(ws, new FlatMapRows(ws, [field('s', 'utf8')], () => Array.from({ length: 20 }, () => ({ s: big }))), people(ws, 1));
  assert.equal(out.length, 3);
  assert.equal(rowsOf(out).length, 20);
});

test('a closed flatMap ends the generator at hand', () => {
  const ws = workspace();
  let ended = false;
  const flatMap = new FlatMapRows(ws, OUT, function* () {
    try {
      for (;;) yield { word: 'a' };
    } finally {
      ended = true;
    }
  });
  flatMap.push(0, people(ws, 1));
  assert.equal(flatMap.pull({ room: () => 5, emit() {} }), 'more');
  flatMap.close();
  assert.ok(ended);
});

function fault(make: (ws: Workspace, fn: RowFunction) => Operator, fn: RowFunction): MillraceError {
  const ws = workspace();
  const operator = make(ws, fn);
  let caught: unknown;
  try {
    run(ws, operator, people(ws, 5));
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof MillraceError, String(caught));
  assert.equal(caught.code, 'function.failed');
  return caught;
}

const map = (ws: Workspace, fn: RowFunction): Operator => new MapRows(ws, OUT, fn);
const flatMap = (ws: Workspace, fn: RowFunction): Operator => new FlatMapRows(ws, OUT, fn);
const filter = (ws: Workspace, fn: RowFunction): Operator => new FilterRows(ws, fn);

test('a function that throws is told with the row and the cause', () => {
  const thrown = new RangeError('no such place');
  const error = fault(map, (r) => {
    if (r['score'] === 1) throw thrown;
    return { word: 'a' };
  });
  assert.equal(error.message, 'map: its function threw RangeError: no such place; for the row { user: "user 2", n: 2n, score: 1 }');
  assert.equal(error.cause, thrown);
  assert.match(
    fault(filter, () => {
      throw 'just text';
    }).message,
    /filter: its function threw the string "just text"; for the row \{ user: "user 0", n: null/,
  );
});

test('mixing numbers and int64 columns gets advice that names them', () => {
  const mixed = fault(filter, (r) => (r['n'] as unknown as number) * 2 > 3);
  assert.match(
    mixed.message,
    /TypeError: Cannot mix BigInt.*: int64 columns are bigint in rows \(here n\); write 2n for 2, or Number\(row\.n\); for the row/,
  );
  assert.match(fault(map, (r) => ({ word: JSON.stringify(r) })).message, /int64 columns are bigint in rows/);
});

test('wrong rows are told by column and kind', () => {
  assert.match(
    fault(map, (r) => ({ word: r['n'] ?? 'x' })).message,
    /^map: the row that its function gave: column word: expected a string; found the bigint 1n; for the row \{ user: "user 1"/,
  );
  assert.match(fault(map, () => ({ wort: 'x' })).message, /column word is missing: .* the row's wort is no column/);
  assert.match(fault(map, () => undefined).message, /expected an object with word utf8, times int32\?; found undefined/);
  assert.match(fault(map, async () => ({ word: 'x' })).message, /Promise.*must not be async/);
  assert.match(fault(flatMap, () => [{ word: 'x' }, { word: 5 }]).message, /^flatMap: the row that its function gave: column word/);
  assert.match(fault(flatMap, () => 'text').message, /gave the string "text"; expected an iterable of rows/);
  assert.match(fault(flatMap, () => undefined).message, /gave undefined; expected an iterable/);
  assert.match(fault(filter, async () => true).message, /gave a Promise; row functions answer at once/);
});

test('a row kept beyond its batch says so', () => {
  const ws = workspace();
  const kept: Row[] = [];
  const peek = new PeekRows(ws, (r) => kept.push(r));
  run(ws, peek, people(ws, 2));
  assert.throws(() => kept[0]?.['user'], /copy it: \{ \.\.\.row \}/);
});
