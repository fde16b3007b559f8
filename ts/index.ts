export * from './api/aggregates.js';
export type { AggregatorSpec, OwnAggregate, WordType } from './api/own-aggregates.js';
export { aggregator, wasmAggregator } from './api/own-aggregates.js';
export type {
  AnyColumn,
  AnyNumber,
  BooleanColumn,
  Column,
  ColumnOf,
  Columns,
  Condition,
  ListColumn,
  NumberColumn,
  Order,
  Selected,
  StringColumn,
  TimestampColumn,
  TimeUnit,
  Types,
} from './api/columns.js';
export { lit } from './api/columns.js';
export type { AppliedWindow, Collector, WindowRows } from './api/applied.js';
export type { Connector, Direction, FileOptions, Format, Sink, SinkFor, Source } from './api/connectors.js';
export { arrow, callback, collect, csv, customSink, customSource, file, fromArrow, json, memory, print } from './api/connectors.js';
export type { Env, Face, FaceOf, Job, ParamsOf } from './api/job.js';
export { job } from './api/job.js';
export type { Neighbour, OverColumns, Preceding } from './api/over.js';
export { lag, lead } from './api/over.js';
export type { NexmarkOptions, NexmarkTable } from './api/nexmark.js';
export { nexmark } from './api/nexmark.js';
export type { EventTime, From, SourceOptions } from './api/source.js';
export type {
  DedupOptions,
  GroupOptions,
  KeyedStream,
  Lazy,
  Malformed,
  Output,
  OverOptions,
  OutRow,
  Part,
  SameStream,
  SourceStream,
  Stream,
  TopNOptions,
  Trait,
  WindowedStream,
  WindowOptions,
  WindowResult,
} from './api/stream-types.js';
export type { Duration } from './api/time.js';
export { days, hours, milliseconds, minutes, seconds } from './api/time.js';
export type {
  Binary,
  Bool,
  DataType,
  Float64,
  Int32,
  Int64,
  List,
  Null,
  Num,
  Row,
  RowInput,
  Schema,
  Timestamp,
  Utf8,
} from './api/types.js';
export { binary, bool, float64, int32, int64, list, timestamp, utf8 } from './api/types.js';
export { countWindow, globalWindow } from './api/row-windows.js';
export type { Trigger } from './api/triggers.js';
export { early, onCount, onProcessingTime, onWatermark, or, purging } from './api/triggers.js';
export type { WatermarkStrategy } from './api/watermarks.js';
export { ascending, outOfOrder, punctuated } from './api/watermarks.js';
export type { EventTimeWindow, ProcessingTimeWindow, WholeNumbers, RowWindow, Window, WindowBounds } from './api/windows.js';
export { calendar, cumulating, hopping, processingTime, session, tumbling } from './api/windows.js';
export type { Op } from './columns/batch.js';
export type { Limits } from './core/limits.js';
export type { Handle, RunOptions } from './api/run.js';
export { from, run } from './api/run.js';
export type { ErrorCode, ErrorDomain } from './core/errors.js';
export { MillraceError } from './core/errors.js';
export type { DetachedBatch, DetachedVector } from './columns/detached.js';
export { detachedToRows } from './columns/rows.js';
export type {
  BlockContent,
  BlockPlanner,
  BlockRef,
  LaneReader,
  PendingRows,
  PushReader,
  RowsBlock,
  Sink as SinkDriver,
  SinkChunk,
  SinkForm,
  Source as SourceDriver,
  SourceItem,
  SplitSpec,
} from './connectors/connector.js';
export type { LaneReaderContext, SinkContext, SourceContext } from './connectors/context.js';
export type { SinkMaker, SourceMaker } from './connectors/custom/custom-connector.js';
export { rowsBlock } from './connectors/rows-block.js';
