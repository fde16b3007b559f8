// A source and a sink of one's own: see docs/connectors.md.
import { customSink, customSource, detachedToRows, int64, job, rowsBlock, timestamp } from 'millrace';

/** Readings of a sensor that gives one a second, from `first` on. */
const sensor = (first: number, readings: number) =>
  customSource<{ at: number; value: bigint }>({
    source: ({ schema }) => ({
      schema,
      runsIn: 'coordinator',
      // One ordered part; its positions count readings.
      splits: () => [{ id: 'sensor', options: {} }],
      open: (_split, position) => {
        let next = position;
        return {
          async next() {
            if (next >= readings) return undefined;
            const rows = [];
            for (const end = Math.min(next + 1000, readings); next < end; next++)
              rows.push({ at: first + next * 1000, value: BigInt(next % 7) });
            return rowsBlock(schema, rows, next);
          },
          close() {},
        };
      },
    }),
  });

/** Calls `tell` with each row's text. */
const telling = (tell: (line: string) => void) =>
  customSink(() => ({
    takes: 'columns',
    write(_step, chunk) {
      if (chunk.kind === 'columns') for (const row of detachedToRows(chunk.batch)) tell(`${row['at']}: ${row['value']}`);
    },
    close() {},
  }));

/** Lines that were told, in order: the sink runs on the thread that called `run`. */
export const told: string[] = [];

export default job(import.meta, 'own-connectors', (env, params: { readings: number }) => {
  const readings = env.from(sensor(0, params.readings), { schema: { at: timestamp(), value: int64() } });
  const high = readings.where((c) => c.value.gt(5n));
  return { high: high.to(telling((line) => told.push(line))) };
});
