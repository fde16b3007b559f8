// Random jobs of windows over random rows, for windows.test.ts: the rows, how they come, and the queries over them.
import { job, type Job } from '../../ts/api/job.js';
import type { Random } from '../../ts/core/random.js';
import {
  bool,
  calendar,
  countWindow,
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
  type Columns,
  type Stream,
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

/** Milliseconds are too short for calendars: in some jobs every time and duration is so many times longer. */
const SCALES = [1, 1, 1, 7_200_000];

/** Names of a job's parts, by the number of the query. */
export const resultPart = (i: number): string => `result${i}`;
export const latePart = (i: number): string => `late${i}`;

/** Whether the query's results are changes. */
export function tellsChanges({ window, allowedLatenessMs, emit }: Query): boolean {
  return window.kind === 'none' || allowedLatenessMs > 0 || emit === 'updates';
}

export function randomJob(random: Random, queries: number): ModelJob {
  const splits = random.bool(0.7) ? ['a'] : ['a', 'b'];
  const scale = random.pick(SCALES);
  const boundMs = random.pick([0, 5, 40]) * scale;
  const steps = randomSteps(random, splits, scale);
  return { splits, boundMs, steps, queries: Array.from({ length: queries }, () => randomQuery(random, splits, scale)) };
}

/** Times around a base that may be negative, or just before clocks go forward; many ties, some rows far behind. */
function randomSteps(random: Random, splits: readonly string[], scale: number): ModelStep[] {
  const base = random.pick([0, -500, Date.UTC(2026, 2, 28, 20)]);
  const now = new Map(splits.map((split) => [split, base + random.int(-20, 20) * scale]));
  const keys = random.pick([1, 3, 12]);
  const pace = random.pick([1, 4, 15]);
  let id = 0n;
  let clockMs = base;
  return Array.from({ length: random.int(1, 7) }, () => {
    const blocks = Array.from({ length: random.int(0, 3) }, (): ModelBlock => {
      const split = random.pick(splits);
      const rows = Array.from({ length: random.int(0, random.pick([2, 8, 30])) }, (): ModelRow => {
        const at = (now.get(split) as number) + random.int(0, pace) * scale;
        now.set(split, at);
        const behind = random.bool(0.25) ? random.pick([1, 5, 6, 30, 41, 120]) * scale : 0;
        return {
          id: id++,
          k: random.bool(0.1) ? null : `k${random.int(0, keys - 1)}`,
          n: random.bool(0.15) ? null : BigInt(random.int(-9, 9)),
          x: random.bool(0.15) ? null : random.int(-40, 40) / 8,
          s: random.bool(0.15) ? null : random.pick(['', 'a', 'b', 'a longer text', 'ä', 'zz']),
          b: random.pick([null, true, true, false]),
          gap: random.pick([1, 3, 10, 25]) * scale,
          at: at - behind,
        };
      });
      return { split, rows };
    });
    clockMs += random.pick([0, 1, 7, 30]) * scale;
    return { blocks, idle: splits.filter(() => random.bool(0.15)), clockMs };
  });
}

function randomQuery(random: Random, splits: readonly string[], scale: number): Query {
  const window = randomWindow(random, splits, scale);
  const ofRows = window.kind === 'count' || window.kind === 'none';
  const byRow = window.kind === 'session' && window.gapMs === 'row';
  const time = !ofRows && !byRow && window.kind !== 'calendar' && random.bool(0.15) ? 'processing' : 'event';
  const changing = !ofRows && random.bool(0.35);
  return {
    window,
    keyed: window.kind === 'none' || random.bool(0.85),
    time,
    allowedLatenessMs: changing && time === 'event' ? random.pick([0, 5, 30, 100]) * scale : 0,
    emit: changing && random.bool() ? 'updates' : 'final',
    aggregates: randomAggregates(random),
  };
}

function randomAggregates(random: Random): string[] {
  const names = Object.keys(MODEL_AGGREGATES);
  return random.shuffle(names).slice(0, random.int(1, 4));
}

function randomWindow(random: Random, splits: readonly string[], scale: number): ModelWindow {
  const kind = random.pick(['tumbling', 'hopping', 'hopping', 'cumulating', 'calendar', 'session', 'session', 'count', 'none'] as const);
  const offsetMs = random.pick([0, 0, 3, -7]) * scale;
  switch (kind) {
    case 'tumbling':
      return { kind, sizeMs: random.pick([1, 10, 30, 100]) * scale, offsetMs };
    case 'hopping':
      return { kind, sizeMs: random.pick([1, 5, 10, 30, 70]) * scale, slideMs: random.pick([3, 5, 10, 30]) * scale, offsetMs };
    case 'cumulating': {
      const stepMs = random.pick([5, 10]) * scale;
      return { kind, sizeMs: stepMs * random.pick([1, 2, 5]), stepMs, offsetMs };
    }
    case 'calendar':
      return { kind, unit: random.pick(['day', 'week', 'month']), timeZone: random.pick(ZONES) };
    case 'session':
      // With several splits, which sessions are over for a late row could hang on arrival where gaps differ.
      return { kind, gapMs: splits.length === 1 && random.bool(0.4) ? 'row' : random.pick([1, 3, 10, 25]) * scale };
    case 'count': {
      const rows = random.pick([1, 2, 3, 7]);
      return { kind, rows, slide: random.pick([rows, rows, 1, 2, 3]) };
    }
    default:
      return { kind };
  }
}

/** With and without daylight saving, also of half an hour, and with quarters of an hour. */
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];

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
  const { window, allowedLatenessMs, emit } = query;
  const options = {
    ...(allowedLatenessMs > 0 ? { allowedLateness: milliseconds(allowedLatenessMs) } : {}),
    ...(emit === 'updates' ? { emit } : {}),
  };
  const source = (query.keyed ? rows.keyBy('k') : rows) as unknown as Loose;
  const aggregates = (c: never): object => Object.fromEntries(query.aggregates.map((name) => [name, MODEL_AGGREGATES[name]?.engine(c)]));
  if (window.kind === 'none') return { result: source.aggregate(aggregates), late: undefined };
  const cut = window.kind === 'session' && window.gapMs === 'row' ? (c: Columns<typeof schema>) => session(c.gap) : windowOf(window);
  const timed = query.time === 'processing' ? processingTime(cut as never) : cut;
  const result = source.window(timed, options).aggregate(aggregates);
  return { result, late: window.kind === 'count' ? undefined : result.late };
}

function windowOf(window: ModelWindow): unknown {
  switch (window.kind) {
    case 'tumbling':
      return tumbling(milliseconds(window.sizeMs), { offset: milliseconds(window.offsetMs) });
    case 'hopping':
      return hopping(milliseconds(window.sizeMs), milliseconds(window.slideMs), { offset: milliseconds(window.offsetMs) });
    case 'cumulating':
      return cumulating(milliseconds(window.sizeMs), milliseconds(window.stepMs), { offset: milliseconds(window.offsetMs) });
    case 'calendar':
      return calendar(window.unit, { timeZone: window.timeZone });
    case 'session':
      return session(milliseconds(window.gapMs as number));
    case 'count':
      return countWindow(window.rows, window.slide);
    default:
      throw new Error(`${window.kind} is no window`);
  }
}
