import { MillraceError } from '../core/errors.js';
import type { Limits } from '../core/limits.js';
import type { EventTimeSpec, MalformedPolicy, WatermarkSpec } from '../plan/plan.js';
import { columnFrom, columnsOfRows, type Columns, type Origin } from './columns.js';
import { connectorAs, type Source } from './connectors.js';
import { Draft, DraftPort, type Scope } from './draft.js';
import { knownOptions } from './given.js';
import { StreamPart } from './stream.js';
import type { SourceStream } from './stream-types.js';
import type { Duration } from './time.js';
import { fieldsOf, show, type NamesOf, type RowInput, type Schema, type Timestamp } from './types.js';
import { Watermarks, type WatermarkStrategy } from './watermarks.js';
import type { Schema as Fields } from '../columns/schema.js';

export interface EventTime<N, S = unknown> {
  /** A timestamp column that is never null. */
  column: N;
  watermark: WatermarkStrategy | ((c: Columns<S>) => WatermarkStrategy);
  /** A split that brings nothing for so long no longer holds the watermark back. */
  idleAfter?: Duration;
  /** A row further ahead of the clock is dropped and counted (`futureRows`), so that one wrong time does not make all others late. */
  maxFuture?: Duration;
}

export interface SourceOptions<S, N> {
  schema: S;
  eventTime?: EventTime<N, NoInfer<S>>;
  /** What to do with a record that cannot be read: fail (unless said), skip it and count it, or give it to `.malformed`. */
  onMalformed?: MalformedPolicy;
  limits?: Partial<Limits>;
  /** Of a source with several tables: which. */
  table?: string;
}

export type SourceTraits<N> = [N] extends [never] ? 'untimed' : 'event-time';
export type From = <S extends Schema, N extends NamesOf<S, Timestamp> = never>(
  source: Source<RowInput<NoInfer<S>>>,
  options: SourceOptions<S, N>,
) => SourceStream<S, SourceTraits<N>>;

/** `env.from` and `from`: the stream of one source. */
export function sourceStream(scope: Scope, source: unknown, given: unknown): StreamPart {
  const connector = connectorAs(source, 'source');
  const what = `from(${connector.connector}(…))`;
  const options = knownOptions(what, given ?? {}, ['schema', 'eventTime', 'onMalformed', 'limits', 'table']);
  const fields = fieldsOf(options.schema as Schema, `${what}: schema`);
  const table = connector.tables ? { table: options.table ?? connector.tables[0] } : {};
  const spec = {
    kind: 'source',
    source: { connector: connector.connector, options: Object.freeze({ ...connector.options, ...table }) },
    ...(options.eventTime === undefined ? {} : { eventTime: eventTimeSpec(options.eventTime, fields, what) }),
    onMalformed: (options.onMalformed ?? 'fail') as MalformedPolicy,
    ...(options.limits === undefined ? {} : { limits: Object.freeze({ ...(options.limits as Partial<Limits>) }) }),
  } as const;
  return new StreamPart(new DraftPort(new Draft(scope, spec, [], { declared: fields, connector })));
}

function eventTimeSpec(given: unknown, fields: Fields, what: string): EventTimeSpec {
  const { column, watermark, idleAfter, maxFuture } = knownOptions(`${what}, eventTime`, given, [
    'column',
    'watermark',
    'idleAfter',
    'maxFuture',
  ]);
  return Object.freeze({
    column: column as string,
    watermark: watermarkSpec(watermark, Object.freeze({ fields, name: what })),
    ...(idleAfter === undefined ? {} : { idleAfterMs: idleAfter as number }),
    ...(maxFuture === undefined ? {} : { maxFutureMs: maxFuture as number }),
  });
}

function watermarkSpec(given: unknown, origin: Origin): WatermarkSpec {
  const strategy: unknown = typeof given === 'function' ? given(columnsOfRows(origin)) : given;
  if (!(strategy instanceof Watermarks)) {
    throw new MillraceError(
      'plan.invalid',
      `${origin.name}, eventTime: watermark is ${show(strategy)}; give one such as outOfOrder(seconds(10))`,
    );
  }
  const { boundMs, column } = strategy;
  if (column === undefined) return Object.freeze({ kind: 'out-of-order', boundMs });
  return Object.freeze({ kind: 'expression', of: columnFrom(column, origin, `${origin.name}: what punctuated takes`).expression });
}
