import { MillraceError } from '../../core/errors.js';
import { EVENTS_PER_EPOCH, NEXMARK_TABLE_NAMES, type NexmarkTableName } from './nexmark-tables.js';

export interface NexmarkOptions {
  /** Events a second of event time, of all tables together. */
  readonly rate: number;
  /** Events of all tables together; undefined: without end. */
  readonly events: number | undefined;
  readonly seed: number;
  /** Event time of the first event, epoch milliseconds. */
  readonly baseTime: number;
  /** Events are shuffled within groups of this many; 1 leaves them in the order of their times. */
  readonly outOfOrderGroup: number;
  /** Parallel timelines: each starts at baseTime, has its share of the events and of the rate, and ids of its own. */
  readonly splits: number;
  readonly table: NexmarkTableName | undefined;
}

/** Midnight of 2015-07-15 (UTC), as in the first Nexmark generators. */
const BASE_TIME = 1_436_918_400_000;

/** So that numbers of auctions, three an epoch, are 32-bit numbers in the kernels. */
export const MAX_EVENTS = 2 ** 30 * EVENTS_PER_EPOCH;
const MAX_SPLITS = 1024;
const MAX_GROUP = 1_000_000;

const KNOWN: readonly string[] = ['rate', 'events', 'seed', 'baseTime', 'outOfOrderGroup', 'splits', 'table'];

/** Throws `config.invalid` for an option that is unknown or out of range. */
export function nexmarkOptions(given: Readonly<Record<string, unknown>>): NexmarkOptions {
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw invalid(`there is no option '${unknown}'; there are ${KNOWN.join(', ')}`);
  const rate = given['rate'] ?? 10_000;
  if (typeof rate !== 'number' || !(rate > 0 && rate <= 1e12))
    throw invalid(`rate must be a number of events a second above 0, not ${String(rate)}`);
  const events = given['events'] === undefined ? undefined : whole(given, 'events', 0, 0, MAX_EVENTS);
  const splits = whole(given, 'splits', 1, 1, MAX_SPLITS);
  if (splits > 1 && events === undefined)
    throw invalid('with several splits say how many events there are: ids of one split begin where those of the one before end');
  const table = given['table'];
  if (table !== undefined && !NEXMARK_TABLE_NAMES.includes(table as NexmarkTableName))
    throw invalid(`there is no table '${String(table)}'; there are ${NEXMARK_TABLE_NAMES.join(', ')}`);
  return {
    rate,
    events,
    seed: whole(given, 'seed', 1, 0, Number.MAX_SAFE_INTEGER),
    baseTime: whole(given, 'baseTime', BASE_TIME, -8e15, 8e15),
    outOfOrderGroup: whole(given, 'outOfOrderGroup', 1, 1, MAX_GROUP),
    splits,
    table: table as NexmarkTableName | undefined,
  };
}

function whole(given: Readonly<Record<string, unknown>>, name: string, otherwise: number, low: number, high: number): number {
  const value = given[name] ?? otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${String(value)}`);
}

function invalid(message: string): MillraceError {
  return new MillraceError('config.invalid', `nexmark: ${message}`);
}
