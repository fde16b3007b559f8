// Skew: bids whose auctions come all alike, by Zipf's law, and with nine rows of ten for one auction, to counts per auction and window of
// ten seconds, at one lane and at two. Ratios are to the even input at the same number of lanes: above 1, skew costs time.
// usage: skew.bench.js [--small] [--json FILE] [--rows N]
import assert from 'node:assert/strict';
import { run } from 'millrace';
import { option, small, Suite, timed, type Contender } from '../harness.js';
import { bidsFile, type Skew } from './bids-file.js';
import { countBids, lastSums } from './jobs.js';

const ROWS = Number(option('rows') ?? (small ? 20_000 : 2_500_000));

function engine(keys: number, skew: Skew, lanes: number): Contender {
  const bids = bidsFile(ROWS, keys, skew);
  const work = async () => {
    const handle = await run(countBids, { lanes, params: { bids: bids.path } });
    return timed(async () => {
      await handle.done;
      assert.equal(lastSums()[1], ROWS, 'rows were lost');
    });
  };
  return { name: skew, run: work };
}

const suite = new Suite('pipelines/skew');
for (const keys of small ? [1000] : [1000, 100_000]) {
  for (const lanes of [1, 2]) {
    const { bytes } = bidsFile(ROWS, keys);
    const contenders = (['even', 'zipf', 'hot'] as const).map((skew) => engine(keys, skew, lanes));
    await suite.case(
      `${keys.toLocaleString('en')} keys, ${lanes} lane${lanes > 1 ? 's' : ''}`,
      { rows: ROWS, bytes, repeat: 'once' },
      contenders,
    );
  }
}
suite.end();
