import type { Row } from '../columns/rows.js';
import { NONE } from '../columns/memory.js';
import { batchOf, type Batch } from '../columns/batch.js';
import type { Schema } from '../columns/schema.js';
import { describeValue, shorten } from '../columns/values.js';
import { MillraceError } from '../core/errors.js';
import { takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';

/** A user's function over lazily read rows. */
export type RowFunction = (row: Row) => unknown;

/** A batch made of users' values is closed once it holds this much, however few its rows. */
export const MAX_MADE_BYTES = 8 << 20;

const ROW_SHOWN = 400;
const VALUE_SHOWN = 60;

/** What a user's function threw, or that it gave something else than it may, as `function.failed` with the row's values. */
export function functionFailed(kind: string, schema: Schema, row: Row, cause: unknown): MillraceError {
  if (cause instanceof MillraceError && cause.code !== 'function.failed') return cause;
  const shown = describeRow(row);
  const what = cause instanceof MillraceError ? cause.message : `its function threw ${describeThrown(cause)}${bigintAdvice(schema, cause)}`;
  return new MillraceError('function.failed', `${kind}: ${what}; for the row ${shown}`, { cause, details: { row: shown } });
}

/** Whether a condition holds: as JavaScript has it, except that a promise is no answer. */
export function holds(answer: unknown): boolean {
  refusePromise(answer);
  return Boolean(answer);
}

/** Functions run inside a lane, which never waits. */
export function refusePromise(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null || typeof (answer as { then?: unknown }).then !== 'function') return;
  throw new MillraceError('function.failed', 'its function gave a Promise; row functions answer at once, they must not be async');
}

/** What a flatMap function gave, as an iterator. */
export function rowsGiven(given: unknown): Iterator<unknown> {
  refusePromise(given);
  const iterate = typeof given === 'object' && given !== null ? (given as Partial<Iterable<unknown>>)[Symbol.iterator] : undefined;
  if (typeof iterate === 'function') return iterate.call(given);
  throw new MillraceError(
    'function.failed',
    `its function gave ${describeValue(given)}; expected an iterable of rows, as an array ([] for none) or a generator`,
  );
}

/** What rows carry beside their columns. */
export function bareOf({ rows, times, clocks, ops, positions }: Batch): Batch {
  return batchOf([], rows, [], times, clocks, ops, positions);
}

/** The same of some rows. */
export function takeStamps(ws: Workspace, batch: Batch, rows: readonly number[]): Batch {
  const bare = bareOf(batch);
  if ([batch.times, batch.clocks, batch.ops, batch.positions].every((at) => at === NONE)) return { ...bare, rows: rows.length };
  return takeBatch(ws, bare, writeSelection(ws, rows), rows.length);
}

/** Row numbers as int32 in scratch. */
export function writeSelection(ws: Workspace, rows: readonly number[]): number {
  const at = ws.alloc(rows.length * 4);
  ws.memory.i32.set(rows, at / 4);
  return at;
}

export function describeRow(row: Row): string {
  const parts = Object.entries(row).map(([name, value]) => `${name}: ${showValue(value)}`);
  return `{ ${shorten(parts.join(', '), ROW_SHOWN)} }`;
}

function showValue(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'string' ? shorten(JSON.stringify(value), VALUE_SHOWN) : String(value);
}

export function describeThrown(thrown: unknown): string {
  const named = thrown as { name?: unknown; message?: unknown } | null | undefined;
  return typeof named?.message === 'string' ? `${String(named.name)}: ${named.message}` : describeValue(thrown);
}

/** JavaScript's own words for mixing numbers with the bigints of int64 columns do not say where those come from. */
function bigintAdvice(schema: Schema, thrown: unknown): string {
  const { name, message } = (thrown ?? {}) as { name?: unknown; message?: unknown };
  if (name !== 'TypeError' || typeof message !== 'string' || !message.includes('BigInt')) return '';
  const columns = schema.filter((f) => f.kind === 'int64').map((f) => f.name);
  const [first] = columns;
  if (first === undefined) return '';
  return `: int64 columns are bigint in rows (here ${columns.join(', ')}); write 2n for 2, or Number(row.${first})`;
}
