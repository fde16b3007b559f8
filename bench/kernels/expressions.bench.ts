// Column functions over columns in memory, against the same work in plain JavaScript over arrays. Answers are compared.
// usage: expressions.bench.js [--small] [--json FILE]
import assert from 'node:assert/strict';
import { bindExpression } from '../../ts/build/expressions.js';
import { Random } from '../../ts/core/random.js';
import { evaluate } from '../../ts/operators/expression.js';
import type { Expression, LiteralOption } from '../../ts/plan/expression.js';
import { describe } from '../../ts/plan/functions.js';
import { readColumn, type Value, writeBatch } from '../../ts/wasm/twins/columns.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';
import { small, Suite } from '../harness.js';

const ROWS = small ? 4096 : 65_536;

const random = new Random(3);
const rows = <T>(make: () => T): T[] => Array.from({ length: ROWS }, make);
const price = rows(() => random.int(0, 100_000) / 100);
const qty = rows(() => BigInt(random.int(0, 1000)));
const at = rows(() => BigInt(1_700_000_000_000 + random.int(0, 1e10)));
const url = rows(() => `https://example.com/${random.pick(['Cat', 'Dog', 'a/longer/PATH'])}/${random.int(0, 1e6)}`);
const times = at.map(Number);

const ws = createWorkspace({ bytes: 256 << 20 });
const batch = writeBatch(ws, { price: ['float64', price], qty: ['int64', qty], at: ['timestamp', at], url: ['utf8', url] });

const column = (name: string): Expression => ({ op: 'column', name });
const literal = (value: number): Expression => ({ op: 'literal', kind: 'float64', value });
const call = (fn: string, args: readonly Expression[], options: Record<string, LiteralOption> = {}): Expression => ({
  op: 'call',
  fn,
  args,
  options,
});

const oslo = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Oslo', hour: 'numeric', hourCycle: 'h23' });
const CASES: readonly (readonly [Expression, (i: number) => Value])[] = [
  [call('mul', [column('price'), literal(0.908)]), (i) => (price[i] as number) * 0.908],
  [call('add', [column('qty'), column('qty')]), (i) => (qty[i] as bigint) + (qty[i] as bigint)],
  [call('gt', [column('price'), column('qty')]), (i) => (price[i] as number) > Number(qty[i])],
  [call('round', [column('price')]), (i) => Math.round(price[i] as number)],
  [call('startOf', [column('at')], { unit: 'day' }), (i) => BigInt(Math.floor((times[i] as number) / 86_400_000) * 86_400_000)],
  [call('part', [column('at')], { unit: 'month' }), (i) => new Date(times[i] as number).getUTCMonth() + 1],
  [call('part', [column('at')], { unit: 'hour', timeZone: 'Europe/Oslo' }), (i) => Number(oslo.format(times[i] as number))],
  [call('lower', [column('url')]), (i) => (url[i] as string).toLowerCase()],
  [call('split', [column('url')], { separator: '/', index: 2 }), (i) => (url[i] as string).split('/')[2] ?? null],
  [call('contains', [column('url')], { text: 'Dog' }), (i) => (url[i] as string).includes('Dog')],
  [call('matches', [column('url')], { source: 'o[gr]/\\d', flags: '' }), (i) => /o[gr]\/\d/.test(url[i] as string)],
];

const suite = new Suite('kernels/expressions');
for (const [expression, peer] of CASES) {
  const bound = bindExpression(expression, batch.schema);
  const wanted: Value[] = new Array<Value>(ROWS);
  const plain = () => {
    for (let i = 0; i < ROWS; i++) wanted[i] = peer(i);
  };
  plain();
  assert.deepEqual(readColumn(ws.memory, evaluate(ws, bound, batch), ROWS), wanted);
  const mark = ws.scratch.mark();
  const ours = () => {
    evaluate(ws, bound, batch);
    ws.scratch.release(mark);
  };
  await suite.case(describe(expression), { rows: ROWS, repeat: 'kernel' }, [
    { name: 'millrace', run: ours },
    { name: 'JavaScript', run: plain },
  ]);
}
suite.end();
