import type { Batch } from '../columns/batch.js';
import type { Address } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { SinkForm } from '../connectors/connector.js';
import { unreachable } from '../core/assert.js';
import { CsvEncoder } from '../wasm/csv-encoder.js';
import { JsonEncoder } from '../wasm/json-encoder.js';
import type { Workspace } from '../wasm/workspace.js';

/** How a sink wants its rows. */
export interface RowForm {
  readonly takes: SinkForm;
  /** Whether each row says its operation. */
  readonly changes: boolean;
  /** Of CSV; a comma unless said. */
  readonly delimiter?: string | undefined;
}

/** What turns rows into the bytes that a sink takes; undefined if it takes columns. */
export function encoderOf(ws: Workspace, form: RowForm, schema: Schema): ((batch: Batch) => { at: Address; bytes: number }) | undefined {
  const { takes, changes, delimiter = ',' } = form;
  switch (takes) {
    case 'columns':
      return undefined;
    case 'ndjson': {
      const encoder = new JsonEncoder(ws, schema, { changes });
      return (batch) => encoder.encode(batch);
    }
    case 'csv': {
      const encoder = new CsvEncoder(ws, schema, { changes, delimiter });
      return (batch) => encoder.encode(batch);
    }
    default:
      return unreachable(takes);
  }
}
