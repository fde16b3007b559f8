import { assert } from '../core/assert.js';
import type { Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { TextColumns, type EncodedRows, type RowEncoder } from './text-columns.js';
import type { Workspace } from './workspace.js';

export interface CsvEncoderOptions {
  /** One ASCII character; a comma unless said. */
  readonly delimiter?: string;
  /** The first cell of each row is its operation. Unless said, of batches that have operations. */
  readonly changes?: boolean;
}

/** `+I,` */
const OP_BYTES = 3;

/**
 * Rows as CSV without a header (see csvHeader): RFC 4180's quotes, line feeds at line ends, null as an empty cell and the empty text as
 * `""`, numbers as JavaScript prints them, timestamps as ISO 8601 (or as the field's format says), binary as base64, lists as JSON.
 */
export class CsvEncoder implements RowEncoder {
  readonly #ws: Workspace;
  readonly #columns: TextColumns;
  readonly #count: number;
  readonly #delimiter: number;
  readonly #changes: boolean | undefined;

  constructor(ws: Workspace, schema: Schema, options: CsvEncoderOptions = {}) {
    assert(schema.length > 0, 'CSV has columns');
    this.#ws = ws;
    this.#count = schema.length;
    this.#delimiter = (options.delimiter ?? ',').charCodeAt(0);
    this.#changes = options.changes;
    this.#columns = new TextColumns(ws, schema, []);
  }

  encode(batch: Batch): EncodedRows {
    const { kernels } = this.#ws;
    const withOps = this.#changes ?? batch.ops !== NONE;
    this.#columns.bind(batch);
    const at = this.#columns.room(batch, OP_BYTES + this.#count, (from, bytes) => kernels.csv_count_quotes(from, bytes), 2);
    const bytes = kernels.csv_encode(this.#columns.table, this.#count, batch.rows, batch.ops, Number(withOps), this.#delimiter, at);
    return { at, bytes: bytes >>> 0 };
  }

  close(): void {
    this.#columns.close();
  }
}

/** The first line, which a sink writes once: names, quoted where needed. */
export function csvHeader(schema: Schema, options: CsvEncoderOptions = {}): string {
  const delimiter = options.delimiter ?? ',';
  const names = [...(options.changes ? ['op'] : []), ...schema.map((f) => f.name)];
  const quoted = names.map((name) =>
    name === '' || [delimiter, '"', '\n', '\r'].some((c) => name.includes(c)) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return `${quoted.join(delimiter)}\n`;
}
