// What a job in plain JavaScript, where no compiler looks, is refused for before it runs: each with the user's own names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../../ts/index.js';
import { MillraceError, type ErrorCode } from '../../ts/core/errors.js';
import type { BuiltJob } from '../../ts/api/built-job.js';
import { createFrom } from '../../ts/api/from.js';
import { buildJob, findJob } from '../../ts/api/job.js';

/** As plain JavaScript sees the API: everything may be called with anything. */
interface Loose {
  (...args: unknown[]): Loose;
  readonly [name: string]: Loose;
}
const js = api as unknown as Loose;
const loose = (value: unknown): Loose => value as Loose;
const from = loose(
  createFrom({
    readRows: async (built: BuiltJob, part: string) => [{ part, nodes: built.plan.nodes.length }],
    readBatches: () => assert.fail('no batches here'),
  }),
);

const {
  bool,
  file,
  float64,
  int64,
  minutes,
  outOfOrder,
  seconds,
  sum,
  count,
  timestamp,
  onCount,
  processingTime,
  tumbling,
  utf8,
  memory,
  print,
  lit,
} = js;
const { quantile, approxQuantile, session, stringJoin, topN } = js;
const here = { url: import.meta.url };
const eventTime = { column: 'at', watermark: outOfOrder!(seconds!(1)) };
const schema = { user: utf8!(), amount: float64!(), at: timestamp!(), qty: int64!(), ok: bool!() };
const orders = from(file!('o.ndjson'), { schema, eventTime });
const timeless = from(file!('t.ndjson'), { schema: { user: utf8!(), amount: float64!() } });
const windowed = orders.keyBy!('user').window!(tumbling!(minutes!(5)));
const changes = orders.window!(tumbling!(minutes!(5)), { emit: 'updates' }).aggregate!(() => ({ n: count!() }));

const refusals: readonly (readonly [name: string, code: ErrorCode, message: RegExp, wrong: () => unknown])[] = [
  [
    'a misspelt column',
    'plan.unknown-column',
    /no column 'amout' in file\('o.ndjson'\); did you mean 'amount'\?/,
    () => orders.where!((c: Loose) => c.amout!.gt!(0)),
  ],
  [
    'an unknown column',
    'plan.unknown-column',
    /no column 'zzz' .*; there are user, amount, at, qty, ok/,
    () => orders.where!((c: Loose) => c.zzz!.gt!(0)),
  ],
  [
    'a misspelt column of a named stream',
    'plan.unknown-column',
    /no column 'usr' in 'rows'/,
    () => from(file!('x'), { schema }).named!('rows').select!((c: Loose) => ({ u: c.usr })),
  ],
  [
    'a JavaScript operator',
    'plan.wrong-type',
    /amount stands beside a JavaScript operator.*c\.amount\.gt\(0\)/,
    () => orders.where!((c: { amount: number }) => c.amount > 0),
  ],
  [
    'arithmetic on a column',
    'plan.wrong-type',
    /amount stands beside a JavaScript operator/,
    () => orders.select!((c: { amount: number }) => ({ x: c.amount * 2 })),
  ],
  [
    'a comparison by ===',
    'plan.wrong-type',
    /where: the condition is false, not a column/,
    () => orders.where!((c: { user: unknown }) => c.user === 'a'),
  ],
  [
    'a method of another type',
    'plan.wrong-type',
    /amount.*float64.*text/,
    () => orders.select!((c: Loose) => ({ x: c.amount!.split!('/', 0) })),
  ],
  [
    'a sum of text',
    'plan.wrong-type',
    /aggregate 'total' of user: sum\(\) takes int32, int64 or float64, not utf8/,
    () => windowed.aggregate!((c: Loose) => ({ total: sum!(c.user) })),
  ],
  [
    'a condition that is no bool',
    'plan.wrong-type',
    /where: the condition is of type float64/,
    () => orders.where!((c: Loose) => c.amount!.mul!(2)),
  ],
  [
    'select of plain values',
    'plan.wrong-type',
    /select: 'user' is "x", not a column; lit\(value\)/,
    () => orders.select!(() => ({ user: 'x' })),
  ],
  ['select of nothing', 'plan.invalid', /select: there is no column/, () => orders.select!(() => ({}))],
  ['select without a result', 'plan.invalid', /select: the function gives undefined/, () => orders.select!(() => undefined)],
  [
    'another stream’s column',
    'plan.invalid',
    /user is a column of another stream \(file\('o.ndjson'\)\), not of file\('t.ndjson'\)/,
    () => orders.where!((c: Loose) => timeless.where!((d: Loose) => d.user!.eq!(c.user)) && c.ok),
  ],
  ['a condition in place of a function', 'plan.invalid', /where: true is no function/, () => orders.where!(true)],
  ['an unknown key', 'plan.unknown-column', /keyBy: there is no column 'usr'; did you mean 'user'\?/, () => orders.keyBy!('usr')],
  ['no key', 'plan.invalid', /keyBy\(\): give at least one column/, () => orders.keyBy!()],
  ['a key twice', 'plan.name-taken', /keyBy: column 'user' is given twice/, () => orders.keyBy!('user', 'user')],
  [
    'a window without event time',
    'plan.no-event-time',
    /no event time; give from\(\) an eventTime/,
    () => timeless.window!(tumbling!(minutes!(5))),
  ],
  [
    'a ttl that is no time',
    'plan.invalid',
    /aggregate: ttl is 0 ms; it must be above 0/,
    () => orders.keyBy!('user').aggregate!(() => ({ n: count!() }), { ttl: 0 }),
  ],
  [
    'a ttl over changes',
    'plan.invalid',
    /aggregate: ttl: this stream holds changes, and a group that is gone could not take back/,
    () => changes.keyBy!('n').aggregate!(() => ({ m: count!() }), { ttl: minutes!(1) }),
  ],
  [
    'an option of aggregate that is not there',
    'plan.invalid',
    /aggregate: there is no option 'tll'; did you mean 'ttl'\?/,
    () => orders.keyBy!('user').aggregate!(() => ({ n: count!() }), { tll: 1 }),
  ],
  [
    'an aggregate named as its key',
    'plan.name-taken',
    /aggregate: 'user' is the name of a key column already/,
    () => orders.keyBy!('user').aggregate!(() => ({ user: count!() })),
  ],
  ['a window of no rows', 'plan.invalid', /countWindow: rows is 0; give a whole number of rows/, () => js['countWindow']!(0)],
  ['a window of too many panes', 'plan.invalid', /put together from 20001 pieces of 1 rows/, () => js['countWindow']!(20_001, 2)],
  [
    'a global window told early',
    'plan.invalid',
    /a global window has no end to be early for; use onProcessingTime/,
    () => js['globalWindow']!(js['early']!(minutes!(1))),
  ],
  [
    'a window of rows over changes',
    'plan.invalid',
    /window: this stream holds changes.*window the rows themselves/,
    () => changes.window!(js['countWindow']!(2)).aggregate!(() => ({ n: count!() })),
  ],
  ['a window of size 0', 'plan.invalid', /the size of tumbling is 0 ms; it must be above 0/, () => orders.window!(tumbling!(0))],
  ['a window of negative size', 'plan.invalid', /the size of tumbling is -300000 ms/, () => orders.window!(tumbling!(minutes!(-5)))],
  ['a window of size NaN', 'plan.invalid', /the size of tumbling is NaN ms/, () => orders.window!(tumbling!(Number.NaN))],
  ['a window of text', 'plan.invalid', /tumbling\("5m".*give durations/, () => orders.window!(tumbling!('5m'))],
  ['a session without a gap', 'plan.invalid', /the gap of session is 0 ms; it must be above 0/, () => orders.window!(session!(0))],
  ['a session of text', 'plan.invalid', /session\("5m"\): give a duration/, () => orders.window!(session!('5m'))],
  [
    'a session whose gap is no whole number',
    'plan.wrong-type',
    /window\(session\(amount\)\): the gap is of type float64; it must be a whole number of milliseconds/,
    () => orders.window!((c: Loose) => session!(c.amount)),
  ],
  [
    'a session by a column that is not there',
    'plan.unknown-column',
    /no column 'gapp'/,
    () => orders.window!((c: Loose) => session!(c.gapp)),
  ],
  [
    'a session by a column of another stream',
    'plan.invalid',
    /is a column of another stream/,
    () => {
      let of: unknown;
      timeless.where!((c: Loose) => ((of = c.amount!.cast!(int64!())), lit!(true)));
      return orders.window!(session!(of));
    },
  ],
  ['sessions of changes', 'plan.invalid', /this stream holds changes/, () => changes.window!(session!(minutes!(5)))],
  ['a function that gives no window', 'plan.invalid', /window\(5\): give a window/, () => orders.window!(() => 5)],
  ['a window that is a number', 'plan.invalid', /window\(300000\): give a window, such as tumbling/, () => orders.window!(300000)],
  [
    'a misspelt window option',
    'plan.invalid',
    /no option 'alowedLateness'; did you mean 'allowedLateness'\?/,
    () => orders.window!(tumbling!(minutes!(5)), { alowedLateness: minutes!(1) }),
  ],
  [
    'a misspelt option of a window',
    'plan.invalid',
    /tumbling: there is no option 'ofset'; did you mean 'offset'\?/,
    () => tumbling!(minutes!(5), { ofset: 1 }),
  ],
  [
    'negative lateness',
    'plan.invalid',
    /allowedLateness is -1000 ms; it must be 0 or more/,
    () => orders.window!(tumbling!(minutes!(5)), { allowedLateness: seconds!(-1) }),
  ],
  [
    'unknown emission',
    'plan.invalid',
    /emit is "early"; it may be 'final' or 'updates'/,
    () => orders.window!(tumbling!(minutes!(5)), { emit: 'early' }),
  ],
  [
    'a key named as a window column',
    'plan.name-taken',
    /keyBy\('windowStart'\): the window adds a column of this name; rename/,
    () => windowed.aggregate!(() => ({ n: count!() })).keyBy!('windowStart').window!(tumbling!(minutes!(10))),
  ],
  [
    'a result named as a key',
    'plan.name-taken',
    /aggregate: 'user' is the name of a key column already/,
    () => windowed.aggregate!(() => ({ user: count!() })),
  ],
  [
    'a result named as a window column',
    'plan.name-taken',
    /aggregate: 'windowEnd' is the name of a window column already/,
    () => windowed.aggregate!(() => ({ windowEnd: count!() })),
  ],
  ['no aggregate', 'plan.invalid', /there is no aggregate; give at least one/, () => windowed.aggregate!(() => ({}))],
  [
    'a column in place of an aggregate',
    'plan.wrong-type',
    /aggregate: 'a' is the column amount, not an aggregate/,
    () => windowed.aggregate!((c: Loose) => ({ a: c.amount })),
  ],
  [
    'an aggregate of a value',
    'plan.wrong-type',
    /sum\("amount"\): give a column/,
    () => windowed.aggregate!(() => ({ a: sum!('amount') })),
  ],
  [
    'a quantile beyond 1',
    'plan.wrong-type',
    /aggregate 'a' of amount: the quantile is 95; give one from 0 to 1, such as 0\.99/,
    () => windowed.aggregate!((c: Loose) => ({ a: quantile!(c.amount, 95) })),
  ],
  [
    'a sketch without an error',
    'plan.wrong-type',
    /the relative error is 0; give one from 0\.000001 to 0\.5, such as 0\.01/,
    () => windowed.aggregate!((c: Loose) => ({ a: approxQuantile!(c.amount, 0.5, { error: 0 }) })),
  ],
  [
    'texts joined by a number',
    'plan.wrong-type',
    /aggregate 'a' of user: the separator is 1; give a text/,
    () => windowed.aggregate!((c: Loose) => ({ a: stringJoin!(c.user, 1) })),
  ],
  [
    'the half best row',
    'plan.wrong-type',
    /n is 0\.5; give a whole number from 1 to 10000/,
    () => windowed.aggregate!((c: Loose) => ({ a: topN!(c.user, 0.5, c.amount!.desc!()) })),
  ],
  [
    'the best by a column without order',
    'plan.wrong-type',
    /topN: .*amount.* is no order; give one such as c\.price\.desc\(\)/,
    () => windowed.aggregate!((c: Loose) => ({ a: topN!(c.user, 5, c.amount) })),
  ],
  [
    'the best with nulls first',
    'plan.invalid',
    /topN: rows whose order is null do not count/,
    () => windowed.aggregate!((c: Loose) => ({ a: topN!(c.user, 5, c.amount!.desc!().nullsFirst!()) })),
  ],
  [
    'an aggregate’s condition that is no bool',
    'plan.wrong-type',
    /aggregate 'a': where: the condition is of type float64/,
    () => windowed.aggregate!((c: Loose) => ({ a: count!().where!(c.amount) })),
  ],
  [
    'a result named op among changes',
    'plan.name-taken',
    /rows of changes carry 'op'/,
    () => orders.window!(tumbling!(minutes!(5)), { emit: 'updates' }).aggregate!(() => ({ op: count!() })),
  ],
  [
    'processing time over changes',
    'plan.invalid',
    /this stream holds changes, which come at another time/,
    () => changes.window!(processingTime!(tumbling!(minutes!(5)))),
  ],
  [
    'a trigger over changes',
    'plan.invalid',
    /this stream holds changes, over which windows take no trigger/,
    () => changes.window!(tumbling!(minutes!(5)), { trigger: onCount!(2) }),
  ],
  [
    'merge of other columns',
    'plan.wrong-type',
    /merge: stream 2 has other columns \(user utf8, amount float64\)/,
    () => orders.merge!(timeless),
  ],
  [
    'merge without event time',
    'plan.no-event-time',
    /merge: stream 2 has no event time/,
    () => orders.merge!(from(file!('p'), { schema })),
  ],
  ['merge of no stream', 'plan.invalid', /merge\("x"\): give streams/, () => orders.merge!('x')],
  [
    'map without a schema',
    'plan.invalid',
    /map: give an object of column names and types.*not a function/,
    () => orders.map!((r: unknown) => r),
  ],
  ['map without a function', 'plan.invalid', /map: undefined is no function/, () => orders.map!({ user: utf8!() })],
  [
    'a type that is none',
    'plan.invalid',
    /map, column 'user': "utf8" is no type; give one such as bool\(\)/,
    () => orders.map!({ user: 'utf8' }, (r: unknown) => r),
  ],
  ['a type that was not called', 'plan.invalid', /the function utf8 is no type/, () => from(file!('x'), { schema: { user: utf8 } })],
  [
    'a column named __proto__',
    'plan.invalid',
    /"__proto__" cannot name a column/,
    () => from(file!('x'), { schema: JSON.parse('{"__proto__": 1}') && { ['__proto__']: utf8!() } }),
  ],
  ['branch without branches', 'plan.invalid', /branch: give names and conditions/, () => orders.branch!({})],
  ['branch of a value', 'plan.invalid', /branch: 'a': true is no function/, () => orders.branch!({ a: true })],
  ['a source without a schema', 'plan.invalid', /from\(file\(…\)\): schema: give an object of column names/, () => from(file!('x'), {})],
  ['a schema without columns', 'plan.invalid', /there is no column/, () => from(file!('x'), { schema: {} })],
  [
    'a misspelt source option',
    'plan.invalid',
    /no option 'eventtime'; did you mean 'eventTime'\?/,
    () => from(file!('x'), { schema, eventtime: eventTime }),
  ],
  [
    'an unknown event time',
    'plan.unknown-column',
    /eventTime: there is no column 'time'/,
    () => from(file!('x'), { schema, eventTime: { ...eventTime, column: 'time' } }),
  ],
  [
    'an event time of another type',
    'plan.wrong-type',
    /the event time 'user' is a utf8; it must be a timestamp/,
    () => from(file!('x'), { schema, eventTime: { ...eventTime, column: 'user' } }),
  ],
  [
    'an event time that may be null',
    'plan.wrong-type',
    /the event time 'at' is a nullable timestamp/,
    () => from(file!('x'), { schema: { at: timestamp!().nullable!() }, eventTime }),
  ],
  [
    'no watermark',
    'plan.invalid',
    /watermark is undefined; give one such as outOfOrder/,
    () => from(file!('x'), { schema, eventTime: { column: 'at' } }),
  ],
  ['a negative bound', 'plan.invalid', /outOfOrder\(-1000\): give the longest delay/, () => outOfOrder!(seconds!(-1))],
  [
    'a punctuated watermark of text',
    'plan.wrong-type',
    /punctuated needs a timestamp column, not one of utf8/,
    () => from(file!('x'), { schema, eventTime: { column: 'at', watermark: (c: Loose) => js.punctuated!(c.user) } }),
  ],
  [
    'idleness of 0',
    'plan.invalid',
    /idleAfter is 0 ms; it must be above 0/,
    () => from(file!('x'), { schema, eventTime: { ...eventTime, idleAfter: 0 } }),
  ],
  [
    'an unknown policy',
    'plan.invalid',
    /onMalformed is "ignore"; it may be 'fail', 'skip' or 'route'/,
    () => from(file!('x'), { schema, onMalformed: 'ignore' }),
  ],
  [
    'an unknown limit',
    'plan.invalid',
    /there is no limit 'recordByte'; did you mean 'recordBytes'\?/,
    () => from(file!('x'), { schema, limits: { recordByte: 5 } }),
  ],
  [
    'a limit of 0',
    'plan.invalid',
    /limit 'recordBytes' is 0; give a whole number above 0/,
    () => from(file!('x'), { schema, limits: { recordBytes: 0 } }),
  ],
  ['an empty path in a record', 'plan.invalid', /\.from\("bid\.\."\): give the path of a field/, () => int64!().from!('bid..')],
  ['an unknown time format', 'plan.invalid', /the formats are 'iso', 'ms', 's' and 'us'/, () => timestamp!({ format: 'ns' })],
  ['a duration of text', 'plan.invalid', /minutes\("5"\): give a number of minutes/, () => minutes!('5')],
  ['a source that is none', 'config.invalid', /from\("o.ndjson"\): give a source, such as file/, () => from('o.ndjson', { schema })],
  ['a sink as a source', 'config.invalid', /from\(print\(…\)\): this is no source; use it in \.to\(…\)/, () => from(print!(), { schema })],
  ['a file without a path', 'config.invalid', /file\(undefined\): give a path/, () => file!()],
  [
    'a format that is text',
    'config.invalid',
    /format: "json" }\): give json\(\), csv\(\) or arrow\(\)/,
    () => file!('x', { format: 'json' }),
  ],
  ['rows that are no iterable', 'config.invalid', /memory\(5\): give an array/, () => memory!(5)],
  ['a callback that is none', 'config.invalid', /callback\(5\): give a function/, () => js.callback!(5)],
  [
    'malformed rows of a derived stream',
    'plan.invalid',
    /\.malformed: this stream has none; only what env\.from/,
    () => orders.where!((c: Loose) => c.ok).malformed,
  ],
  ['late rows of a source', 'plan.invalid', /\.late: this stream has none/, () => orders.late],
  ['a sink outside a job', 'plan.invalid', /to\(print\(…\)\): nothing runs outside a job/, () => orders.to!(print!())],
  [
    'an operator named twice',
    'plan.name-taken',
    /named\('b'\): the operator is named 'a' already/,
    () => orders.where!((c: Loose) => c.ok).named!('a').named!('b'),
  ],
  [
    'an offset that is no whole number',
    'plan.invalid',
    /the offset of tumbling is 0.5; give whole milliseconds/,
    () => orders.window!(tumbling!(minutes!(5), { offset: 0.5 })),
  ],
  [
    'merge of changes and rows',
    'plan.invalid',
    /merge: stream 2 holds changes, but another does not/,
    () => orders.window!(tumbling!(minutes!(5))).aggregate!(() => ({ n: count!() })).merge!(changes),
  ],
  [
    'an aggregate’s condition that is a value',
    'plan.wrong-type',
    /count\(\)\.where\(true\): give a condition on columns/,
    () => windowed.aggregate!(() => ({ n: count!().where!(true) })),
  ],
  ['aggregates without a result', 'plan.invalid', /aggregate: the function gives undefined/, () => windowed.aggregate!(() => undefined)],
  ['a list that is none', 'plan.wrong-type', /user\.in\("a"\): give an array/, () => orders.where!((c: Loose) => c.user!.in!('a'))],
  [
    'a pattern that is text',
    'plan.wrong-type',
    /user\.matches\("a"\): give a regular expression/,
    () => orders.where!((c: Loose) => c.user!.matches!('a')),
  ],
  [
    'a cast to a name',
    'plan.invalid',
    /user\.cast: "int64" is no type/,
    () => orders.select!((c: Loose) => ({ x: c.user!.cast!('int64') })),
  ],
  ['batches that are no iterable', 'config.invalid', /fromArrow\(5\): give an iterable of record batches/, () => js.fromArrow!(5)],
  ['options that are none', 'plan.invalid', /window: the options are 5; give an object/, () => orders.window!(tumbling!(minutes!(5)), 5)],
  ['a job without a name', 'plan.invalid', /job\(import\.meta, undefined, …\): give the job a name/, () => js.job!(here)],
  [
    'a job without a module',
    'plan.invalid',
    /job 'x': the first argument must be import\.meta, not "x\.js"/,
    () => js.job!('x.js', 'x', () => ({})),
  ],
  ['a job without a function', 'plan.invalid', /job 'x': undefined is no function/, () => js.job!(here, 'x')],
  ['a job that is none', 'plan.invalid', /an object is no job; give what job/, () => buildJob({} as never)],
  [
    'a job that the module does not have',
    'plan.invalid',
    /defines no job 'nowhere'; it defines '/,
    () => {
      js.job!(here, 'x', () => ({}));
      findJob(here.url, 'nowhere');
    },
  ],
  [
    'two jobs of one name in a module',
    'plan.name-taken',
    /twice\.js defines two jobs named 'x'/,
    () => {
      for (let i = 0; i < 2; i++) js.job!({ url: 'twice.js' }, 'x', () => ({}));
      findJob('twice.js', 'x');
    },
  ],
  [
    'a name for an output',
    'plan.invalid',
    /named\('x'\): this stream is the output 'late' of an operator/,
    () => windowed.aggregate!(() => ({ n: count!() })).late!.named!('x'),
  ],
  ['an empty name', 'plan.invalid', /named\(""\): give a name/, () => orders.where!((c: Loose) => c.ok).named!('')],
  ['a punctuated watermark of a value', 'plan.wrong-type', /punctuated\(5\): give a timestamp column/, () => js.punctuated!(5)],
  ['a constant of an object', 'plan.wrong-type', /lit\(an object\): give a column, or a value/, () => lit!({})],
  ['an integer beyond 64 bits', 'plan.wrong-type', /does not fit into 64 bits/, () => orders.where!((c: Loose) => c.qty!.gt!(1n << 64n))],
];

for (const [name, code, message, wrong] of refusals) {
  test(`refused: ${name}`, () => {
    assert.throws(wrong, (error) => {
      assert.ok(error instanceof MillraceError, String((error as Error).stack));
      assert.match(error.message, message);
      assert.equal(error.code, code);
      assert.equal(error.domain, 'user');
      return true;
    });
  });
}

const jobs: readonly (readonly [name: string, code: ErrorCode, message: RegExp, build: (env: Loose) => unknown])[] = [
  [
    'returns a stream',
    'plan.invalid',
    /job 'x' returns a stream; it must return its parts by name/,
    (env) => env.from!(file!('x'), { schema }),
  ],
  [
    'returns a keyed stream',
    'plan.invalid',
    /returns 'k', which is not yet a stream; aggregate it first/,
    (env) => ({ k: env.from!(file!('x'), { schema }).keyBy!('user') }),
  ],
  ['returns a value', 'plan.invalid', /returns 'n', which is 5; return streams/, () => ({ n: 5 })],
  ['is async', 'plan.invalid', /returns a promise; its function must not be async/, async () => ({})],
  ['reads nothing', 'plan.invalid', /job 'x' reads nothing/, () => ({})],
  ['uses a stream from outside', 'plan.invalid', /job 'x' uses a stream that was made outside it/, () => ({ orders })],
  [
    'merges a stream from outside',
    'plan.invalid',
    /job 'x' uses a stream that was made outside it/,
    (env) => ({ all: env.from!(file!('x'), { schema, eventTime }).merge!(orders) }),
  ],
  [
    'uses a name twice',
    'plan.name-taken',
    /two operators are named 'a'/,
    (env) => {
      const read = env.from!(file!('x'), { schema });
      return { a: read, b: read.where!((c: Loose) => c.ok).named!('a') };
    },
  ],
  [
    'names two of its operators alike',
    'plan.name-taken',
    /two operators are named 'a': source and where/,
    (env) => {
      const read = env.from!(file!('x'), { schema }).named!('a');
      return { read, some: read.where!((c: Loose) => c.ok).named!('a') };
    },
  ],
  [
    'reads results directly',
    'plan.invalid',
    /batches\(\): inside job 'x' nothing runs yet/,
    (env) => env.from!(file!('x'), { schema }).batches!(),
  ],
];

for (const [name, code, message, build] of jobs) {
  test(`refused: a job that ${name}`, () => {
    const made = js.job!(here, 'x', build);
    assert.throws(
      () => buildJob(made as never),
      (error) => {
        assert.ok(error instanceof MillraceError, String((error as Error).stack));
        assert.match(error.message, message);
        assert.equal(error.code, code);
        return true;
      },
    );
  });
}

test('columns can be spread, destructured and printed', () => {
  const made = orders.select!(({ at: _, ...rest }: Record<string, Loose>) => ({ ...rest, text: lit!(`${rest['amount']!.gt!(0)}`) }));
  assert.deepEqual(Object.keys(made.schema!), ['user', 'amount', 'qty', 'ok', 'text']);
  assert.deepEqual(Object.keys(orders.select!((c: object) => ({ ...c, x: lit!(1) })).schema!), ['user', 'amount', 'at', 'qty', 'ok', 'x']);
});

test('direct reading hands the plan of what is needed to the reader', async () => {
  const rows = await (orders.where!((c: Loose) => c.ok).toArray!() as unknown as Promise<unknown>);
  assert.deepEqual(rows, [{ part: 'result', nodes: 2 }]);
});
