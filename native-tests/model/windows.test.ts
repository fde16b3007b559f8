// Windows and aggregates against the slow reference, in random jobs: whatever the window, the aggregates, the lateness, the order
// of rows, the cuts, the number of lanes and the restores, the last value of every key and window is the reference's, and so are
// the late rows. MILLRACE_CASES says how many cases (each query of each job is one); a failure prints the seed to run it alone.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildJob } from '../../ts/api/job.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { Random } from '../../ts/core/random.js';
import { ManualJob, type ManualRows } from '../../ts/testing/manual-job.js';
import { MODEL_AGGREGATES } from './aggregates.js';
import { jobOf, latePart, randomJob, resultPart, tellsChanges, type ModelJob, type Query } from './jobs.js';
import { arrivals, clocked, windowsOf, type Group } from './reference.js';

const CASES = Number(process.env['MILLRACE_CASES'] ?? 1600);
const FIRST = Number(process.env['MILLRACE_SEED'] ?? 1);
const QUERIES = 8;
const TESTS = 8;

const SPILL = mkdtempSync(join(tmpdir(), 'millrace-model-'));
after(() => {
  assert.deepEqual(readdirSync(SPILL), [], 'files are left behind');
  rmSync(SPILL, { recursive: true });
});

type Row = Record<string, unknown>;

/** All that the job gives, by part, in one random manner of running it. */
async function runOnce(model: ModelJob, random: Random): Promise<Map<string, Row[]>> {
  const built = buildJob(jobOf(model));
  const parts = Object.keys(built.plan.parts);
  const hostile = random.bool();
  // So little memory that every slice goes to disk after every batch.
  const spill = random.bool(0.2) ? { dir: SPILL, memoryBytes: 16 } : undefined;
  const manual = await ManualJob.start(built, {
    host: nodeHost,
    lanes: random.int(1, 4),
    taps: parts,
    spill,
    splits: { rows: model.splits },
    tuning: hostile ? { room: random.int(1, 9), messageBytes: random.int(1, 2_000) } : undefined,
    turns: hostile ? (lanes) => random.shuffle(Array.from({ length: lanes }, (_, i) => i)).slice(0, random.int(1, lanes)) : undefined,
  });
  const restores = random.bool();
  try {
    for (const { blocks, idle, clockMs } of model.steps) {
      manual.clockMs = clockMs;
      const rows = blocks.map((block): ManualRows => ({ source: 'rows', split: block.split, rows: block.rows as never }));
      const source = manual.sourceIndex('rows');
      await manual.step(rows, { idle: idle.map((split) => ({ source, split })) });
      if (restores && random.bool(0.4)) await manual.checkpointAndRestore(random.int(1, 4));
    }
    await manual.drain();
    return new Map(parts.map((part) => [part, manual.take(part)]));
  } finally {
    await manual.close();
  }
}

/** What is left after all changes, by key and window; a change that contradicts what was told before is a fault. */
function lastValues(rows: readonly Row[], changes: boolean, what: string): Map<string, Row[]> {
  const held = new Map<string, Row[]>();
  for (const { op, ...row } of rows) {
    const id = idOf(row);
    const present = held.get(id) ?? [];
    held.set(id, present);
    if (!changes) assert.equal(op, undefined, `${what}: an operation`);
    if (op === undefined || op === '+I' || op === '+U') {
      present.push(row);
      continue;
    }
    const at = present.findIndex((other) => same(other, row));
    assert.ok(at >= 0, `${what}: ${String(op)} of ${show(row)}, where ${present.map(show).join()} was told`);
    present.splice(at, 1);
  }
  return new Map([...held].filter(([, left]) => left.length > 0));
}

const idOf = (row: Row): string => `${String(row['k'])} ${String(row['windowStart'])} ${String(row['windowEnd'])}`;
const show = (row: unknown): string => JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => same(v, b[i]));
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null)
    return Object.keys({ ...a, ...b }).every((name) => same((a as Row)[name], (b as Row)[name]));
  return a === b;
}

function expectedOf(query: Query, { key, start, end, rows }: Group): Row {
  const bounds = query.window.kind === 'count' || query.window.kind === 'none' ? {} : { windowStart: start, windowEnd: end };
  const values = query.aggregates.map((name) => [name, MODEL_AGGREGATES[name]?.model(rows)] as const);
  return { ...(query.keyed ? { k: key } : {}), ...bounds, ...Object.fromEntries(values) };
}

function checkQuery(model: ModelJob, query: Query, i: number, found: ReadonlyMap<string, Row[]>, what: string): void {
  const rows = query.time === 'event' ? arrivals(model.steps, model.splits, model.boundMs) : clocked(model.steps, model.splits);
  const { groups, late } = windowsOf(query, rows);
  const wanted = new Map<string, Row[]>();
  for (const group of groups) {
    const row = expectedOf(query, group);
    wanted.set(idOf(row), [...(wanted.get(idOf(row)) ?? []), row]);
  }
  const got = lastValues(found.get(resultPart(i)) ?? [], tellsChanges(query), what);
  for (const id of new Set([...wanted.keys(), ...got.keys()])) {
    const [a, b] = [wanted.get(id) ?? [], got.get(id) ?? []];
    const fits = a.length === b.length && a.every((row) => b.some((other) => same(row, other)));
    assert.ok(fits, `${what}: wanted ${a.map(show).join() || 'nothing'}, found ${b.map(show).join() || 'nothing'}`);
  }
  const lateFound = found.get(latePart(i));
  if (lateFound !== undefined) assert.deepEqual(lateFound.map((r) => r['id']).sort(), late.map((r) => r.id).sort(), `${what}: late rows`);
}

for (let part = 0; part < TESTS; part++) {
  test(`windows and aggregates equal the reference in ${Math.ceil(CASES / TESTS)} random cases (${part + 1} of ${TESTS})`, async () => {
    const jobs = Math.ceil(CASES / TESTS / QUERIES);
    for (let at = 0; at < jobs; at++) {
      const seed = FIRST + part * jobs + at;
      const random = new Random(seed);
      const model = randomJob(random, QUERIES);
      const what = `MILLRACE_SEED=${seed} MILLRACE_CASES=1`;
      const found = await runOnce(model, random).catch((error: unknown) => {
        throw new Error(`${what}: ${String(error)}`, { cause: error });
      });
      for (const [i, query] of model.queries.entries()) checkQuery(model, query, i, found, `${what}: query ${i}, ${show(query)}`);
    }
  });
}
