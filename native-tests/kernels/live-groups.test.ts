import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, type Field, type Schema } from '../../ts/columns/schema.js';
import { must } from '../../ts/core/assert.js';
import { Random } from '../../ts/core/random.js';
import { GroupAggregate, type TellingRule } from '../../ts/operators/group-aggregate.js';
import type { BoundAggregate } from '../../ts/operators/group-layout.js';
import { aggregateType } from '../../ts/plan/aggregate-signatures.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';
import { Drive } from '../support/drive.js';
import { TwinGroups } from '../twins/groups.js';
import type { KeyValue } from '../twins/hash.js';

const OPS = ['+I', '-U', '+U', '-D'];
const SCHEMA: Schema = [field('k', 'int64', true), field('w', 'utf8'), field('n', 'int64', true), field('ok', 'bool')];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [2], kinds: ['int64'] },
  { name: 'most', fn: 'max', args: [1], kinds: ['utf8'] },
  { name: 'mean', fn: 'avg', args: [2], kinds: ['int64'] },
  { name: 'good', fn: 'count', args: [], kinds: [], where: 3 },
];
const TWINS = AGGREGATES.map(({ fn, kinds, args, where }) => ({ fn, kind: kinds[0], argument: args[0], where }));
const RULE: TellingRule = { rows: undefined, everyMs: [], watermark: false, purging: false };

interface Case {
  readonly keys: readonly number[];
  readonly users: number;
  readonly rows: number;
  readonly ttlMs?: number;
  readonly wanted?: number;
  readonly purging?: boolean;
}

/** Runs random steps and compares what each tells with the twin, but for order. */
function run(
  build: 'debug' | 'scalar' | 'simd',
  seed: number,
  { keys, users, rows, ttlMs, wanted, purging = false }: Case,
): Readonly<Record<string, number>> {
  const random = new Random(seed);
  const ws = createWorkspace({ build, bytes: 64 << 20 });
  const resultOf = (a: BoundAggregate): Field => {
    const type = aggregateType(
      a.fn,
      a.args.map((i) => must(SCHEMA[i], 'a column')),
      a.where !== undefined,
    );
    assert('kind' in type);
    return field(a.name, type.kind, type.nullable);
  };
  const operator = new GroupAggregate(ws, {
    inputSchema: SCHEMA,
    keys,
    aggregates: AGGREGATES,
    outputSchema: [...keys.map((i) => must(SCHEMA[i], 'a key')), ...AGGREGATES.map(resultOf)],
    mode: 'rows',
    ttlMs,
    telling: wanted === undefined && !purging ? undefined : { ...RULE, rows: wanted, watermark: true, purging },
    keyGroups: { count: 128, lane: 0, lanes: 1 },
  });
  const twin = new TwinGroups(keys, TWINS, { ttlMs, wantedRows: wanted, purging });
  const drive = new Drive(ws, operator, () => random.pick([1, 2, 7, 1000]));
  const all = wanted === undefined && !purging;
  let clock = 0;
  let from = 0;
  for (let step = 0; step < 12; step++) {
    clock += random.int(0, 400);
    // Keys move on, so that old groups come to their end.
    from += ttlMs === undefined ? 0 : random.int(0, users / 3);
    drive.begin(clock, step);
    for (let b = random.int(0, 3); b > 0; b--) {
      const batch = Array.from({ length: random.pick([0, 1, rows]) }, (): KeyValue[] => [
        random.bool(0.02) ? null : BigInt(from + random.int(0, users)),
        'word '.repeat(random.int(0, 3)) + random.int(0, 9),
        random.bool(0.1) ? null : BigInt(random.int(-50, 50)),
        random.bool(),
      ]);
      for (const values of batch) twin.add({ comes: true, values }, clock);
      drive.push(() => batchOfRows(ws, SCHEMA, batch));
    }
    const last = step === 11;
    const told = drive.mark(last ? Infinity : step, step, clock).map(({ op, row }) => [OPS[op], ...row].map(String).join(' '));
    assert.deepEqual(told.sort(), twin.tell(all || last).sort(), `step ${step} of seed ${seed}`);
  }
  const metrics = operator.metrics();
  operator.close();
  assert.equal(ws.blocks.bytesInUse - scratchBytes(ws), 0);
  return metrics;
}

function scratchBytes(ws: { readonly scratch: { reset(): void }; readonly blocks: { readonly bytesInUse: number } }): number {
  ws.scratch.reset();
  return ws.blocks.bytesInUse;
}

for (const build of ['debug', 'scalar', 'simd'] as const) {
  test(`live groups agree with a slow twin, ${build}`, () => {
    for (let seed = 0; seed < 3; seed++) {
      run(build, seed, { keys: [0], users: 20, rows: 100 });
      run(build, seed, { keys: [0, 1], users: 200, rows: 700 });
      run(build, seed, { keys: [1], users: 20, rows: 100, ttlMs: 500 });
      run(build, seed, { keys: [0], users: 20, rows: 100, wanted: 5 });
      run(build, seed, { keys: [0], users: 20, rows: 100, wanted: 5, purging: true });
      run(build, seed, { keys: [], users: 20, rows: 100, wanted: 40 });
    }
  });

  test(`tables are made anew without their dead, ${build}`, () => {
    const metrics = run(build, 100, { keys: [0], users: 6000, rows: 3000, ttlMs: 300 });
    assert.ok((metrics['rebuilds'] ?? 0) > 0, JSON.stringify(metrics));
    assert.ok((metrics['expiredGroups'] ?? 0) > 1000, JSON.stringify(metrics));
    const purged = run(build, 101, { keys: [0], users: 3000, rows: 6000, wanted: 2, purging: true });
    assert.ok((purged['rebuilds'] ?? 0) > 0, JSON.stringify(purged));
  });
}
