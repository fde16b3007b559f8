import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TriggerClock } from './trigger.js';

test('a clock passes each multiple once, and none with its first value', () => {
  const clock = new TriggerClock([100, 250]);
  assert.equal(clock.passes(399), false);
  assert.equal(clock.next(), 400);
  assert.equal(clock.passes(399), false);
  assert.equal(clock.passes(400), true);
  assert.equal(clock.passes(400), false);
  assert.equal(clock.passes(350), false, 'it does not go back');
  assert.equal(clock.next(), 500);
  assert.equal(clock.passes(501), true);
  assert.equal(clock.next(), 600);
  assert.equal(clock.passes(9_999), true, 'many at once are one');
  const none = new TriggerClock([]);
  assert.equal(none.passes(5), false);
  assert.equal(none.passes(500), false);
  assert.equal(none.next(), Number.POSITIVE_INFINITY);
});

test('a clock goes on from where it was', () => {
  const clock = new TriggerClock([100]);
  clock.begin(-50);
  clock.begin(500);
  assert.equal(clock.at, -50);
  assert.equal(clock.passes(-1), false);
  assert.equal(clock.passes(0), true);
});
