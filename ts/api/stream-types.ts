import type { RecordBatch } from 'apache-arrow';
import type { Op } from '../columns/batch.js';
import type { Aggregates } from './aggregates.js';
import type { Columns, Condition, Order, Selected, Types } from './columns.js';
import type { SinkFor } from './connectors.js';
import type { OverColumns, Preceding } from './over.js';
import type { Trigger } from './triggers.js';
import type { Duration } from './time.js';
import type { AppliedWindow, Collector, WindowRows } from './applied.js';
import type { Binary, Flat, Int64, Names, Row, RowInput, Schema, Utf8 } from './types.js';
import type { Window } from './windows.js';

/** Of the first two always one; `changes`: rows carry `op`. */
export type Trait = 'event-time' | 'untimed' | 'changes';
type WindowTime<F> = 'event-time' extends F
  ? 'changes' extends F
    ? 'event-time'
    : 'event-time' | 'processing-time' | 'rows'
  : 'changes' extends F
    ? 'this stream holds changes without an event time, which no window can take back: window the rows themselves'
    : 'processing-time' | 'rows' | 'this stream has no event time: give from() an eventTime, or use processingTime(window)';
/** The traits of a window's results: `same` as the rows'. */
type ResultTrait<W, F extends Trait> = W extends 'same' ? Exclude<F, 'changes'> : W extends Trait ? W : never;
type Readable<F> = 'changes' extends F ? { readonly op: Op } : unknown;
/** A row as it leaves the engine: with `op` where the stream holds changes. */
export type OutRow<S, F> = Flat<Row<S> & Readable<F>>;

/** What a job may return. */
export interface Part<out S = unknown, out F = unknown> {
  readonly schema: S;
  readonly '~traits': F;
}

export interface Lazy<in out S, in out F extends Trait> extends Part<S, F> {
  /** Reads all results as batches of apache-arrow. Outside a job only. */
  batches(): AsyncIterable<RecordBatch>;
  /** Reads all results as rows. Outside a job only. */
  toArray(): Promise<OutRow<S, F>[]>;
}

/** What `merge` takes: only streams of the same columns. */
export interface SameStream<out S, out F> extends Part<S, F> {
  readonly '~stream': true;
}

export interface Stream<in out S, in out F extends Trait = 'untimed'> extends Lazy<S, F>, Windowed<S, never, F> {
  readonly '~stream': true;
  /** Keeps rows for which the condition is true. Runs in WASM. */
  where(condition: (c: Columns<S>) => Condition): Stream<S, F>;
  /** Makes columns of columns: `(c) => ({ ...c, euro: c.price.mul(0.9) })`. Runs in WASM. */
  select<E extends Selected>(columns: (c: Columns<S>) => E): Stream<Types<E>, F>;
  /** Keeps rows for which the function gives true. Runs as JavaScript in the lane, as all that follow. */
  filter(keep: (r: Row<S>) => boolean): Stream<S, F>;
  /** Looks at rows and changes nothing. */
  peek(look: (r: Row<S>) => void): Stream<S, F>;
  map<O extends Schema>(output: O, f: (r: Row<S>) => RowInput<O>): Stream<O, F>;
  flatMap<O extends Schema>(output: O, f: (r: Row<S>) => Iterable<RowInput<O>>): Stream<O, F>;
  /** A row goes to the first branch whose function gives true; where none does, nowhere. */
  branch<B extends Record<string, (r: Row<S>) => boolean>>(branches: B): { readonly [K in keyof B]: Stream<S, F> };
  merge(...others: SameStream<S, F>[]): Stream<S, F>;
  /**
   * Of rows with equal columns `by` that are less than `within` apart in event time, the first, told at once; or with `keep: 'last'` the
   * last, as changes, for ever where there is no `within`.
   */
  dedup(options: DedupOptions<S, F> & { keep?: 'first' }): WindowResult<S, F, S, F>;
  dedup(options: DedupOptions<S, F> & { keep: 'last' }): WindowResult<S, 'untimed' | 'changes', S, F>;
  dedup(options: { by: readonly Names<S>[]; keep: 'last' }): Stream<S, 'untimed' | 'changes'>;
  /**
   * Each row with columns that are worked out over the rows before it in the same partition, in order of event time, once no earlier row
   * can come any more.
   */
  over<E extends OverColumns<Names<S>>>(
    options: OverOptions<S, F>,
    columns: (c: Columns<S>) => E,
  ): WindowResult<Flat<S & Types<E>>, 'event-time', S, F>;
  keyBy<K extends keyof S & string>(...columns: [K, ...K[]]): KeyedStream<S, K, F>;
  /** Names the operator, in metrics, `explain` and snapshots; what a job returns has its name from there. */
  named(id: string): this;
  to(sink: SinkFor<F>): Output<S, F>;
}

/** The rows of `.malformed`: the raw bytes and why they could not be read. */
export interface Malformed {
  source: Utf8;
  position: Utf8;
  raw: Binary;
  reason: Utf8;
}

export interface SourceStream<in out S, in out F extends Trait> extends Stream<S, F> {
  readonly '~source': S;
  /** Records that could not be read. To use it is to choose `onMalformed: 'route'`. */
  readonly malformed: Stream<Flat<Malformed>, 'untimed'>;
}

/**
 * Without `keyBy` the whole stream is one group, as Flink's windowAll. A window that reads columns is made by a function of
 * them: `(c) => session(c.gapMs)`.
 */
export interface Windowed<in out S, in out K extends Names<S>, in out F extends Trait> {
  window<A, W extends Trait | 'same', M extends 'final' | 'updates', L extends Duration = never, G extends Trigger = never>(
    window: Window<WindowTime<F>, A, W> | ((c: Columns<S>) => Window<WindowTime<F>, A, W>),
    options?: WindowOptions<M, L, G>,
  ): WindowedStream<S, K, A, F, ResultTrait<W, F> | Changing<M, L, G> | ('changes' extends F ? 'changes' : never)>;
}

export interface KeyedStream<in out S, in out K extends Names<S>, in out F extends Trait = 'untimed'> extends Windowed<S, K, F> {
  /** A map that keeps the key columns. */
  mapValues<O extends Schema>(output: O, f: (r: Row<S>) => RowInput<O>): KeyedStream<Flat<Pick<S, K> & Omit<O, K>>, K, F>;
  /** The n best rows of each key by an order, with their rank from 1, as changes: what stands at a rank now. */
  topN<R extends string | false = 'rank'>(
    n: number,
    order: (c: Columns<S>) => Order | readonly Order[],
    options?: TopNOptions<R>,
  ): Stream<Ranked<S, R>, 'untimed' | 'changes'>;
  /** Over all rows of each key so far. Each step tells what it changed: the results are changes, without event time. */
  aggregate<E extends Aggregates<K>>(
    aggregates: (c: Columns<S>) => E,
    options?: GroupOptions,
  ): Stream<Flat<Pick<S, K> & Types<E>>, 'untimed' | 'changes'>;
}

export interface GroupOptions {
  /** How long a group lives after its last row, by the job's clock; for ever unless set. What is told of it is not taken back. */
  ttl?: Duration;
}

export interface DedupOptions<S, F> {
  by: readonly Names<S>[];
  within: 'event-time' extends F ? Duration : 'this stream has no event time: give from() an eventTime';
}

export interface OverOptions<S, F> {
  /** Without it all rows are one partition. */
  partitionBy?: readonly Names<S>[];
  orderBy?: 'event-time' extends F ? 'event-time' : 'this stream has no event time: give from() an eventTime';
  /** What is aggregated besides the row itself; `unbounded` unless given. Of all but `rows`, rows of the same time are in each other's frames. */
  preceding?: Preceding;
}

export interface TopNOptions<R> {
  /** The name of the rank's column, `rank` unless given; false: none. */
  rank?: R;
}
type Ranked<S, R extends string | false> = R extends string ? Flat<S & { [N in R]: Int64 }> : S;

export interface WindowOptions<M, L, G = never> {
  /** How long after its end a window still takes late rows, firing again for each step that brings some. */
  allowedLateness?: L;
  /** `updates`: also before the window's end, what changed at each step. */
  emit?: M;
  /** When a window tells its results, instead of `emit`; of windows side by side. */
  trigger?: G;
}
/** Early or repeated results are changes. */
type Changing<M, L, G> = 'final' extends M ? ([L | G] extends [never] ? never : 'changes') : 'changes';

export interface WindowedStream<in out S, in out K extends Names<S>, in out A, in out F extends Trait, in out G extends Trait> {
  aggregate<E extends Aggregates<K | (keyof A & string)>>(
    aggregates: (c: Columns<S>) => E,
  ): WindowResult<Flat<Pick<S, K> & A & Types<E>>, G, S, F>;
  /**
   * Gives all rows of each window and key to a function, in order of event time, and takes the rows that it emits. The rows
   * are kept until the window closes; an aggregate keeps much less.
   */
  apply<O extends Schema>(
    output: O,
    f: (rows: WindowRows<S>, window: AppliedWindow<S, K, A>, out: Collector<O>) => void,
  ): WindowResult<O, G, S, F>;
  /** The n best rows of each key in each window, with the window's bounds and their rank from 1, when the window closes. */
  topN<R extends string | false = 'rank'>(
    n: 'changes' extends G ? 'windows rank their rows once: leave out allowedLateness, emit and trigger' : number,
    order: (c: Columns<S>) => Order | readonly Order[],
    options?: TopNOptions<R>,
  ): WindowResult<Ranked<Flat<S & A>, R>, 'event-time', S, F>;
}

export interface WindowResult<in out S, in out F extends Trait, in out In, in out InF extends Trait> extends Stream<S, F> {
  /** The rows that came after their window had closed. */
  readonly late: Stream<In, InF>;
}

/** What `.to(sink)` gives back. */
export interface Output<out S, out F> extends Part<S, F> {
  readonly '~output': true;
}
