// Types of aggregates of growing state: this file compiles or the build fails.
import {
  approxCountDistinct,
  approxQuantile,
  bool,
  collectList,
  collectSet,
  countDistinct,
  file,
  from,
  int32,
  int64,
  median,
  minutes,
  outOfOrder,
  quantile,
  seconds,
  stringJoin,
  timestamp,
  topN,
  tumbling,
  utf8,
} from '../index.js';
import type { Float64, Int64, List, Null, Timestamp, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

async function types(): Promise<void> {
  const windows = from(file('x'), {
    schema: { u: utf8(), s: utf8().nullable(), n: int32(), q: int64().nullable(), at: timestamp(), b: bool() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  })
    .keyBy('u')
    .window(tumbling(minutes(1)));
  const e = windows.aggregate((c) => ({
    a: countDistinct(c.q),
    b: approxCountDistinct(c.u).where(c.b),
    c: median(c.n),
    d: quantile(c.q, 0.9),
    e: approxQuantile(c.n, 0.9, { error: 0.001 }).where(c.b),
    f: stringJoin(c.s, ', '),
    g: collectList(c.q),
    h: collectSet(c.at).where(c.b),
    i: topN(c.s, 3, c.n.desc()),
  }));
  ok(
    same<{
      u: Utf8;
      windowStart: Timestamp;
      windowEnd: Timestamp;
      a: Int64;
      b: Int64;
      c: Float64;
      d: Float64 | Null;
      e: Float64 | Null;
      f: Utf8 | Null;
      g: List<Int64>;
      h: List<Timestamp>;
      i: List<Utf8>;
    }>()(e.schema),
  );
  const [row] = await e.toArray();
  ok(same<readonly bigint[] | undefined>()(row?.g));
  // @ts-expect-error texts have no median
  windows.aggregate((c) => ({ a: median(c.u) }));
  // @ts-expect-error only texts are joined
  windows.aggregate((c) => ({ a: stringJoin(c.n, ', ') }));
  // @ts-expect-error an order, not a column
  windows.aggregate((c) => ({ a: topN(c.s, 3, c.n) }));
}
void types;
