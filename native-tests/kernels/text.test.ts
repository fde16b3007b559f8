import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import type { LiteralOption } from '../../ts/plan/expression.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, EDGES, literal, strictTwin, verify, verifyRows, workspaces } from '../support/expressions.js';

const WHITE = [
  '\t',
  '\n',
  '\u000b',
  '\f',
  '\r',
  ' ',
  '\u00a0',
  '\u1680',
  '\u2000',
  '\u200a',
  '\u2028',
  '\u2029',
  '\u202f',
  '\u205f',
  '\u3000',
  '\ufeff',
];
/** Neighbours of white space, which are none. */
const BLACK = ['\u0008', '\u000e', '\u0085', '\u00a1', '\u1681', '\u200b', '\u2027', '\u2030', '\u2060', '\u3001', '\ufefe', '𝒳', 'é'];

const LONG = `${'x'.repeat(300)}needle${'æ'.repeat(40)}`;
const POOL: readonly Value[] = [
  ...EDGES.utf8,
  LONG,
  'need',
  'needle',
  'nneedle',
  'a☃b☃c',
  'ab'.repeat(20),
  'Straße',
  'İstanbul',
  'ﬃ',
  'ΑΣ',
];

for (const [build, ws] of workspaces()) {
  const one = (fn: string, twin: (a: string) => Value, options?: Record<string, LiteralOption>): void =>
    verify({ ws, kinds: ['utf8'], pools: [POOL], expression: call(fn, [column('a')], options), twin: strictTwin(twin) });

  test(`${build}: upper and lower case as JavaScript has them`, () => {
    one('lower', (a) => a.toLowerCase());
    one('upper', (a) => a.toUpperCase());
    const ascii = Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join('');
    verifyRows(
      ws,
      { a: ['utf8', [ascii, null, ascii.repeat(3)]] },
      call('lower', [column('a')]),
      strictTwin((a: string) => a.toLowerCase()),
    );
    verifyRows(
      ws,
      { a: ['utf8', [ascii, null, ascii.repeat(3)]] },
      call('upper', [column('a')]),
      strictTwin((a: string) => a.toUpperCase()),
    );
  });

  test(`${build}: trim takes away what JavaScript's does`, () => {
    one('trim', (a) => a.trim());
    const texts = [...WHITE, ...BLACK].flatMap((c) => [c, `${c}a`, `a${c}`, `${c} b${c} ${c}`, `é${c}`, `${c}é`]);
    verifyRows(
      ws,
      { a: ['utf8', [...texts, WHITE.join(''), `${WHITE.join('')}x${WHITE.join('')}`]] },
      call('trim', [column('a')]),
      strictTwin((a: string) => a.trim()),
    );
  });

  test(`${build}: slice and length count code points`, () => {
    one('length', (a) => [...a].length);
    for (const start of [0, 1, 2, 5, -1, -3, -100, 1000]) {
      one('slice', (a) => [...a].slice(start).join(''), { start });
      for (const end of [0, 1, 3, -1, -4, 100]) one('slice', (a) => [...a].slice(start, end).join(''), { start, end });
    }
  });

  test(`${build}: split gives a piece, or null where there are fewer`, () => {
    for (const separator of [',', ', ', '☃', 'needle', 'ab', 'a']) {
      for (const index of [0, 1, 2, 7]) {
        one('split', (a) => a.split(separator)[index] ?? null, { separator, index });
      }
    }
  });

  test(`${build}: contains, startsWith and endsWith`, () => {
    const random = new Random(5);
    const letters = Array.from({ length: 300 }, () => Array.from({ length: random.int(0, 40) }, () => random.pick(['a', 'b'])).join(''));
    for (const text of ['', 'a', 'needle', '☃', ' ', 'æ', 'aba', 'abababababababab', 'babbabababababababa']) {
      one('contains', (a) => a.includes(text), { text });
      one('startsWith', (a) => a.startsWith(text), { text });
      one('endsWith', (a) => a.endsWith(text), { text });
      verifyRows(
        ws,
        { a: ['utf8', letters] },
        call('contains', [column('a')], { text }),
        strictTwin((a: string) => a.includes(text)),
      );
    }
  });

  test(`${build}: matches is JavaScript's regular expressions`, () => {
    for (const pattern of [/o/i, /^[a-z]+$/u, /\p{L}{3}/u, /^$/, /needle/g, /./s]) {
      const { source, flags } = pattern;
      one('matches', (a) => new RegExp(source, flags.replace('g', '')).test(a), { source, flags });
    }
  });

  test(`${build}: concat of columns and constants`, () => {
    const twin = strictTwin((a: string, b: string) => `${a}/${b}`);
    verify({
      ws,
      kinds: ['utf8', 'utf8'],
      pools: [POOL, POOL],
      expression: call('concat', [column('a'), literal('utf8', '/'), column('b')]),
      twin,
    });
    verify({ ws, kinds: ['utf8'], expression: call('concat', [column('a')]), twin: ([a]) => a as Value });
    verify({ ws, kinds: ['utf8'], expression: call('concat', [literal('utf8', 'x'), literal('utf8', 'ÿ')]), twin: () => 'xÿ' });
  });

  test(`${build}: functions of functions`, () => {
    const expression = call('gt', [
      call('length', [call('trim', [call('concat', [call('lower', [column('a')]), column('b')])])]),
      literal('float64', 4.5),
    ]);
    verify({
      ws,
      kinds: ['utf8', 'utf8'],
      expression,
      twin: strictTwin((a: string, b: string) => [...`${a.toLowerCase()}${b}`.trim()].length > 4),
    });
  });
}
