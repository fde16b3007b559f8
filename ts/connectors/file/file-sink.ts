import { ArrowEncoder } from '../../columns/arrow-ipc.js';
import type { Schema } from '../../columns/schema.js';
import { must } from '../../core/assert.js';
import type { Host } from '../../core/host.js';
import { csvHeader } from '../../wasm/csv-encoder.js';
import type { OffLaneWork, Sink, SinkChunk, SinkForm } from '../connector.js';
import { openOutput, type ByteOutput } from './byte-output.js';
import type { FileOptions } from './file-options.js';

/** Writes a path, from its start, in the order of chunks: NDJSON and CSV as lanes encoded them, Arrow IPC encoded here. */
export class FileSink implements Sink {
  readonly takes: SinkForm;
  readonly delimiter: string;
  readonly #options: FileOptions;
  readonly #schema: Schema;
  readonly #changes: boolean;
  readonly #arrow: ArrowEncoder | undefined;
  #output: ByteOutput | undefined;

  constructor(options: FileOptions, schema: Schema, changes: boolean) {
    this.#options = options;
    this.#schema = schema;
    this.#changes = changes;
    this.takes = options.format === 'arrow' ? 'columns' : options.format;
    this.delimiter = options.csv.delimiter;
    this.#arrow = options.format === 'arrow' ? new ArrowEncoder(schema, options.arrowForm, changes) : undefined;
  }

  async open(host: Host, offLanes: OffLaneWork): Promise<void> {
    const { path, gzip, format, csv } = this.#options;
    this.#output = openOutput(host, path, gzip ? offLanes : undefined);
    if (format !== 'csv' || !csv.header) return;
    const header = csvHeader(this.#schema, { delimiter: csv.delimiter, changes: this.#changes });
    await this.#output.write(new TextEncoder().encode(header));
  }

  write(_step: number, chunk: SinkChunk): void | Promise<void> {
    const bytes = chunk.kind === 'bytes' ? chunk.bytes : must(this.#arrow, 'an encoder of columns').write(chunk.batch);
    return must(this.#output, 'an opened sink').write(bytes);
  }

  async close(): Promise<void> {
    const output = this.#output;
    this.#output = undefined;
    if (output === undefined) return;
    if (this.#arrow !== undefined) await output.write(this.#arrow.end());
    await output.end();
  }
}
