import { MillraceError } from '../core/errors.js';
import type { ConnectorSpec, LaneReader, Sink, Source } from './connector.js';
import type { ConnectorContext, LaneReaderContext, SinkContext, SourceContext } from './context.js';
import { ArrowSource } from './arrow/arrow-source.js';
import { CallbackSink } from './callback/callback-sink.js';
import { customLaneReader, customSink, customSource } from './custom/custom-connector.js';
import { fileLaneReader, fileSink, fileSource } from './file/file-connector.js';
import { CollectSink } from './memory/collect-sink.js';
import { MemorySource } from './memory/memory-source.js';
import { nexmarkLaneReader, nexmarkSource } from './nexmark/nexmark-source.js';
import { PrintSink } from './print/print-sink.js';

interface SourceConnector {
  source(spec: ConnectorSpec, context: SourceContext): Source;
  /** Undefined, or answering that: rows come as batches from the coordinator, and there is nothing to read in lanes. */
  laneReader?(spec: ConnectorSpec, context: LaneReaderContext): LaneReader | undefined;
}

interface SinkConnector {
  sink(spec: ConnectorSpec, context: SinkContext): Sink;
}

/** Every source by its name in plans. A new one is a folder beside this file and a line here. */
const SOURCES: Readonly<Record<string, SourceConnector>> = {
  file: { source: fileSource, laneReader: fileLaneReader },
  memory: { source: (spec, context) => new MemorySource(context.schema, objectOf(spec, context), context.host) },
  arrow: { source: (spec, context) => new ArrowSource(context.schema, objectOf(spec, context)) },
  custom: { source: customSource, laneReader: customLaneReader },
  nexmark: { source: nexmarkSource, laneReader: nexmarkLaneReader },
};

/** Every sink by its name in plans. */
const SINKS: Readonly<Record<string, SinkConnector>> = {
  file: { sink: fileSink },
  collect: { sink: () => new CollectSink() },
  custom: { sink: customSink },
  callback: { sink: (spec, context) => new CallbackSink(objectOf(spec, context), context.schema, context.changes) },
  print: { sink: (_spec, context) => new PrintSink(context.schema, context.changes) },
};

/** For the coordinator. Throws `config.invalid` for a wrong configuration. */
export function createSource(spec: ConnectorSpec, context: SourceContext): Source {
  return find(SOURCES, spec, 'source').source(spec, context);
}

/** For a lane: undefined where the source's rows come as batches. */
export function createLaneReader(spec: ConnectorSpec, context: LaneReaderContext): LaneReader | undefined {
  return find(SOURCES, spec, 'source').laneReader?.(spec, context);
}

/** For the coordinator. Throws `config.invalid` for a wrong configuration. */
export function createSink(spec: ConnectorSpec, context: SinkContext): Sink {
  return find(SINKS, spec, 'sink').sink(spec, context);
}

function objectOf(spec: ConnectorSpec, context: ConnectorContext): unknown {
  return spec.slot === undefined ? undefined : context.object(spec.slot);
}

function find<T>(connectors: Readonly<Record<string, T>>, spec: ConnectorSpec, role: string): T {
  const found = Object.hasOwn(connectors, spec.connector) ? connectors[spec.connector] : undefined;
  if (found === undefined)
    throw new MillraceError('config.invalid', `there is no ${role} '${spec.connector}'; there are ${Object.keys(connectors).join(', ')}`);
  return found;
}
