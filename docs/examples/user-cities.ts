// How many users live in each city, as they move: see docs/operators/changes.md.
import { count, job, last, memory, utf8 } from 'millrace';

export default job(import.meta, 'user-cities', (env) => {
  const moves = env.from(memory<{ user: string; city: string }>([]), { schema: { user: utf8(), city: utf8() } });

  const homes = moves.keyBy('user').aggregate((c) => ({ city: last(c.city) }));
  const cities = homes.keyBy('city').aggregate(() => ({ users: count() }));

  return { moves, homes, cities };
});
