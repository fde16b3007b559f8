import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScalarKind as Kind } from '../../ts/columns/schema.js';
import { MillraceError } from '../../ts/core/errors.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, EDGES, strictTwin, verify, verifyRows, workspaces } from '../support/expressions.js';

const LIMIT = 8_640_000_000_000_000n;

/** The value in the other kind, or undefined when that has none. */
function converted(value: Value, from: Kind, to: Kind): Value | undefined {
  if (from === to) return value;
  if (to === 'utf8') return asText(value, from);
  if (from === 'utf8') return fromText(String(value), to);
  if (to === 'bool') return value !== 0 && value !== 0n;
  const number = Number(value);
  if (to === 'float64') return number;
  if (from === 'float64' && !Number.isFinite(number)) return undefined;
  const whole = from === 'float64' ? BigInt(Math.trunc(number)) : BigInt(value as bigint);
  if (to === 'int32') return BigInt.asIntN(32, whole) === whole ? Number(whole) : undefined;
  if (to === 'timestamp') return whole >= -LIMIT && whole <= LIMIT ? whole : undefined;
  return BigInt.asIntN(64, whole) === whole ? whole : undefined;
}

function asText(value: Value, from: Kind): Value | undefined {
  if (from === 'timestamp') return new Date(Number(value)).toISOString();
  if (from !== 'binary') return String(value);
  const bytes = Buffer.from(String(value), 'latin1');
  return Buffer.from(bytes.toString('utf8')).equals(bytes) ? bytes.toString('utf8') : undefined;
}

function fromText(text: string, to: Kind): Value | undefined {
  if (to === 'binary') return Buffer.from(text).toString('latin1');
  if (to === 'bool') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (to === 'float64') {
    if (['NaN', 'Infinity', '-Infinity'].includes(text)) return Number(text);
    return text === '' || /[^0-9.eE+-]/.test(text) || Number.isNaN(Number(text)) ? undefined : Number(text);
  }
  if (to === 'timestamp') return TIMES.get(text);
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const whole = BigInt(text.replace('+', ''));
  const bits = to === 'int32' ? 32 : 64;
  return BigInt.asIntN(bits, whole) !== whole ? undefined : to === 'int32' ? Number(whole) : whole;
}

const NUMBERS = [
  '0',
  '-0',
  '7',
  '+7',
  '007',
  '2147483647',
  '2147483648',
  '-2147483648',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999',
  '1.5',
  '.5',
  '5.',
  '1e3',
  '-1E-3',
  '1e999',
  'NaN',
  'Infinity',
  '-Infinity',
  '',
  ' 1',
  '1 ',
  '1x',
  '--1',
  '+',
  '-',
  'e5',
  '.',
  '0x10',
  '１',
];

const TIMES = new Map<string, bigint | undefined>([
  ['2024-02-29', 1_709_164_800_000n],
  ['2023-02-29', undefined],
  ['2024-02-29T12:34', 1_709_210_040_000n],
  ['2024-02-29 12:34:56', 1_709_210_096_000n],
  ['2024-02-29T12:34:56.7Z', 1_709_210_096_700n],
  ['2024-02-29T12:34:56.789123+02:00', 1_709_202_896_789n],
  ['2024-02-29T12:34:56-0530', 1_709_229_896_000n],
  ['1969-12-31T23:59:59.999Z', -1n],
  ['0001-01-01', -62_135_596_800_000n],
  ['+275760-09-13T00:00:00.000Z', LIMIT],
  ['+275760-09-13T00:00:00.001Z', undefined],
  ['2024-13-01', undefined],
  ['2024-00-10', undefined],
  ['2024-01-01T24:00', 1_704_153_600_000n],
  ['2024-01-01T24:01', undefined],
  ['2024-01-01T12:60', undefined],
  ['2024-1-1', undefined],
  ['1700000000000', undefined],
  ['yesterday', undefined],
  ['', undefined],
]);

const CASTS: readonly (readonly [Kind, Kind, (readonly Value[])?])[] = [
  ...(['bool', 'int32', 'int64', 'float64'] as const).flatMap((from) =>
    (['bool', 'int32', 'int64', 'float64', 'utf8'] as const).map((to) => [from, to] as const),
  ),
  ['int64', 'timestamp'],
  ['float64', 'timestamp'],
  ['timestamp', 'int64'],
  ['timestamp', 'float64'],
  ['timestamp', 'utf8'],
  ['utf8', 'binary'],
  ['binary', 'utf8', ['', 'ab', '\xff', 'a\x80', '\xc3\xa6', '\xef\xbb\xbfx']],
  ['utf8', 'bool', ['true', 'false', 'TRUE', '', '1']],
  ['utf8', 'int32', NUMBERS],
  ['utf8', 'int64', NUMBERS],
  ['utf8', 'float64', NUMBERS],
  ['utf8', 'timestamp', [...TIMES.keys()]],
];

for (const [build, ws] of workspaces()) {
  test(`${build}: a cast to a nullable type gives null where there is no such value`, () => {
    for (const [from, to, pool = EDGES[from]] of CASTS) {
      const expression = call('cast', [column('a')], { to, nullable: true });
      verify({
        ws,
        kinds: [from],
        pools: [pool],
        expression,
        twin: ([a]) => (a === null ? null : (converted(a as Value, from, to) ?? null)),
      });
    }
  });

  test(`${build}: any other cast fails there`, () => {
    for (const [from, to, pool = EDGES[from]] of CASTS) {
      const twin = strictTwin((a: Value) => {
        const value = converted(a, from, to);
        if (value === undefined) throw new MillraceError('value.invalid', 'no such value');
        return value;
      });
      for (const value of pool) verifyRows(ws, { a: [from, [null, value]] }, call('cast', [column('a')], { to }), twin);
    }
    assert.throws(() => verifyRows(ws, { n: ['utf8', ['1', 'one']] }, call('cast', [column('n')], { to: 'int64' }), () => 0n), {
      code: 'value.invalid',
      message: "cast(n as int64): 'one' is no int64; cast to a nullable type to get null instead",
    });
  });
}
