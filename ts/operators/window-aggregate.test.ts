import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drive, KeptState, type Emitted } from '../../native-tests/support/drive.js';
import { batchOfRows } from '../../native-tests/support/columns.js';
import { keyGroup, type KeyValue } from '../../native-tests/twins/hash.js';
import { field, type Schema } from '../columns/schema.js';
import { Random } from '../core/random.js';
import { laneOfGroup } from '../state/snapshot.js';
import { createWorkspace, type Workspace } from '../wasm/workspace.js';
import type { BoundAggregate } from './group-layout.js';
import { LateGate } from './late-gate.js';
import { WindowAggregate } from './window-aggregate.js';
import type { WindowAggregateConfig } from './window-store.js';

const SCHEMA: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('name', 'utf8')];
const AGGREGATES: readonly BoundAggregate[] = [
  { name: 'rows', fn: 'count', args: [], kinds: [] },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'] },
  { name: 'last', fn: 'max', args: [2], kinds: ['utf8'] },
];
const OPS = ['+I', '-U', '+U', '-D'];

function config(more: Partial<WindowAggregateConfig> = {}): WindowAggregateConfig {
  const changes = more.emit === 'updates' || (more.allowedLatenessMs ?? 0) > 0;
  return {
    window: { kind: 'tumbling', sizeMs: 10, offsetMs: 0 },
    inputSchema: SCHEMA,
    keys: [0],
    aggregates: AGGREGATES,
    outputSchema: [
      field('user', 'utf8', true),
      field('windowStart', 'timestamp'),
      field('windowEnd', 'timestamp'),
      field('rows', 'int64'),
      field('total', 'int64', true),
      field('last', 'utf8'),
    ],
    allowedLatenessMs: 0,
    emit: 'final',
    changes,
    mode: 'rows',
    keyGroups: { count: 128, lane: 0, lanes: 1 },
    ...more,
  };
}

type Row = readonly [time: number, user: string | null, n: bigint | null, name: string];

function push(ws: Workspace, drive: Drive, rows: readonly Row[]): void {
  drive.push(() =>
    batchOfRows(
      ws,
      SCHEMA,
      rows.map(([, ...values]) => values),
      rows.map(([time]) => time),
    ),
  );
}

/** `+I ann [0, 10) 2 7 b @9` */
function lines(emitted: readonly Emitted[]): string[] {
  return emitted.map(({ op, row, time }) => `${OPS[op]} ${row[0]} [${row[1]}, ${row[2]}) ${row.slice(3).join(' ')} @${time}`);
}

test('a window fires when the watermark passes its last millisecond, once, and its memory is given back', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const operator = new WindowAggregate(ws, config());
  const drive = new Drive(ws, operator);
  push(ws, drive, [
    [1, 'ann', 3n, 'a'],
    [12, 'bob', null, 'x'],
    [9, 'ann', 4n, 'b'],
    [-1, null, 1n, 'm'],
  ]);
  assert.deepEqual(lines(drive.mark(-2)), []);
  assert.deepEqual(operator.nextWakeup(), { event: -1 });
  assert.deepEqual(lines(drive.mark(8)), ['+I null [-10, 0) 1 1 m @-1']);
  assert.deepEqual(lines(drive.mark(9)), ['+I ann [0, 10) 2 7 b @9']);
  assert.deepEqual(lines(drive.mark(9)), []);
  assert.equal(operator.outputWatermark(), 9);
  push(ws, drive, [
    [10, 'bob', null, 'y'],
    [25, 'ann', 1n, 'z'],
  ]);
  assert.deepEqual(lines(drive.mark(Infinity)), ['+I bob [10, 20) 2  y @19', '+I ann [20, 30) 1 1 z @29']);
  assert.deepEqual([operator.metrics()['openWindows'], operator.metrics()['firedWindows'], operator.metrics()['stateBytes']], [0, 4, 0]);
  assert.deepEqual(operator.nextWakeup(), {});
});

test('without keys a window has one group', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const drive = new Drive(ws, new WindowAggregate(ws, config({ keys: [], outputSchema: config().outputSchema.slice(1) })));
  push(ws, drive, [
    [1, 'ann', 3n, 'a'],
    [2, 'bob', 4n, 'b'],
    [11, 'ann', 5n, 'c'],
  ]);
  assert.deepEqual(
    drive.mark(Infinity).map((e) => e.row),
    [
      [0n, 10n, 2n, 7n, 'b'],
      [10n, 20n, 1n, 5n, 'c'],
    ],
  );
});

test('rows within the allowed lateness change results that are out: only touched groups, and not those whose result stays', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const operator = new WindowAggregate(ws, config({ allowedLatenessMs: 20 }));
  const drive = new Drive(ws, operator, () => 1);
  push(ws, drive, [
    [1, 'ann', 3n, 'a'],
    [2, 'bob', 4n, 'b'],
  ]);
  assert.deepEqual(lines(drive.mark(9)), ['+I ann [0, 10) 1 3 a @9', '+I bob [0, 10) 1 4 b @9']);
  push(ws, drive, [
    [3, 'ann', 1n, 'long enough to be copied'],
    [4, 'cid', 9n, 'c'],
  ]);
  push(ws, drive, [[4, 'ann', 1n, 'longer, and so copied elsewhere']]);
  assert.deepEqual(lines(drive.mark(15)), [
    '-U ann [0, 10) 1 3 a @9',
    '+U ann [0, 10) 3 5 longer, and so copied elsewhere @9',
    '+I cid [0, 10) 1 9 c @9',
  ]);
  assert.deepEqual(lines(drive.mark(28)), []);
  push(ws, drive, [[5, 'bob', -4n, 'a']]);
  assert.deepEqual(lines(drive.mark(29)), ['-U bob [0, 10) 1 4 b @9', '+U bob [0, 10) 2 0 b @9'], 'fires once more before its state goes');
  assert.equal(operator.metrics()['openWindows'], 0);
});

test('a row for a window whose state is gone is a bug: the late gate takes such rows out', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const drive = new Drive(ws, new WindowAggregate(ws, config()));
  drive.mark(9);
  push(ws, drive, [[9, 'ann', 1n, 'a']]);
  assert.throws(() => drive.mark(10), /a row for a window that ended at 10 came after 9/);
});

test("with emit 'updates' open windows tell their changes at each mark", () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const drive = new Drive(ws, new WindowAggregate(ws, config({ emit: 'updates' })), () => 2);
  push(ws, drive, [
    [1, 'ann', 3n, 'a'],
    [12, 'bob', 4n, 'b'],
  ]);
  assert.deepEqual(lines(drive.mark(0)), ['+I ann [0, 10) 1 3 a @9', '+I bob [10, 20) 1 4 b @19']);
  assert.deepEqual(lines(drive.mark(1)), []);
  push(ws, drive, [[13, 'bob', null, 'a']]);
  assert.deepEqual(lines(drive.mark(20)), ['-U bob [10, 20) 1 4 b @19', '+U bob [10, 20) 2 4 b @19']);
  assert.deepEqual(lines(drive.mark(Infinity)), []);
});

test('an integer sum beyond int64 is an error that names the aggregate; one that comes back is none', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  const max = 2n ** 63n - 1n;
  const fine = new Drive(ws, new WindowAggregate(ws, config()));
  push(ws, fine, [
    [1, 'ann', max, 'a'],
    [1, 'ann', max, 'a'],
    [1, 'ann', -max, 'a'],
    [2, 'bob', -max - 1n, 'b'],
  ]);
  assert.deepEqual(
    fine.mark(9).map((e) => e.row[4]),
    [max, -max - 1n],
  );
  const over = new Drive(ws, new WindowAggregate(ws, config()));
  push(ws, over, [
    [1, 'ann', -max, 'a'],
    [2, 'ann', -2n, 'a'],
  ]);
  assert.throws(() => over.mark(9), { code: 'value.overflow', message: /'total'/ });
});

test('the late gate judges each row by its clock, else by the last mark, and counts what it takes out', () => {
  const ws = createWorkspace({ bytes: 64 << 20 });
  for (const room of [1, 100]) {
    const operator = new LateGate(ws, { window: { kind: 'tumbling', sizeMs: 10, offsetMs: 0 }, allowedLatenessMs: 5 });
    const drive = new Drive(ws, operator, () => room);
    const ports = (): string[] => drive.emitted.splice(0).map((e) => `${e.row[2]}:${e.port}`);
    push(ws, drive, [[-100, 'u', 1n, 'a']]);
    assert.deepEqual(ports(), ['a:0'], 'nothing is late before the first mark');
    const clocked = batchOfRows(
      ws,
      SCHEMA,
      ['a', 'b', 'c', 'd'].map((name) => ['u', 1n, name]),
      [9, 9, 10, -11],
      [13, 14, 14, 13],
    );
    drive.push(() => clocked);
    assert.deepEqual(ports(), ['a:0', 'c:0', 'b:1', 'd:1']);
    drive.mark(13);
    push(ws, drive, [[9, 'u', 1n, 'a']]);
    drive.mark(14);
    push(ws, drive, [
      [9, 'u', 1n, 'b'],
      [10, 'u', 1n, 'c'],
      [0, 'u', 1n, 'd'],
    ]);
    assert.deepEqual(ports(), ['a:0', 'c:0', 'b:1', 'd:1']);
    assert.equal(operator.metrics()['lateRows'], 4);
    const state = new KeptState(() => ws);
    operator.snapshot(state);
    const restored = new LateGate(ws, { window: { kind: 'tumbling', sizeMs: 10, offsetMs: 0 }, allowedLatenessMs: 5 });
    restored.restore(state.reader(ws, () => true));
    const again = new Drive(ws, restored);
    push(ws, again, [[9, 'u', 1n, 'b']]);
    assert.deepEqual(
      again.emitted.map((e) => e.port),
      [1],
    );
    drive.mark(Infinity);
    push(ws, drive, [[2 ** 42, 'u', 1n, 'z']]);
    assert.deepEqual(ports(), ['z:1']);
  }
});

for (const more of [{}, { allowedLatenessMs: 40 }, { emit: 'updates' }] as const) {
  test(`snapshots taken at any step and restored at other lane counts change no result (${JSON.stringify(more)})`, () => {
    const random = new Random(5);
    for (let round = 0; round < 25; round++) {
      const users = [null, ...Array.from({ length: random.pick([1, 30]) }, (_, i) => `user ${i}`)];
      const steps = Array.from({ length: 8 }, (_, step) => ({
        rows: Array.from(
          { length: random.int(0, 40) },
          (): Row => [
            step * 20 + random.int(1, 30) - ((more.allowedLatenessMs ?? 0) ? 15 : 0),
            random.pick(users),
            random.pick([null, BigInt(random.int(-5, 5))]),
            'x'.repeat(random.int(0, 30)),
          ],
        ),
        watermark: step * 20 + 20,
      }));
      const run = (restoreAt: number, lanesAfter: number): string[] => {
        const out: string[] = [];
        let lanes = start(1);
        steps.forEach(({ rows, watermark }, step) => {
          if (step === restoreAt) {
            const state = new KeptState(() => (lanes[0] as Lane).ws);
            for (const lane of lanes) {
              const own = new KeptState(() => lane.ws);
              lane.operator.snapshot(own);
              state.kept.push(...own.kept);
            }
            lanes = start(lanesAfter);
            lanes.forEach((lane, i) => lane.operator.restore(state.reader(lane.ws, (g) => laneOfGroup(g, 128, lanes.length) === i)));
          }
          lanes.forEach((lane, i) => {
            const own = rows.filter((r) => laneOfGroup(keyGroup([r[1] as KeyValue], 128), 128, lanes.length) === i);
            if (own.length > 0) push(lane.ws, lane.drive, own);
            out.push(...lines(lane.drive.mark(watermark)).map((l) => `${step} ${l}`));
          });
        });
        for (const lane of lanes) out.push(...lines(lane.drive.mark(Infinity)));
        return out.sort();
      };
      const expected = run(-1, 1);
      assert.ok(expected.length > 0);
      for (const lanes of [1, 3]) assert.deepEqual(run(random.int(1, 7), lanes), expected, `round ${round}, ${lanes} lanes`);
    }

    interface Lane {
      readonly ws: Workspace;
      readonly operator: WindowAggregate;
      readonly drive: Drive;
    }
    function start(lanes: number): Lane[] {
      return Array.from({ length: lanes }, (_, lane) => {
        const ws = createWorkspace({ bytes: 8 << 20, seed: BigInt(lane) });
        const operator = new WindowAggregate(ws, config({ ...more, keyGroups: { count: 128, lane, lanes } }));
        return { ws, operator, drive: new Drive(ws, operator, () => 7) };
      });
    }
  });
}
