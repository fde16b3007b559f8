// Programs that must not compile, each on a line of its own: wrong-programs.test.ts demands the compiler's message for each.
// Numbers are those of the whole list; what later features reach is missing here.
import {
  ascending,
  avg,
  count,
  file,
  float64,
  from,
  int32,
  int64,
  max,
  memory,
  minutes,
  outOfOrder,
  processingTime,
  seconds,
  sum,
  timestamp,
  tumbling,
  utf8,
} from 'millrace';
import { testDriver } from 'millrace/testing';
import { silent, windowed, withParams } from './jobs.js';

const t = await testDriver(windowed);
const eventTime = { column: 'at', watermark: outOfOrder(seconds(1)) } as const;
const watermark = ascending();
const o = memory<never>([]);
const orders = from(file('o.ndjson'), {
  schema: { user: utf8(), amount: float64(), at: timestamp(), qty: int64(), note: utf8().nullable() },
  eventTime,
});
const timeless = from(file('o.ndjson'), { schema: { user: utf8(), amount: float64() } });
const w = orders.keyBy('user').window(tumbling(minutes(5)));
const changes = orders
  .keyBy('user')
  .window(tumbling(minutes(5)), { emit: 'updates' })
  .aggregate(() => ({ n: count() }));

/* 01 misspelt column in a row function       */ orders.filter((r) => r.amout > 0);
/* 02 misspelt column in a condition          */ orders.where((c) => c.amout.gt(0));
/* 03 sum of a string                         */ w.aggregate((c) => ({ total: sum(c.user) }));
/* 04 window without event time               */ timeless.keyBy('user').window(tumbling(minutes(5)));
/* 05 JavaScript operator on a column         */ orders.where((c) => c.amount > 0);
/* 06 column method on a row                  */ orders.filter((r) => r.amount.gt(0));
/* 07 unknown key                             */ orders.keyBy('usr');
/* 08 event time on a column of another type  */ from(o, { schema: { user: utf8(), at: timestamp() }, eventTime: { column: 'user', watermark } });
/* 09 map returns the wrong type              */ orders.map({ cents: int64() }, (r) => ({ cents: r.user }));
/* 10 map forgets a column                    */ orders.map({ user: utf8(), cents: int32() }, (r) => ({ user: r.user }));
/* 11 a number where a duration is due        */ orders.keyBy('user').window(tumbling(300_000));
/* 12 string op on a number                   */ orders.select((c) => ({ host: c.amount.split('/', 2) }));
/* 13 result name taken by a window column    */ w.aggregate((c) => ({ windowStart: max(c.amount) }));
/* 19 merge of different streams              */ orders.merge(timeless);
/* 27 condition is a number                   */ orders.where((c) => c.amount.mul(2));
/* 28 select returns plain values             */ orders.select((c) => ({ user: 'x' }));
/* 29 bigint and number mixed in a row        */ orders.filter((r) => r.qty * 2 > 4);
/* 31 nullable not checked                    */ orders.map({ n: int32() }, (r) => ({ n: r.note.length }));
/* 33 sink on a keyed stream                  */ orders.keyBy('user').to(file('x'));
/* 34 branch with a misspelt column           */ orders.branch({ a: (r) => r.usr === 'x', rest: () => true });
/* 35 window option misspelt                  */ orders.keyBy('user').window(tumbling(minutes(5)), { emit: 'final', alowedLateness: minutes(1) });
/* 36 event-time option misspelt              */ from(o, { schema: { at: timestamp() }, eventTime: { column: 'at', watermark, idelAfter: minutes(1) } });
/* 40 memory rows against schema              */ from(memory([{ user: 1 }]), { schema: { user: utf8() } });
/* 41 aggregate of the wrong stream's column  */ w.aggregate((c) => ({ n: count().where(c.amount.gt('1')) }));
/* 42 merged without event time               */ orders.merge(from(file('p'), { schema: orders.schema }));
/* 50 result name taken by a key              */ w.aggregate((c) => ({ user: avg(c.amount) }));
/* 51 late rows of a stream without windows   */ orders.late;
/* 52 malformed records of a derived stream   */ orders.where((c) => c.amount.gt(0)).malformed;
/* 53 nullable event time                     */ from(o, { schema: { at: timestamp().nullable() }, eventTime: { column: 'at', watermark } });
/* 54 policy misspelt                         */ from(o, { schema: { at: timestamp() }, onMalformed: 'ignore' });
/* 55 sink as a source                        */ orders.to(memory([{ user: 'a' }]));
/* 56 merge of changes and rows                  */ w.aggregate(() => ({ n: count() })).merge(changes);
/* 57 processing time over changes               */ changes.window(processingTime(tumbling(minutes(5))));
/* 24 unknown source in a test                */ await t.send('order', []);
/* 25 wrong row in a test                     */ await t.send('orders', [{ user: 'a', amount: '3', at: 1000 }]);
/* 26 result's column misspelt in a test      */ t.take('totals')[0]!.totl;
/* 30 watermark of a result                   */ await t.watermark('totals', 5);
/* 43 test of a job that returns nothing      */ await (await testDriver(silent)).send('orders', []);
/* 44 params forgotten                        */ await testDriver(withParams);
