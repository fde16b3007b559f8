// Random jobs of windows over random rows, for windows.test.ts: the rows, how they come, and the queries over them.
import { job, type Job } from '../../ts/api/job.js';
import type { Random } from '../../ts/core/random.js';
import {
  bool,
  calendar,
  cumulating,
  float64,
  hopping,
  int32,
  int64,
  memory,
  milliseconds,
  outOfOrder,
  processingTime,
  session,
  timestamp,
  tumbling,
  utf8,
  type EventTimeWindow,
  type Stream,
  type WholeNumbers,
} from '../../ts/index.js';
import { MODEL_AGGREGATES } from './aggregates.js';
import type { ModelBlock, ModelQuery, ModelRow, ModelStep, ModelWindow } from './reference.js';

export const schema = {
  id: int64(),
  k: utf8().nullable(),
  n: int64().nullable(),
  x: float64().nullable(),
  s: utf8().nullable(),
  b: bool().nullable(),
  gap: int32(),
  at: timestamp(),
};

export interface Query extends ModelQuery {
  readonly aggregates: readonly string[];
  readonly emit: 'final' | 'updates';
}

/** One input and several queries over it: each of them is a case. */
export interface ModelJob {
  readonly splits: readonly string[];
  readonly boundMs: number;
  readonly steps: readonly ModelStep[];
  readonly queries: readonly Query[];
}

/** Names of a job's parts, by the number of the query. */
export const resultPart = (i: number): string => `result${i}`;
export const latePart = (i: number): string => `late${i}`;

/** Whether the query's results are changes. */
export function tellsChanges({ window, allowedLatenessMs, emit }: Query): boolean {
  return window.kind === 'none' || allowedLatenessMs > 0 || emit === 'updates';
}

export function randomJob(random: Random, queries: number): ModelJob {
  const splits = random.bool(0.7) ? ['a'] : ['a', 'b'];
  const boundMs = random.pick([0, 5, 40]);
  return { splits, boundMs, steps: randomSteps(random, splits), queries: Array.from({ length: queries }, () => randomQuery(random)) };
}

/** Times in tens of milliseconds around a base that may be negative; many ties, some rows far behind. */
function randomSteps(random: Random, splits: readonly string[]): ModelStep[] {
  const base = random.pick([0, -500, 1_700_000_000_000]);
  const now = new Map(splits.map((split) => [split, base + random.int(-20, 20)]));
  const keys = random.pick([1, 3, 12]);
  const pace = random.pick([1, 4, 15]);
  let id = 0n;
  let clockMs = base;
  return Array.from({ length: random.int(1, 7) }, () => {
    const blocks = Array.from({ length: random.int(0, 3) }, (): ModelBlock => {
      const split = random.pick(splits);
      const rows = Array.from({ length: random.int(0, random.pick([2, 8, 30])) }, (): ModelRow => {
        const at = (now.get(split) as number) + random.int(0, pace);
        now.set(split, at);
        const behind = random.bool(0.25) ? random.pick([1, 5, 6, 30, 41, 120]) : 0;
        return {
          id: id++,
          k: random.bool(0.1) ? null : `k${random.int(0, keys - 1)}`,
          n: random.bool(0.15) ? null : BigInt(random.int(-9, 9)),
          x: random.bool(0.15) ? null : random.int(-40, 40) / 8,
          s: random.bool(0.15) ? null : random.pick(['', 'a', 'b', 'a longer text', 'ä', 'zz']),
          b: random.pick([null, true, true, false]),
          gap: random.pick([1, 3, 10, 25]),
          at: at - behind,
        };
      });
      return { split, rows };
    });
    clockMs += random.pick([0, 1, 7, 30]);
    return { blocks, idle: splits.filter(() => random.bool(0.15)), clockMs };
  });
}

function randomQuery(random: Random): Query {
  const window = randomWindow(random);
  const rowWindow = window.kind === 'count' || window.kind === 'none';
  const changing = !rowWindow && random.bool(0.35);
  const time = !rowWindow && random.bool(0.15) ? 'processing' : 'event';
  return {
    window,
    keyed: rowWindow || random.bool(0.85),
    time,
    allowedLatenessMs: changing && time === 'event' ? random.pick([0, 5, 30, 100]) : 0,
    emit: changing && random.bool() ? 'updates' : 'final',
    aggregates: randomAggregates(random),
  };
}

function randomAggregates(random: Random): string[] {
  const names = Object.keys(MODEL_AGGREGATES);
  return random.shuffle(names).slice(0, random.int(1, 4));
}

function randomWindow(random: Random): ModelWindow {
  if (random.bool(0.25)) return { kind: 'session', gapMs: random.pick(['row', 1, 5, 12, 30] as const) };
  const offsetMs = random.pick([0, 0, 3, -7]);
  switch (random.pick(['tumbling', 'hopping', 'hopping', 'cumulating', 'calendar'] as const)) {
    case 'tumbling':
      return { kind: 'tumbling', sizeMs: random.pick([1, 10, 30, 100]), offsetMs };
    case 'hopping':
      return { kind: 'hopping', sizeMs: random.pick([5, 10, 30, 100]), slideMs: random.pick([3, 10, 12, 30]), offsetMs };
    case 'cumulating': {
      const stepMs = random.pick([4, 10, 25]);
      return { kind: 'cumulating', sizeMs: stepMs * random.int(1, 8), stepMs, offsetMs };
    }
    default:
      return {
        kind: 'calendar',
        unit: random.pick(['day', 'week', 'month']),
        timeZone: random.pick(['UTC', 'Europe/Oslo', 'America/New_York']),
      };
  }
}

type Flow = Stream<typeof schema, 'event-time'>;

export function jobOf({ boundMs, queries }: ModelJob): Job<unknown, never> {
  return job(import.meta, 'model', (env) => {
    const rows: Flow = env
      .from(memory([]), { schema, eventTime: { column: 'at', watermark: outOfOrder(milliseconds(boundMs)) } })
      .named('rows');
    const face: Record<string, unknown> = {};
    for (const [i, query] of queries.entries()) {
      const { result, late } = queryOf(rows, query);
      face[resultPart(i)] = result;
      if (late !== undefined) face[latePart(i)] = late;
    }
    return face as never;
  }) as unknown as Job<unknown, never>;
}

/** The builder without its types, which differ from window to window. */
interface Loose {
  window(window: unknown, options: object): Loose;
  aggregate(aggregates: (c: never) => object): Loose;
  readonly late: unknown;
}

function queryOf(rows: Flow, query: Query): { result: unknown; late: unknown } {
  const { allowedLatenessMs, emit } = query;
  const options = {
    ...(allowedLatenessMs > 0 ? { allowedLateness: milliseconds(allowedLatenessMs) } : {}),
    ...(emit === 'updates' ? { emit } : {}),
  };
  const source = (query.keyed ? rows.keyBy('k') : rows) as unknown as Loose;
  const aggregates = (c: never): object => Object.fromEntries(query.aggregates.map((name) => [name, MODEL_AGGREGATES[name]?.engine(c)]));
  const result = source.window(timedWindow(query), options).aggregate(aggregates);
  return { result, late: result.late };
}

function timedWindow({ window, time }: Query): unknown {
  const given = windowOf(window) as EventTimeWindow | ((c: never) => EventTimeWindow);
  if (time === 'event') return given;
  return typeof given === 'function' ? (c: never) => processingTime(given(c)) : processingTime(given);
}

function windowOf(window: ModelWindow): unknown {
  switch (window.kind) {
    case 'tumbling':
      return tumbling(milliseconds(window.sizeMs), { offset: milliseconds(window.offsetMs) });
    case 'session':
      return window.gapMs === 'row' ? (c: { readonly gap: WholeNumbers }) => session(c.gap) : session(milliseconds(window.gapMs));
    case 'hopping':
      return hopping(milliseconds(window.sizeMs), milliseconds(window.slideMs), { offset: milliseconds(window.offsetMs) });
    case 'cumulating':
      return cumulating(milliseconds(window.sizeMs), milliseconds(window.stepMs), { offset: milliseconds(window.offsetMs) });
    case 'calendar':
      return calendar(window.unit, { timeZone: window.timeZone });
    default:
      throw new Error(`no engine for ${window.kind}`);
  }
}
