import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGGREGATE_SIGNATURES } from '../plan/aggregate-signatures.js';
import { AGGREGATES } from './aggregates.js';

test('every aggregate that a plan may name is one that operators know, for every kind that it accepts', () => {
  assert.deepEqual(Object.keys(AGGREGATES), Object.keys(AGGREGATE_SIGNATURES));
  for (const [name, signature] of Object.entries(AGGREGATE_SIGNATURES)) {
    for (const kind of signature.accepts) {
      const aggregate = AGGREGATES[name]?.(kind);
      assert.ok(aggregate !== undefined && aggregate.state.length > 0 && aggregate.bytes % 8 === 0, `${name} of ${kind}`);
    }
  }
});
