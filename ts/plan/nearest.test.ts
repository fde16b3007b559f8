import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.js';

test('the nearest name is found, and none where nothing is near', () => {
  const names = ['user', 'amount', 'at', 'allowedLateness'];
  assert.equal(nearest('amout', names), 'amount');
  assert.equal(nearest('uesr', names), 'user');
  assert.equal(nearest('AMOUNT', names), 'amount');
  assert.equal(nearest('alowedlatenes', names), 'allowedLateness');
  assert.equal(nearest('zzz', names), undefined);
  assert.equal(nearest('x', []), undefined);
});
