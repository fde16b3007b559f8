import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsToDetached } from '../columns/builder.js';
import { rowPosition } from '../columns/row-position.js';
import { field, type Schema } from '../columns/schema.js';
import type { BlockContent } from '../connectors/connector.js';
import { nodeHost } from '../core/node-host.js';
import { Random } from '../core/random.js';
import type { Operator } from '../operators/operator.js';
import type { Workspace } from '../wasm/workspace.js';
import { ContentReader } from './content-reader.js';
import { splitOrderOf, type JobSnapshot } from './job-snapshot.js';
import { DEFAULT_TUNING } from './lane.js';
import { makeInlineLanes } from './make-lanes.js';
import type { FromLane } from './messages.js';
import type { Program } from './program.js';

const ROWS: Schema = [field('at', 'timestamp'), field('split', 'int32'), field('row', 'int32')];
const SPLITS = ['b', 'a'];

interface Seen {
  readonly split: number;
  readonly row: number;
  readonly position: bigint;
}

/** Every third row is filtered out at the source. */
function filterOf(ws: Workspace, rows: { at: number; rows: number }): { selection: number; count: number } {
  const kept = Array.from({ length: rows.rows }, (_, i) => i).filter((i) => (ws.memory.i32[rows.at / 4 + i] as number) % 3 !== 0);
  const selection = ws.alloc(kept.length * 4);
  ws.memory.i32.set(kept, selection / 4);
  return { selection, count: kept.length };
}

function programOf(options: { timed: boolean; filtered: boolean; maxFutureMs?: number }, seen: Seen[]): Program {
  const recorder = (ws: Workspace): Operator => ({
    ready: () => true,
    push(_input, batch) {
      const { memory } = ws;
      assert.ok(batch.positions !== 0 || batch.rows === 0, 'rows have places');
      for (let i = 0; i < batch.rows; i++) {
        const at = (column: number) => memory.i32[(batch.columns[column]?.values as number) / 4 + i] as number;
        seen.push({ split: at(1), row: at(2), position: memory.i64[batch.positions / 8 + i] as bigint });
      }
    },
    pull: () => 'done',
    mark: () => undefined,
    outputWatermark: () => -Infinity,
    nextWakeup: () => ({}),
    snapshot: () => undefined,
    restore: () => undefined,
    close: () => undefined,
    metrics: () => ({}),
  });
  const { timed, filtered, maxFutureMs } = options;
  return {
    stages: [{ sources: [0], exchanges: [], nodes: [{ id: 'seen', inputs: 1, outputs: [[]], create: recorder }] }],
    exchanges: [],
    sinks: [],
    sources: [
      {
        id: 'rows',
        schema: ROWS,
        eventTime: timed ? { column: 0, boundMs: 10, candidates: undefined, idleAfterMs: undefined, maxFutureMs } : undefined,
        filter: filtered ? (ws, batch) => filterOf(ws, { at: batch.columns[2]?.values as number, rows: batch.rows }) : undefined,
        positions: true,
        targets: [{ to: 'node', node: 0, input: 0 }],
        malformed: [],
        createReader: (ws) => new ContentReader(ws, ROWS, ROWS),
      },
    ],
  };
}

interface Block {
  readonly split: number;
  readonly from: number;
  readonly rows: number;
  /** How many positions it takes; as many as rows unless said. */
  readonly wide?: number;
}

/** The rows of these steps, as the operator behind the source sees them. */
async function read(
  lanes: number,
  steps: readonly (readonly Block[])[],
  options: Parameters<typeof programOf>[0],
  order = SPLITS,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const splits = [SPLITS.map((id) => ({ id, options: {} }))];
  const set = makeInlineLanes(
    {
      program: programOf(options, seen),
      host: nodeHost,
      laneCount: lanes,
      keyGroups: 8,
      splits,
      splitOrder: [order],
      firstStep: 0,
      tuning: DEFAULT_TUNING,
      restore: undefined,
    },
    { memoryBytes: 16 << 20 },
  );
  let left = steps.length * lanes;
  let no = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      void set.start((message: FromLane) => {
        if (message.type === 'error') reject(Object.assign(new Error(message.error.message), { code: message.error.code }));
        if (message.type === 'ack' && --left === 0) resolve();
      });
      for (const [step, blocks] of steps.entries()) {
        const contents = new Map<number, BlockContent>();
        const refs = blocks.map(({ split, from, rows, wide = rows }) => {
          const made = Array.from({ length: rows }, (_, i) => ({ at: (from + i) % 7, split, row: from + i }));
          contents.set(no, { kind: 'batch', batch: rowsToDetached(ROWS, made) });
          return { source: 0, split: SPLITS[split] as string, from, to: from + wide, no: no++ };
        });
        const header = {
          step,
          attempt: 0,
          clockMs: 0,
          blocks: refs,
          idle: [],
          ended: [],
          raised: [],
          kind: 'rows',
          snapshot: false,
          report: false,
        } as const;
        for (let lane = 0; lane < lanes; lane++) set.send(lane, { type: 'step', header, contents });
      }
    });
  } finally {
    await set.close();
  }
  return seen;
}

test('places order rows by split and by their order in it, wherever blocks are cut, however many lanes read', async () => {
  for (let seed = 1; seed <= 24; seed++) {
    const random = new Random(seed);
    const next = [0, 0];
    const steps = Array.from({ length: 4 }, () =>
      Array.from({ length: random.int(0, 6) }, (): Block => {
        const split = random.int(0, 1);
        const rows = random.int(0, 9);
        const wide = rows + random.pick([0, 0, 100]);
        const from = next[split] as number;
        next[split] = from + wide;
        return { split, from, rows, wide };
      }),
    );
    const options = { timed: random.bool(), filtered: random.bool(), ...(random.bool() ? { maxFutureMs: 4 } : {}) };
    const seen = await read(random.int(1, 3), steps, options);
    const byPlace = [...seen].sort((a, b) => (a.position < b.position ? -1 : 1));
    const inOrder = [...seen].sort((a, b) => a.split - b.split || a.row - b.row);
    assert.deepEqual(byPlace, inOrder, `seed ${seed}`);
    assert.equal(new Set(seen.map((s) => s.position)).size, seen.length);
    const past = (row: number) => options.timed && options.maxFutureMs !== undefined && row % 7 > 4;
    const wanted = steps.flat().flatMap(({ from, rows }) => Array.from({ length: rows }, (_, i) => from + i));
    const kept = wanted.filter((row) => !past(row) && !(options.filtered && row % 3 === 0));
    assert.deepEqual(
      seen.map((s) => s.row).sort((a, b) => a - b),
      kept.sort((a, b) => a - b),
    );
  }
});

test('splits keep their numbers over a restore, also when others have come or gone', async () => {
  const ids = (...names: string[]) => [names.map((id) => ({ id }))];
  assert.deepEqual(splitOrderOf(undefined, ids('x', 'y')), [['x', 'y']]);
  assert.deepEqual(splitOrderOf({ splitOrder: [['x', 'y']] } as unknown as JobSnapshot, ids('a', 'y')), [['x', 'y', 'a']]);
  const [first] = await read(1, [[{ split: 1, from: 5, rows: 1 }]], { timed: false, filtered: false }, ['gone', 'b', 'a']);
  assert.equal(first?.position, rowPosition(0, 2, 5));
});

test('a source whose positions do not count its rows cannot give places', async () => {
  await assert.rejects(read(2, [[{ split: 0, from: 0, rows: 5, wide: 1 }]], { timed: true, filtered: false }), {
    code: 'source.failed',
    message: /a block of split 'b' has 5 rows in the positions \[0, 1\); a source's positions must grow by at least one a row/,
  });
});
