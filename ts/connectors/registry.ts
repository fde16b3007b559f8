import { MillraceError } from '../core/errors.js';
import type { ConnectorSpec, LaneReader, Sink, Source } from './connector.js';
import type { LaneReaderContext, SinkContext, SourceContext } from './context.js';
import { fileLaneReader, fileSink, fileSource } from './file/file-connector.js';
import { CollectSink } from './memory/collect-sink.js';
import { nexmarkLaneReader, nexmarkSource } from './nexmark/nexmark-source.js';

interface SourceConnector {
  source(spec: ConnectorSpec, context: SourceContext): Source;
  /** Undefined: rows come as batches from the coordinator, and there is nothing to read in lanes. */
  laneReader?(spec: ConnectorSpec, context: LaneReaderContext): LaneReader;
}

interface SinkConnector {
  sink(spec: ConnectorSpec, context: SinkContext): Sink;
}

/** Every source by its name in plans. A new one is a folder beside this file and a line here. */
const SOURCES: Readonly<Record<string, SourceConnector>> = {
  file: { source: fileSource, laneReader: fileLaneReader },
  nexmark: { source: nexmarkSource, laneReader: nexmarkLaneReader },
};

/** Every sink by its name in plans. */
const SINKS: Readonly<Record<string, SinkConnector>> = {
  file: { sink: fileSink },
  collect: { sink: () => new CollectSink() },
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

function find<T>(connectors: Readonly<Record<string, T>>, spec: ConnectorSpec, role: string): T {
  const found = Object.hasOwn(connectors, spec.connector) ? connectors[spec.connector] : undefined;
  if (found === undefined)
    throw new MillraceError('config.invalid', `there is no ${role} '${spec.connector}'; there are ${Object.keys(connectors).join(', ')}`);
  return found;
}
