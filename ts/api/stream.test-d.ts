// Exact result types: this file compiles or the build fails.
import type { Op } from '../columns/batch.js';
import {
  avg,
  last,
  collectList,
  bool,
  count,
  file,
  float64,
  from,
  int32,
  int64,
  list,
  max,
  min,
  minutes,
  outOfOrder,
  punctuated,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from '../index.js';
import type { Bool, Columns, Float64, Int32, Int64, KeyedStream, List, Null, Stream, Timestamp, Trait, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

async function types(): Promise<void> {
  const s = from(file('x'), {
    schema: { u: utf8(), n: int32(), q: int64().nullable(), f: float64(), at: timestamp(), b: bool() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  });
  const e = s.select((c) => ({
    a: c.n.add(c.q),
    b: c.n.mul(2),
    c: c.n.mul(2n),
    d: c.f.gt(c.q),
    e: c.q.isNull(),
    f: c.at.startOf('day'),
    g: c.u.split('/', 1),
    h: c.q.fillNull(0),
    i: c.u.length(),
    j: c.q.cast(utf8()),
    k: c.n.add(c.n),
    l: c.b.and(c.q.gt(1)),
    m: c.u.cast(int32().nullable()),
  }));
  ok(
    same<{
      a: Int64 | Null;
      b: Float64;
      c: Int64;
      d: Bool | Null;
      e: Bool;
      f: Timestamp;
      g: Utf8 | Null;
      h: Int64;
      i: Int32;
      j: Utf8 | Null;
      k: Int32;
      l: Bool | Null;
      m: Int32 | Null;
    }>()(e.schema),
  );
  const w = s
    .keyBy('u', 'n')
    .window(tumbling(minutes(1)))
    .aggregate((c) => ({ s: sum(c.n), t: sum(c.q), m: avg(c.n), x: max(c.at).where(c.b), k: count().where(c.b), l: min(c.u) }));
  ok(
    same<{
      u: Utf8;
      n: Int32;
      windowStart: Timestamp;
      windowEnd: Timestamp;
      s: Int64;
      t: Int64 | Null;
      m: Float64;
      x: Timestamp | Null;
      k: Int64;
      l: Utf8;
    }>()(w.schema),
  );
  const [row] = await w.toArray();
  ok(
    same<
      | {
          readonly u: string;
          readonly n: number;
          readonly windowStart: number;
          readonly windowEnd: number;
          readonly s: bigint;
          readonly t: bigint | null;
          readonly m: number;
          readonly x: number | null;
          readonly k: bigint;
          readonly l: string;
        }
      | undefined
    >()(row),
  );
  // Windowed results have event time, late rows are rows of the input.
  const again = w
    .keyBy('u')
    .window(tumbling(minutes(10)))
    .aggregate((c) => ({ s: sum(c.s) }));
  ok(same<Int64>()(again.schema.s));
  ok(same<typeof s.schema>()(w.late.schema));
  w.late.keyBy('u').window(tumbling(minutes(1)));
  // Without keyBy the stream is one group.
  const all = s.window(tumbling(minutes(1))).aggregate(() => ({ n: count() }));
  ok(same<{ windowStart: Timestamp; windowEnd: Timestamp; n: Int64 }>()(all.schema));
  // Repeated results are changes.
  const [late] = await s
    .window(tumbling(minutes(1)), { allowedLateness: minutes(1) })
    .aggregate(() => ({ n: count() }))
    .toArray();
  ok(same<{ readonly windowStart: number; readonly windowEnd: number; readonly n: bigint; readonly op: Op } | undefined>()(late));
  const [update] = await s
    .window(tumbling(minutes(1)), { emit: 'updates' })
    .aggregate(() => ({ n: count() }))
    .toArray();
  ok(same<Op | undefined>()(update?.op));
  // select takes columns apart; select adds and drops.
  ok(same<{ u: Utf8; n: Int32 }>()(s.select(({ u, n }) => ({ u, n })).schema));
  ok(same<{ n: Int32; q: Int64 | Null; f: Float64; at: Timestamp; b: Bool }>()(s.select(({ u: _, ...rest }) => rest).schema));
  // Records.
  const keyed = s.keyBy('u').mapValues({ euro: float64() }, (r) => ({ euro: r.f * 0.9 }));
  ok(same<KeyedStream<{ u: Utf8; euro: Float64 }, 'u', 'event-time'>>()(keyed));
  const { a, rest } = s.branch({ a: (r) => r.u.startsWith('A'), rest: () => true });
  ok(same<typeof s.schema>()(a.merge(rest).schema));
  ok(same<{ u: Utf8; n: Int32 }>()(s.map({ u: utf8(), n: int32() }, (r) => ({ u: r.u, n: r.u.length })).schema));
  ok(same<{ at: Timestamp }>()(s.map({ at: timestamp() }, (r) => ({ at: new Date(r.at) })).schema));
  // Lists.
  const tagged = s.map({ u: utf8(), tags: list(utf8()), ns: list(int64()).nullable() }, (r) => ({ u: r.u, tags: [r.u], ns: [r.n, 2n] }));
  ok(same<{ u: Utf8; tags: List<Utf8>; ns: List<Int64> | Null }>()(tagged.schema));
  const kept = s.keyBy('u').window(tumbling(minutes(1)));
  ok(
    same<List<Int32>>()(
      kept
        .aggregate((c) => ({ all: collectList(c.n) }))
        .window(tumbling(minutes(5)))
        .aggregate((c) => ({ last: last(c.all) })).schema.last,
    ),
  );
  const [lists] = await tagged
    .where((c) => c.ns.isNotNull())
    .select(({ tags, ns }) => ({ tags, ns }))
    .toArray();
  ok(same<{ readonly tags: readonly string[]; readonly ns: readonly bigint[] | null } | undefined>()(lists));
  // Malformed records.
  const [bad] = await s.malformed.toArray();
  ok(same<{ readonly source: string; readonly position: string; readonly raw: Uint8Array; readonly reason: string } | undefined>()(bad));
  // A strategy that reads columns gets those of its source.
  const marked = from(file('m'), {
    schema: { at: timestamp(), mark: timestamp().nullable() },
    eventTime: { column: 'at', watermark: (c) => punctuated(c.mark) },
  });
  ok(same<{ at: Timestamp; mark: Timestamp | Null }>()(marked.schema));
  // Conditions and pipelines that are shared.
  const valid = (c: Columns<{ f: Float64 }>) => c.f.gt(0);
  s.where(valid);
  const positive = <S extends { f: Float64 }, F extends Trait>(stream: Stream<S, F>) => stream.where((c) => c.f.gt(0));
  ok(same<typeof s.schema>()(positive(s).schema));
}
void types;
