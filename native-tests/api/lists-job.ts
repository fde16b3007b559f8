import {
  collect,
  count,
  file,
  int64,
  job,
  list,
  maxBy,
  memory,
  minutes,
  outOfOrder,
  seconds,
  timestamp,
  tumbling,
  utf8,
} from '../../ts/index.js';

export const listSchema = { user: utf8(), at: timestamp(), tags: list(utf8()), ns: list(int64()).nullable() };
export const listRows = [
  { user: 'ann', at: 1000, tags: ['x', ''], ns: [1n, -2n] },
  { user: 'bob', at: 2000, tags: [], ns: null },
  { user: 'eve', at: 1500, tags: ['a "quoted" one, and', 'žluť'], ns: [] },
];
const eventTime = { column: 'at', watermark: outOfOrder(seconds(1)) } as const;

/** Lists from rows in memory through row functions, an exchange and a window. */
export const tagged = job(import.meta, 'tagged', (env) => {
  const users = env.from(memory(listRows), { schema: listSchema, eventTime });
  const words = users
    .where((c) => c.ns.isNotNull())
    .flatMap({ word: utf8(), all: list(utf8()), size: int64() }, (r) => r.tags.map((word) => ({ word, all: r.tags, size: r.tags.length })));
  const counted = words
    .keyBy('word')
    .window(tumbling(minutes(1)))
    .aggregate((c) => ({ n: count(c.all), longest: maxBy(c.all, c.size) }));
  return { users, words, counted, late: counted.late, taken: counted.to(collect()) };
});

/** The rows, written to a file. */
export const written = job(import.meta, 'written', (env, params: { out: string }) => {
  env.from(memory(listRows), { schema: listSchema, eventTime }).to(file(params.out));
});
