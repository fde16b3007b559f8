import type { Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { ESCAPE_BYTES, TextColumns, type EncodedRows, type RowEncoder } from './text-columns.js';
import type { Workspace } from './workspace.js';

export interface JsonEncoderOptions {
  /** Each record begins with its operation, `"op":"+I"`. Unless said, those of batches that have operations do. */
  readonly changes?: boolean;
  /** Leaves nulls out instead of writing `null`. */
  readonly omitNulls?: boolean;
}

/** `"op":"+I",` */
const OP_BYTES = 10;

/**
 * Rows as NDJSON, `{"name":value,…}` and a line feed each: values as JSON.stringify writes them, int64 as plain digits, timestamps as
 * ISO 8601 (or as the field's format says), binary as base64, NaN and the infinities as null, lists as arrays of such values.
 */
export class JsonEncoder implements RowEncoder {
  readonly #ws: Workspace;
  readonly #columns: TextColumns;
  readonly #count: number;
  readonly #options: JsonEncoderOptions;

  constructor(ws: Workspace, schema: Schema, options: JsonEncoderOptions = {}) {
    this.#ws = ws;
    this.#count = schema.length;
    this.#options = options;
    this.#columns = new TextColumns(
      ws,
      schema,
      schema.map((f) => `,${JSON.stringify(f.name)}:`),
    );
  }

  encode(batch: Batch): EncodedRows {
    const { kernels } = this.#ws;
    const withOps = this.#options.changes ?? batch.ops !== NONE;
    this.#columns.bind(batch);
    const at = this.#columns.room(batch, OP_BYTES + 3, (from, bytes) => ESCAPE_BYTES * kernels.json_count_escapes(from, bytes));
    const bytes = kernels.json_encode(
      this.#columns.table,
      this.#count,
      batch.rows,
      batch.ops,
      Number(withOps),
      Number(this.#options.omitNulls ?? false),
      at,
    );
    return { at, bytes: bytes >>> 0 };
  }

  close(): void {
    this.#columns.close();
  }
}
