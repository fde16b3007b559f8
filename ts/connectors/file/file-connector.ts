import type { Address } from '../../columns/memory.js';
import { decodedKind } from '../../wasm/decoder.js';
import { CsvDecoder } from '../../wasm/csv-decoder.js';
import { JsonDecoder } from '../../wasm/json-decoder.js';
import type { BlockPlanner, ConnectorSpec, LaneReader, Sink, Source } from '../connector.js';
import type { LaneReaderContext, SinkContext, SourceContext } from '../context.js';
import { RecordStage } from '../record-stage.js';
import { ArrowBlocks, ArrowFileReader } from './arrow-file.js';
import { CsvBlocks } from './csv-blocks.js';
import { headerLayout, positionalLayout, splitRecord } from './csv-layout.js';
import { fileOptions, type CsvOptions, type FileOptions } from './file-options.js';
import { LineFileReader } from './file-reader.js';
import { FileSink } from './file-sink.js';
import { BLOCKS_ANYWHERE, RegularFileSource } from './file-source.js';
import { csvFraming, lineFraming } from './record-framing.js';
import { ArrowStreamSource, StreamSource } from './stream-source.js';

const NEWLINE = 10;

/** The `file` source, on the coordinator. */
export function fileSource(spec: ConnectorSpec, context: SourceContext): Source {
  const options = fileOptions(spec.options);
  const { host, limits, schema } = context;
  if (options.format !== 'arrow') schema.forEach(decodedKind);
  if (isStream(options)) {
    if (options.format === 'arrow') return new ArrowStreamSource(schema, host, options.path, options.gzip);
    const framing = options.format === 'csv' ? csvFraming(limits, options.csv) : lineFraming(limits, false);
    return new StreamSource(schema, host, options.path, options.gzip, framing);
  }
  return new RegularFileSource(schema, options.path, plannerOf(options, context));
}

/** The `file` source, in a lane; undefined for Arrow that the coordinator reads, whose rows come as batches. */
export function fileLaneReader(spec: ConnectorSpec, context: LaneReaderContext): LaneReader | undefined {
  const options = fileOptions(spec.options);
  if (options.format === 'arrow') return isStream(options) ? undefined : new ArrowFileReader(context.ws, context.host, context.fields);
  return options.format === 'csv' ? csvReader(options.csv, context) : ndjsonReader(context);
}

/** The `file` sink. */
export function fileSink(spec: ConnectorSpec, context: SinkContext): Sink {
  return new FileSink(fileOptions(spec.options), context.schema, context.changes);
}

/** Only the event loop can read it. */
function isStream(options: FileOptions): boolean {
  return options.path === '-' || options.gzip;
}

function plannerOf(options: FileOptions, context: SourceContext): BlockPlanner {
  if (options.format === 'arrow') return new ArrowBlocks(context.host);
  const byQuotes = options.format === 'csv' && options.csv.quotedNewlines;
  return byQuotes ? new CsvBlocks(context.host, context.limits, options.csv.delimiter) : BLOCKS_ANYWHERE;
}

function ndjsonReader(context: LaneReaderContext): LaneReader {
  const { ws, fields, limits, onMalformed: policy, host } = context;
  const decoder = new JsonDecoder(ws, { fields, limits });
  return new LineFileReader(ws, new RecordStage(ws, decoder, { fields, policy }), { host, limits, aligned: false });
}

function csvReader(options: CsvOptions, context: LaneReaderContext): LaneReader {
  const { ws, schema, fields, limits, onMalformed: policy, host } = context;
  const { quotedNewlines, header } = options;
  const { kernels, memory } = ws;
  const delimiter = options.delimiter.charCodeAt(0);
  const decoder = new CsvDecoder(ws, { fields, limits, delimiter: options.delimiter, quotedNewlines });
  const recordsEnd = (start: Address, end: Address, rows: number): Address => {
    if (!quotedNewlines) return kernels.bytes_after_nth(start, end, NEWLINE, rows) >>> 0;
    const at = kernels.csv_records_end(start, end, delimiter, rows) >>> 0;
    // A record without an end is the block's last: the decoder tells what is wrong with it.
    return at === start ? end : at;
  };
  if (!header) decoder.useLayout(positionalLayout(schema, fields));
  const readHeader = (start: Address, end: Address, source: string): number | undefined => {
    const after = recordsEnd(start, end, 1);
    if (after === start || memory.u8[after - 1] !== NEWLINE) return undefined;
    const text = new TextDecoder().decode(memory.u8.slice(start, after));
    decoder.useLayout(headerLayout(splitRecord(text.replace(/\r?\n$/, ''), options.delimiter), fields, source));
    return after - start;
  };
  const stage = new RecordStage(ws, decoder, { fields, policy, pieceEnd: recordsEnd });
  return new LineFileReader(ws, stage, { host, limits, aligned: quotedNewlines, header: header ? readHeader : undefined });
}
