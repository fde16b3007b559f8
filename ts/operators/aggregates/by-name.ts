import { assert, must } from '../../core/assert.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { AVG_OF_FLOATS, AVG_OF_INTEGERS, COUNT, SUM_OF_FLOATS, SUM_OF_INTEGERS } from './counts-and-sums.js';
import { countDistinct } from './distinct.js';
import { extreme } from './extremes.js';
import { OwnFunctionsAggregate } from './own-functions.js';

function integerOrFloat({ kinds: [kind] }: AggregateUse, integer: Aggregate, float: Aggregate): Aggregate {
  assert(kind === 'int32' || kind === 'int64' || kind === 'float64', () => `an argument of kind ${kind}`);
  return kind === 'float64' ? float : integer;
}

/** Every aggregate by name, for what it is used for. plan/aggregate-signatures.ts has the same names. */
export const AGGREGATES: Readonly<Record<string, (use: AggregateUse) => Aggregate>> = {
  count: () => COUNT,
  sum: (use) => integerOrFloat(use, SUM_OF_INTEGERS, SUM_OF_FLOATS),
  min: ({ kinds: [kind] }) => extreme(must(kind, "min's kind"), 'min'),
  max: ({ kinds: [kind] }) => extreme(must(kind, "max's kind"), 'max'),
  avg: (use) => integerOrFloat(use, AVG_OF_INTEGERS, AVG_OF_FLOATS),
  countDistinct,
  aggregator: (use) => new OwnFunctionsAggregate(use),
};
