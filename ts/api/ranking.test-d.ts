// Exact types of ranked rows, rows without duplicates, and frames: this file compiles or the build fails.
import { avg, count, file, from, int32, int64, lag, lead, max, minutes, outOfOrder, seconds, timestamp, tumbling, utf8 } from '../index.js';
import type { Float64, Int32, Int64, Null, Stream, Timestamp, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

function types(): void {
  const schema = { u: utf8(), n: int32(), q: int64().nullable(), at: timestamp() };
  const s = from(file('x'), { schema, eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) } });
  const timeless = from(file('x'), { schema });
  type Rows = { u: Utf8; n: Int32; q: Int64 | Null; at: Timestamp };

  const top = s.keyBy('u').topN(3, (c) => c.n.desc());
  ok(same<Stream<{ u: Utf8; n: Int32; q: Int64 | Null; at: Timestamp; rank: Int64 }, 'untimed' | 'changes'>>()(top));
  ok(same<Rows>()(s.keyBy('u').topN(3, (c) => [c.n.desc(), c.q.add(1n).asc().nullsFirst()], { rank: false }).schema));
  ok(same<Int64>()(timeless.keyBy('u').topN(3, (c) => c.n.asc(), { rank: 'place' }).schema.place));
  // @ts-expect-error: a column is no order
  s.keyBy('u').topN(3, (c) => c.n);

  const windowed = s
    .keyBy('u')
    .window(tumbling(minutes(1)))
    .topN(3, (c) => c.n.desc());
  ok(
    same<{ u: Utf8; n: Int32; q: Int64 | Null; at: Timestamp; windowStart: Timestamp; windowEnd: Timestamp; rank: Int64 }>()(
      windowed.schema,
    ),
  );
  ok(same<Rows>()(windowed.late.schema));
  const changing = s.keyBy('u').window(tumbling(minutes(1)), { emit: 'updates' });
  // @ts-expect-error: windows that change do not rank rows
  changing.topN(3, (c) => c.n.desc());

  const once = s.dedup({ by: ['u', 'n'], within: minutes(1) });
  ok(same<Rows>()(once.schema));
  ok(same<Rows>()(once.late.schema));
  once.window(tumbling(minutes(1)));
  ok(same<Stream<Rows, 'untimed' | 'changes'>>()(timeless.dedup({ by: ['u'], keep: 'last' })));
  // @ts-expect-error: an unknown column
  s.dedup({ by: ['v'], within: minutes(1) });
  // @ts-expect-error: within needs an event time
  timeless.dedup({ by: ['u'], within: minutes(1) });

  const over = s.over({ partitionBy: ['u'], preceding: { rows: 3 } }, (c) => ({
    mean: avg(c.n),
    rows: count(),
    most: max(c.q),
    before: lag(c.n),
    after: lead(c.q.mul(2n), 3),
  }));
  ok(same<Float64>()(over.schema.mean));
  ok(same<Int64>()(over.schema.rows));
  ok(same<Int64 | Null>()(over.schema.most));
  ok(same<Int32 | Null>()(over.schema.before));
  ok(same<Int64 | Null>()(over.schema.after));
  ok(same<Rows>()(over.late.schema));
  over.window(tumbling(minutes(1)));
  // @ts-expect-error: a column has this name
  s.over({}, (c) => ({ n: count(c.n) }));
  // @ts-expect-error: neighbours are of frames only
  s.window(tumbling(minutes(1))).aggregate((c) => ({ before: lag(c.n) }));
  // @ts-expect-error: an unknown column
  s.over({ partitionBy: ['v'] }, () => ({ rows: count() }));
}
void types;
