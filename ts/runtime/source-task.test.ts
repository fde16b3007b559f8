import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsToDetached } from '../columns/builder.js';
import { field, type Schema } from '../columns/schema.js';
import type { BlockContent } from '../connectors/connector.js';
import { nodeHost } from '../core/node-host.js';
import { Random } from '../core/random.js';
import { ContentReader } from './content-reader.js';
import { DEFAULT_TUNING } from './lane.js';
import { Doorbells } from './link.js';
import { makeInlineLanes } from './make-lanes.js';
import type { FromLane, SourceClockState } from './messages.js';
import type { Program } from './program.js';

const ROWS: Schema = [field('at', 'timestamp')];
const BOUND_MS = 10;

/** One source, read by lanes, and nothing after it. */
const PROGRAM: Program = {
  stages: [{ sources: [0], exchanges: [], nodes: [] }],
  exchanges: [],
  sinks: [],
  sources: [
    {
      id: 'rows',
      schema: ROWS,
      eventTime: { column: 0, boundMs: BOUND_MS, candidates: undefined, idleAfterMs: undefined, maxFutureMs: undefined },
      filter: undefined,
      positions: false,
      targets: [],
      malformed: [],
      createReader: (ws) => new ContentReader(ws, ROWS, ROWS),
    },
  ],
};

interface Acked {
  readonly clocks: (SourceClockState | undefined)[];
  readonly rows: number;
}

/** Steps of blocks (lists of times), read by lanes that get their turns in this order; what each lane said of each step. */
async function read(
  lanes: number,
  steps: readonly (readonly number[][])[],
  turns?: (lanes: number) => number[],
): Promise<{ acked: Acked[][]; rings: number[] }> {
  const splits = [[{ id: 's', options: {} }]];
  const set = makeInlineLanes(
    { program: PROGRAM, host: nodeHost, laneCount: lanes, keyGroups: 8, splits, firstStep: 0, tuning: DEFAULT_TUNING, restore: undefined },
    { memoryBytes: 16 << 20, turns },
  );
  const acked: Acked[][] = steps.map(() => []);
  let left = steps.length * lanes;
  let no = 0;
  await new Promise<void>((resolve, reject) => {
    const receive = (message: FromLane) => {
      if (message.type === 'error') reject(new Error(message.error.message));
      if (message.type !== 'ack') return;
      const { step, clocks, blocks } = message.ack;
      (acked[step] as Acked[])[message.lane] = { clocks: [...clocks], rows: blocks.reduce((sum, block) => sum + block.rows, 0) };
      if (--left === 0) resolve();
    };
    void set.start(receive);
    for (const [step, blocks] of steps.entries()) {
      const contents = new Map<number, BlockContent>();
      const refs = blocks.map((times) => {
        contents.set(no, {
          kind: 'batch',
          batch: rowsToDetached(
            ROWS,
            times.map((at) => ({ at })),
          ),
        });
        return { source: 0, split: 's', from: no, to: no + 1, no: no++ };
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
        report: true,
      } as const;
      for (let lane = 0; lane < lanes; lane++) set.send(lane, { type: 'step', header, contents });
    }
  });
  const bells = new Doorbells(set.shared.bells);
  await set.close();
  return { acked, rings: Array.from({ length: lanes }, (_, lane) => bells.seen(lane)) };
}

test('every lane has the same clock at every step end, whoever read what in whatever order', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new Random(seed);
    const steps = Array.from({ length: 4 }, () =>
      Array.from({ length: random.int(0, 9) }, () => Array.from({ length: random.int(0, 5) }, () => random.int(0, 1000))),
    );
    const lanes = random.int(1, 4);
    const turns = (n: number) => random.shuffle(Array.from({ length: n }, (_, i) => i)).slice(0, random.int(1, n));
    const { acked } = await read(lanes, steps, turns);
    let most = -Infinity;
    for (const [step, blocks] of steps.entries()) {
      most = Math.max(most, ...blocks.flat());
      const found = acked[step] as Acked[];
      for (const { clocks } of found)
        assert.equal(clocks[0]?.watermark, most === -Infinity ? most : most - BOUND_MS - 1, `seed ${seed}, step ${step}`);
      assert.equal(
        found.reduce((sum, lane) => sum + lane.rows, 0),
        blocks.flat().length,
        'each block is read once',
      );
    }
  }
});

test('who has read a block rings for the lanes that wait for it', async () => {
  const { rings } = await read(3, [[[1], [2], [3]]]);
  assert.deepEqual(rings, [2, 2, 2], 'each of the two others has rung');
});
