import { unreachable } from '../core/assert.js';

/** A window as data; the plan's window specifications have this form. */
export type WindowShape = { readonly kind: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number };

/**
 * Windows as arithmetic on epoch milliseconds. Time is cut into slices, the spans between neighbouring window edges;
 * a row belongs to one slice, and a slice to one or more windows. All intervals are half-open, and rounding is down,
 * for negative times too. Slices are [offset + k * sizeMs, offset + (k + 1) * sizeMs).
 */
export interface WindowPolicy {
  readonly sizeMs: number;
  readonly offsetMs: number;
  sliceStart(timeMs: number): number;
  sliceEnd(startMs: number): number;
}

export function windowPolicy(spec: WindowShape): WindowPolicy {
  switch (spec.kind) {
    case 'tumbling': {
      const { sizeMs, offsetMs } = spec;
      return { sizeMs, offsetMs, sliceStart: (t) => floorTo(t, sizeMs, offsetMs), sliceEnd: (start) => start + sizeMs };
    }
    default:
      return unreachable(spec.kind);
  }
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
