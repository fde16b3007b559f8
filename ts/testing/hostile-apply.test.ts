import { test } from 'node:test';
import { BatchBuilder } from '../columns/builder.js';
import { attach, detach, type DetachedBatch } from '../columns/detached.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { ApplyRows, type WindowFunction } from '../operators/apply-rows.js';
import { PlacedResults } from '../operators/result-places.js';
import { WindowAggregate, type WindowAggregateConfig } from '../operators/window-aggregate.js';
import { packRows } from '../state/packed-rows.js';
import { createWorkspace, type Workspace } from '../wasm/workspace.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('text', 'utf8'), field('tags', 'list<utf8>', true)];
const PACKED: Schema = [field('user', 'utf8', true), field('packed', 'binary')];
const RESULTS: Schema = [
  field('user', 'utf8', true),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('rows', 'binary'),
];

/** Rows with each of them packed beside its key. */
function packedSteps(seed: number): HostileStep[] {
  const random = new Random(seed);
  const ws = createWorkspace({ bytes: 32 << 20 });
  let watermark = -500;
  return Array.from({ length: 6 }, (_, step) => {
    const builder = new BatchBuilder(ROWS);
    for (let r = random.pick([0, 1, 90, random.int(0, 90)]); r > 0; r--) {
      const user = random.bool(0.1) ? null : `user ${random.int(0, 12)}`;
      const tags = random.bool(0.2) ? null : Array.from({ length: random.int(0, 3) }, (_, i) => `tag ${i}`);
      const values = [user, random.bool(0.2) ? null : BigInt(r), 'x'.repeat(random.int(0, 20)), tags];
      builder.appendValues(values, { time: watermark + 1 + random.int(0, 300), position: BigInt(step * 1000 + random.int(0, 99)) });
    }
    const mark = ws.scratch.mark();
    const rows = builder.finish(ws);
    const [user] = rows.columns;
    const packed = { ...rows, schema: PACKED, columns: [user as (typeof rows.columns)[number], packRows(ws, rows.columns, rows.rows)] };
    const inputs = [detach(ws.memory, packed)];
    ws.scratch.release(mark);
    watermark = step === 5 ? Infinity : watermark + random.int(0, 250);
    return { inputs, watermark, clockMs: step * 1000 };
  });
}

const VARIANTS: readonly Pick<WindowAggregateConfig, 'emit' | 'changes' | 'allowedLatenessMs'>[] = [
  { emit: 'final', changes: false, allowedLatenessMs: 0 },
  { emit: 'updates', changes: true, allowedLatenessMs: 0 },
  { emit: 'final', changes: true, allowedLatenessMs: 120 },
];

for (const [i, variant] of VARIANTS.entries()) {
  test(`all rows of windows: ${variant.emit}, lateness ${variant.allowedLatenessMs} ms`, () => {
    const common = {
      window: { kind: 'tumbling', sizeMs: 100, offsetMs: 30 },
      inputSchema: PACKED,
      keys: [0],
      aggregates: [{ name: 'rows', fn: 'allRows', args: [1], kinds: ['binary'] }],
      outputSchema: RESULTS,
      mode: 'rows',
    } as const;
    verifyOperator({
      make: (ws, keyGroups) => new WindowAggregate(ws, { ...common, ...variant, keyGroups }),
      steps: packedSteps(70 + i),
      keys: [['user']],
      order: 'any',
      recut: !variant.changes,
    });
  });
}

test('results of windows with places of their own', () => {
  const config = {
    window: { kind: 'tumbling', sizeMs: 100, offsetMs: 30 },
    inputSchema: PACKED,
    keys: [0],
    aggregates: [{ name: 'rows', fn: 'count', args: [], kinds: [] }],
    outputSchema: RESULTS.map((f) => (f.name === 'rows' ? field('rows', 'int64') : f)),
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
  } as const;
  verifyOperator({
    make: (ws, keyGroups) => new PlacedResults(new WindowAggregate(ws, { ...config, keyGroups }), ws, [0, 1]),
    steps: packedSteps(75),
    keys: [['user']],
    order: 'any',
    recut: true,
  });
});

/** Results as a window with all its rows gives them, of random sizes. */
function resultSteps(seed: number, changes: boolean): HostileStep[] {
  const random = new Random(seed);
  const ws = createWorkspace({ bytes: 32 << 20 });
  return Array.from({ length: 4 }, (_, step): HostileStep => {
    const results = new BatchBuilder(RESULTS);
    for (let w = random.int(0, 12); w > 0; w--) {
      const user = `user ${random.int(0, 3)}`;
      const rows = new BatchBuilder(ROWS);
      const count = random.pick([1, 2, 40]);
      for (let r = 0; r < count; r++) {
        rows.appendValues([user, random.bool(0.3) ? null : BigInt(r), `text ${r}`, random.bool(0.3) ? null : [`${r}`, '']], {
          time: random.int(0, 3),
          position: BigInt(random.int(0, 3)),
        });
      }
      const op = changes ? random.int(0, 3) : undefined;
      results.appendValues([user, step * 100, step * 100 + 100, entriesOf(ws, rows.finishDetached())], { time: step * 100 + 99, op });
    }
    return { inputs: [results.finishDetached()], watermark: step === 3 ? Infinity : step * 100 + 99 };
  });
}

/** As assembly/kernels/accumulate-rows.ts draws them. */
function entriesOf(ws: Workspace, rows: DetachedBatch): Uint8Array {
  const mark = ws.scratch.mark();
  const packed = packRows(ws, attach(ws, rows).columns, rows.rows);
  const parts = Array.from({ length: rows.rows }, (_, r) => {
    const [from, to] = [0, 1].map((i) => ws.memory.u32[packed.offsets / 4 + r + i] as number) as [number, number];
    const head = BigInt64Array.of(rows.times?.[r] ?? 0n, rows.positions?.[r] ?? 0n, BigInt(to - from));
    return Buffer.concat([new Uint8Array(head.buffer), ws.memory.u8.slice(packed.values + from, packed.values + to)]);
  });
  ws.scratch.release(mark);
  return new Uint8Array(Buffer.concat(parts));
}

test('a function over all rows of windows', () => {
  const outputSchema: Schema = [
    field('user', 'utf8', true),
    field('n', 'int64', true),
    field('tags', 'list<utf8>', true),
    field('at', 'timestamp'),
  ];
  const every: WindowFunction = (rows, { key, end }, out) => {
    for (const row of rows) out.emit({ user: key['user'], n: row['n'], tags: row['tags'], at: end });
  };
  const some: WindowFunction = (rows, { key, start }, out) => {
    const [first] = rows;
    if (rows.length > 1) out.emit({ user: key['user'], n: first?.['n'], tags: [...rows].map((row) => row['text']), at: start });
  };
  for (const changes of [false, true]) {
    for (const fn of [every, some]) {
      const config = { inputSchema: RESULTS, keys: ['user'], column: 'rows', rowFields: ROWS, outputSchema };
      verifyOperator({ make: (ws) => new ApplyRows(ws, config, fn), steps: resultSteps(changes ? 81 : 80, changes) });
    }
  }
});
