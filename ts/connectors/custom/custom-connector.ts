import { MillraceError } from '../../core/errors.js';
import type { ConnectorSpec, LaneReader, Sink, Source } from '../connector.js';
import type { ConnectorContext, LaneReaderContext, SinkContext, SourceContext } from '../context.js';

/** One's own source: how it is made on the coordinator and, for sources that run in lanes, in each lane. */
export interface SourceMaker {
  source(context: SourceContext): Source;
  laneReader?(context: LaneReaderContext): LaneReader;
}

/** One's own sink. Called on the coordinator and in each lane, which only looks at `takes`: what has effects belongs in `open`. */
export type SinkMaker = (context: SinkContext) => Sink;

/** The `custom` source. */
export function customSource(spec: ConnectorSpec, context: SourceContext): Source {
  return makerOf(spec, context).source(context);
}

/** The `custom` source, in a lane. */
export function customLaneReader(spec: ConnectorSpec, context: LaneReaderContext): LaneReader | undefined {
  return makerOf(spec, context).laneReader?.(context);
}

/** The `custom` sink. */
export function customSink(spec: ConnectorSpec, context: SinkContext): Sink {
  const make = objectOf(spec, context);
  if (typeof make !== 'function') throw new MillraceError('config.invalid', 'customSink() needs a function that makes a sink');
  return (make as SinkMaker)(context);
}

function makerOf(spec: ConnectorSpec, context: ConnectorContext): SourceMaker {
  const maker = objectOf(spec, context) as Partial<SourceMaker> | undefined;
  if (typeof maker?.source !== 'function')
    throw new MillraceError('config.invalid', 'customSource() needs an object with a function source()');
  return maker as SourceMaker;
}

function objectOf(spec: ConnectorSpec, context: ConnectorContext): unknown {
  return spec.slot === undefined ? undefined : context.object(spec.slot);
}
