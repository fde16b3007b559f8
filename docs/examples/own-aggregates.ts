// One's own aggregates: see docs/operators/own-aggregates.md.
import {
  aggregator,
  collect,
  float64,
  int64,
  job,
  memory,
  minutes,
  outOfOrder,
  seconds,
  timestamp,
  tumbling,
  utf8,
  wasmAggregator,
} from 'millrace';

/** The product of all values. */
const product = aggregator({
  input: float64(),
  output: float64(),
  init: () => 1,
  add: (state, value) => state * value,
  merge: (a, b) => a * b,
  result: (state) => state,
});

/** The value that came most often; of several, the least. */
const mode = aggregator({
  input: utf8(),
  output: utf8(),
  init: () => new Map<string, number>(),
  add: (counts, value) => counts.set(value, (counts.get(value) ?? 0) + 1),
  merge(a, b) {
    for (const [value, n] of b) a.set(value, (a.get(value) ?? 0) + n);
    return a;
  },
  result: (counts) =>
    [...counts].reduce((best, next) => (next[1] > best[1] || (next[1] === best[1] && next[0] < best[0]) ? next : best))[0],
});

/** The greatest value less the least, in AssemblyScript. */
const spread = wasmAggregator('./spread.as.ts', { input: int64(), output: float64() });

const growth = [
  { plant: 'fern', at: 0, factor: 1.5, site: 'bank', leaves: 12 },
  { plant: 'fern', at: 60_000, factor: 1.25, site: 'wood', leaves: 15 },
  { plant: 'moss', at: 90_000, factor: 0.5, site: 'wood', leaves: 0 },
  { plant: 'fern', at: 120_000, factor: 2, site: 'wood', leaves: 30 },
  { plant: 'fern', at: 300_000, factor: 0.25, site: 'bank', leaves: 7 },
];

export default job(import.meta, 'growth', (env) => {
  const measured = env.from(memory(growth), {
    schema: { plant: utf8(), at: timestamp(), factor: float64(), site: utf8(), leaves: int64() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(30)) },
  });
  const grown = measured
    .keyBy('plant')
    .window(tumbling(minutes(5)))
    .aggregate((c) => ({ times: product(c.factor), site: mode(c.site), leaves: spread(c.leaves) }));
  return { grown: grown.to(collect()) };
});
