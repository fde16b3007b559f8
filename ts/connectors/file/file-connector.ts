import { PlainJsonDecoder } from '../../wasm/plain-json-decoder.js';
import type { ConnectorSpec, LaneReader, Sink, Source } from '../connector.js';
import type { LaneReaderContext, SinkContext, SourceContext } from '../context.js';
import { RecordStage } from '../record-stage.js';
import { fileOptions } from './file-options.js';
import { LineFileReader } from './file-reader.js';
import { FileSink } from './file-sink.js';
import { LineFileSource } from './file-source.js';

const NEWLINE = 10;

export function fileSource(spec: ConnectorSpec, context: SourceContext): Source {
  return new LineFileSource(context.schema, fileOptions(spec.options));
}

export function fileLaneReader(spec: ConnectorSpec, context: LaneReaderContext): LaneReader {
  fileOptions(spec.options);
  const { ws, fields, limits, onMalformed, host } = context;
  const decoder = new PlainJsonDecoder(ws, { fields, limits });
  const pieceEnd = (start: number, end: number, rows: number) => ws.kernels.bytes_after_nth(start, end, NEWLINE, rows) >>> 0;
  return new LineFileReader(ws, new RecordStage(ws, decoder, { fields, policy: onMalformed, pieceEnd }), { host, limits, aligned: false });
}

export function fileSink(spec: ConnectorSpec, context: SinkContext): Sink {
  return new FileSink(fileOptions(spec.options), context.schema);
}
