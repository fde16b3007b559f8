// What windows and aggregates mean, told as slowly and plainly as can be: rows as objects, windows one by one, groups as arrays.
// The engine's answers are held against it (windows.test.ts). It knows nothing of batches, slices, lanes or partial states.

export interface ModelRow {
  readonly id: bigint;
  readonly k: string | null;
  readonly n: bigint | null;
  readonly x: number | null;
  readonly s: string | null;
  readonly b: boolean | null;
  readonly gap: number;
  readonly at: number;
}

/** Rows of one split that come together. */
export interface ModelBlock {
  readonly split: string;
  readonly rows: readonly ModelRow[];
}

export interface ModelStep {
  readonly blocks: readonly ModelBlock[];
  readonly idle: readonly string[];
  readonly clockMs: number;
}

/** A row as it arrives: the clock that judges it, the step's clock, its place among all and in its split. */
export interface Arrived {
  readonly row: ModelRow;
  readonly time: number;
  readonly clock: number;
  readonly split: number;
  readonly arrival: number;
}

export type ModelWindow =
  | { readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly kind: 'hopping'; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly kind: 'cumulating'; readonly sizeMs: number; readonly stepMs: number; readonly offsetMs: number }
  | { readonly kind: 'calendar'; readonly unit: 'day' | 'week' | 'month'; readonly timeZone: string }
  | { readonly kind: 'session'; readonly gapMs: number | 'row' }
  | { readonly kind: 'count'; readonly rows: number; readonly slide: number }
  | { readonly kind: 'none' };

export interface ModelQuery {
  readonly window: ModelWindow;
  readonly keyed: boolean;
  readonly time: 'event' | 'processing';
  readonly allowedLatenessMs: number;
}

export interface Group {
  readonly key: string | null;
  readonly start: number;
  readonly end: number;
  /** In order of (event time, split, place in it). */
  readonly rows: readonly ModelRow[];
}

/** The rows of all steps with their clocks: DESIGN's rule of lateness, row by row. */
export function arrivals(steps: readonly ModelStep[], splits: readonly string[], boundMs: number): Arrived[] {
  const marks = new Map(splits.map((split) => [split, -Infinity]));
  const out: Arrived[] = [];
  let watermark = -Infinity;
  for (const { blocks, idle } of steps) {
    for (const { split, rows } of blocks) {
      for (const row of rows) {
        const before = marks.get(split) as number;
        out.push({ row, time: row.at, clock: Math.max(before, watermark), split: splits.indexOf(split), arrival: out.length });
        marks.set(split, Math.max(before, row.at - boundMs - 1));
      }
    }
    const live = [...marks].filter(([split]) => !idle.includes(split)).map(([, mark]) => mark);
    watermark = Math.max(watermark, live.length === 0 ? Math.max(...marks.values()) : Math.min(...live));
  }
  return out;
}

/** The same rows by the clock of their steps: nothing is late. */
export function clocked(steps: readonly ModelStep[], splits: readonly string[]): Arrived[] {
  const out: Arrived[] = [];
  for (const { blocks, clockMs } of steps)
    for (const { split, rows } of blocks)
      for (const row of rows) out.push({ row, time: clockMs, clock: -Infinity, split: splits.indexOf(split), arrival: out.length });
  return out;
}

/** All windows' rows, and the rows that are late for every window of theirs. */
export function windowsOf(query: ModelQuery, rows: readonly Arrived[]): { groups: Group[]; late: ModelRow[] } {
  const { window, allowedLatenessMs } = query;
  const byKey = new Map<string | null, Arrived[]>();
  for (const arrived of rows) {
    const key = query.keyed ? arrived.row.k : null;
    byKey.set(key, [...(byKey.get(key) ?? []), arrived]);
  }
  const groups: Group[] = [];
  const late: ModelRow[] = [];
  for (const [key, own] of byKey) {
    const found: { start: number; end: number; rows: Arrived[] }[] =
      window.kind === 'session'
        ? sessions(window.gapMs, allowedLatenessMs, own, late)
        : window.kind === 'count'
          ? counted(window.rows, window.slide, own)
          : window.kind === 'none'
            ? [{ start: 0, end: 0, rows: own }]
            : spans(window, allowedLatenessMs, own, late);
    for (const { start, end, rows: held } of found) groups.push({ key, start, end, rows: inOrder(held) });
  }
  return { groups, late };
}

function inOrder(rows: readonly Arrived[]): ModelRow[] {
  return [...rows].sort((a, b) => a.time - b.time || a.split - b.split || a.arrival - b.arrival).map(({ row }) => row);
}

function spans(window: ModelWindow, latenessMs: number, rows: readonly Arrived[], late: ModelRow[]) {
  const held = new Map<string, { start: number; end: number; rows: Arrived[] }>();
  for (const arrived of rows) {
    const bounds = boundsAt(window, arrived.time);
    const open = bounds.filter(([, end]) => end - 1 + latenessMs > arrived.clock);
    if (open.length === 0 && bounds.length > 0) late.push(arrived.row);
    for (const [start, end] of open) {
      const id = `${start} ${end}`;
      if (!held.has(id)) held.set(id, { start, end, rows: [] });
      held.get(id)?.rows.push(arrived);
    }
  }
  return [...held.values()];
}

/** Every window [start, end) that holds t, by trying them all. */
export function boundsAt(window: ModelWindow, t: number): [number, number][] {
  switch (window.kind) {
    case 'tumbling':
      return boundsAt({ kind: 'hopping', sizeMs: window.sizeMs, slideMs: window.sizeMs, offsetMs: window.offsetMs }, t);
    case 'hopping': {
      const found: [number, number][] = [];
      const first = Math.floor((t - window.sizeMs - window.offsetMs) / window.slideMs);
      for (let i = first; window.offsetMs + i * window.slideMs <= t; i++) {
        const start = window.offsetMs + i * window.slideMs;
        if (start + window.sizeMs > t) found.push([start, start + window.sizeMs]);
      }
      return found;
    }
    case 'cumulating': {
      const start = Math.floor((t - window.offsetMs) / window.sizeMs) * window.sizeMs + window.offsetMs;
      const found: [number, number][] = [];
      for (let end = start + window.stepMs; end <= start + window.sizeMs; end += window.stepMs) if (end > t) found.push([start, end]);
      return found;
    }
    case 'calendar':
      return [calendarBounds(window.unit, window.timeZone, t)];
    default:
      return [];
  }
}

const QUARTER_HOUR = 900_000;
const formats = new Map<string, Intl.DateTimeFormat>();
const known = new Map<string, [number, number]>();

/** By asking quarter of an hour after quarter which local day, week or month it is. */
function calendarBounds(unit: string, timeZone: string, t: number): [number, number] {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formats.set(timeZone, format);
  const periodAt = (time: number): string => {
    const day = format.format(time);
    if (unit === 'day') return day;
    if (unit === 'month') return day.slice(0, 7);
    return String(Math.floor((Date.parse(`${day}T00:00:00Z`) / 86_400_000 + 3) / 7));
  };
  const id = `${unit} ${timeZone} ${periodAt(t)}`;
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const here = periodAt(t);
  let start = Math.floor(t / QUARTER_HOUR) * QUARTER_HOUR;
  let end = start + QUARTER_HOUR;
  while (periodAt(start - 1) === here) start -= QUARTER_HOUR;
  while (periodAt(end) === here) end += QUARTER_HOUR;
  known.set(id, [start, end]);
  return [start, end];
}

/**
 * Rows as spans [t, t + gap) in order of arrival. Spans that overlap or touch are one session, except that a row never joins a
 * session that is over by its own clock. That is so when the clock is at the session's end, as a row at the very end touches.
 */
function sessions(gap: number | 'row', latenessMs: number, rows: readonly Arrived[], late: ModelRow[]) {
  let open: { start: number; end: number; rows: Arrived[] }[] = [];
  for (const arrived of rows) {
    const span = { start: arrived.time, end: arrived.time + (gap === 'row' ? arrived.row.gap : gap), rows: [arrived] };
    if (span.end - 1 + latenessMs <= arrived.clock) {
      late.push(arrived.row);
      continue;
    }
    const joins = open.filter((s) => s.start <= span.end && span.start <= s.end && s.end + latenessMs > arrived.clock);
    const merged = {
      start: Math.min(span.start, ...joins.map((s) => s.start)),
      end: Math.max(span.end, ...joins.map((s) => s.end)),
      rows: [...joins.flatMap((s) => s.rows), arrived],
    };
    open = [...open.filter((s) => !joins.includes(s)), merged];
  }
  return open;
}

/** Every `slide` rows, over the last `size` of them. */
function counted(size: number, slide: number, rows: readonly Arrived[]) {
  const found: { start: number; end: number; rows: Arrived[] }[] = [];
  for (let end = slide; end <= rows.length; end += slide)
    if (slide !== size || end >= size) found.push({ start: end, end, rows: rows.slice(Math.max(0, end - size), end) });
  return found;
}
