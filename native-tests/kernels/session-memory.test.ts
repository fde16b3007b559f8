// What sessions hold is given back: rows of the pool, keys, bytes of accumulators; and what is left is still right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../ts/columns/batch.js';
import { detach } from '../../ts/columns/detached.js';
import { detachedToRows } from '../../ts/columns/rows.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { SessionAggregate } from '../../ts/operators/session-aggregate.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { batchOfRows } from '../support/columns.js';

const ROWS: Schema = [field('user', 'utf8'), field('text', 'utf8')];
const RESULTS: Schema = [
  field('user', 'utf8'),
  field('windowStart', 'timestamp'),
  field('windowEnd', 'timestamp'),
  field('n', 'int64'),
  field('most', 'utf8', true),
  field('texts', 'int64'),
];
const GAP = 100;

interface Row {
  readonly user: string;
  readonly text: string;
  readonly at: number;
}

class Sessions {
  readonly ws: Workspace = createWorkspace({ build: 'debug', bytes: 256 << 20 });
  readonly operator: SessionAggregate;
  readonly #changes: boolean;

  constructor(changes: boolean) {
    this.#changes = changes;
    this.operator = new SessionAggregate(this.ws, {
      inputSchema: ROWS,
      keys: [0],
      aggregates: [
        { name: 'n', fn: 'count', args: [], kinds: [] },
        { name: 'most', fn: 'max', args: [1], kinds: ['utf8'] },
        { name: 'texts', fn: 'countDistinct', args: [1], kinds: ['utf8'] },
      ],
      gap: { ms: GAP },
      outputSchema: RESULTS,
      allowedLatenessMs: 0,
      emit: 'final',
      changes,
      mode: 'rows',
      keyGroups: { count: 16, lane: 0, lanes: 1 },
    });
  }

  /** One step; what came out, as text. */
  step(rows: readonly Row[], watermark: number): string[] {
    const { ws, operator } = this;
    const mark = ws.scratch.mark();
    const out: string[] = [];
    const emit = (_port: number, batch: Batch): void => {
      assert.equal(batch.ops !== 0, this.#changes);
      for (const row of detachedToRows(detach(ws.memory, batch)) as Record<string, unknown>[]) {
        const { user, windowStart, windowEnd, n, most, texts } = row;
        out.push([user, windowStart, windowEnd, n, most, texts].join(' '));
      }
    };
    const pull = (): void => {
      while (operator.pull({ room: () => 1000, emit }) === 'more');
    };
    for (let from = 0; from < rows.length; from += 5000) {
      const part = rows.slice(from, from + 5000);
      const inner = ws.scratch.mark();
      operator.push(
        0,
        batchOfRows(
          ws,
          ROWS,
          part.map((r) => [r.user, r.text]),
          part.map((r) => r.at),
        ),
      );
      pull();
      ws.scratch.release(inner);
    }
    operator.mark(0, { step: 0, clockMs: 0, watermark });
    pull();
    ws.scratch.release(mark);
    return out;
  }

  metric(name: string): number {
    return this.operator.metrics()[name] as number;
  }
}

for (const changes of [false, true]) {
  test(`a burst of sessions leaves nothing behind, and those that stay are right (${changes ? 'changes' : 'final'})`, () => {
    const sessions = new Sessions(changes);
    const long = 'a text that takes its room '.repeat(4);
    const burst = (from: number): Row[] =>
      Array.from({ length: 20_000 }, (_, i) => ({ user: `user ${from}-${i}`, text: `${long}${i % 7}`, at: from + (i % 50) }));
    const lasting = (at: number): Row[] => [0, 1, 2].map((i) => ({ user: `stays ${i}`, text: `${long}${at}`, at }));
    const before: number[] = [];
    let fired = 0;
    for (let round = 0; round < 6; round++) {
      const from = round * 400;
      for (const part of [0, 90, 180, 270, 360]) {
        const rows = [...lasting(from + part), ...(part === 0 ? burst(from) : [])];
        const out = sessions.step(rows, from + part - 1);
        fired += out.length;
        if (part === 0) before.push(sessions.metric('stateBytes'));
      }
      assert.equal(sessions.metric('openWindows'), 3, 'all of the burst are over');
      assert.ok(sessions.metric('keys') < 2000, `keys left: ${sessions.metric('keys')}`);
      const left = sessions.metric('stateBytes');
      assert.ok(left * 20 < (before[round] as number), `${left} bytes left of ${before[round]}`);
    }
    assert.equal(fired, 6 * 20_000);
    assert.ok((before[5] as number) <= (before[0] as number) * 2, `state at the bursts: ${before.join()}`);
    const times = Array.from({ length: 30 }, (_, i) => Math.floor(i / 5) * 400 + (i % 5) * 90);
    const most = times
      .map((at) => `${long}${at}`)
      .sort()
      .at(-1);
    assert.deepEqual(
      sessions.step([], Infinity).sort(),
      [0, 1, 2].map((i) => `stays ${i} 0 ${2360 + GAP} 30 ${most} 30`),
    );
    sessions.operator.close();
    assert.equal(sessions.ws.blocks.bytesInUse <= 4 << 20, true);
  });
}

test('state stays bounded while keys and sessions come and go for long', () => {
  const sessions = new Sessions(false);
  const random = new Random(3);
  let most = 0;
  let early = 0;
  for (let step = 0; step < 300; step++) {
    const rows = Array.from({ length: 400 }, () => ({
      user: `user ${step * 50 + random.int(0, 400)}`,
      text: `text ${random.int(0, 1000)}`,
      at: step * 20 + random.int(1, 80),
    }));
    sessions.step(rows, step * 20);
    most = Math.max(most, sessions.metric('stateBytes'));
    if (step === 60) early = most;
  }
  assert.ok(most <= early * 2, `${early} bytes after 60 steps, ${most} at most`);
  sessions.operator.close();
});
