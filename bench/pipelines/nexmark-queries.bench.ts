// Nexmark's queries over windows, groups and rankings: generated bids to results, on one lane and on two. Making the rows is part of the
// time; 'bids alone' is nothing but that, and reading two of their columns. Answers of the lanes are compared; native-tests/nexmark holds
// them against SQL. q12's windows are of the clock, and so hold whatever came in ten seconds.
// usage: nexmark-queries.bench.js [--small] [--json FILE] [--rows EVENTS]
import { option, small, Suite, timed, type Contender } from '../harness.js';
import { lastDigest, measuredQueries, startQuery, type Measured } from './nexmark-jobs.js';

const EVENTS = Number(option('rows') ?? (small ? 20_000 : 1_000_000));

function engine(query: Measured, lanes: number): Contender {
  const work = async () => {
    const handle = await startQuery(query, lanes, EVENTS);
    return timed(async () => {
      await handle.done;
      return query === 'q12' ? undefined : lastDigest();
    });
  };
  return { name: `millrace, ${lanes} lane${lanes > 1 ? 's' : ''}`, run: work };
}

const suite = new Suite('pipelines/nexmark-queries');
for (const query of measuredQueries) {
  const rounds = small ? 1 : 3;
  await suite.case(query, { rows: EVENTS, repeat: 'once', rounds }, [engine(query, 1), engine(query, 2)]);
}
suite.end();
