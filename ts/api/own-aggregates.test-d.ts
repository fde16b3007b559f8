// Exact types of one's own aggregates: this file compiles or the build fails.
import { aggregator, file, float64, from, int64, minutes, outOfOrder, seconds, timestamp, tumbling, utf8 } from '../index.js';
import type { Float64, Null, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

function types(): void {
  const s = from(file('x'), {
    schema: { f: float64(), g: float64().nullable(), q: int64(), at: timestamp() },
    eventTime: { column: 'at', watermark: outOfOrder(seconds(1)) },
  }).window(tumbling(minutes(1)));
  const product = aggregator({
    input: float64(),
    output: float64(),
    init: () => 1,
    add: (state, value) => {
      ok(same<number>()(state));
      ok(same<number>()(value));
      return state * value;
    },
    merge: (a, b) => a * b,
    result: (state) => state,
  });
  const text = aggregator({
    input: int64(),
    output: utf8().nullable(),
    init: (): bigint[] => [],
    add: (state, value) => [...state, value],
    merge: (a, b) => [...a, ...b],
    result: (state) => (state.length === 0 ? null : state.join()),
  });
  const results = s.aggregate((c) => ({ a: product(c.f), b: product(c.g), d: product(c.f).where(c.f.gt(1)), e: text(c.q) })).schema;
  ok(same<Float64>()(results.a));
  ok(same<Float64 | Null>()(results.b));
  ok(same<Float64 | Null>()(results.d));
  ok(same<Utf8 | Null>()(results.e));
  // @ts-expect-error a column of another type
  s.aggregate((c) => ({ a: product(c.q) }));
  // @ts-expect-error a result that the output does not allow
  aggregator({ input: float64(), output: utf8(), init: () => 1, add: (a) => a, merge: (a) => a, result: (a) => a });
}
void types;
