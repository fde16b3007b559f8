import { detachedToRows } from '../../columns/rows.js';
import type { Schema } from '../../columns/schema.js';
import { assert, must } from '../../core/assert.js';
import type { Host } from '../../core/host.js';
import type { Sink, SinkChunk } from '../connector.js';
import { cellText, TextTable } from './text-table.js';

/** Writes rows to stdout as an aligned table. */
export class PrintSink implements Sink {
  readonly takes = 'columns';
  readonly #columns: Schema;
  readonly #changes: boolean;
  readonly #table: TextTable;
  #host: Host | undefined;

  constructor(schema: Schema, changes: boolean) {
    this.#columns = schema;
    this.#changes = changes;
    const names = schema.map((f) => f.name);
    const numeric = schema.map((f) => f.kind === 'int32' || f.kind === 'int64' || f.kind === 'float64');
    this.#table = new TextTable(changes ? ['op', ...names] : names, changes ? [false, ...numeric] : numeric);
  }

  open(host: Host): void {
    this.#host = host;
  }

  write(_step: number, chunk: SinkChunk): Promise<void> {
    assert(chunk.kind === 'columns', 'a printing sink takes columns');
    const rows = detachedToRows(chunk.batch).map((row) => {
      const cells = this.#columns.map((f) => cellText(row[f.name] ?? null, f.kind === 'timestamp'));
      return this.#changes ? [String(row['op'] ?? '+I'), ...cells] : cells;
    });
    return must(this.#host, 'an opened sink').streams.print(new TextEncoder().encode(this.#table.format(rows)));
  }

  close(): void {}
}
