import assert from 'node:assert/strict';
import { bindExpression } from '../../ts/build/expressions.js';
import type { ScalarKind as Kind } from '../../ts/columns/schema.js';
import { MillraceError } from '../../ts/core/errors.js';
import { Random } from '../../ts/core/random.js';
import { evaluate } from '../../ts/operators/expression.js';
import type { Expression, LiteralKind, LiteralOption, LiteralValue } from '../../ts/plan/expression.js';
import type { KernelBuild } from '../../ts/wasm/module.js';
import { readColumn, type Value, writeBatch } from '../../ts/wasm/twins/columns.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';

export const BUILDS: readonly KernelBuild[] = ['debug', 'scalar', 'simd'];
export const LENGTHS = [0, 1, 2, 7, 8, 9, 63, 64, 65, 200];

export const column = (name: string): Expression => ({ op: 'column', name });
export const literal = (kind: LiteralKind, value: LiteralValue): Expression => ({ op: 'literal', kind, value });
export const call = (fn: string, args: readonly Expression[], options?: Record<string, LiteralOption>): Expression => ({
  op: 'call',
  fn,
  args,
  ...(options === undefined ? {} : { options }),
});

/** Values worth trying, besides random ones. */
export const EDGES: Readonly<Record<Kind, readonly Value[]>> = {
  bool: [true, false],
  int32: [0, 1, -1, 2, 3, 7, -7, 2 ** 31 - 1, -(2 ** 31)],
  int64: [0n, 1n, -1n, 3n, 2n ** 31n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  float64: [0, -0, 1, -1, 0.5, -0.5, 2.5, 3, 1e300, 5e-324, 2 ** 53, 2 ** 63, -(2 ** 63), Number.NaN, Infinity, -Infinity],
  utf8: [
    '',
    'a',
    'b',
    'Oslo',
    'oslo',
    'OSLO',
    'æøå',
    'ÆØÅ',
    '☃',
    '𝒳y',
    ' a b ',
    '\u00a0x\u3000',
    'a,b,,c',
    'Oslo, den 3. mai, kl. 12.00 og 13.00!',
  ],
  binary: ['', '\x00', '\xff', 'ab', '\xff\x00\x80'],
  timestamp: [
    0n,
    -1n,
    1n,
    86_399_999n,
    951_782_400_000n,
    -62_135_596_800_001n,
    1_700_000_000_000n,
    8_640_000_000_000_000n,
    -8_640_000_000_000_000n,
  ],
};

function randomValue(random: Random, kind: Kind, pool: readonly Value[]): Value {
  if (random.bool(0.6)) return random.pick(pool);
  switch (kind) {
    case 'int32':
      return random.int(-100, 100);
    case 'int64':
      return BigInt(random.int(-1000, 1000));
    case 'float64':
      return (random.float() - 0.5) * 1000;
    case 'timestamp':
      return BigInt(random.int(-5e12, 5e12));
    default:
      return random.pick(pool);
  }
}

export interface Check {
  readonly ws: Workspace;
  /** Kinds of the columns a, b, c … */
  readonly kinds: readonly Kind[];
  readonly expression: Expression;
  /** The naive answer for one row. Throws where the expression must. */
  readonly twin: (row: readonly Value[]) => Value;
  /** Instead of EDGES. */
  readonly pools?: readonly (readonly Value[])[];
  readonly seed?: number;
}

/** Evaluates over columns of many lengths and null patterns, and compares every row with the twin. */
export function verify({ ws, kinds, expression, twin, pools, seed = 1 }: Check): void {
  const random = new Random(seed);
  for (const rows of LENGTHS) {
    for (const nulls of [0, 0.3, 1]) {
      const columns: Record<string, readonly [Kind, readonly Value[]]> = {};
      for (const [i, kind] of kinds.entries()) {
        const pool = pools?.[i] ?? EDGES[kind];
        const values = Array.from({ length: rows }, () => (random.bool(nulls) ? null : randomValue(random, kind, pool)));
        columns['abcdef'[i] as string] = [kind, values];
      }
      verifyRows(ws, columns, expression, twin);
    }
  }
}

export function verifyRows(
  ws: Workspace,
  columns: Readonly<Record<string, readonly [Kind, readonly Value[]]>>,
  expression: Expression,
  twin: (row: readonly Value[]) => Value,
): void {
  const mark = ws.scratch.mark();
  const batch = writeBatch(ws, columns);
  const values = Object.values(columns).map(([, v]) => v);
  const bound = bindExpression(expression, batch.schema);
  let wanted: Value[] | MillraceError;
  try {
    wanted = Array.from({ length: batch.rows }, (_, i) => twin(values.map((v) => v[i] as Value)));
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error));
    wanted = error;
  }
  if (wanted instanceof MillraceError) assert.throws(() => evaluate(ws, bound, batch), { code: wanted.code });
  else {
    const vector = evaluate(ws, bound, batch);
    const got = readColumn(ws.memory, vector, batch.rows);
    if (vector.offsets !== 0) checkOffsets(ws, vector.offsets, got);
    for (const [i, value] of got.entries()) {
      if (!Object.is(value, wanted[i])) {
        const row = values.map((v) => v[i]);
        assert.fail(`row ${i} of ${batch.rows}, ${showAll(row)}: ${String(value)} instead of ${String(wanted[i])}`);
      }
    }
    assert.equal(got.length, wanted.length);
  }
  ws.scratch.release(mark);
}

/** Offsets begin at 0, and a null has no bytes. */
function checkOffsets(ws: Workspace, offsets: number, values: readonly Value[]): void {
  const at = (i: number): number => ws.memory.u32[offsets / 4 + i] as number;
  assert.equal(at(0), 0);
  for (const [i, value] of values.entries()) if (value === null) assert.equal(at(i), at(i + 1), `the null in row ${i} has bytes`);
}

function showAll(row: readonly (Value | undefined)[]): string {
  return row.map((v) => (typeof v === 'bigint' ? `${v}n` : (JSON.stringify(v) ?? String(v)))).join(' | ');
}

/** A twin of a function that is null for null. */
export function strictTwin(f: (...args: never[]) => Value): (row: readonly Value[]) => Value {
  return (row) => (row.includes(null) ? null : f(...(row as never[])));
}

export function workspaces(): readonly (readonly [KernelBuild, Workspace])[] {
  return BUILDS.map((build) => [build, createWorkspace({ build, bytes: 64 << 20 })] as const);
}
