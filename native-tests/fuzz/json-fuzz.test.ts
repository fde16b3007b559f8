import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Random } from '../../ts/core/random.js';
import type { KernelBuild } from '../../ts/wasm/module.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { checkAgainstTwin, Harness, TIERS } from '../kernels/json-check.js';

// Rows of several shapes, damaged at random: whatever becomes of them, no tier may crash, hang, or differ from JSON.parse.
const ROWS = Number(process.env.MILLRACE_FUZZ_ROWS ?? 60_000);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? 20_240_517);
const BUILDS: readonly KernelBuild[] = ['simd', 'scalar'];

const PIECES = ['a', 'b', 'c', ' ', '/', 'é', '日', '😀', '\\n', '\\"', '\\u00e9', '\\ud83d\\ude00', '\\ud800', '\\/', '\\\\'];
const DAMAGE = [
  '"',
  ',',
  '}',
  '{',
  '[',
  ']',
  ':',
  '\\',
  ' ',
  '0',
  '-',
  '.',
  'e',
  '\r',
  '\t',
  'x',
  'null',
  'true',
  '\u0001',
  '\\u00',
  '\\ud83d',
  '"a":1,',
];
const ODD_NUMBERS = [
  '0',
  '-0',
  '00',
  '01',
  '-',
  '+1',
  '1.',
  '.5',
  '1e',
  '1e+',
  '0x10',
  '1.0',
  '1e3',
  '1E-2',
  '-1.5e2',
  '100e-2',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999',
  '0.1',
  '123456789012345',
  '1234567890123456',
  '0.12345678901234567',
  '1e22',
  '1e23',
  '1e308',
  '1e309',
  '-1e400',
  '5e-324',
  '1e-400',
  '8640000000000000',
  '8640000000000001',
  '-8640000000000001',
  'null',
  'true',
  '"5"',
  '[1]',
  '{"a":1}',
  '',
  'NaN',
  'Infinity',
  '1700000000.123456',
  '1_000',
  '3.141592653589793',
];
const ODD_TIMES = [
  '2024-02-29',
  '2023-02-29',
  '2024-05-17T10:20:30Z',
  '2024-05-17 10:20',
  '2024-05-17T10:20:30.123456789+02:00',
  '2024-13-01',
  '+275760-09-13T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  '-271821-04-20',
  '1969-12-31T23:59:59.999Z',
  'yesterday',
  '',
  '2024-05-17T24:00:00Z',
  '2024-05-17T1:2:3Z',
  '2024-05-17T10:20:30-0130',
  '0000-01-01',
];

function text(r: Random, longest: number): string {
  let out = '';
  for (let n = r.int(0, longest); n > 0; n--) out += r.bool(0.997) ? 'abcdefgh 0&'[r.int(0, 10)] : r.pick(PIECES);
  return out;
}

function whole(r: Random): string {
  if (r.bool(0.03)) return r.pick(ODD_NUMBERS);
  return String(r.int(r.bool(0.2) ? -1e6 : 0, 1e9));
}

function decimal(r: Random): string {
  if (r.bool(0.03)) return r.pick(ODD_NUMBERS);
  if (r.bool(0.1)) return String((r.float() - 0.5) * 10 ** r.int(-20, 20));
  return `${r.bool(0.2) ? '-' : ''}${r.int(0, 9999)}.${r.int(0, 999)}`;
}

function time(r: Random): string {
  if (r.bool(0.05)) return `"${r.pick(ODD_TIMES)}"`;
  return r.bool(0.5) ? String(1_700_000_000_000 + r.int(0, 1e9)) : `"${new Date(1_700_000_000_000 + r.int(0, 1e12)).toISOString()}"`;
}

type Member = readonly [key: string, value: string];

function membersOf(r: Random, shape: number): Member[] {
  switch (shape) {
    case 0:
      return [
        ['l', whole(r)],
        ['bidder', whole(r)],
        ['s', `"${text(r, 20)}"`],
        ['url', `"https://${text(r, 60)}"`],
        ['t', String(1_700_000_000_000 + r.int(0, 1e9))],
      ];
    case 1:
      return [
        ['i', whole(r)],
        ['f', decimal(r)],
        ['b', r.pick(['true', 'false', 'true', 'false'])],
        ['t', time(r)],
        ['bid', `{"price":${whole(r)},"x":${decimal(r)}}`],
      ];
    case 2:
      return [
        ['at', `{"s":${whole(r)},"us":${whole(r)}}`],
        ['x', `"${Buffer.from(text(r, 9)).toString('base64')}${r.bool(0.02) ? '*' : ''}"`],
        ['tags', `[${text(r, 0)}${Array.from({ length: r.int(0, 3) }, () => decimal(r)).join(',')}]`],
        ['note', r.pick(['null', 'true', `"${text(r, 9)}"`])],
      ];
    default:
      return [
        ['s', `"${text(r, 50)}"`],
        ['i', r.bool(0.8) ? whole(r) : 'null'],
        ['deep', `{"a":[{"b":${whole(r)}}],"c":{}}`],
        ['é\\"\\\\', whole(r)],
      ];
  }
}

function row(r: Random, shape: number): Buffer {
  let members = membersOf(r, shape);
  const q = r.float();
  if (q < 0.04) members = r.shuffle(members);
  else if (q < 0.06) members.push(r.pick(members));
  else if (q < 0.08) members.splice(r.int(0, members.length - 1), 1);
  else if (q < 0.1) members.push(['\\u0069', whole(r)]);
  const space = q > 0.97 ? ' ' : '';
  let bytes = Buffer.from(`{${members.map(([k, v]) => `"${k}":${space}${v}`).join(`,${space}`)}}${q > 0.99 ? '\r' : ''}`);
  if (!r.bool(0.08)) return bytes;
  for (let n = r.int(1, 3); n > 0; n--) {
    const at = r.int(0, bytes.length);
    const how = r.int(0, 4);
    if (how === 0 && at < bytes.length) bytes[at] = r.int(0, 255);
    else if (how === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else if (how === 2) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(r.pick(DAMAGE)), bytes.subarray(at)]);
    else if (how === 3) bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(r.int(0, bytes.length))]);
  }
  return bytes;
}

/** A block of rows, mostly of one shape or of several, with blank lines and sometimes without its last newline. */
function block(r: Random, main: number, mixed: boolean, clean: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let n = r.int(1, 400); n > 0; n--) {
    const bytes = row(r, mixed || r.bool(0.02) ? r.int(0, 3) : main);
    // Every other block stays valid UTF-8: what was damaged becomes U+FFFD.
    parts.push(clean ? Buffer.from(bytes.toString('utf8')) : bytes, Buffer.from('\n'));
    if (r.bool(0.01)) parts.push(Buffer.from(r.pick(['\n', ' \n', '\r\n'])));
  }
  if (r.bool(0.2)) parts.pop();
  return Buffer.concat(parts);
}

for (const build of BUILDS)
  test(`mutated rows, ${build}`, () => {
    const random = new Random(SEED);
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const harnesses = TIERS.map((tier) => new Harness(ws, tier));
    let rows = 0;
    let fast = 0;
    let main = 0;
    for (let n = 0; rows < ROWS / BUILDS.length; n++) {
      if (random.bool(0.2)) main = random.int(0, 3);
      const bytes = block(random, main, random.bool(0.2), n % 3 !== 0);
      for (const harness of harnesses) {
        const outcome = harness.run(bytes);
        checkAgainstTwin(outcome, bytes);
        fast = outcome.counters.templateRows ?? 0;
        rows += (outcome.rows.length + outcome.bad.length) / harnesses.length;
      }
    }
    if (build === 'simd') assert.ok(fast > rows / 8, `the template tier took ${fast} of ${rows} rows only`);
    for (const harness of harnesses) harness.close();
  });
