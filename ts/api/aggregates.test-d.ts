// Exact types of aggregates: this file compiles or the build fails.
import {
  bitAnd,
  bitOr,
  bitXor,
  bool,
  boolAnd,
  boolOr,
  file,
  first,
  float64,
  from,
  int32,
  int64,
  last,
  maxBy,
  minBy,
  minutes,
  outOfOrder,
  seconds,
  stddev,
  timestamp,
  tumbling,
  utf8,
  variance,
} from '../index.js';
import type { Bool, Float64, Int32, Int64, Null, Timestamp, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

function types(): void {
  const s = from(file('x'), {
    schema: { u: utf8(), n: int32(), q: int64().nullable(), f: float64(), at: timestamp(), b: bool() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const w = s.window(tumbling(minutes(1)));
  const moments = w.aggregate((c) => ({ a: variance(c.n), b: stddev(c.f).where(c.b) }));
  ok(same<{ windowStart: Timestamp; windowEnd: Timestamp; a: Float64 | Null; b: Float64 | Null }>()(moments.schema));
  const picks = w.aggregate((c) => ({
    a: first(c.u),
    b: last(c.q),
    c: last(c.u).where(c.b),
    d: minBy(c.u, c.n),
    e: maxBy(c.u, c.q),
    f: maxBy(c.f, c.at).where(c.b),
  }));
  ok(
    same<{
      windowStart: Timestamp;
      windowEnd: Timestamp;
      a: Utf8;
      b: Int64 | Null;
      c: Utf8 | Null;
      d: Utf8;
      e: Utf8 | Null;
      f: Float64 | Null;
    }>()(picks.schema),
  );
  const bits = w.aggregate((c) => ({
    a: bitAnd(c.n),
    b: bitOr(c.q),
    c: bitXor(c.n).where(c.b),
    d: boolAnd(c.b),
    e: boolOr(c.b).where(c.b),
  }));
  ok(
    same<{ windowStart: Timestamp; windowEnd: Timestamp; a: Int32; b: Int64 | Null; c: Int32 | Null; d: Bool; e: Bool | Null }>()(
      bits.schema,
    ),
  );
  // @ts-expect-error A float64 has no bits to speak of.
  w.aggregate((c) => ({ a: bitOr(c.f) }));
  // @ts-expect-error Neither has text.
  w.aggregate((c) => ({ a: variance(c.u) }));
  // @ts-expect-error What decides is missing.
  w.aggregate((c) => ({ a: maxBy(c.u) }));
  // @ts-expect-error A number is no condition.
  w.aggregate((c) => ({ a: boolAnd(c.n) }));
}
void types;
