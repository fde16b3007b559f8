import { unreachable } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { checkDuration, describeDuration, type WindowSpec } from './windows.js';

/** When a window tells its results. Triggers are asked at the end of each step. */
export type TriggerSpec =
  /** So many rows of the group have come since it was last told. */
  | { readonly kind: 'count'; readonly rows: number }
  /** The job's clock has passed a multiple of `everyMs`. */
  | { readonly kind: 'processing-time'; readonly everyMs: number }
  /** The watermark has passed the window's end; a window without end ends with its input. */
  | { readonly kind: 'watermark' }
  /** As `processing-time` before the window's end, and as `watermark` at it. */
  | { readonly kind: 'early'; readonly everyMs: number }
  /** What was told is forgotten: the next results are of later rows alone. */
  | { readonly kind: 'purging'; readonly of: TriggerSpec }
  /** Any of them. */
  | { readonly kind: 'or'; readonly of: readonly TriggerSpec[] };

/** What a trigger comes down to. Every trigger is a union of simple conditions, purging or not. */
export interface TriggerRule {
  /** Rows of a group since it was last told. */
  readonly rows: number | undefined;
  /** The clock has passed a multiple of one of these, ascending. */
  readonly everyMs: readonly number[];
  readonly watermark: boolean;
  readonly purging: boolean;
}

/** Throws unless the trigger can be; `what` names the call it is given to. */
export function checkTrigger(what: string, trigger: TriggerSpec): void {
  switch (trigger.kind) {
    case 'count':
      if (Number.isSafeInteger(trigger.rows) && trigger.rows >= 1) return;
      throw invalid(`${what}: onCount(${trigger.rows}): give a whole number of rows, 1 or more`);
    case 'processing-time':
      checkDuration(`${what}: the time of onProcessingTime`, trigger.everyMs, 1);
      return;
    case 'early':
      checkDuration(`${what}: the time of early`, trigger.everyMs, 1);
      return;
    case 'watermark':
      return;
    case 'purging':
      checkTrigger(what, trigger.of);
      return;
    case 'or':
      if (trigger.of.length === 0) throw invalid(`${what}: or(): give at least one trigger, as in or(onCount(100), onWatermark())`);
      for (const of of trigger.of) checkTrigger(what, of);
      if (trigger.of.some(isPurging) && !trigger.of.every(isPurging)) {
        throw invalid(`${what}: ${describeTrigger(trigger)}: some of these purge and some do not; write purging(or(…)) around all of them`);
      }
      return;
    default:
      unreachable(trigger);
  }
}

/** Throws unless windows of this kind can be told by this trigger. */
export function checkWindowTrigger(window: WindowSpec, trigger: TriggerSpec, emit: string | undefined): void {
  checkTrigger('window', trigger);
  if (emit !== undefined && emit !== 'final')
    throw invalid(`window: give either emit: '${emit}' or a trigger; ${describeTrigger(trigger)} says when results are told`);
  const separate =
    window.kind === 'tumbling' || window.kind === 'calendar' || (window.kind === 'hopping' && window.slideMs >= window.sizeMs);
  if (!separate) {
    throw invalid(
      `window: ${window.kind} windows take no trigger such as ${describeTrigger(trigger)}; give emit: 'updates' for results before their end, ` +
        'or cut them into windows side by side, such as tumbling(…)',
    );
  }
}

/** Whether what was told is forgotten. Of a checked trigger, all of it purges or none. */
export function isPurging(trigger: TriggerSpec): boolean {
  if (trigger.kind === 'purging') return true;
  return trigger.kind === 'or' && trigger.of.some(isPurging);
}

/** The conditions of a checked trigger, without their nesting. */
export function triggerRule(trigger: TriggerSpec): TriggerRule {
  switch (trigger.kind) {
    case 'count':
      return { rows: trigger.rows, everyMs: [], watermark: false, purging: false };
    case 'processing-time':
      return { rows: undefined, everyMs: [trigger.everyMs], watermark: false, purging: false };
    case 'early':
      return { rows: undefined, everyMs: [trigger.everyMs], watermark: true, purging: false };
    case 'watermark':
      return { rows: undefined, everyMs: [], watermark: true, purging: false };
    case 'purging':
      return { ...triggerRule(trigger.of), purging: true };
    case 'or': {
      const rules = trigger.of.map(triggerRule);
      const rows = rules.flatMap((rule) => (rule.rows === undefined ? [] : [rule.rows]));
      return {
        rows: rows.length === 0 ? undefined : Math.min(...rows),
        everyMs: [...new Set(rules.flatMap((rule) => rule.everyMs))].sort((a, b) => a - b),
        watermark: rules.some((rule) => rule.watermark),
        purging: isPurging(trigger),
      };
    }
    default:
      return unreachable(trigger);
  }
}

/** `or(onCount(10), onProcessingTime(1 min))` */
export function describeTrigger(trigger: TriggerSpec): string {
  switch (trigger.kind) {
    case 'count':
      return `onCount(${trigger.rows})`;
    case 'processing-time':
      return `onProcessingTime(${describeDuration(trigger.everyMs)})`;
    case 'early':
      return `early(${describeDuration(trigger.everyMs)})`;
    case 'watermark':
      return 'onWatermark()';
    case 'purging':
      return `purging(${describeTrigger(trigger.of)})`;
    case 'or':
      return `or(${trigger.of.map(describeTrigger).join(', ')})`;
    default:
      return unreachable(trigger);
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('plan.invalid', message);
}
