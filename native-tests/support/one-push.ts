import assert from 'node:assert/strict';
import type { Batch } from '../../ts/columns/batch.js';
import type { Operator } from '../../ts/operators/operator.js';
import { readBatch, type Value, writeBatch } from '../../ts/wasm/twins/columns.js';
import type { Workspace } from '../../ts/wasm/workspace.js';

/** Pushes a batch and pulls everything, at most `room` rows at a time. */
export function drive(ws: Workspace, operator: Operator, batch: Batch, room: number, input = 0): { rows: Value[][]; sizes: number[] } {
  const rows: Value[][] = [];
  const sizes: number[] = [];
  assert.equal(operator.ready(input), true);
  operator.push(input, batch);
  for (;;) {
    const answer = operator.pull({
      room: () => room,
      emit: (port, out) => {
        assert.equal(port, 0);
        assert.ok(out.rows > 0 && out.rows <= room);
        sizes.push(out.rows);
        rows.push(...readBatch(ws.memory, out));
      },
    });
    if (answer === 'done') break;
  }
  return { rows, sizes };
}

/** Five rows with nulls. */
export function orders(ws: Workspace): Batch {
  return writeBatch(ws, { city: ['utf8', ['Oslo', null, 'Bergen', 'Oslo', '']], amount: ['int64', [3n, 4n, null, -1n, 9n]] }, [
    1n,
    2n,
    3n,
    4n,
    5n,
  ]);
}
