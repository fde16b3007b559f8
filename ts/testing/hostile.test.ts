import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../columns/batch.js';
import { rowsToBatch } from '../columns/builder.js';
import { batchToRows, type Row } from '../columns/rows.js';
import { field, type Schema } from '../columns/schema.js';
import { NO_WAKEUP, type Operator, type Outbox, type StateReader, type StateWriter, type StepMark } from '../operators/operator.js';
import { partitionByLane } from '../state/partition.js';
import type { KeyGroups } from '../state/snapshot.js';
import type { Workspace } from '../wasm/workspace.js';
import { verifyOperator, type HostileCase, type HostileStep } from './hostile.js';

/** How the operator below breaks the contract; 'none' does not. */
type Fault =
  | 'none'
  | 'over-room'
  | 'two-batches'
  | 'after-done'
  | 'no-progress'
  | 'retains'
  | 'keeps-scratch'
  | 'forgets'
  | 'no-groups'
  | 'counts-batches'
  | 'leaks'
  | 'goes-back'
  | 'runs-ahead'
  | 'early'
  | 'always-ready'
  | 'never-ready'
  | 'snapshot-clears'
  | 'order-by-room'
  | 'null-where-none'
  | 'changes-schema'
  | 'bad-offsets'
  | 'nan-metric'
  | 'nan-wakeup';

const COUNTS: Schema = [field('user', 'utf8'), field('count', 'int32')];
const STATE_BYTES = 4096;

/** Counts rows by user; at each mark it tells the counts that changed, in order of users. */
class CountByUser implements Operator {
  readonly #ws: Workspace;
  readonly #groups: KeyGroups;
  readonly #fault: Fault;
  readonly #state: number;
  #counts = new Map<string, number>();
  #changed = new Set<string>();
  #queue: Row[] = [];
  #busy = false;
  #kept: Batch[] = [];
  #scratch = 0;
  #watermark = -Infinity;
  #emitted = 0;

  constructor(ws: Workspace, groups: KeyGroups, fault: Fault) {
    this.#ws = ws;
    this.#groups = groups;
    this.#fault = fault;
    this.#state = ws.blocks.alloc(STATE_BYTES);
  }

  ready(): boolean {
    if (this.#fault === 'always-ready') return true;
    if (this.#fault === 'never-ready') return false;
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    this.#busy = true;
    if (this.#fault === 'retains') this.#kept.push(batch);
    else this.#count(batchToRows(this.#ws.memory, batch));
    if (this.#fault !== 'keeps-scratch') return;
    if (this.#scratch === 0) this.#ws.memory.i32[(this.#scratch = this.#ws.alloc(8)) / 4] = 0;
    this.#ws.memory.i32[this.#scratch / 4] = (this.#ws.memory.i32[this.#scratch / 4] as number) + batch.rows;
  }

  #count(rows: readonly Row[]): void {
    if (this.#fault === 'counts-batches') rows = rows.slice(0, 1);
    for (const { user } of rows) {
      this.#counts.set(user as string, (this.#counts.get(user as string) ?? 0) + 1);
      this.#changed.add(user as string);
    }
  }

  mark(_input: number, mark: StepMark): void {
    for (const batch of this.#kept) this.#count(batchToRows(this.#ws.memory, batch));
    this.#kept = [];
    this.#busy = true;
    this.#watermark = this.#fault === 'goes-back' ? -mark.step : mark.watermark;
    this.#queue = [...this.#changed].sort().map((user) => ({ user, count: this.#counts.get(user) as number }));
    if (this.#fault === 'keeps-scratch')
      this.#queue = this.#queue.map((row) => ({ ...row, count: this.#ws.memory.i32[this.#scratch / 4] as number }));
    this.#changed.clear();
  }

  pull(out: Outbox): 'more' | 'done' {
    const fault = this.#fault;
    if (fault === 'no-progress' && this.#queue.length > 0) return 'more';
    if (this.#queue.length === 0) {
      if (fault === 'after-done' && !this.#busy && this.#emitted > 0) out.emit(0, this.#batch([{ user: 'again', count: 1 }]));
      this.#busy = false;
      return 'done';
    }
    if (fault === 'order-by-room' && out.room() === 1) this.#queue.reverse();
    const rows = this.#queue.splice(0, fault === 'over-room' ? out.room() + 1 : out.room());
    const batch = this.#batch(rows);
    this.#emitted++;
    if (fault === 'bad-offsets') this.#ws.memory.i32[(batch.columns[0]?.offsets ?? 0) / 4] = 1;
    if (fault === 'null-where-none') out.emit(0, { ...batch, columns: batch.columns.map((v) => ({ ...v, validity: this.#zeros() })) });
    else if (fault === 'changes-schema' && this.#emitted > 1)
      out.emit(0, { ...batch, schema: [field('user', 'utf8'), field('total', 'int32')] });
    else out.emit(0, batch);
    if (fault === 'two-batches' && this.#queue.length > 0) out.emit(0, this.#batch(this.#queue.splice(0, 1)));
    return 'more';
  }

  #batch(rows: readonly Row[]): Batch {
    const batch = rowsToBatch(this.#ws, COUNTS, rows);
    const times = this.#ws.alloc(rows.length * 8);
    const time = this.#fault === 'early' ? 0n : 1_000_000n;
    this.#ws.memory.i64.fill(time, times / 8, times / 8 + rows.length);
    return { ...batch, times };
  }

  #zeros(): number {
    const at = this.#ws.alloc(64);
    this.#ws.memory.u8.fill(0, at, at + 64);
    return at;
  }

  outputWatermark(): number {
    return this.#fault === 'runs-ahead' ? this.#watermark + 1 : this.#watermark;
  }

  nextWakeup(): typeof NO_WAKEUP {
    return this.#fault === 'nan-wakeup' ? { event: Number.NaN } : NO_WAKEUP;
  }

  snapshot(writer: StateWriter): void {
    const entries = [...this.#counts].slice(this.#fault === 'forgets' ? 1 : 0);
    for (const [user, count] of entries) {
      const batch = rowsToBatch(this.#ws, COUNTS, [{ user, count }]);
      let group = 0;
      if (this.#fault !== 'no-groups') while (!this.#isOf(batch, group)) group++;
      writer.keyed('counts', group, batch);
    }
    if (this.#fault === 'snapshot-clears') this.#counts.clear();
  }

  /** Whether the one row of a batch is of this key group: it is when one lane a group would get it. */
  #isOf(batch: Batch, group: number): boolean {
    const { count } = this.#groups;
    return partitionByLane(this.#ws, batch, [0], count, count)[group]?.count === 1;
  }

  restore(reader: StateReader): void {
    for (const { batch } of reader.keyed('counts', COUNTS)) {
      for (const { user, count } of batchToRows(this.#ws.memory, batch)) this.#counts.set(user as string, count as number);
    }
  }

  close(): void {
    if (this.#fault !== 'leaks') this.#ws.blocks.free(this.#state, STATE_BYTES);
  }

  metrics(): Readonly<Record<string, number>> {
    return { rows: this.#fault === 'nan-metric' ? Number.NaN : this.#emitted };
  }
}

const STEPS: readonly HostileStep[] = [
  {
    inputs: [
      `
      time | user utf8 | n int64?
      10   | ann       | 1
      11   | bob       | .
      12   | ann       | 3
      13   | cat       | 4
      14   | dan       | 4
    `,
    ],
    watermark: 10_000,
  },
  { inputs: [undefined], watermark: 20_000 },
  {
    inputs: [
      `
      time  | user utf8 | n int64?
      30000 | cat       | 1
      30001 | ann       | 1
      30002 | eve       | .
      30003 | eve       | .
      30004 | bob       | 1
      30005 | dan       | 1
    `,
    ],
    watermark: 30_000,
  },
  { inputs: ['time | user utf8 | n int64?\n40000 | bob | 5'], watermark: 40_000 },
];

function count(fault: Fault): HostileCase {
  return {
    make: (ws, groups) => new CountByUser(ws, groups, fault),
    steps: STEPS,
    keys: [['user']],
  };
}

test('an operator that keeps the contract passes', () => {
  verifyOperator({
    ...count('none'),
    expected: [
      ['time | user utf8 | count int32\n1000000 | ann | 2\n1000000 | bob | 1\n1000000 | cat | 1\n1000000 | dan | 1'],
      [],
      ['time | user utf8 | count int32\n1000000 | ann | 3\n1000000 | bob | 2\n1000000 | cat | 2\n1000000 | dan | 2\n1000000 | eve | 2'],
      ['time | user utf8 | count int32\n1000000 | bob | 3'],
    ],
  });
});

const CAUGHT: Record<Exclude<Fault, 'none'>, RegExp> = {
  'over-room': /a batch of 2 rows was emitted where there was room for 1/,
  'two-batches': /more than one batch was emitted in a pull/,
  'after-done': /a batch was emitted after 'done'/,
  'no-progress': /answered 'more' 1000 times without a row/,
  retains: /./,
  'keeps-scratch': /results differ/,
  forgets: /closed and restored after each step.*: results differ in step 2, port 0, row 0: found \+I 1000000 \| ann \| 1/,
  'no-groups': /results differ/,
  'counts-batches': /batches of one row.*: results differ in step 0, port 0/,
  leaks: /close\(\) left 4096 bytes of state behind/,
  'goes-back': /outputWatermark\(\) went back from 0 to -1|went back/,
  'runs-ahead': /outputWatermark\(\) is 10001, ahead of the inputs' 10000/,
  early: /a row of time 0 came after the output watermark \d+/,
  'always-ready': /ready\(0\) is true between a push and its 'done'/,
  'never-ready': /ready\(0\) is false, though everything pushed was done/,
  'snapshot-clears': /a snapshot after each step.*: results differ in step 2/,
  'order-by-room': /room for one row.*: results differ in step 0, port 0, row 0: found \+I 1000000 \| dan/,
  'null-where-none': /port 0: column user: row 0 is null, and the column is not nullable/,
  'changes-schema': /port 0: the schema changed from user utf8, count int32 to user utf8, total int32/,
  'bad-offsets': /port 0: column user: its offsets begin at 1, not at 0/,
  'nan-metric': /metrics\(\): rows is NaN/,
  'nan-wakeup': /nextWakeup\(\) is NaN/,
};

for (const [fault, message] of Object.entries(CAUGHT)) {
  test(`caught: ${fault}`, () => {
    assert.throws(
      () => verifyOperator(count(fault as Fault)),
      (error: Error) => (assert.match(error.message, message), true),
    );
  });
}

test('wrong results are caught only by what was expected', () => {
  assert.throws(
    () => verifyOperator({ ...count('none'), expected: [['time | user utf8 | count int32\n1000000 | ann | 3']] }),
    /expected: \+I 1000000 \| ann \| 3/,
  );
});

test('results that depend on where steps are cut are caught when they must not', () => {
  assert.throws(
    () => verifyOperator({ ...count('none'), recut: true }),
    /results differ in step 0, port 0, row \d+: .*over all steps as first cut/,
  );
});
