// Exact result types: this file compiles or the build fails.
import { count, float64, from, hours, memory, sum, utf8 } from '../index.js';
import type { Float64, Int64, Stream, Utf8 } from '../index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A>(): <B>(b: B) => Equal<A, B> extends true ? void : { expected: A; got: B };
declare function ok(v: void): void;

export function types(): void {
  const orders = from(memory<never>([]), { schema: { user: utf8(), amount: float64() } });
  const totals = orders.keyBy('user').aggregate((c) => ({ n: count(), total: sum(c.amount) }), { ttl: hours(1) });
  ok(same<Stream<{ user: Utf8; n: Int64; total: Float64 }, 'untimed' | 'changes'>>()(totals));
  const sizes = totals.keyBy('n').aggregate(() => ({ users: count() }));
  ok(same<Stream<{ n: Int64; users: Int64 }, 'untimed' | 'changes'>>()(sizes));
}
