import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../columns/schema.js';
import type { Expression, LiteralKind, LiteralOption, LiteralValue } from './expression.js';
import { columnsOf, describe, typeOf } from './functions.js';

const schema = [
  field('city', 'utf8', true),
  field('amount', 'int64'),
  field('qty', 'int32'),
  field('price', 'float64', true),
  field('at', 'timestamp'),
  field('ok', 'bool'),
];

const column = (name: string): Expression => ({ op: 'column', name });
const literal = (kind: LiteralKind, value: LiteralValue): Expression => ({ op: 'literal', kind, value });
const call = (fn: string, args: readonly Expression[], options?: Record<string, LiteralOption>): Expression =>
  options === undefined ? { op: 'call', fn, args } : { op: 'call', fn, args, options };
const [city, amount, qty, price, at, ok] = schema.map((f) => column(f.name)) as [
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
];
const two = literal('float64', 2);

test('arithmetic gives the wider type, and null if an operand may be null', () => {
  assert.deepEqual(typeOf(call('add', [qty, qty]), schema), { kind: 'int32', nullable: false });
  assert.deepEqual(typeOf(call('add', [qty, amount]), schema), { kind: 'int64', nullable: false });
  assert.deepEqual(typeOf(call('mul', [amount, two]), schema), { kind: 'float64', nullable: false });
  assert.deepEqual(typeOf(call('mul', [amount, literal('int64', '2')]), schema), { kind: 'int64', nullable: false });
  assert.deepEqual(typeOf(call('sub', [qty, price]), schema), { kind: 'float64', nullable: true });
  assert.deepEqual(typeOf(call('div', [qty, qty]), schema), { kind: 'float64', nullable: false });
  assert.deepEqual(typeOf(call('round', [price], { digits: 2 }), schema), { kind: 'float64', nullable: true });
});

test('other functions give their own types', () => {
  assert.deepEqual(typeOf(call('gt', [price, two]), schema), { kind: 'bool', nullable: true });
  assert.deepEqual(typeOf(call('isNull', [price]), schema), { kind: 'bool', nullable: false });
  assert.deepEqual(typeOf(call('fillNull', [price, two]), schema), { kind: 'float64', nullable: false });
  assert.deepEqual(typeOf(call('split', [city], { separator: '/', index: 0 }), schema), { kind: 'utf8', nullable: true });
  assert.deepEqual(typeOf(call('length', [city]), schema), { kind: 'int32', nullable: true });
  assert.deepEqual(typeOf(call('since', [at, at]), schema), { kind: 'int64', nullable: false });
  assert.deepEqual(typeOf(call('startOf', [at], { unit: 'day', timeZone: 'Europe/Oslo' }), schema), { kind: 'timestamp', nullable: false });
  assert.deepEqual(typeOf(call('cast', [qty], { to: 'utf8' }), schema), { kind: 'utf8', nullable: false });
  assert.deepEqual(typeOf(call('cast', [city], { to: 'int64', nullable: true }), schema), { kind: 'int64', nullable: true });
  assert.deepEqual(typeOf(call('gt', [at, literal('float64', 1000)]), schema), { kind: 'bool', nullable: false });
});

const REFUSED: readonly (readonly [Expression, string, RegExp])[] = [
  [column('amout'), 'plan.unknown-column', /^no column 'amout'; did you mean 'amount'\?$/],
  [call('add', [amount, city]), 'plan.wrong-type', /^amount \+ city: city is a utf8, but a number is wanted there$/],
  [call('gt', [city, two]), 'plan.wrong-type', /^city > 2: city is a utf8 and 2 is a float64; cast one of them/],
  [call('eq', [city, literal('null', null)]), 'plan.wrong-type', /use isNull\(\)/],
  [call('and', [ok, amount]), 'plan.wrong-type', /^ok and amount: amount is an int64, but a condition is wanted there$/],
  [call('lower', [amount]), 'plan.wrong-type', /text is wanted/],
  [call('startOf', [at], { unit: 'fortnight' }), 'plan.wrong-type', /"fortnight" is no unit of time/],
  [call('startOf', [at], { unit: 'day', timeZone: 'Europe/Olso' }), 'plan.wrong-type', /no time zone; give an IANA name/],
  [call('startOf', [city], { unit: 'day' }), 'plan.wrong-type', /city is a utf8, but a timestamp is wanted there/],
  [call('split', [city], { separator: '', index: 0 }), 'plan.wrong-type', /no separator/],
  [call('split', [city], { separator: ',', index: -1 }), 'plan.wrong-type', /whole number, 0 or more/],
  [call('matches', [city], { source: '(', flags: '' }), 'plan.wrong-type', /Invalid regular expression/],
  [call('fillNull', [qty, literal('float64', 2.5)]), 'plan.wrong-type', /2\.5 is a float64, which qty \(int32\) cannot hold/],
  [call('cast', [at], { to: 'bool' }), 'plan.wrong-type', /a timestamp cannot become a bool; it can become int64, float64, utf8/],
  [call('cast', [at], { to: 'text' }), 'plan.wrong-type', /"text" is no type of column/],
  [call('in', [city, amount]), 'plan.wrong-type', /amount is no constant/],
  [call('lowr', [city]), 'plan.invalid', /no column function 'lowr'; did you mean 'lower'\?/],
  [literal('null', null), 'plan.wrong-type', /null alone has no type/],
];

test('what makes no sense is refused in the words of the user', () => {
  for (const [expression, code, message] of REFUSED)
    assert.throws(() => typeOf(expression, schema), { code, message }, JSON.stringify(expression));
});

test('expressions are described as a person would write them', () => {
  const paid = call('gt', [amount, literal('int64', '0')]);
  const cities = call('in', [city, literal('utf8', 'Oslo'), literal('utf8', "L'Aquila")]);
  assert.equal(describe(call('and', [paid, cities])), "amount > 0 and city in ('Oslo', 'L''Aquila')");
  assert.equal(describe(call('or', [call('and', [paid, ok]), call('not', [ok])])), '(amount > 0 and ok) or not ok');
  assert.equal(describe(call('mul', [call('add', [amount, two]), qty])), '(amount + 2) * qty');
  assert.equal(describe(call('round', [call('mul', [price, two])], { digits: 2 })), 'round(price * 2, 2)');
  assert.equal(describe(call('isNotNull', [call('split', [city], { separator: '/', index: 2 })])), "split(city, '/', 2) is not null");
  assert.equal(describe(call('between', [amount, two, literal('float64', 3)])), 'amount between 2 and 3');
  assert.equal(describe(call('ge', [at, literal('timestamp', '0')])), 'at >= 1970-01-01T00:00:00.000Z');
});

test('the columns of an expression', () => {
  assert.deepEqual([...columnsOf(call('add', [amount, call('mul', [qty, amount])]))].sort(), ['amount', 'qty']);
});
