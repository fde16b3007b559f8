import { test } from 'node:test';
import { OPS } from '../columns/batch.js';
import { BatchBuilder } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import { printTable } from '../columns/text-table.js';
import { Random } from '../core/random.js';
import { DedupFirst } from '../operators/dedup-first.js';
import { DedupLast } from '../operators/dedup-last.js';
import { verifyOperator, type HostileStep } from './hostile.js';

const ROWS: Schema = [field('user', 'utf8', true), field('n', 'int64', true), field('name', 'utf8')];
const USERS = [null, '', ...Array.from({ length: 10 }, (_, i) => `user ${i}`)];
const WITHIN = 20;

interface Row {
  readonly values: readonly (string | bigint | null)[];
  readonly time: number;
}
interface Step {
  readonly rows: readonly Row[];
  readonly watermark: number;
}

/** Rows that come before, and up to `WITHIN` behind, a watermark that moves on. */
function script(seed: number): Step[] {
  const random = new Random(seed);
  let watermark = -100;
  return Array.from({ length: 8 }, (_, step): Step => {
    const rows = Array.from({ length: random.pick([0, 1, 30, 80]) }, (): Row => {
      const values = [random.pick(USERS), random.bool(0.2) ? null : BigInt(random.int(0, 3)), random.pick(['', 'a', 'a longer name'])];
      return { values, time: watermark - WITHIN + 1 + random.int(0, 90) };
    });
    watermark = step === 7 ? Infinity : watermark + random.int(0, 60);
    return { rows, watermark };
  });
}

const steps = (script: readonly Step[]): HostileStep[] =>
  script.map(({ rows, watermark }) => {
    const builder = new BatchBuilder(ROWS);
    for (const { values, time } of rows) builder.appendValues([...values], { time });
    return { inputs: [builder.finishDetached()], watermark };
  });

/** What stays of each key, never forgotten. */
class Model {
  readonly #kept = new Map<unknown, Row[]>();

  of(row: Row): Row[] {
    const kept = this.#kept.get(row.values[0]) ?? [];
    this.#kept.set(row.values[0], kept);
    return kept;
  }
}

test('the first of duplicates stays', () => {
  for (const seed of [1, 2, 3]) {
    const given = script(seed);
    const model = new Model();
    const expected = given.map(({ rows }) => {
      const out = new BatchBuilder(ROWS);
      for (const row of rows) {
        const kept = model.of(row);
        if (kept.some((k) => Math.abs(k.time - row.time) < WITHIN)) continue;
        kept.push(row);
        out.appendValues([...row.values], { time: row.time });
      }
      return [printTable({ ...out.finishDetached(), ops: new Uint8Array(out.rows) })];
    });
    verifyOperator({
      make: (ws, { count }) => new DedupFirst(ws, { schema: ROWS, keys: [0], withinMs: WITHIN, timed: true, keyGroups: count }),
      steps: steps(given),
      keys: [['user']],
      expected,
      recut: true,
      seed,
    });
  }
});

test('the last of duplicates stays', () => {
  for (const [seed, within, timed] of [
    [11, WITHIN, true],
    [12, WITHIN, true],
    [13, Infinity, true],
    [14, Infinity, false],
  ] as const) {
    const given = script(seed);
    const model = new Model();
    const expected = given.map(({ rows }) => {
      const out = new BatchBuilder(ROWS);
      const replaced = new Map<Row, Row | undefined>();
      const time = (row: Row): number => (timed ? row.time : 0);
      for (const row of rows) {
        const kept = model.of(row);
        if (kept.some((k) => time(k) > time(row) && time(k) - time(row) < within)) continue;
        const at = kept.findIndex((k) => time(row) - time(k) < within && time(k) <= time(row));
        const old = kept[at];
        if (old === undefined) kept.push(row);
        else kept.splice(at, 1, row);
        replaced.set(row, old !== undefined && replaced.has(old) ? replaced.get(old) : old);
        if (old !== undefined) replaced.delete(old);
      }
      for (const [row, old] of replaced) {
        if (old?.values.every((v, i) => v === row.values[i])) continue;
        if (old !== undefined) out.appendValues([...old.values], { op: OPS.updateBefore });
        out.appendValues([...row.values], { op: old === undefined ? OPS.insert : OPS.updateAfter });
      }
      return [printTable({ ...out.finishDetached(), ...(replaced.size === 0 ? { ops: new Uint8Array(0) } : {}) })];
    });
    verifyOperator({
      make: (ws, { count }) => new DedupLast(ws, { schema: ROWS, keys: [0], withinMs: within, timed, keyGroups: count }),
      steps: steps(given),
      keys: [['user']],
      order: 'any',
      expected,
      seed,
    });
  }
});
