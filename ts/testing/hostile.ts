import { detachedReader } from '../columns/column-reader.js';
import { attach, type DetachedBatch } from '../columns/detached.js';
import type { Schema } from '../columns/schema.js';
import { parseTable } from '../columns/text-table.js';
import { must } from '../core/assert.js';
import { Random } from '../core/random.js';
import type { Operator } from '../operators/operator.js';
import { keyShapeOf, keyWordsOf } from '../state/key-words.js';
import { keyGroupsOf } from '../state/partition.js';
import { laneOfGroup, type KeyGroups } from '../state/snapshot.js';
import { loadKernels, type KernelBuild } from '../wasm/module.js';
import { createWorkspace, type Workspace } from '../wasm/workspace.js';
import { ContractError, handOver, HostileLane, linesOf, MemoryPool, type HostileRow, type RoomRegime } from './hostile-run.js';

/** One step: what comes in on each input, as a text table or a batch, and then the mark. */
export interface HostileStep {
  readonly inputs: readonly (string | DetachedBatch | undefined)[];
  /** Of every input, or one for each. */
  readonly watermark: number | readonly number[];
  readonly clockMs?: number;
}

export interface HostileCase {
  make(ws: Workspace, groups: KeyGroups): Operator;
  readonly steps: readonly HostileStep[];
  /**
   * Key columns by input, by name: rows go to the lane of their key group. Without, rows are dealt out to lanes in turn,
   * which suits operators that keep nothing by key.
   */
  readonly keys?: readonly (readonly string[])[];
  /** Numbers of lanes to run on; [1, 2, 3] unless set. */
  readonly lanes?: readonly number[];
  /** `ordered`: on one lane, each port's rows come in the same order always. `any`: as a set. */
  readonly order?: 'ordered' | 'any';
  /** What comes out: by step, by port, as a text table. */
  readonly expected?: readonly (readonly (string | undefined)[])[];
  /**
   * Makes the rows of one port and step comparable, where their form rightly depends on how rows were cut into batches.
   * Rows are lines of text tables.
   */
  readonly normalise?: (lines: readonly string[]) => readonly string[];
  /**
   * Whether what comes out over all steps is the same, as a set, wherever steps are cut: of operators that judge rows by their own
   * clocks and give final results only. Steps are then joined and parted too.
   */
  readonly recut?: boolean;
  /** Whether rows get the clock's time, so that the operator's watermark is not its inputs'. */
  readonly byClock?: boolean;
  readonly build?: KernelBuild;
  readonly seed?: number;
}

/** One way of running the same steps. */
interface Regime {
  readonly cut: 'whole' | 'single' | 'random';
  readonly room: RoomRegime;
  /** After every step: nothing; a snapshot that is thrown away; or everything thrown away but the snapshot. */
  readonly between: 'nothing' | 'snapshot' | 'restore';
  /** By step, in turn. */
  readonly lanes: readonly number[];
  readonly seed: number;
  /** A byte: whoever reads memory that is not theirs finds something else in each regime. */
  readonly poison: number;
}

interface Input {
  readonly schema: Schema;
  readonly rows: readonly HostileRow[];
}

interface Step {
  readonly inputs: readonly Input[];
  /** By input. */
  readonly watermarks: readonly number[];
  readonly clockMs: number;
}

const KEY_GROUPS = 16;
/** By step, by port: lines of a text table. */
type Outputs = string[][][];

/**
 * Runs an operator over the same steps in many ways that the contract allows: batches whole, of one row, cut at random;
 * room for one row, for many, for now this and now that; with snapshots, and with everything closed and restored,
 * between all steps; on several lanes, on changing numbers of lanes. Results must not differ, step by step, and the
 * contract must hold: rows within room, one batch a pull, nothing after 'done', batches well formed, progress, watermarks that
 * never go back or ahead of the inputs, no reading of batches that are done (their memory is overwritten), no state left by
 * close. It cannot tell whether results are right; `expected`, or a model beside it, does. Throws what was broken, where.
 */
export function verifyOperator(test: HostileCase): void {
  const seed = test.seed ?? 1;
  const pool = new MemoryPool(loadKernels(test.build ?? 'simd'));
  const steps = readSteps(test);
  const run = (regime: Regime, cut: readonly Step[] = steps): Outputs => {
    try {
      return runRegime(test, pool, cut, regime);
    } catch (error) {
      if (error instanceof Error) error.message = `${describe(regime)}: ${error.message}`;
      throw error;
    }
  };
  const plain: Regime = { cut: 'whole', room: 'large', between: 'nothing', lanes: [1], seed, poison: 0xdb };
  const base = run(plain);
  if (test.expected !== undefined) compare('expected', expectedOf(test.expected), base, 'any', plain, test);
  for (const regime of regimes(test.lanes ?? [1, 2, 3], seed)) {
    const ordered = test.order !== 'any' && regime.lanes.every((n) => n === 1);
    compare(`given by ${describe(plain)}`, base, run(regime), ordered ? 'ordered' : 'any', regime, test);
  }
  if (test.recut !== true) return;
  for (const regime of regimes(test.lanes ?? [1, 2, 3], seed)) {
    const found = run(regime, cutAnew(steps, new Random(regime.seed + regime.poison)));
    compare('over all steps as first cut', inOne(base), inOne(found), 'any', regime, test);
  }
}

/** All steps' rows by port. */
function inOne(outputs: Outputs): Outputs {
  const ports = Math.max(0, ...outputs.map((step) => step.length));
  return [Array.from({ length: ports }, (_, port) => outputs.flatMap((step) => step[port] ?? []))];
}

/** The same rows in other steps: some joined with the next, some parted by a mark that brings nothing new. */
function cutAnew(steps: readonly Step[], random: Random): Step[] {
  const cut: Step[] = [];
  let held: Step | undefined;
  let before: readonly number[] | undefined;
  for (const [i, step] of steps.entries()) {
    const joined: Step = held === undefined ? step : { ...step, inputs: step.inputs.map((input, n) => joinInputs(held?.inputs[n], input)) };
    held = undefined;
    if (i < steps.length - 1 && random.bool(0.3)) {
      held = joined;
      continue;
    }
    if (random.bool(0.3)) {
      const share = random.float();
      const [first, second] = [true, false].map((early) => joined.inputs.map((input) => partInput(input, share, early))) as [
        Input[],
        Input[],
      ];
      cut.push({ inputs: first, watermarks: before ?? joined.watermarks.map(() => -Infinity), clockMs: joined.clockMs });
      cut.push({ ...joined, inputs: second });
    } else {
      cut.push(joined);
    }
    before = joined.watermarks;
  }
  return cut;
}

function joinInputs(first: Input | undefined, second: Input): Input {
  return { schema: second.schema, rows: [...(first?.rows ?? []), ...second.rows] };
}

function partInput({ schema, rows }: Input, share: number, first: boolean): Input {
  const at = Math.floor(rows.length * share);
  return { schema, rows: first ? rows.slice(0, at) : rows.slice(at) };
}

function regimes(lanes: readonly number[], seed: number): Regime[] {
  const one: readonly Omit<Regime, 'poison'>[] = [
    { cut: 'single', room: 'one', between: 'nothing', lanes: [1], seed },
    { cut: 'whole', room: 'one', between: 'snapshot', lanes: [1], seed },
    { cut: 'random', room: 'fitful', between: 'nothing', lanes: [1], seed },
    { cut: 'whole', room: 'large', between: 'restore', lanes: [1], seed },
    { cut: 'single', room: 'large', between: 'restore', lanes: [1], seed },
    { cut: 'random', room: 'fitful', between: 'restore', lanes: [1], seed: seed + 1 },
  ];
  const more = lanes.filter((n) => n > 1);
  if (more.length === 0) return poisoned(one);
  const several = more.map(
    (n, i): Omit<Regime, 'poison'> => ({ cut: 'random', room: 'fitful', between: 'snapshot', lanes: [n], seed: seed + 2 + i }),
  );
  const changing = [1, ...[...more].reverse()];
  return poisoned([
    ...one,
    ...several,
    { cut: 'random', room: 'fitful', between: 'restore', lanes: changing, seed: seed + 10 },
    { cut: 'whole', room: 'one', between: 'restore', lanes: [...changing].reverse(), seed: seed + 11 },
  ]);
}

function poisoned(regimes: readonly Omit<Regime, 'poison'>[]): Regime[] {
  return regimes.map((regime, i) => ({ ...regime, poison: 0x11 + i * 17 }));
}

function describe({ cut, room, between, lanes, seed }: Regime): string {
  const cuts = { whole: 'whole batches', single: 'batches of one row', random: 'batches cut at random' }[cut];
  const rooms = { one: 'room for one row', large: 'much room', fitful: 'changing room' }[room];
  const then = { nothing: '', snapshot: ', a snapshot after each step', restore: ', closed and restored after each step' }[between];
  return `${cuts}, ${rooms}${then}, lanes ${lanes.join(', ')}, seed ${seed}`;
}

function runRegime(test: HostileCase, pool: MemoryPool, steps: readonly Step[], regime: Regime): Outputs {
  const random = new Random(regime.seed);
  const promises = noneIsLate(steps);
  const make = (groups: KeyGroups): HostileLane =>
    new HostileLane(pool, groups, (ws, g) => test.make(ws, g), {
      room: regime.room,
      random,
      promises,
      poison: regime.poison,
      byClock: test.byClock ?? false,
    });
  const lanesAt = (step: number): number => must(regime.lanes[step % regime.lanes.length], 'a number of lanes');
  let lanes = Array.from({ length: lanesAt(0) }, (_, lane) => make({ count: KEY_GROUPS, lane, lanes: lanesAt(0) }));
  const outputs: Outputs = [];
  steps.forEach(({ inputs, watermarks, clockMs }, step) => {
    lanes.forEach((lane, number) => {
      lane.outputs.length = 0;
      lane.begin(step, clockMs);
      for (const { input, schema, rows } of deal(inputs, number, lanes.length, test, regime, random)) lane.push(input, schema, rows);
      lane.mark(inputs.length, step, clockMs, watermarks);
    });
    const ports = Math.max(...lanes.map((lane) => lane.outputs.length));
    outputs.push(Array.from({ length: ports }, (_, port) => lanes.flatMap((lane) => lane.outputs[port] ?? [])));
    if (regime.between === 'snapshot') lanes.forEach((lane, number) => void lane.snapshot(number));
    if (regime.between === 'restore') lanes = handOver(lanes, lanesAt(step + 1), KEY_GROUPS, make);
  });
  for (const lane of lanes) lane.close();
  return outputs;
}

interface Pushed {
  readonly input: number;
  readonly schema: Schema;
  readonly rows: readonly HostileRow[];
}

/** A lane's share of a step, in batches. */
function deal(inputs: readonly Input[], lane: number, lanes: number, test: HostileCase, regime: Regime, random: Random): Pushed[] {
  const queues = inputs.map(({ schema, rows }, input) => {
    const mine = rows.filter(({ group }, i) => (test.keys === undefined ? i % lanes : laneOfGroup(group, KEY_GROUPS, lanes)) === lane);
    return cutRows(mine, regime, random).map((part): Pushed => ({ input, schema, rows: part }));
  });
  if (regime.cut !== 'random' || test.order !== 'any') return queues.flat();
  const mixed: Pushed[] = [];
  for (let left = queues.filter((q) => q.length > 0); left.length > 0; left = left.filter((q) => q.length > 0)) {
    mixed.push(random.pick(left).shift() as Pushed);
  }
  return mixed;
}

function cutRows(rows: readonly HostileRow[], regime: Regime, random: Random): (readonly HostileRow[])[] {
  if (regime.cut === 'single') return rows.map((row) => [row]);
  if (regime.cut === 'whole') return rows.length > 0 ? [rows] : [];
  const parts: (readonly HostileRow[])[] = [];
  for (let from = 0; from < rows.length; ) {
    // An empty batch now and then: they are allowed.
    const to = Math.min(rows.length, from + random.pick([0, 1, 2, 5, 50, 1000]));
    parts.push(rows.slice(from, to));
    from = to;
  }
  return parts;
}

/** The steps, with each row's key group. */
function readSteps(test: HostileCase): Step[] {
  const ws = createWorkspace({ build: test.build ?? 'simd', bytes: 32 << 20 });
  const schemas: Schema[] = [];
  for (const { inputs } of test.steps) {
    inputs.forEach((given, input) => {
      if (given !== undefined) schemas[input] ??= (typeof given === 'string' ? parseTable(given) : given).schema;
    });
  }
  return test.steps.map(({ inputs, watermark, clockMs = 0 }) => ({
    inputs: Array.from(schemas, (schema, input) => {
      const given = inputs[input];
      const batch = typeof given === 'string' ? parseTable(given) : given;
      const rows = batch === undefined ? [] : rowsOf(ws, batch, input, test.keys?.[input]);
      return { schema: must(schema, `a batch for input ${input}, in some step`), rows };
    }),
    watermarks: typeof watermark === 'number' ? schemas.map(() => watermark) : watermark,
    clockMs,
  }));
}

function rowsOf(ws: Workspace, batch: DetachedBatch, input: number, keys: readonly string[] | undefined): HostileRow[] {
  const readers = batch.columns.map((vector) => detachedReader(vector));
  const groups = keys === undefined || batch.rows === 0 ? undefined : groupsOf(ws, batch, keys);
  return Array.from({ length: batch.rows }, (_, row) => ({
    input,
    values: readers.map((read) => read(row)),
    meta: {
      time: batch.times === undefined ? undefined : Number(batch.times[row]),
      clock: batch.clocks === undefined ? undefined : Number(batch.clocks[row]),
      op: batch.ops?.[row],
      position: batch.positions?.[row],
    },
    group: groups?.[row] ?? 0,
  }));
}

function groupsOf(ws: Workspace, batch: DetachedBatch, keys: readonly string[]): number[] {
  const mark = ws.scratch.mark();
  const columns = keys.map((name) => batch.schema.findIndex((f) => f.name === name));
  const shape = keyShapeOf(columns.map((c, i) => must(batch.schema[c], `key column ${keys[i]}`)));
  const at = keyGroupsOf(ws, keyWordsOf(ws, shape, attach(ws, batch), columns), KEY_GROUPS) / 4;
  const groups = Array.from(ws.memory.u32.subarray(at, at + batch.rows));
  ws.scratch.release(mark);
  return groups;
}

/** Whether no row comes in that the watermark before its step forbids. */
function noneIsLate(steps: readonly Step[]): boolean {
  return steps.every(({ inputs }, step) => {
    const before = step === 0 ? [] : (steps[step - 1] as Step).watermarks;
    return inputs.every(({ rows }, input) => rows.every(({ meta }) => meta.time === undefined || meta.time > (before[input] ?? -Infinity)));
  });
}

function expectedOf(tables: readonly (readonly (string | undefined)[])[]): Outputs {
  return tables.map((ports) => ports.map((table) => (table === undefined ? [] : linesOf(parseTable(table)))));
}

function compare(what: string, wanted: Outputs, found: Outputs, order: 'ordered' | 'any', regime: Regime, test: HostileCase): void {
  const form = (lines: readonly string[] = []): readonly string[] => {
    const normal = test.normalise === undefined ? lines : test.normalise(lines);
    return order === 'any' ? [...normal].sort() : normal;
  };
  for (let step = 0; step < Math.max(wanted.length, found.length); step++) {
    for (let port = 0; port < Math.max(wanted[step]?.length ?? 0, found[step]?.length ?? 0); port++) {
      const left = form(wanted[step]?.[port]);
      const right = form(found[step]?.[port]);
      const row = left.findIndex((line, i) => line !== right[i]);
      if (row < 0 && left.length === right.length) continue;
      const at = row < 0 ? left.length : row;
      throw new ContractError(
        `${describe(regime)}: results differ in step ${step}, port ${port}, row ${at}: found ${right[at] ?? 'nothing'}; ` +
          `${what}: ${left[at] ?? 'nothing'} (${right.length} rows found, ${left.length} wanted)`,
      );
    }
  }
}
