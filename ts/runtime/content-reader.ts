import { batchOf } from '../columns/batch.js';
import { attach } from '../columns/detached.js';
import { fieldIndex, type Schema } from '../columns/schema.js';
import type { BlockContent, BlockRef, LaneReader, SourceItem, SplitSpec } from '../connectors/connector.js';
import { assert, must } from '../core/assert.js';
import { takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';

/** Reads blocks that came as batches: all there is to do is to bring them into the lane's memory. */
export class ContentReader implements LaneReader {
  readonly #ws: Workspace;
  readonly #fields: Schema;
  readonly #columns: readonly number[];
  #rows = 0;

  /** `declared`: the columns that blocks have; `fields`: those that are read. */
  constructor(ws: Workspace, declared: Schema, fields: Schema) {
    this.#ws = ws;
    this.#fields = fields;
    this.#columns = fields.map((f) => fieldIndex(declared, f.name));
  }

  *read(block: BlockRef, _split: SplitSpec, content: BlockContent | undefined): Generator<SourceItem> {
    assert(content?.kind === 'batch', () => `block ${block.no} came without rows`);
    const { batch } = content;
    this.#rows += batch.rows;
    const columns = this.#columns.map((index) => must(batch.columns[index], 'a column'));
    const attached = attach(this.#ws, { schema: this.#fields, rows: batch.rows, columns, times: undefined, ops: undefined });
    yield {
      port: 'rows',
      partial: attached,
      deferred: false,
      finish: (selection, count) =>
        selection === 0 ? batchOf(this.#fields, attached.rows, attached.columns) : takeBatch(this.#ws, attached, selection, count),
    };
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsRead: this.#rows };
  }

  close(): void {
    // Nothing is open.
  }
}
