// How late are flights, per airport and hour? Flights as NDJSON in, one row per airport and hour out.
import { avg, count, file, hours, int32, job, max, minutes, outOfOrder, timestamp, tumbling, utf8 } from 'millrace';

/** A flight counts as delayed from here on, as the airlines' own statistics have it. */
const DELAYED_MINUTES = 15;

export default job(import.meta, 'flight-delays', (env, params: { flights: string; delays: string }) => {
  const flights = env.from(file(params.flights), {
    schema: { date: timestamp(), delay: int32(), origin: utf8() },
    eventTime: { column: 'date', watermark: outOfOrder(minutes(10)) },
  });
  const delays = flights
    .keyBy('origin')
    .window(tumbling(hours(1)))
    .aggregate((c) => ({
      flights: count(),
      delayed: count().where(c.delay.ge(DELAYED_MINUTES)),
      mean: avg(c.delay),
      worst: max(c.delay),
    }));
  return { delays: delays.to(file(params.delays)) };
});
