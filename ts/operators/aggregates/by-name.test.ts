import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGGREGATE_SIGNATURES } from '../../plan/aggregate-signatures.js';
import { AGGREGATES } from './by-name.js';

test('every aggregate that a plan may name is one that operators know, for every kind that it accepts', () => {
  assert.deepEqual(Object.keys(AGGREGATES), Object.keys(AGGREGATE_SIGNATURES));
  for (const [name, signature] of Object.entries(AGGREGATE_SIGNATURES)) {
    for (const kind of signature.args[0] ?? []) {
      const kinds = [kind, ...signature.args.slice(1).map((accepted) => accepted[0] ?? kind)];
      for (const revocable of [false, true]) {
        const aggregate = AGGREGATES[name]?.({ name, kinds, options: { output: 'float64' }, functions: {}, module: undefined, revocable });
        // The size of a module's state is known to the module alone.
        if (name !== 'wasmAggregator') assert.equal((aggregate?.bytes ?? 1) % 8, 0, `${name} of ${kind}`);
        assert.ok(aggregate !== undefined && aggregate.state.length > 0, `${name} of ${kind}`);
      }
    }
  }
});
