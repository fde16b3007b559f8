// Visits of a shop, and trips of cars that say how long a pause ends a trip.
import { count, file, int64, job, minutes, outOfOrder, session, sum, timestamp, utf8 } from 'millrace';

export default job(import.meta, 'sessions', (env, params: { clicks: string; rides: string; trips: string }) => {
  const clicks = env.from(file(params.clicks), {
    schema: { user: utf8(), amount: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(minutes(2)) },
  });
  const visits = clicks
    .keyBy('user')
    .window(session(minutes(10)), { allowedLateness: minutes(1) })
    .aggregate((c) => ({ clicks: count(), spent: sum(c.amount) }));
  const rides = env.from(file(params.rides), {
    schema: { car: utf8(), pauseMs: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(minutes(2)) },
  });
  const trips = rides
    .keyBy('car')
    .window((c) => session(c.pauseMs))
    .aggregate(() => ({ stops: count() }));
  return { clicks, visits, rides, trips: trips.to(file(params.trips)) };
});
