import { unreachable } from '../core/assert.js';
import { calendarSpans, type CalendarUnit, type Span } from './calendar.js';

/** A window as data; the plan's window specifications have this form. */
export type WindowShape =
  | { readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly kind: 'hopping'; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly kind: 'cumulating'; readonly maxMs: number; readonly stepMs: number; readonly offsetMs: number }
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timeZone: string };

/**
 * Windows as arithmetic on epoch milliseconds. Time is cut into slices, the spans between neighbouring window edges;
 * a row belongs to one slice, and a slice to one or more windows, whose ends follow one another. A window is known by its
 * end. All intervals are half-open, and rounding is down, for negative times too.
 */
export interface WindowPolicy {
  /** Whether a slice may be in several windows, or a window be made of several slices. If not, slices are windows. */
  readonly overlapping: boolean;
  /** Slices and windows at fixed distances, for kernels. None of calendars, whose slices are `span`s. */
  readonly grid: Grid | undefined;
  /** The slice that t is in. */
  span(t: number): Span;
  /** The ends of the first and of the last window that a slice is in. */
  firstEnd(start: number): number;
  lastEnd(start: number): number;
  /** The next window's end. */
  nextEnd(end: number): number;
  windowStart(end: number): number;
}

export interface Grid {
  /** Slices are cut at offset + k * period, and at offset + k * period + cut, unless that is 0. */
  readonly period: number;
  readonly cut: number;
  readonly offset: number;
  /** The last window with a row at t ends `reach` after floor(t) by `over` and `offset`; rows beyond that are in none. */
  readonly over: number;
  readonly reach: number;
  /** Windows end at endOffset + k * step. */
  readonly step: number;
  readonly endOffset: number;
}

export function windowPolicy(spec: WindowShape): WindowPolicy {
  switch (spec.kind) {
    case 'tumbling': {
      const { sizeMs: size, offsetMs: offset } = spec;
      const grid = { period: size, cut: 0, offset, over: size, reach: size, step: size, endOffset: offset };
      return onGrid(grid, false, (end) => end - size);
    }
    case 'hopping': {
      const { sizeMs: size, slideMs: slide, offsetMs: offset } = spec;
      const cut = size < slide ? size : size % slide;
      const grid = { period: slide, cut, offset, over: slide, reach: size, step: slide, endOffset: offset + size };
      return onGrid(grid, size > slide, (end) => end - size);
    }
    case 'cumulating': {
      const { maxMs: max, stepMs: step, offsetMs: offset } = spec;
      const grid = { period: step, cut: 0, offset, over: max, reach: max, step, endOffset: offset };
      return onGrid(grid, max > step, (end) => floorTo(end - 1, max, offset));
    }
    case 'calendar': {
      const spans = calendarSpans(spec.unit, spec.timeZone);
      const lastEnd = (start: number): number => spans(start).end;
      return {
        overlapping: false,
        grid: undefined,
        span: spans,
        firstEnd: lastEnd,
        lastEnd,
        nextEnd: (end) => spans(end).end,
        windowStart: (end) => spans(end - 1).start,
      };
    }
    default:
      return unreachable(spec);
  }
}

function onGrid(grid: Grid, overlapping: boolean, windowStart: (end: number) => number): WindowPolicy {
  const { period, cut, offset, over, reach, step, endOffset } = grid;
  return {
    overlapping,
    grid,
    span(t) {
      const base = floorTo(t, period, offset);
      if (cut === 0) return { start: base, end: base + period };
      return t - base < cut ? { start: base, end: base + cut } : { start: base + cut, end: base + period };
    },
    firstEnd: (start) => floorTo(start, step, endOffset) + step,
    lastEnd: (start) => floorTo(start, over, offset) + reach,
    nextEnd: (end) => end + step,
    windowStart,
  };
}

/** Windows as spans of their own, known by their ends. */
export function byEnd(policy: WindowPolicy): WindowPolicy {
  const same = (end: number): number => end;
  return { ...policy, overlapping: false, grid: undefined, span: (end) => ({ start: end, end: end + 1 }), firstEnd: same, lastEnd: same };
}

/** The largest `offset + k * step` that is <= t. */
export function floorTo(t: number, step: number, offset: number): number {
  const r = (t - offset) % step;
  return t - (r < 0 ? r + step : r);
}

/** The time of a window's result: its last millisecond. */
export function resultTime(windowEnd: number): number {
  return windowEnd - 1;
}

/** Whether a window [.., end) fires at this watermark. */
export function isClosed(windowEnd: number, watermark: number): boolean {
  return resultTime(windowEnd) <= watermark;
}

/** Whether a row is too late for a window [.., end), judged by the watermark `clock`; its state may then go. */
export function isLate(windowEnd: number, allowedLatenessMs: number, clock: number): boolean {
  return resultTime(windowEnd) + allowedLatenessMs <= clock;
}
