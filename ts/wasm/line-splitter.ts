import type { Address } from '../columns/memory.js';
import type { Workspace } from './workspace.js';

const NEWLINE = 0x0a;

/** Just after the last newline of [start, end), where the last whole record ends; `start` when there is none. */
export function lastRecordEnd(ws: Workspace, start: Address, end: Address): Address {
  return ws.kernels.bytes_after_last(start, end, NEWLINE) >>> 0;
}

/** Just after the first newline of [start, end), where the next record begins; `end` when there is none. */
export function nextRecordStart(ws: Workspace, start: Address, end: Address): Address {
  return Math.min((ws.kernels.bytes_find(start, end, NEWLINE) >>> 0) + 1, end);
}

/** The end of the longest run of whole records from `start` that has at most `lines` lines, blank ones included. */
export function recordsEnd(ws: Workspace, start: Address, end: Address, lines: number): Address {
  return ws.kernels.bytes_after_nth(start, end, NEWLINE, lines) >>> 0;
}

/** How many newlines [start, end) holds. */
export function countLines(ws: Workspace, start: Address, end: Address): number {
  return ws.kernels.bytes_count(start, end, NEWLINE) >>> 0;
}
