import { assert, must } from '../../core/assert.js';
import type { Kind } from '../../columns/schema.js';
import type { Aggregate, AggregateUse } from '../aggregates.js';
import { bag } from './bags.js';
import { bits, bools, countedBits } from './bits.js';
import {
  AVG_OF_FLOATS,
  AVG_OF_INTEGERS,
  COUNT,
  REVOCABLE_AVG_OF_FLOATS,
  REVOCABLE_SUM_OF_FLOATS,
  REVOCABLE_SUM_OF_INTEGERS,
  SUM_OF_FLOATS,
  SUM_OF_INTEGERS,
} from './counts-and-sums.js';
import { collectList, collectSet, stringJoin, topN } from './collections.js';
import { approxCountDistinct, countDistinct } from './distinct.js';
import { extreme } from './extremes.js';
import { STDDEV_OF_FLOATS, STDDEV_OF_INTEGERS, VARIANCE_OF_FLOATS, VARIANCE_OF_INTEGERS } from './moments.js';
import { allRows } from './rows.js';
import { OwnFunctionsAggregate } from './own-functions.js';
import { pick } from './picks.js';
import { approxQuantile, median, quantile } from './quantiles.js';
import { OwnModuleAggregate } from './own-module.js';

function kindOf({ kinds: [kind] }: AggregateUse): Kind {
  return must(kind, "an argument's kind");
}

function integerOrFloat(use: AggregateUse, integer: Aggregate, float: Aggregate): Aggregate {
  const kind = kindOf(use);
  assert(kind === 'int32' || kind === 'int64' || kind === 'float64', () => `an argument of kind ${kind}`);
  return kind === 'float64' ? float : integer;
}

function extremeOf(which: 'min' | 'max'): (use: AggregateUse) => Aggregate {
  return (use) =>
    use.revocable
      ? bag(kindOf(use), { name: `${which} '${use.name}'`, of: 'value', greatest: which === 'max' })
      : extreme(kindOf(use), which);
}

/** With a second argument that decides; otherwise time does. */
function pickOf(fn: 'first' | 'last' | 'minBy' | 'maxBy', greatest: boolean): (use: AggregateUse) => Aggregate {
  return (use) => {
    const by = use.kinds[1];
    if (use.revocable) return bag(kindOf(use), { name: `${fn} '${use.name}'`, of: by === undefined ? 'time' : 'by', by, greatest });
    return pick(kindOf(use), { by, greatest: by !== undefined && greatest, latest: by === undefined && greatest });
  };
}

/** Every aggregate by name, for what it is used for. plan/aggregate-signatures.ts has the same names. */
export const AGGREGATES: Readonly<Record<string, (use: AggregateUse) => Aggregate>> = {
  count: () => COUNT,
  sum: (use) =>
    use.revocable
      ? integerOrFloat(use, REVOCABLE_SUM_OF_INTEGERS, REVOCABLE_SUM_OF_FLOATS)
      : integerOrFloat(use, SUM_OF_INTEGERS, SUM_OF_FLOATS),
  min: extremeOf('min'),
  max: extremeOf('max'),
  avg: (use) => integerOrFloat(use, AVG_OF_INTEGERS, use.revocable ? REVOCABLE_AVG_OF_FLOATS : AVG_OF_FLOATS),
  variance: (use) => integerOrFloat(use, VARIANCE_OF_INTEGERS, VARIANCE_OF_FLOATS),
  stddev: (use) => integerOrFloat(use, STDDEV_OF_INTEGERS, STDDEV_OF_FLOATS),
  first: pickOf('first', false),
  last: pickOf('last', true),
  minBy: pickOf('minBy', false),
  maxBy: pickOf('maxBy', true),
  bitAnd: (use) => (use.revocable ? countedBits(kindOf(use), 'and') : bits(kindOf(use), 'and')),
  bitOr: (use) => (use.revocable ? countedBits(kindOf(use), 'or') : bits(kindOf(use), 'or')),
  bitXor: (use) => bits(kindOf(use), 'xor'),
  boolAnd: () => bools('and'),
  boolOr: () => bools('or'),
  countDistinct,
  approxCountDistinct,
  median,
  quantile,
  approxQuantile,
  stringJoin,
  collectList,
  collectSet,
  topN,
  allRows,
  aggregator: (use) => new OwnFunctionsAggregate(use),
  wasmAggregator: (use) => new OwnModuleAggregate(use),
};
