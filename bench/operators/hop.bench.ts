// Hopping windows, columns in memory. What a row costs must not hang on how many windows it is in: the same rows with a size of 1, 10,
// 60 and 600 slides. And what a slide costs: a window of a million keys put together from its slices, taken back (count and sum) and
// combined (count, sum and max), without making columns of its results.
// usage: hop.bench.js [--small] [--json FILE]
import assert from 'node:assert/strict';
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import type { BoundAggregate } from '../../ts/operators/group-layout.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite, Timed, timed, type Contender } from '../harness.js';
import { keyAt, valueAt } from '../peers/rows.js';

const BATCH_ROWS = 32_768;
const ROWS = small ? 131_072 : 4_194_304;
const KEYS = 1000;
const SLIDE_MS = 1000;
const SCHEMA: Schema = [field('key', 'int64'), field('value', 'int64')];
const COUNT_AND_SUM: readonly BoundAggregate[] = [
  { name: 'n', fn: 'count', args: [], kinds: [], revocable: true },
  { name: 'total', fn: 'sum', args: [1], kinds: ['int64'], revocable: true },
];
const MAX: BoundAggregate = { name: 'most', fn: 'max', args: [1], kinds: ['int64'] };

function hops(ws: Workspace, sizeMs: number, aggregates: readonly BoundAggregate[], presence: number | undefined): WindowAggregate {
  return new WindowAggregate(ws, {
    window: sizeMs === SLIDE_MS ? { kind: 'tumbling', sizeMs, offsetMs: 0 } : { kind: 'hopping', sizeMs, slideMs: SLIDE_MS, offsetMs: 0 },
    inputSchema: SCHEMA,
    keys: [0],
    aggregates,
    presence,
    outputSchema: [
      field('key', 'int64'),
      field('windowStart', 'timestamp'),
      field('windowEnd', 'timestamp'),
      ...aggregates.map(({ name }) => field(name, 'int64', name === 'most')),
    ],
    allowedLatenessMs: 0,
    emit: 'final',
    changes: false,
    mode: 'rows',
    keyGroups: { count: 128, lane: 0, lanes: 1 },
  });
}

/** Rows [from, from + rows) as batches whose times go evenly from `startMs` over `spanMs`. */
function fill(ws: Workspace, rows: number, keys: number, startMs: number, spanMs: number): Batch[] {
  return Array.from({ length: Math.ceil(rows / BATCH_ROWS) }, (_, b) => {
    const count = Math.min(BATCH_ROWS, rows - b * BATCH_ROWS);
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < count; i++) {
      const row = b * BATCH_ROWS + i;
      ws.memory.i64[k / 8 + i] = BigInt(keys === rows ? row : keyAt(row, keys));
      ws.memory.i64[v / 8 + i] = BigInt(valueAt(row));
      ws.memory.i64[t / 8 + i] = BigInt(startMs + Math.floor((row / rows) * spanMs));
    }
    const column = (values: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, count, [column(k), column(v)], t);
  });
}

function addAll(operator: WindowAggregate, batches: readonly Batch[]): void {
  const out = { room: () => BATCH_ROWS, emit: () => undefined };
  for (const batch of batches) {
    operator.push(0, batch);
    while (operator.pull(out) === 'more');
  }
}

/** Fires all that is due; the rows that all windows count together, and the time until the first row was out, for each mark. */
function fire(ws: Workspace, operator: WindowAggregate, watermark: number): { rows: number; groups: number; firstMs: number } {
  const found = { rows: 0, groups: 0, firstMs: 0 };
  const from = process.hrtime.bigint();
  const emit = (_port: number, batch: Batch): void => {
    if (found.groups === 0) found.firstMs = Number(process.hrtime.bigint() - from) / 1e6;
    const n = (batch.columns[3]?.values ?? 0) / 8;
    for (let i = 0; i < batch.rows; i++) found.rows += Number(ws.memory.i64[n + i]);
    found.groups += batch.rows;
  };
  operator.mark(0, { step: 0, clockMs: 0, watermark });
  while (operator.pull({ room: () => BATCH_ROWS, emit }) === 'more');
  return found;
}

const suite = new Suite('operators/hop');

/** Rows over four slides. Each is in as many windows as the size has slides: that is the answer. */
async function rowsOfSizes(): Promise<void> {
  const ws = createWorkspace({ bytes: small ? 128 << 20 : 1 << 30 });
  const batches = fill(ws, ROWS, KEYS, 0, 4 * SLIDE_MS);
  const contender = (slides: number): Contender => {
    let checked = false;
    return {
      name: `size of ${slides} slides`,
      run: async () => {
        const operator = hops(ws, slides * SLIDE_MS, COUNT_AND_SUM, slides === 1 ? undefined : 0);
        const { wallMs, cpuMs } = await timed(() => addAll(operator, batches));
        if (!checked) assert.equal(fire(ws, operator, Infinity).rows, ROWS * slides);
        checked = true;
        operator.close();
        return new Timed(undefined, wallMs, cpuMs);
      },
    };
  };
  await suite.case('a row, 1,000 keys', { rows: ROWS, repeat: 'once' }, [1, 10, 60, 600].map(contender));
}

/** A window of four slices in which every key has a row each: what the next slide costs until its first row is out. */
async function slideOf(name: string, aggregates: readonly BoundAggregate[], presence: number | undefined): Promise<void> {
  const keys = small ? 20_000 : 1_000_000;
  const slides = 4;
  const ws = createWorkspace({ bytes: small ? 256 << 20 : 3 * 2 ** 30 });
  const batches = fill(ws, keys, keys, 0, 1);
  const run = (): Timed => {
    const operator = hops(ws, slides * SLIDE_MS, aggregates, presence);
    let firstMs = Infinity;
    for (let slide = 0; slide < 8; slide++) {
      addAll(
        operator,
        batches.map((batch) => {
          const times = ws.alloc(batch.rows * 8);
          ws.kernels.window_fill(times, batch.rows, slide * SLIDE_MS);
          return { ...batch, times };
        }),
      );
      ws.scratch.reset();
      const found = fire(ws, operator, (slide + 1) * SLIDE_MS - 1);
      assert.equal(found.rows, keys * Math.min(slide + 1, slides));
      if (slide >= slides) firstMs = Math.min(firstMs, found.firstMs);
    }
    operator.close();
    return new Timed(undefined, firstMs, firstMs);
  };
  await suite.case(`a slide over ${keys.toLocaleString('en')} keys, ${name}`, { rows: 1, unit: 'step', repeat: 'once', rounds: 3 }, [
    { name: 'millrace', run },
  ]);
}

await rowsOfSizes();
await slideOf('count and sum, taken back', COUNT_AND_SUM, 0);
await slideOf('count, sum and max, combined', [...COUNT_AND_SUM.map((a) => ({ ...a, revocable: false })), MAX], undefined);
suite.end();
